/* sim_reserve.c - what people do with places, drawn as model/reserve_* draws it, and the broker's places beside that
 * model's. */
#include "sim/sim_reserve.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/reserve_broker.h"
#include "model/reserve_deeds.h"
#include "model/reserve_inside.h"
#include "sim/model_place.h"
#include "store/rows.h"

#define KEEP_BYTES (64UL << 20)
#define DAYS       3  /* that are published at a time */
#define A_DAY      4  /* pools of one */
#define FEW        4  /* open ones */
#define WEEK_UNITS 24 /* room for what timetables add */

struct sim_reserve {
    struct broker broker; /* as the comparison knows it: its store is the simulated broker's */
};

struct sim_reserve *sim_reserve_open(void)
{
    struct sim_reserve *reserve = calloc(1, sizeof *reserve);
    int failed;

    assert(reserve != NULL);
    failed = arena_open(&reserve->broker.turn, KEEP_BYTES) | arena_open(&reserve->broker.keep, KEEP_BYTES);
    assert(failed == 0);
    return reserve;
}

void sim_reserve_close(struct sim_reserve *reserve)
{
    arena_close(&reserve->broker.turn);
    arena_close(&reserve->broker.keep);
    free(reserve);
}

const char *sim_reserve_trouble(const struct sim_reserve *reserve)
{
    return reserve->broker.trouble;
}

/* ---- Drawing ---- */

static int open_pools(const struct inventor *inventor)
{
    int count = 0;

    for (int slot = inventor->first_slot; slot < inventor->first_slot + inventor->slots; slot++) {
        const struct m_pool *pool = &inventor->world->pools[slot];

        count += pool->count != 0 && pool->units[pool->count - 1].start > inventor->now;
    }
    return count;
}

static void draw(struct inventor *inventor, struct command *command)
{
    static const struct {
        int weight;
        void (*invent)(struct inventor *inventor, struct command *command);
    } ways[] = {
        {12, invent_put},  {4, invent_group},    {10, invent_capacity}, {36, invent_take},           {10, invent_join},
        {2, invent_leave}, {12, invent_confirm}, {10, invent_cancel},   {6, invent_change_of_place}, {4, invent_mark},
        {9, invent_week},
    };
    int total = 0, drawn;

    if (invent_last_week(inventor, command))
        return;
    if (open_pools(inventor) < FEW && invent_one_in(inventor, 3)) {
        invent_put(inventor, command);
        return;
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        total += ways[i].weight;
    drawn = invent_roll(inventor, total);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        drawn -= ways[i].weight;
        if (drawn < 0) {
            ways[i].invent(inventor, command);
            return;
        }
    }
}

/* The pools of today and the next days. False: none of them has been thought of. */
static bool look_around(struct inventor *inventor)
{
    inventor->today = m_day_of(inventor->now);
    inventor->first_slot = inventor->today * A_DAY;
    inventor->slots = DAYS * A_DAY;
    return inventor->first_slot + inventor->slots <= SLOTS;
}

static bool has_room(const struct world *world, const struct command *command)
{
    int units = world->pools[command->slot].count;

    for (int i = 0; i < command->run_count; i++)
        units += command->runs[i].count;
    return units < UNITS_MAX - WEEK_UNITS && world->booking_count < BOOKINGS_MAX - 500 &&
           world->entry_count < ENTRIES_MAX - 500;
}

/* Ids that have been heard. */
static void know_referral(struct broker *broker, const struct model *m, int referral)
{
    struct id *id = &broker->referrals[referral];

    if (m->referrals[referral].archived || !id_parse(m->referrals[referral].id, "bd", id))
        *id = (struct id){0};
}

static bool is_named(struct sim_reserve *reserve, const struct model *m, const struct command *command)
{
    bool is_taking = command->op == OP_HOLD || command->op == OP_BOOK || command->op == OP_JOIN;

    if (!is_taking || command->referral == NOBODY)
        return true;
    know_referral(&reserve->broker, m, command->referral);
    return id_is_set(reserve->broker.referrals[command->referral]);
}

bool sim_reserve_draw(struct sim_reserve *reserve, struct model *m, uint64_t dice, struct deed *ret_deed,
                      struct bytes *ret_body, char *ret_line, size_t size)
{
    struct places *places = m->places;
    struct inventor inventor = {
        .dice = dice, .world = &places->world, .mostly_small = true, .recent = 100, .choosy = true, .now = m->now};
    struct command command = {.label = places->deed_count + 1,
                              .at_ms = m->now,
                              .occurred_at = m->now,
                              .referral = NOBODY,
                              .booking = {NOBODY, 0},
                              .entry = {NOBODY, 0}};
    const Batch__Command *sent;

    invent_roll(&inventor, 2);
    if (places->deed_count + 1 >= PLACE_DEEDS || !look_around(&inventor))
        return false;
    draw(&inventor, &command);
    if (!has_room(&places->world, &command) || !is_named(reserve, m, &command))
        return false;
    arena_reset(&reserve->broker.keep, 1 << 20);
    sent = broker_command(&reserve->broker, &places->world, &command);
    if (sent == NULL)
        return false;
    reserve_tell(ret_line, size, &command);
    places->deeds[++places->deed_count].command = command;
    *ret_deed = (struct deed){.kind = sent->kind,
                              .actor = place_house(command.who),
                              .to = NO_PARTY,
                              .from = NO_PARTY,
                              .referral = -1,
                              .place = places->deed_count};
    *ret_body = bytes_of(sent->body.data, sent->body.len);
    return true;
}

/* ---- Comparing ---- */

static struct broker *afresh(struct sim_reserve *reserve)
{
    reserve->broker.trouble[0] = '\0';
    return &reserve->broker;
}

bool sim_reserve_agrees(struct sim_reserve *reserve, struct model *m, const struct deed *deed,
                        const Referral__Reply *reply)
{
    const struct place_deed *place = &m->places->deeds[deed->place];

    return broker_agrees(afresh(reserve), &m->places->world, &place->command, &place->answer, reply);
}

bool sim_reserve_learn(struct sim_reserve *reserve, struct model *m, const struct deed *deed,
                       const Referral__Reply *reply)
{
    const struct place_deed *place = &m->places->deeds[deed->place];
    struct broker *broker = afresh(reserve);
    struct id id;

    if (place->answer.booking != NOBODY && reply->booking != NULL && id_parse(reply->booking->booking_id, "bd", &id))
        return broker_same_id(broker, &broker->bookings[place->answer.booking], id, "booking", place->answer.booking);
    return true;
}

/* From yesterday to the last day that is published. */
static void look_at_these_days(struct broker *broker, const struct model *m)
{
    int today = m_day_of(m->now) * A_DAY, last = today + DAYS * A_DAY - 1;

    broker->last_slot = last < SLOTS ? last : SLOTS - 1;
    broker->first_slot = today < A_DAY ? 0 : today - A_DAY;
    if (broker->first_slot > broker->last_slot)
        broker->first_slot = broker->last_slot; /* after the last day that is thought of */
}

bool sim_reserve_compare(struct sim_reserve *reserve, struct model *m, struct store *store, enum how_much how_much)
{
    struct broker *broker = afresh(reserve);
    struct store_txn *txn;

    if (m->places->differs != NULL)
        return broker_differs(broker, "the models differ in %s\n", m->places->differs);
    broker->store = store;
    broker->first_slot = broker->last_slot = 0;
    if (how_much == THESE_DAYS)
        look_at_these_days(broker, m);
    if (broker->hospital == 0) {
        if (store_read_begin(store, &broker->turn, &txn) != 0)
            return broker_differs(broker, "the store is not read\n");
        broker->hospital = institution_row(txn, "H1")->number;
        store_read_end(txn);
    }
    for (int i = 0; i < m->referral_count; i++)
        know_referral(broker, m, i);
    if (broker_compare(broker, &m->places->world, how_much == EVERYTHING))
        return true;
    broker_show(broker, &m->places->world);
    return false;
}

bool sim_reserve_shows(struct sim_reserve *reserve, struct model *m, const Referral__PoolList *list)
{
    for (size_t i = 0; i < list->n_pools; i++)
        if (!broker_same_view(afresh(reserve), &m->places->world, list->pools[i]))
            return false;
    return true;
}

bool sim_reserve_shows_weeks(struct sim_reserve *reserve, struct model *m, const Referral__TimetableList *list)
{
    return broker_shows_weeks(afresh(reserve), &m->places->world, list);
}

bool sim_reserve_shows_alarms(struct sim_reserve *reserve, struct model *m, const Referral__AlarmList *list)
{
    return broker_shows_alarms(afresh(reserve), &m->places->world, list);
}

bool sim_reserve_reports(struct sim_reserve *reserve, struct model *m, const struct replay *replay)
{
    return broker_same_report(afresh(reserve), &m->places->world, replay);
}

bool sim_reserve_offers(struct sim_reserve *reserve, struct model *m, const Referral__PlaceList *list,
                        Referral__Channel channel, int units, int days)
{
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    int today = m_day_of(m->now);

    query.channel = channel;
    query.units = (uint32_t)units;
    return broker_same_places(afresh(reserve), &m->places->world, &query, list, today, today + days - 1);
}
