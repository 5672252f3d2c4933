/* keys_parts.c - data keys are added, host keys changed, rows sealed anew, looks and states kept. */
#include <errno.h>

#include "fault/parts.h"
#include "store/backup_state.h"
#include "store/keys.h"
#include "store/reseal.h"
#include "store/verify_state.h"

/* ---- The file ---- */

static int add(struct stage *stage)
{
    uint32_t number = 0;

    return keys_add(stage->f.directory, stage->f.host_key, &number);
}

static void judge_added(struct stage *stage, int failure)
{
    if (failure != 0)
        cr_assert_eq(add(stage), 0, "%s", stage->where);
    stage_open(stage, false);
    kept(stage, store_newest_key(stage->store) >= 2);
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 1);
}

static int rewrap(struct stage *stage)
{
    return keys_rewrap(stage->f.directory, stage->f.host_key, stage->new_host_key);
}

static void judge_rewrapped(struct stage *stage, int failure)
{
    uint8_t old[STORE_HOST_KEY_SIZE];
    struct store_options options = fixture_options(&stage->f);

    memcpy(old, stage->f.host_key, sizeof old);
    if (failure != 0 && store_open(&options, &stage->store) == 0) {
        store_close(stage->store);
        cr_assert_eq(rewrap(stage), 0, "%s", stage->where);
    }
    stage->store = NULL;
    memcpy(stage->f.host_key, stage->new_host_key, sizeof old);
    stage_sound(stage, stage->f.directory, 1);
    memcpy(stage->f.host_key, old, sizeof old);
}

Test(keys_parts, p1_the_keys_are_the_old_or_the_new_ones)
{
    part_walk(&(struct part){"keys_add", NULL, add, judge_added});
    part_walk(&(struct part){"keys_rewrap", NULL, rewrap, judge_rewrapped});
}

/* ---- Beside a store that is open ---- */

static void prepare_added(struct stage *stage)
{
    stage_open(stage, false);
    cr_assert_eq(add(stage), 0, "%s", stage->where);
}

static int take(struct stage *stage)
{
    return store_keys_take(stage->store, stage->f.host_key);
}

static void write_row(struct stage *stage)
{
    struct store_turn turn = {.index = store_mark(stage->store).index + 1, .time = instant_of(FIXTURE_NOW_MS)};
    struct store_txn *txn = NULL;

    arena_reset(&stage->f.arena, 0);
    cr_assert_eq(store_turn_begin(stage->store, &stage->f.arena, &txn), 0);
    team_row_put(txn, "team", &(Record__Team)RECORD__TEAM__INIT);
    cr_assert_eq(store_turn_end(txn, &turn), 0, "%s: %s", stage->where, store_error(stage->store));
}

static void judge_taken(struct stage *stage, int failure)
{
    kept(stage, store_newest_key(stage->store) == (failure == 0 ? 2 : 1));
    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    write_row(stage); /* by the keys that it has, which go on to work */
    if (failure != 0)
        cr_assert_eq(take(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 2);
}

Test(keys_parts, p1_keys_are_taken_or_the_old_ones_go_on)
{
    part_walk(&(struct part){"store_keys_take", prepare_added, take, judge_taken});
}

static void prepare_taken(struct stage *stage)
{
    prepare_added(stage);
    cr_assert_eq(take(stage), 0);
}

static int reseal(struct stage *stage)
{
    struct reseal_state state;
    int more;

    do
        more = reseal_advance(stage->store, &stage->f.arena, &state);
    while (more > 0);
    return more;
}

static void judge_resealed(struct stage *stage, int failure)
{
    uint64_t rows[KEYS_DATA_MAX + 1];

    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    if (failure != 0)
        cr_assert_eq(store_reopen(stage->store), 0, "%s", stage->where);
    cr_assert_eq(reseal(stage), 0, "%s: %s", stage->where, store_error(stage->store));
    cr_assert_eq(reseal_count(stage->store, &stage->f.arena, rows), 0);
    kept(stage, rows[1] == 0 && rows[2] > 0);
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 1);
}

Test(keys_parts, p1_rows_move_under_the_newest_key_or_stay_under_theirs)
{
    part_walk(&(struct part){"reseal_advance", prepare_taken, reseal, judge_resealed});
}

static void prepare_counting(struct stage *stage)
{
    stage_open(stage, true);
}

static int count(struct stage *stage)
{
    uint64_t rows[KEYS_DATA_MAX + 1] = {0};
    struct reseal_state state;
    int failure = reseal_look(stage->store, &stage->f.arena, &state);

    if (failure == 0)
        failure = reseal_count(stage->store, &stage->f.arena, rows);
    return failure != 0 ? failure : rows[1] > 0 && rows[2] == 0 && state.is_done ? 0 : -ENOTRECOVERABLE;
}

static void judge_counted(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    cr_assert_eq(count(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
}

Test(keys_parts, p1_what_is_counted_by_key_is_right_or_not_said)
{
    part_walk(&(struct part){"reseal_count", prepare_counting, count, judge_counted});
}

/* ---- States beside the store ---- */

static void prepare_states(struct stage *stage)
{
    struct backup_state backup = {.made_ms = 5};
    struct verify_state verify = {.sound_ms = 5};

    cr_assert_eq(backup_state_write(stage->f.directory, &backup), 0);
    cr_assert_eq(verify_state_write(stage->f.directory, &verify), 0);
}

static int write_states(struct stage *stage)
{
    struct backup_state backup = {.made_ms = 6};
    struct verify_state verify = {.sound_ms = 6};
    int failure = backup_state_write(stage->f.directory, &backup);

    return failure != 0 ? failure : verify_state_write(stage->f.directory, &verify);
}

static void judge_states(struct stage *stage, int failure)
{
    int64_t made_ms = backup_state_read(stage->f.directory).made_ms;
    int64_t sound_ms = verify_state_read(stage->f.directory).sound_ms;

    kept(stage, made_ms == 6 || (made_ms == 5 && failure != 0));
    kept(stage, sound_ms == 6 || (sound_ms == 5 && failure != 0));
}

Test(keys_parts, d2_a_state_is_the_old_or_the_new_one)
{
    part_walk(&(struct part){"state_file_write", prepare_states, write_states, judge_states});
}
