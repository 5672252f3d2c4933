/* sim_acts.c - what a step may do, and how it is drawn from the world as it stands. */
#include <stdio.h>

#include "query.pb-c.h"
#include "sim/sim_inside.h"
#include "store/search.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define MOST_STEPS 200 /* in one passing of time */

/* ---- Time ---- */

/* As for the daemon: it comes round whenever something is due of a place. */
static void come_round(struct sim *s, int64_t until)
{
    for (int i = 0; i < MOST_STEPS && !s->now.hold && !sim_failed(s); i++) {
        int64_t next = places_next(&s->model), step = next - s->now.now.ms;

        if (next == 0 || s->boot + step >= until)
            return;
        step = step > 0 ? step : 1;
        sim_pass(s, step, step);
        sim_settle(s);
    }
}

/* Or it was asleep, and all that was due meanwhile is late (C3). */
static void pass(struct sim *s, int64_t ms, bool is_asleep)
{
    int64_t until = s->boot + ms;

    sim_tell(s, "[%ld ms pass%s]", (long)ms, is_asleep ? ", in which the broker sleeps" : "");
    if (!is_asleep)
        come_round(s, until);
    if (s->boot < until && !sim_failed(s))
        sim_pass(s, until - s->boot, until - s->boot);
    sim_settle(s);
}

static void confirm_time(struct sim *s)
{
    struct deed deed = {
        .kind = REFERRAL__KIND__CONFIRM_TIME, .speaker = OP, .actor = OP, .to = NO_PARTY, .referral = -1};

    sim_tell(s, "OP > the time is right");
    sim_command(s, sim_speaker(s, OP), &deed, NO_PARTY, sim_body(s, REFERRAL__KIND__CONFIRM_TIME, "reason=已核对"));
    sim_settle(s);
    sim_pass(s, 61000, 61000);
    sim_settle(s);
}

/* A broker that slept for more than a day doubts the time: somebody looks after that before long. */
static void act_time(struct sim *s)
{
    static const int64_t most[] = {1000, 1000, 40000, 40000, 10 * MINUTE, HOUR, 12 * HOUR, 3 * DAY};
    size_t how = sim_below(s, sizeof most / sizeof *most);
    int64_t ms = 1 + (int64_t)sim_below(s, (uint64_t)most[how]);

    if (how >= 2 && !sim_one_in(s, 4)) /* whoever is there acknowledges in time */
        for (size_t i = 0; i < SIM_PEERS && !sim_failed(s); i++)
            if (s->peers[i].number != 0 && s->peers[i].party != OP)
                sim_ack_all(s, &s->peers[i]);
    if (!sim_failed(s) && s->now.hold && sim_one_in(s, 3))
        confirm_time(s);
    if (!sim_failed(s))
        pass(s, ms, sim_one_in(s, 3));
}

/* The wall clock jumps; time goes on as before, and in doubt nothing ends (C4). */
static void act_wall(struct sim *s)
{
    int64_t jump = (int64_t)sim_below(s, 4 * HOUR) - 2 * HOUR;

    if (s->now.hold) {
        confirm_time(s);
        return;
    }
    sim_tell(s, "[the wall clock jumps by %ld ms]", (long)jump);
    sim_pass(s, 0, jump);
    sim_settle(s);
}

/* ---- Looking ---- */

/* P2: who is no party is told what somebody is told of what does not exist. */
static void act_look(struct sim *s)
{
    struct model_referral *r = sim_some_referral(s);
    enum house who = (enum house)sim_below(s, INBOXES);
    struct sim_peer *peer = sim_speaker(s, who);
    const Referral__ReferralView *view;

    if (r == NULL || peer == NULL || sim_failed(s))
        return;
    sim_tell(s, "%s looks at %s", party_name(who), r->id);
    view = sim_query(s, peer, REFERRAL__KIND__GET_REFERRAL, "referral_id=%s", r->id);
    if (sim_failed(s))
        return;
    if ((view != NULL) != model_sees(r, who))
        sim_fail(s, "P2: %s is%s shown a referral", party_name(who), view == NULL ? " not" : "");
    else if (view != NULL && view->summary->state != (Referral__State)r->state)
        sim_fail(s, "L: shown in state %d, by the rules %d", (int)view->summary->state, r->state);
}

/* ---- The table of acts ---- */

typedef void act(struct sim *s);

static const struct {
    act *act;
    uint8_t weight;
} acts[] = {
    {sim_act_submit, 16},    {sim_act_submit_bad, 2}, {sim_act_event, 26},   {sim_act_event_wild, 5},
    {sim_act_return, 3},     {sim_act_again, 4},      {sim_act_conflict, 2}, {sim_act_ack, 14},
    {sim_act_ack_wrong, 2},  {sim_act_nack, 3},       {sim_act_credit, 6},   {sim_act_connect, 4},
    {sim_act_lose, 2},       {sim_act_pause, 2},      {sim_act_dead, 2},     {sim_act_setting, 1},
    {sim_act_revoke, 1},     {act_time, 8},           {act_wall, 1},         {sim_act_crash, 1},
    {sim_act_crash_said, 1}, {sim_act_disk, 1},       {act_look, 3},         {sim_act_place, 8},
    {sim_act_clog, 2},       {sim_act_rotate, 1},     {sim_act_deny, 1},     {sim_act_disable, 1},
    {sim_act_drain, 1},      {sim_act_hold, 2},       {sim_act_archive, 1},  {sim_act_reseal, 1},
};
#define ACTS (sizeof acts / sizeof *acts)

static uint64_t next_of(uint64_t *state)
{
    struct sim s = {.random = *state};
    uint64_t number = sim_random(&s);

    *state = s.random;
    return number;
}

void sim_invent(uint64_t seed, struct sim_step *steps, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < ACTS; i++)
        total += acts[i].weight;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = next_of(&seed) % total;

        steps[i].act = 0;
        while (at >= acts[steps[i].act].weight)
            at -= acts[steps[i].act++].weight;
        steps[i].salt = next_of(&seed);
    }
}

/* D4: at rest nothing waits that somebody would take. */
static void check_rest(struct sim *s)
{
    for (int i = 0; i < s->model.message_count && !sim_failed(s); i++) {
        const struct model_message *message = &s->model.messages[i];
        bool takes = false;

        for (size_t p = 0; p < SIM_PEERS; p++) {
            const struct sim_peer *peer = &s->peers[p];

            takes |= peer->number != 0 && peer->session != 0 && peer->party == message->to &&
                     (peer->credit > 0 ||
                      (message->lane == REFERRAL__PRIORITY__EMERGENCY && peer->grants && !sim_is_beyond(s, peer)));
        }
        if (model_may_follow(&s->model, message))
            continue;
        if (takes && model_is_deliverable(&s->model, message))
            sim_fail(s, "D4: a message waits for %s, which would take it: event %d of %s, turn %lu",
                     party_name(message->to), message->event,
                     message->referral < 0 ? "a place" : s->model.referrals[message->referral].id,
                     (unsigned long)message->turn);
    }
}

/* Between turns, now and then: questions find what is in the index, and what is not yet. */
static void index_some(struct sim *s)
{
    if (sim_one_in(s, 12) && search_advance(s->store, &s->w->arena, 1 + (uint32_t)sim_below(s, 32)) < 0)
        sim_fail(s, "the index is not written");
}

void sim_act(struct sim *s, const struct sim_step *step)
{
    size_t mark = arena_mark(&s->w->arena);

    s->random = step->salt;
    s->out->acts[step->act]++;
    acts[step->act].act(s);
    if (!sim_failed(s))
        sim_settle(s);
    if (!sim_failed(s))
        check_rest(s);
    if (!sim_failed(s))
        index_some(s);
    if (!sim_failed(s) && s->is_resealing && sim_one_in(s, 8))
        sim_reseal_some(s);
    arena_rewind(&s->w->arena, mark);
}
