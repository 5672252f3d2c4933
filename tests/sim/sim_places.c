/* sim_places.c - places among the rest: what people do with a hospital's pools, foretold and compared, and the ledgers
 * at the end (section 6). */
#include <stdio.h>

#include "engine/replay_compare.h"
#include "query.pb-c.h"
#include "sim/sim_inside.h"
#include "sim/sim_reserve.h"
#include "store/rows.h"

#define DAY   86400000LL
#define CHINA (DAY / 3)

static void differs(struct sim *s)
{
    sim_fail(s, "Q: %s", sim_reserve_trouble(s->reserve));
}

/* Its ids are heard in answers, and of what the clock did in the store. */
static void look(struct sim *s)
{
    if (!sim_failed(s) && !sim_reserve_compare(s->reserve, &s->model, s->store, THESE_DAYS))
        differs(s);
}

/* An event of a referral that has a place, or waits for one. */
static bool act_on_bearer(struct sim *s)
{
    const struct model *m = &s->model;

    for (int i = 0; i < 60 && m->referral_count != 0; i++) {
        uint64_t recent = (uint64_t)(m->referral_count < 150 ? m->referral_count : 150);
        struct model_referral *r = &s->model.referrals[m->referral_count - 1 - (int)sim_below(s, recent)];

        if (r->id[0] == '\0' || !places_has_claim(m, r))
            continue;
        if (sim_one_in(s, 4))
            sim_end_of(s, r);
        else if (r->state == REFERRAL__STATE__BOOKED && sim_one_in(s, 4))
            sim_unkeep(s, r);
        else if (r->patient.no_id && sim_one_in(s, 2))
            sim_correct(s, r);
        else
            sim_event_of(s, r);
        return true;
    }
    return false;
}

void sim_one_deed(struct sim *s)
{
    struct deed deed;
    struct bytes body;
    char line[240];

    if (sim_one_in(s, 5) && act_on_bearer(s))
        return;
    if (!sim_reserve_draw(s->reserve, &s->model, sim_random(s), &deed, &body, line, sizeof line))
        return;
    if (s->is_full && deed.kind == REFERRAL__KIND__PUT_TIMETABLE)
        return; /* which of its days the disk still has room for is the disk's to say */
    sim_tell(s, "%s", line);
    sim_say_as(s, deed.actor, &deed, body);
}

/* Seldom one alone: places are taken and given back in the hours when people are there. */
void sim_act_place(struct sim *s)
{
    size_t deeds = 1 + sim_below(s, 4);

    look(s);
    for (size_t i = 0; i < deeds && !sim_failed(s); i++)
        sim_one_deed(s);
}

void sim_check_place(struct sim *s, const struct deed *deed, const Referral__Reply *reply)
{
    bool agrees = deed->verdict == AGAIN ? sim_reserve_learn(s->reserve, &s->model, deed, reply)
                                         : sim_reserve_agrees(s->reserve, &s->model, deed, reply);

    if (!agrees)
        differs(s);
}

static const char *date_of(struct sim *s, int64_t day)
{
    struct date date = instant_local_date(instant_of(day * DAY), 0);

    return arena_format(&s->w->arena, "%04d-%02d-%02d", date.year, date.month, date.day);
}

#define DAYS_SHOWN 5

static void compare_pools_shown(struct sim *s, const char *first, const char *last)
{
    const Referral__PoolList *list =
        sim_query(s, sim_speaker(s, OP), REFERRAL__KIND__LIST_POOLS,
                  "hospital=H1; first_date=%s; last_date=%s; units=true; rows=50", first, last);

    if (list == NULL)
        sim_fail(s, "Q: pools are not shown");
    else if (!sim_reserve_shows(s->reserve, &s->model, list))
        differs(s);
}

#define ALARMS_SHOWN 200

static void compare_weeks_shown(struct sim *s)
{
    struct sim_peer *operator= sim_speaker(s, OP);
    const Referral__TimetableList *weeks =
        sim_query(s, operator, REFERRAL__KIND__LIST_TIMETABLES, "institution=H1; rows=50");
    const Referral__AlarmList *alarms =
        sim_query(s, operator, REFERRAL__KIND__LIST_ALARMS, "institution=H1; rows=%d", ALARMS_SHOWN);

    if (sim_failed(s))
        return;
    if (weeks == NULL || alarms == NULL)
        sim_fail(s, "Q: timetables or alarms are not shown");
    else if (!sim_reserve_shows_weeks(s->reserve, &s->model, weeks) ||
             (alarms->n_alarms < ALARMS_SHOWN && !sim_reserve_shows_alarms(s->reserve, &s->model, alarms)))
        differs(s);
}

/* Q3, Q4: what this one could book now. */
static void compare_places_shown(struct sim *s, enum house who, Referral__Channel channel, const char *first,
                                 const char *last)
{
    struct sim_peer *peer = sim_any_peer(s, who);
    int units = 1 + (int)(s->out->compared % 3);
    const Referral__PlaceList *list;

    if (peer == NULL || sim_failed(s))
        return;
    list = sim_query(s, peer, REFERRAL__KIND__SEARCH_PLACES,
                     "hospital=H1; first_date=%s; last_date=%s; channel=%d; units=%d; rows=50", first, last,
                     (int)channel, units);
    if (list == NULL)
        sim_fail(s, "Q: free places are not shown");
    else if (!sim_reserve_offers(s->reserve, &s->model, list, channel, units, DAYS_SHOWN))
        differs(s);
}

/* All that there is of places, and what people are shown of it. */
void sim_compare_places(struct sim *s, bool all)
{
    int64_t today = (s->now.now.ms + CHINA) / DAY;
    const char *first = date_of(s, today), *last = date_of(s, today + DAYS_SHOWN - 1);

    s->model.now = s->now.now.ms;
    places_time(&s->model);
    if (!sim_reserve_compare(s->reserve, &s->model, s->store, all ? EVERYTHING : ALL_POOLS))
        differs(s);
    s->model.hold = s->now.hold; /* what is written is of the last turn, and what is shown of now */
    places_time(&s->model);
    if (!sim_failed(s))
        compare_pools_shown(s, first, last);
    if (!sim_failed(s))
        compare_weeks_shown(s);
    compare_places_shown(s, H1, REFERRAL__CHANNEL__GENERAL, first, last);
    compare_places_shown(s, T07, REFERRAL__CHANNEL__FAMILY_DOCTOR, first, last);
}

/* Q13: the ledger alone makes every pool, and no row of it breaks a rule. */
void sim_judge_pools(struct sim *s)
{
    struct store_txn *txn;
    struct replay *replay = replay_open();
    uint64_t number = 1, first;
    struct bytes page;
    uint32_t hospital;

    cr_assert_eq(store_read_begin(s->store, &s->w->arena, &txn), 0);
    hospital = institution_row(txn, "H1")->number;
    while (!sim_failed(s) && ledger_page(txn, hospital, number, &page, &first)) {
        if (replay_page(replay, page) != 0)
            sim_fail(s, "Q13: %s", replay_error(replay));
        number = replay_rows(replay) + 1;
    }
    if (!sim_failed(s) && (replay_end(replay) != 0 || replay_compare(replay, txn, hospital, NULL, NULL) != 0))
        sim_fail(s, "Q13: the ledger does not make the pools");
    if (!sim_failed(s) && !sim_reserve_reports(s->reserve, &s->model, replay))
        differs(s);
    replay_close(replay);
    store_read_end(txn);
}
