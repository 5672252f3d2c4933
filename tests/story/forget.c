/* forget.c - keys of commands are remembered for as long as is set, and longer where what they began goes on (D1,
 * D8). */
#include <stdio.h>

#include "store/rows.h"
#include "story/world_inside.h"
#include "turn/forgetter.h"

#define YEAR_S (365 * 86400LL)
#define MANY   600

static struct world *open_centre(void)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    return w;
}

static void years_pass(struct world *w)
{
    w->clock.now.ms += 2 * YEAR_S * 1000; /* nobody's session need live through it */
    world_settle(w);
    world_forget(w);
}

static size_t keys_of(struct world *w)
{
    struct store_txn *txn = NULL;
    struct store_cursor *cursor;
    struct bytes key;
    size_t count = 0;

    cr_assert_eq(store_read_begin(w->store, &w->arena, &txn), 0);
    cursor = store_scan(txn, TABLE_DEDUP, bytes_of(NULL, 0), bytes_of(NULL, 0));
    while (store_next_key(cursor, &key))
        count++;
    store_scan_end(cursor);
    store_read_end(txn);
    return count;
}

struct pass {
    size_t most;         /* keys that went in one step */
    uint64_t steps_idle; /* in which a turn was made, and none went */
    uint64_t damaged;    /* rows it met */
};

/* Damages the row of r1, or mends it; what stood there. */
static struct bytes put(struct world *w, struct bytes value)
{
    struct store_turn turn = {.index = store_mark(w->store).index + 1, .time = w->clock.now};
    struct store_txn *txn = NULL;
    uint8_t key[ID_KEY_SIZE];
    struct bytes old;
    struct id id;

    cr_assert(id_parse(world_id(w, "r1"), "bd", &id));
    id_to_key(key, id);
    cr_assert_eq(store_turn_begin(w->store, &w->arena, &txn), 0);
    cr_assert(store_get(txn, TABLE_REFERRAL, bytes_of(key, sizeof key), &old));
    store_put(txn, TABLE_REFERRAL, bytes_of(key, sizeof key), value);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    return old;
}

/* So many steps (-1: all of them); then the broker forgets where it was. */
static struct pass pass(struct world *w, int steps)
{
    struct arena arena;
    struct forgetter forgetter;
    struct pass seen = {0};
    int result = 1;

    cr_assert_eq(arena_open(&arena, 1 << 26), 0);
    forgetter_init(&forgetter, w->store, w->turn, &arena);
    while (result > 0 && steps-- != 0) {
        uint64_t turns = store_mark(w->store).index;
        size_t before = keys_of(w), went;

        result = forgetter_step(&forgetter, w->clock);
        world_settle(w);
        went = before - keys_of(w);
        seen.most = went > seen.most ? went : seen.most;
        seen.steps_idle += went == 0 && store_mark(w->store).index != turns;
    }
    cr_assert(result == 0 || steps < 0, "%d", result);
    seen.damaged = forgetter.damaged;
    arena_close(&arena);
    return seen;
}

static void finish(struct world *w, int count)
{
    for (int i = 1; i <= count; i++) {
        char name[16], what[40];

        snprintf(name, sizeof name, "r%d", i);
        snprintf(what, sizeof what, "cancel %s", name);
        world_submit(w, "T07", name, "up to H1, routine");
        world_event(w, "T07", what);
        world_forget(w);
    }
}

Test(forget, d1_the_finished_may_be_sent_anew_after_years_and_the_unfinished_is_the_same_still)
{
    struct world *w = open_centre();

    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_event(w, "H1", "reject r1; reason=NO_CAPACITY");
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_event(w, "H1", "arrive r2");
    years_pass(w);
    world_connect(w, "T07", 20);
    world_forget(w);
    world_submit(w, "T07", "r3", "(id a1) up to H1, routine");
    cr_assert_eq(world_count(w, "T07 < accepted r1"), 1, "nobody has looked yet");
    pass(w, -1);
    world_submit(w, "T07", "r3", "(id a1) up to H1, routine");
    cr_assert_eq(world_count(w, "T07 < accepted r3"), 1);
    world_submit(w, "T07", "r4", "(id a2) up to H1, routine");
    cr_assert_eq(world_count(w, "T07 < accepted r2"), 1);
    world_submit(w, "T07", "r4", "(id a1) up to H1, urgent");
    cr_assert_eq(world_count(w, "T07 < refused CONFLICT (D1) message_id"), 1, "the new one occupies its key");
    world_close(w);
}

Test(forget, d8_a_turn_takes_five_hundred_at_most_and_where_nothing_is_due_there_is_none)
{
    struct world *w = open_centre();
    struct pass seen;
    size_t fresh;
    uint64_t turns;

    finish(w, MANY);
    turns = store_mark(w->store).index;
    pass(w, -1);
    cr_assert_eq(store_mark(w->store).index, turns, "all of them are young");
    years_pass(w);
    cr_assert_gt(keys_of(w), 2UL * MANY);
    seen = pass(w, -1);
    cr_assert_eq(seen.most, TURN_FORGET_MAX);
    cr_assert_eq(seen.steps_idle, 0);
    fresh = keys_of(w);
    cr_assert_eq(fresh, 0, "%zu", fresh);
    turns = store_mark(w->store).index;
    pass(w, -1);
    cr_assert_eq(store_mark(w->store).index, turns, "and none is left");
    world_close(w);
}

Test(forget, d8_a_broker_that_dies_in_between_begins_anew)
{
    struct world *w = open_centre();
    size_t before, left;

    finish(w, MANY);
    world_submit(w, "T07", "r9999", "(id a9) up to H1, routine");
    world_event(w, "H1", "arrive r9999");
    years_pass(w);
    before = keys_of(w);
    pass(w, 3);
    left = keys_of(w);
    cr_assert(left < before && left > 2);
    world_restart(w);
    cr_assert_eq(keys_of(w), left);
    pass(w, -1);
    cr_assert_eq(keys_of(w), 2, "of the one who is in care");
    world_connect(w, "T07", 20);
    world_forget(w);
    world_submit(w, "T07", "r1", "(id a9) up to H1, routine");
    cr_assert_eq(world_count(w, "T07 < accepted r9999"), 1);
    world_close(w);
}

Test(forget, c4_while_the_clock_is_in_doubt_or_for_ever_nobody_looks)
{
    struct world *w = open_centre();
    size_t before;

    finish(w, 3);
    years_pass(w);
    before = keys_of(w);
    world_hold(w, true);
    pass(w, -1);
    cr_assert_eq(keys_of(w), before);
    world_hold(w, false);
    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_SETTING", "name=retention_keys_ms; value=0");
    pass(w, -1);
    cr_assert_eq(keys_of(w), before + 1);
    world_close(w);
}

/* The log says how many keys went: once. */
Test(forget, c4_what_went_before_a_doubt_is_not_told_again_in_it)
{
    struct world *w = open_centre();
    struct forgetter forgetter;
    struct arena arena;

    finish(w, 3);
    years_pass(w);
    cr_assert_eq(arena_open(&arena, 1 << 26), 0);
    forgetter_init(&forgetter, w->store, w->turn, &arena);
    while (forgetter_step(&forgetter, w->clock) > 0)
        world_settle(w);
    cr_assert_gt(forgetter.told, 0);
    world_hold(w, true);
    cr_assert_eq(forgetter_step(&forgetter, w->clock), 0);
    cr_assert_eq(forgetter.told, 0);
    arena_close(&arena);
    world_close(w);
}

Test(forget, d8_a_damaged_row_keeps_its_own_keys_and_no_others)
{
    struct world *w = open_centre();
    struct bytes row;

    finish(w, 3);
    years_pass(w);
    row = put(w, bytes_text("\xff"));
    cr_assert_eq(pass(w, -1).damaged, 2);
    cr_assert_eq(keys_of(w), 2, "of r1");
    put(w, row);
    pass(w, -1);
    cr_assert_eq(keys_of(w), 0);
    world_close(w);
}
