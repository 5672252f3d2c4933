/* waiting_join.c - JOIN_LIST and LEAVE_LIST (Q5, Q8). */
#include "engine/booking_parts.h"
#include "engine/channel.h"
#include "engine/families.h"
#include "engine/hospital.h"
#include "engine/place_step.h"

#include "base/utf8.h"

struct joining {
    struct work *work;
    const Referral__JoinList *join;
    struct claimant claimant;
    struct waiting_seed seed;
};

static struct channel_request request_of(const Referral__JoinList *join)
{
    return (struct channel_request){.has_channel = join->has_channel,
                                    .channel = join->channel,
                                    .referral_id = join->referral_id,
                                    .patient = join->patient,
                                    .reference = join->reference};
}

static bool check_text(struct work *work, const char *text, const char *field, bool needed)
{
    if (text == NULL)
        return needed ? refuse(work, REFUSED_MISSING, field) : true;
    return !text_is_blank(text) || refuse(work, REFUSED_BLANK, field);
}

static bool read_day(struct work *work, const char *text, const char *field, int64_t *ret_day)
{
    struct date date;

    if (text == NULL)
        return refuse(work, REFUSED_MISSING, field);
    if (!date_parse(text, &date))
        return refuse(work, REFUSED_BAD_DATE, field);
    *ret_day = date_to_days(date);
    return true;
}

static void check_days(struct work *work, const Referral__JoinList *join, struct waiting_seed *seed)
{
    bool has_first = read_day(work, join->first_date, "first_date", &seed->first_day);
    bool has_last = read_day(work, join->last_date, "last_date", &seed->last_day);

    if (!has_first || !has_last)
        return;
    if (seed->last_day < seed->first_day)
        refuse(work, REFUSED_BAD_ORDER, "last_date");
    else if (seed->last_day - seed->first_day > WAIT_DAYS_MAX)
        refuse(work, REFUSED_OUT_OF_RANGE, "last_date");
}

static void check_form(struct joining *joining)
{
    struct work *work = joining->work;
    const Referral__JoinList *join = joining->join;
    const struct channel_request request = request_of(join);
    struct waiting_seed *seed = &joining->seed;

    channel_check_form(work, &request);
    if (!join->has_class_)
        refuse(work, REFUSED_MISSING, "class");
    check_text(work, join->department, "department", true);
    check_text(work, join->resource, "resource", false);
    check_days(work, join, seed);
    seed->units = join->has_units ? join->units : 1;
    if (seed->units < 1 || seed->units > WAIT_UNITS_MAX)
        refuse(work, REFUSED_OUT_OF_RANGE, "units");
}

/* What must agree with the hospital, once it is known which. */
static void check_hospital(const struct joining *joining)
{
    const struct registry_institution *hospital = joining->claimant.hospital;
    int64_t today = date_to_days(instant_local_date(joining->work->now, hospital->offset_minutes));

    if (!hospital_has_department(hospital->institution, joining->join->department))
        refuse(joining->work, REFUSED_UNKNOWN_DEPARTMENT, "department");
    if (joining->seed.last_day < today)
        refuse(joining->work, REFUSED_PAST_SESSION, "last_date");
}

/* ---- How many of the hospital's own wait (Q8) ---- */

static struct wait_key list_of(const struct joining *joining)
{
    struct wait_key key = {.hospital = joining->claimant.hospital->row->number,
                           .class = (uint8_t)joining->claimant.class,
                           .rank = RANK_DISPLACED_GENERAL}; /* families have referrals */

    strncpy(key.department, joining->join->department, sizeof key.department - 1);
    return key;
}

/* The next after `at` without a referral. The rows leave nothing behind: there may be many. */
static bool next_own(const struct joining *joining, struct wait_key *at)
{
    struct work *work = joining->work;
    const Record__WaitEntry *row;
    bool own = false;

    do {
        size_t mark = arena_mark(work->arena);

        row = wait_row_next(work->txn, at, at);
        own = row != NULL && !row->has_referral;
        arena_rewind(work->arena, mark);
    } while (row != NULL && !own);
    return own;
}

static bool check_own(struct joining *joining)
{
    struct wait_key at = list_of(joining);
    uint32_t waiting = 0;

    if (joining->claimant.life != NULL)
        return true;
    while (next_own(joining, &at))
        waiting++;
    return waiting < WAIT_OWN_MAX || refuse(joining->work, REFUSED_LIST_FULL, NULL);
}

static bool check(struct joining *joining)
{
    struct work *work = joining->work;
    const Referral__JoinList *join = joining->join;
    const struct channel_request request = request_of(join);
    const struct registry_institution *hospital = registry_institution(work, join->hospital);

    check_form(joining);
    if (join->hospital != NULL && hospital == NULL)
        refuse(work, REFUSED_UNKNOWN_INSTITUTION, "hospital");
    if (is_refused(work) || !channel_find(work, &request, hospital, join->class_, &joining->claimant))
        return false;
    check_hospital(joining);
    return !is_refused(work) && channel_check(work, &joining->claimant, WAITLIST, (struct id){0}) &&
           channel_check_patient(work, &joining->claimant, join->patient) && check_own(joining);
}

bool waiting_apply_join(struct work *work)
{
    struct joining joining = {.work = work, .join = (const Referral__JoinList *)work->body};
    struct waiting_seed *seed = &joining.seed;
    struct waiting_of *entry;
    struct life_of *life;

    if (!check(&joining))
        return false;
    life = joining.claimant.life;
    seed->hospital = joining.claimant.hospital;
    seed->class = joining.claimant.class;
    seed->department = joining.join->department;
    seed->resource = joining.join->resource;
    seed->channel = joining.claimant.channel;
    seed->life = life;
    seed->reference = joining.join->reference;
    if (life != NULL)
        seed->patient = life->row->patient;
    entry = waiting_put(work, seed);
    if (life != NULL) {
        place_step_waiting(work, &joining.claimant, entry, joining.join->person);
        life_save(work, life);
    }
    waiting_settle(work); /* so that the answer tells what is offered at once */
    if (life != NULL)
        life_reply(work, life_load(work, life->id));
    place_reply_entry(work, entry, NULL, joining.claimant.by);
    return true;
}

/* ---- Leaving ---- */

static int party_of(struct work *work, const struct waiting_of *entry, struct life_of **ret_life)
{
    if (!entry->row->has_referral)
        return channel_is_own(work, entry->key.hospital, "entry_id") ? BY_RECEIVER : 0;
    *ret_life = life_load(work, life_id_of(entry->row->referral));
    if (*ret_life == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "entry_id"); /* a failing store */
    return channel_party(work, *ret_life, "entry_id");
}

static bool is_main(const struct waiting_of *entry, const struct life_of *life)
{
    const Record__Claim *claim = claim_main(life->row);

    return life->row->state == WAITLISTED && claim != NULL && id_equal(life_id_of(claim->entry), entry->key.id);
}

bool waiting_apply_leave(struct work *work)
{
    const Referral__LeaveList *leave = (const Referral__LeaveList *)work->body;
    struct place_news news = {.event = LEAVE_LIST, .told = TOLD_OTHERS};
    struct waiting_of *entry = NULL;
    struct life_of *life = NULL;
    struct id id;

    if (leave->entry_id == NULL)
        return refuse(work, REFUSED_MISSING, "entry_id");
    if (work_parse_id(work, leave->entry_id, &id))
        entry = waiting_load(work, id);
    if (entry == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "entry_id");
    news.by = party_of(work, entry, &life);
    if (news.by == 0)
        return false;
    if (entry->gone)
        return refuse(work, REFUSED_NOT_FOUND, "entry_id"); /* its referral has ended (C3) */
    news.entry = entry;
    news.detail = place_detail(work, LEAVE_LIST, leave->person);
    if (life != NULL && is_main(entry, life)) {
        place_step(work, life, LEAVE_LIST, news.by, news.detail, NULL);
    } else {
        waiting_remove(work, entry, life);
        if (life != NULL)
            place_tell(work, life, &news);
    }
    place_reply_entry(work, entry, life, news.by);
    return true;
}
