/* store_parts.c - a store is made, opened, written, copied, restored, sealed anew, and looked through. */
#include <errno.h>

#include "fault/parts.h"
#include "store/archive_verify.h"
#include "store/backup.h"
#include "store/backup_state.h"
#include "store/checkpoint.h"
#include "store/keys.h"
#include "store/reseal.h"
#include "store/search.h"
#include "store/suspect.h"
#include "store/verify.h"
#include "store/verify_state.h"

#define LATER instant_of(FIXTURE_NOW_MS + 60000)

static struct store_options options_of(struct stage *stage, const char *directory)
{
    struct store_options options = fixture_options(&stage->f);

    options.directory = directory;
    return options;
}

/* ---- Made ---- */

static int create(struct stage *stage)
{
    struct store_options options = options_of(stage, stage->to);

    return store_create(&options, "bd", instant_of(FIXTURE_NOW_MS), false);
}

static void judge_created(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    if (failure != 0)
        cr_assert_eq(create(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    stage_sound(stage, stage->to, 0);
}

Test(store_parts, d2_a_store_is_made_whole_or_not_at_all)
{
    part_walk(&(struct part){"store_create", NULL, create, judge_created});
}

/* ---- Opened ---- */

static int open_store(struct stage *stage)
{
    struct store_options options = fixture_options(&stage->f);

    return store_open(&options, &stage->store);
}

static int open_reader(struct stage *stage)
{
    struct store_options options = fixture_options(&stage->f);

    options.read_only = true;
    return store_open(&options, &stage->store);
}

static void judge_opened(struct stage *stage, int failure)
{
    kept(stage, (failure == 0) == (stage->store != NULL));
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 1);
}

Test(store_parts, d2_a_store_that_did_not_open_is_as_it_was)
{
    part_walk(&(struct part){"store_open", NULL, open_store, judge_opened});
    part_walk(&(struct part){"store_open, read only", NULL, open_reader, judge_opened});
}

/* ---- Written ---- */

static void prepare_open(struct stage *stage)
{
    stage_open(stage, false);
}

static int write_turn(struct stage *stage)
{
    struct store_turn turn = {.index = store_mark(stage->store).index + 1, .time = LATER};
    struct store_room room;
    struct store_txn *txn = NULL;
    int failure = store_room(stage->store, &room);

    arena_reset(&stage->f.arena, 0);
    if (failure == 0)
        failure = store_turn_begin(stage->store, &stage->f.arena, &txn);
    if (failure != 0)
        return failure;
    team_row_put(txn, "team", &(Record__Team)RECORD__TEAM__INIT);
    body_add(txn, stage->id, 2, bytes_of(stage->f.error, sizeof stage->f.error));
    audit_add(txn, bytes_text("another row"));
    return store_turn_end(txn, &turn);
}

/* In the store that is open, once it can be opened again. */
static void judge_written(struct stage *stage, int failure)
{
    struct store_txn *txn;

    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    if (failure != 0)
        cr_assert_eq(store_reopen(stage->store), 0, "%s: %s", stage->where, store_error(stage->store));

    bool is_there = store_mark(stage->store).index == 2;

    kept(stage, is_there || failure != 0);
    cr_assert_eq(store_read_begin(stage->store, &stage->f.arena, &txn), 0);
    kept(stage, (team_row(txn, "team") != NULL) == is_there);
    kept(stage, (audit_record(txn, 2) != NULL) == is_there);
    store_read_end(txn);
    if (!is_there)
        cr_assert_eq(write_turn(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 2);
}

Test(store_parts, d2_a_turn_is_there_or_is_not)
{
    part_walk(&(struct part){"store_turn_end", prepare_open, write_turn, judge_written});
}

/* Of a store that could not be opened again nothing is read or written, until it can. */
static int reopen(struct stage *stage)
{
    return store_reopen(stage->store);
}

/* Whatever is asked of it. */
static void ask_all(struct stage *stage)
{
    struct store_txn *txn = NULL;
    struct store *store = stage->store;
    uint64_t rows[KEYS_DATA_MAX + 1], records;
    char text[CHECKPOINT_TEXT_MAX];
    struct checkpoint checkpoint;

    kept(stage, store_turn_begin(store, &stage->f.arena, &txn) != 0);
    kept(stage, store_error(store)[0] != '\0');
    kept(stage, store_room(store, &(struct store_room){0}) != 0);
    kept(stage, store_oldest_reader(store, &(struct store_reader){0}) != 0);
    kept(stage, store_verify(store, NULL, NULL, &(struct verify_result){0}) != 0);
    kept(stage, store_verify_end(store, &stage->f.arena, 1, &records) != 0);
    kept(stage, store_recount(store, NULL, NULL) != 0);
    kept(stage, archive_verify(store, stage->to, NULL, NULL, &(struct archive_verify_result){0}) != 0);
    kept(stage, reseal_count(store, &stage->f.arena, rows) != 0);
    kept(stage, reseal_advance(store, &stage->f.arena, &(struct reseal_state){0}) != 0);
    kept(stage, search_advance(store, &stage->f.arena, 1) < 0);
    kept(stage, search_rebuild(store, &stage->f.arena) < 0);
    checkpoint_make(store, text);
    cr_assert_eq(checkpoint_parse(text, &checkpoint), 0);
    kept(stage, checkpoint_check(store, &checkpoint, &(enum checkpoint_verdict){0}) != 0);
}

static void judge_reopened(struct stage *stage, int failure)
{
    struct store_txn *txn = NULL;

    if (store_read_begin(stage->store, &stage->f.arena, &txn) != 0)
        ask_all(stage);
    store_read_end(txn);
    if (failure != 0)
        cr_assert_eq(store_reopen(stage->store), 0, "%s: %s", stage->where, store_error(stage->store));
    judge_written(stage, write_turn(stage));
}

Test(store_parts, d2_a_store_that_is_not_opened_again_serves_nobody_until_it_is)
{
    part_walk(&(struct part){"store_reopen", prepare_open, reopen, judge_reopened});
}

/* ---- Copied ---- */

static int copy(struct stage *stage)
{
    struct store_options options = fixture_options(&stage->f);

    return store_copy(&options, stage->to);
}

static void judge_copied(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    if (failure != 0)
        cr_assert_eq(copy(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    stage_sound(stage, stage->f.directory, 1);
    stage_sound(stage, stage->to, 1);
}

Test(store_parts, d2_a_copy_is_whole_or_there_is_none)
{
    part_walk(&(struct part){"store_copy", NULL, copy, judge_copied});
}

static int restore(struct stage *stage)
{
    struct store_options options = fixture_options(&stage->f);

    return store_restore(&options, stage->to, LATER);
}

static void judge_restored(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    if (failure != 0)
        cr_assert_eq(restore(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    kept(stage, stage_sound(stage, stage->f.directory, 1) < stage_sound(stage, stage->to, 1));
}

Test(store_parts, d1_a_restored_store_goes_on_in_a_new_incarnation_or_not_at_all)
{
    part_walk(&(struct part){"store_restore", NULL, restore, judge_restored});
}

/* ---- Sealed as a backup ---- */

static int seal(struct stage *stage)
{
    struct store_options options = options_of(stage, stage->copy);

    return backup_seal(&options, stage->f.host_key, stage->to);
}

static int restore_backup(struct stage *stage)
{
    struct store_options options = fixture_options(&stage->f);

    return store_restore_backup(&options, stage->to, stage->f.host_key, stage->f.directory, LATER);
}

static void judge_sealed(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    kept(stage, (failure == 0) == (access(stage->to, F_OK) == 0));
    if (failure != 0)
        cr_assert_eq(seal(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    stage_clear(stage, stage->f.directory);
    cr_assert_eq(restore_backup(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    stage_sound(stage, stage->f.directory, 1);
}

Test(store_parts, d2_a_backup_is_whole_or_there_is_none)
{
    part_walk(&(struct part){"backup_seal", NULL, seal, judge_sealed});
}

static void prepare_sealed(struct stage *stage)
{
    cr_assert_eq(seal(stage), 0, "%s", stage->f.error);
    stage_clear(stage, stage->f.directory);
}

static void judge_unsealed(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || failure == -ENOMEM || stage->f.error[0] != '\0');
    if (failure != 0)
        cr_assert_eq(restore_backup(stage), 0, "%s, then: %s", stage->where, stage->f.error);
    stage_sound(stage, stage->f.directory, 1);
}

Test(store_parts, d1_a_backup_is_restored_whole_or_nothing_is_there)
{
    part_walk(&(struct part){"store_restore_backup", prepare_sealed, restore_backup, judge_unsealed});
}

/* ---- Looked through ---- */

static void prepare_reader(struct stage *stage)
{
    stage_open(stage, true);
}

static void note_recount(void *user, const struct recount *recount)
{
    *(bool *)user = *(bool *)user && recount->balances;
}

static int look_through(struct stage *stage)
{
    struct verify_result found = {0};
    bool balances = true;
    uint64_t records;
    int failure = store_verify(stage->store, NULL, NULL, &found);

    if (failure == 0)
        failure = store_recount(stage->store, note_recount, &balances);
    if (failure == 0)
        failure = store_verify_end(stage->store, &stage->f.arena, 1, &records);
    return failure != 0 ? failure : found.faults == 0 && balances ? 0 : -ENOTRECOVERABLE;
}

static void judge_looked(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    cr_assert_eq(look_through(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
}

/* Damage would be believed, and a backup put in the place of a sound store. */
Test(store_parts, p3_what_could_not_be_looked_at_is_not_told_as_damaged)
{
    part_walk(&(struct part){"store_verify", prepare_reader, look_through, judge_looked});
}

static int check_checkpoint(struct stage *stage)
{
    char text[CHECKPOINT_TEXT_MAX];
    enum checkpoint_verdict verdict = CHECKPOINT_CUT;
    struct checkpoint checkpoint;
    int failure;

    checkpoint_make(stage->store, text);
    failure = checkpoint_parse(text, &checkpoint);
    if (failure == 0)
        failure = checkpoint_check(stage->store, &checkpoint, &verdict);
    return failure != 0 ? failure : verdict == CHECKPOINT_HOLDS ? 0 : -ENOTRECOVERABLE;
}

static void judge_checked(struct stage *stage, int failure)
{
    (void)failure;
    cr_assert_eq(check_checkpoint(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
}

Test(store_parts, p3_a_checkpoint_that_could_not_be_held_against_the_store_does_not_accuse_it)
{
    part_walk(&(struct part){"checkpoint_check", prepare_reader, check_checkpoint, judge_checked});
}

/* ---- Beside the turns ---- */

static int index_anew(struct stage *stage)
{
    int failure = search_rebuild(stage->store, &stage->f.arena);

    if (failure == 0)
        failure = search_advance(stage->store, &stage->f.arena, 10);
    return failure < 0 ? failure : 0;
}

static void judge_indexed(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    if (failure != 0)
        cr_assert_eq(store_reopen(stage->store), 0, "%s", stage->where);
    cr_assert_eq(index_anew(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
    store_close(stage->store);
    stage->store = NULL;
    stage_sound(stage, stage->f.directory, 1);
}

Test(store_parts, p2_the_search_index_is_made_or_is_made_later)
{
    part_walk(&(struct part){"search_advance", prepare_open, index_anew, judge_indexed});
}

static int watch(struct stage *stage)
{
    return suspect_watch(stage->store);
}

static void judge_watched(struct stage *stage, int failure)
{
    struct suspect suspect = {.kind = 1};

    suspect_begin(stage->store, &suspect); /* without a watch nothing is marked, and nobody minds */
    kept(stage, !suspect_found(stage->store, &suspect));
    suspect_end(stage->store);
    kept(stage, (suspect_mark(stage->store).state != NULL) == (failure == 0));
}

Test(store_parts, d2_a_store_without_a_watch_serves)
{
    part_walk(&(struct part){"suspect_watch", prepare_open, watch, judge_watched});
}
