/* sim_places.c - places among the rest: a hospital's pools, who takes them, and what must hold of them whatever happened (Q2, Q3, Q10, Q13). Section 6
 * has a model of its own (model/reserve_*); here the numbers of the pools are judged after each command, and the ledgers at the end. */
#include <stdio.h>

#include "engine/replay_compare.h"
#include "place.pb-c.h"
#include "query.pb-c.h"
#include "sim/sim_inside.h"
#include "store/rows.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define CHINA  (8 * HOUR)

static const char *date_of(struct sim *s, int64_t day)
{
    struct date date = instant_local_date(instant_of(day * DAY), 0);

    return arena_format(&s->w->arena, "%04d-%02d-%02d", date.year, date.month, date.day);
}

static const char *ref_of(struct sim *s, const struct sim_pool *pool)
{
    return arena_format(&s->w->arena,
                        "pool.hospital=H1; pool.class=EXPERT; pool.department=MED; pool.resource=%s; pool.date=%s;",
                        pool->name, date_of(s, pool->date_days));
}

static void say(struct sim *s, enum house actor, Referral__Kind kind, int referral, const char *edits)
{
    struct sim_peer *peer = sim_speaker(s, actor);
    struct deed deed = {.kind = kind, .speaker = actor, .actor = actor, .to = NOBODY, .referral = referral};

    if (peer == NULL || sim_failed(s))
        return;
    if (referral >= 0)
        s->model.referrals[referral].loose = true;
    sim_tell(s, "%s > %s %s", party_name(actor), kind_info((uint32_t)kind)->name, edits);
    sim_command(s, peer, &deed, NOBODY, sim_body(s, kind, "%s", edits));
    sim_settle(s);
}

/* ---- What is said ---- */

static void publish_again(struct sim *s, const struct sim_pool *pool)
{
    say(s, H1, REFERRAL__KIND__PUT_POOL, -1,
        arena_format(&s->w->arena, "%s units[0].count=%d; units[0].start_ms=%ld; units[0].minutes=10", ref_of(s, pool),
                     pool->places, (long)(pool->date_days * DAY - CHINA + 9 * HOUR)));
}

static void publish(struct sim *s, int64_t day, int most)
{
    struct sim_pool *pool = &s->pools[s->pool_count % SIM_POOLS];

    *pool = (struct sim_pool){.date_days = day, .places = 1 + (int)sim_below(s, (uint64_t)most)};
    snprintf(pool->name, sizeof pool->name, "P%zu", s->pool_count++);
    publish_again(s, pool);
}

static int64_t some_day(struct sim *s)
{
    return (s->now.now.ms + CHINA) / DAY + 1 + (int64_t)sim_below(s, 4);
}

/* Small pools that share one reserve (Q11), unless somebody has a place of that day. */
static void group(struct sim *s)
{
    int64_t day = some_day(s);

    for (int i = 0; i < 2 && !sim_failed(s); i++)
        publish(s, day, 4);
    say(s, H1, REFERRAL__KIND__PUT_GROUP, -1,
        arena_format(&s->w->arena, "hospital=H1; class=EXPERT; department=MED; date=%s", date_of(s, day)));
}

/* Q10: what of the session has not begun does not take place; whoever had a place of it is told and waits first. */
static void cancel(struct sim *s, struct sim_pool *pool)
{
    s->last_accepted = false;
    say(s, H1, REFERRAL__KIND__CANCEL_POOL, -1,
        arena_format(&s->w->arena, "%s person.name=赵护士; reason=STAFF_ABSENT", ref_of(s, pool)));
    pool->cancelled |= s->last_accepted;
}

/* One that a team referred up to the hospital and that has not arrived yet; -1: none. */
static int wanting(struct sim *s)
{
    for (int i = 0; i < 40 && s->model.referral_count != 0; i++) {
        int number = s->model.referral_count - 1 -
                     (int)sim_below(s, (uint64_t)(s->model.referral_count < 100 ? s->model.referral_count : 100));
        const struct model_referral *r = &s->model.referrals[number];

        if (r->receiver == H1 && r->team && !r->down && r->id[0] != '\0' && r->child < 0 &&
            model_is_before_arrival(r->state))
            return number;
    }
    return -1;
}

static void take(struct sim *s, const struct sim_pool *pool)
{
    Referral__Kind kind = sim_one_in(s, 2) ? REFERRAL__KIND__HOLD_PLACE : REFERRAL__KIND__BOOK_PLACE;
    int referral = sim_one_in(s, 2) ? wanting(s) : -1;

    if (referral < 0)
        say(s, H1, kind, -1,
            arena_format(&s->w->arena, "%s channel=GENERAL; reference=HIS-%lu; units=%lu", ref_of(s, pool),
                         (unsigned long)s->next_message, (unsigned long)(1 + sim_below(s, 2))));
    else
        say(s, s->model.referrals[referral].sender, kind, referral,
            arena_format(&s->w->arena, "%s channel=FAMILY_DOCTOR; referral_id=%s", ref_of(s, pool),
                         s->model.referrals[referral].id));
}

static void join(struct sim *s)
{
    int referral = wanting(s);

    if (referral < 0)
        return;
    say(s, s->model.referrals[referral].sender, REFERRAL__KIND__JOIN_LIST, referral,
        arena_format(&s->w->arena,
                     "class=EXPERT; department=MED; channel=FAMILY_DOCTOR; referral_id=%s; first_date=%s; last_date=%s",
                     s->model.referrals[referral].id, date_of(s, (s->now.now.ms + CHINA) / DAY),
                     date_of(s, (s->now.now.ms + CHINA) / DAY + 20)));
}

static void change(struct sim *s, const struct sim_pool *pool)
{
    static const struct {
        Referral__Kind kind;
        const char *needs;
    } ways[] = {
        {REFERRAL__KIND__CONFIRM_PLACE, ""},
        {REFERRAL__KIND__CONFIRM_PLACE, ""},
        {REFERRAL__KIND__CANCEL_PLACE, "person.name=赵护士; reason=PATIENT_DECLINED"},
        {REFERRAL__KIND__MARK_PLACE, "person.name=赵护士; state=PLACE_USED"},
        {REFERRAL__KIND__DISPLACE_PLACE, "person.name=赵护士; reason=NO_CAPACITY"},
        {REFERRAL__KIND__MOVE_PLACE, NULL},
    };
    size_t way = sim_below(s, sizeof ways / sizeof *ways),
           count = s->booking_count < SIM_BOOKINGS ? s->booking_count : SIM_BOOKINGS;
    enum house who = (enum house)sim_below(s, H2);

    if (count == 0)
        return;
    say(s, who, ways[way].kind, -1,
        arena_format(&s->w->arena, "booking_id=%s; %s", s->bookings[sim_below(s, count)],
                     ways[way].needs != NULL ? ways[way].needs : ref_of(s, pool)));
}

static void reshape(struct sim *s, const struct sim_pool *pool)
{
    static const Referral__Kind kinds[] = {REFERRAL__KIND__BLOCK_UNITS, REFERRAL__KIND__UNBLOCK_UNITS,
                                           REFERRAL__KIND__CUT_UNITS};
    Referral__Kind kind = kinds[sim_below(s, 3)];

    say(s, H1, kind, -1,
        arena_format(&s->w->arena, "%s count=1; %s", ref_of(s, pool),
                     kind == REFERRAL__KIND__UNBLOCK_UNITS ? ""
                     : kind == REFERRAL__KIND__CUT_UNITS   ? "person.name=赵护士; reason=PLAN_CHANGED; displace=true"
                                                           : "person.name=赵护士; reason=MAINTENANCE"));
}

/* ---- What is judged ---- */

/* The numbers of section 6 over a pool's set: itself, or all of its day's group (Q11). */
struct sums {
    uint64_t capacity, blocked, general, family, free, marked, general_before;
};

static bool is_same_set(const Referral__PoolView *a, const Referral__PoolView *b)
{
    return a == b || (a->grouped && b->grouped && strcmp(a->pool->date, b->pool->date) == 0);
}

static struct sim_pool *pool_of(struct sim *s, const Referral__PoolView *view)
{
    for (size_t i = 0; i < SIM_POOLS; i++)
        if (strcmp(s->pools[i].name, view->pool->resource) == 0)
            return &s->pools[i];
    return NULL;
}

/* False: of one of them nobody remembers how it was. */
static bool add_up(struct sim *s, const Referral__PoolList *list, const Referral__PoolView *one, struct sums *sums)
{
    *sums = (struct sums){0};
    for (size_t i = 0; i < list->n_pools; i++) {
        const Referral__PoolView *view = list->pools[i];
        const struct sim_pool *pool = pool_of(s, view);

        if (!is_same_set(one, view))
            continue;
        if (pool == NULL)
            return false;
        sums->capacity += view->capacity;
        sums->blocked += view->blocked;
        sums->general += view->general;
        sums->family += view->family;
        sums->free += view->free;
        sums->marked += view->marked;
        sums->general_before += pool->general;
    }
    return true;
}

static uint64_t round_up(uint64_t number, uint64_t span)
{
    return (number + span - 1) / span * span;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Q1: rounded up, and never fewer than a fifth. */
static uint64_t reserve_of(const Referral__PoolView *view, const struct sums *sums)
{
    return least(round_up((sums->capacity * view->reserve_bp + 9999) / 10000, view->span), sums->capacity);
}

/* Q3, Q10: what the set keeps for family doctors. */
static void judge_reserve(struct sim *s, const Referral__PoolView *view, const struct sums *sums, bool may_take)
{
    uint64_t reserved = view->reserve > sums->family ? view->reserve - sums->family : 0;
    uint64_t marked = view->released ? 0 : least(round_up(reserved, view->span), sums->free);

    if (view->reserve_bp < 2000 || view->reserve != reserve_of(view, sums))
        sim_fail(s, "Q1: pool %s reserves %lu", view->pool->resource, (unsigned long)view->reserve);
    if (may_take && !view->released && sums->general > sums->general_before && sums->free < reserved)
        sim_fail(s, "Q3: a general booking ate the reserve of pool %s: C %lu R %lu G %lu F %lu B %lu",
                 view->pool->resource, (unsigned long)sums->capacity, (unsigned long)view->reserve,
                 (unsigned long)sums->general, (unsigned long)sums->family, (unsigned long)sums->blocked);
    if (!s->now.hold && sums->marked != marked)
        sim_fail(s, "Q3: of pool %s %lu units are marked instead of %lu", view->pool->resource,
                 (unsigned long)sums->marked, (unsigned long)marked);
    if (!view->released && view->deficit != (reserved > sums->free ? reserved - sums->free : 0))
        sim_fail(s, "Q10: pool %s has another deficit", view->pool->resource);
}

static void judge(struct sim *s, const Referral__PoolList *list, const Referral__PoolView *view, bool may_take)
{
    uint64_t taken = view->blocked + view->general + view->family;
    const struct sim_pool *pool = pool_of(s, view);
    struct sums sums;

    if (pool == NULL)
        return;
    if (taken > view->capacity || view->free != view->capacity - taken)
        sim_fail(s, "Q2: pool %s holds more than it has", pool->name);
    if (pool->cancelled && (!view->cancelled || (view->capacity != 0 && view->start_ms > s->now.now.ms)))
        sim_fail(s, "Q10: pool %s was cancelled, and is not", pool->name);
    if (add_up(s, list, view, &sums))
        judge_reserve(s, view, &sums, may_take);
}

static void look(struct sim *s, bool may_take)
{
    const Referral__PoolList *list =
        sim_query(s, sim_speaker(s, OP), REFERRAL__KIND__LIST_POOLS,
                  "hospital=H1; class=EXPERT; department=MED; first_date=%s; last_date=%s;"
                  "rows=200",
                  date_of(s, (s->now.now.ms + CHINA) / DAY), date_of(s, (s->now.now.ms + CHINA) / DAY + 20));

    for (size_t i = 0; list != NULL && i < list->n_pools && !sim_failed(s); i++)
        judge(s, list, list->pools[i], may_take);
    for (size_t i = 0; list != NULL && i < list->n_pools; i++) {
        struct sim_pool *pool = pool_of(s, list->pools[i]);

        if (pool != NULL)
            pool->general = list->pools[i]->general;
    }
}

void sim_act_place(struct sim *s)
{
    size_t count = s->pool_count < SIM_POOLS ? s->pool_count : SIM_POOLS;
    struct sim_pool *pool = count == 0 ? NULL : &s->pools[sim_below(s, count)];
    uint64_t what = sim_below(s, 24);

    look(s, false);
    if (pool == NULL || what < 2)
        publish(s, some_day(s), 12);
    else if (what == 2)
        group(s);
    else if (what == 3)
        sim_one_in(s, 3) ? publish_again(s, pool) : cancel(s, pool);
    else if (what < 6)
        reshape(s, pool);
    else if (what < 8)
        join(s);
    else if (what < 18)
        take(s, pool);
    else
        change(s, pool);
    if (!sim_failed(s))
        look(s, what > 5);
}

/* What only the broker foretells: the answer is kept, and what it says of places and states is learnt. */
void sim_learn_reply(struct sim *s, struct deed *deed, const Referral__Reply *reply)
{
    struct model_referral *r = deed->kind == REFERRAL__KIND__EVENT ? &s->model.referrals[deed->referral] : NULL;

    if (reply->n_refusals != 0)
        return;
    deed->about = deed->child = -1;
    model_keep_key(&s->model, deed);
    s->model.keys[deed->key].about = r == NULL ? -1 : deed->referral;
    s->model.keys[deed->key].answer = sim_answer_hash(s, reply);
    if (reply->booking != NULL)
        snprintf(s->bookings[s->booking_count++ % SIM_BOOKINGS], MODEL_ID, "%s", reply->booking->booking_id);
    if (r == NULL)
        return;
    if (!model_may(&s->model, r, deed->event, AS_SENDER) && !model_may(&s->model, r, deed->event, AS_RECEIVER) &&
        !model_may(&s->model, r, deed->event, AS_OPERATOR))
        sim_fail(s, "L1: event %d was accepted in state %d", deed->event, r->state);
    r->state = (int)reply->state;
}

/* Where a referral stands of which the clock and the wait-lists have moved the state. */
void sim_look_again(struct sim *s, struct model_referral *r)
{
    const Referral__ReferralView *view =
        sim_query(s, sim_speaker(s, OP), REFERRAL__KIND__GET_REFERRAL, "referral_id=%s", r->id);

    if (view != NULL)
        r->state = (int)view->summary->state;
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
    replay_close(replay);
    store_read_end(txn);
}
