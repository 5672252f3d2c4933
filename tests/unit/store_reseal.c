/* store_reseal.c - rows move under a newer data key in steps, and nothing but their seal changes (P1). */
#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/archive.h"
#include "store/keys.h"
#include "store/reseal.h"
#include "store/rows.h"
#include "store/search.h"
#include "store/verify.h"
#include "store_fixture.h"

#define ROWS 60

static bool is_of_a_shape(enum table table)
{
    return table == TABLE_META || table == TABLE_INBOX || table == TABLE_DEAD || table == TABLE_AUDIT ||
           table == TABLE_LEDGER || table == TABLE_LEDGER_HEAD || table == TABLE_BOOKS ||
           table == TABLE_INSTITUTION_NUMBER;
}

/* Rows of each size up to one that takes pages of its own, in every table; those that verify knows more of by their own
 * means. */
static void fill(struct fixture *f, uint64_t from)
{
    static uint8_t value[9000];
    struct store_txn *txn = fixture_turn(f);

    for (int table = 0; table < TABLE_COUNT; table++)
        for (uint64_t i = from; !is_of_a_shape((enum table)table) && i < from + ROWS; i++) {
            size_t size = table == TABLE_SEARCH ? 0 : i * i % sizeof(value);
            uint8_t key[8];

            put_be64(key, i);
            if (table == TABLE_SEARCH)
                key[0] = SEARCH_AMENDED; /* verify compares the others with the referrals */
            memset(value, (int)(i + (uint64_t)table), sizeof(value));
            store_put(txn, (enum table)table, bytes_of(key, sizeof(key)), bytes_of(value, size));
        }
    for (uint64_t i = from; i < from + ROWS; i++) {
        Record__Inbox inbox = RECORD__INBOX__INIT;
        struct inbox_ref ref = {.institution = 1, .lane = 3, .index = i};

        inbox_row_add(txn, ref, &inbox);
        books_of(txn, 1)->accepted++;
        books_of(txn, 1)->waiting++;
        books_of(txn, 1)->waiting_routine++;
        books_touch(txn, 1);
        audit_add(txn, bytes_of(value, 500));
    }
    fixture_end(f, txn);
}

static void found(struct fixture *f)
{
    Record__Institution institution = RECORD__INSTITUTION__INIT;
    struct store_txn *txn = fixture_turn(f);

    institution.has_number = true;
    institution.number = institution_number_new(txn);
    institution_row_put(txn, "H1", &institution);
    fixture_end(f, txn);
}

static void rotate(struct fixture *f, uint32_t expected)
{
    uint32_t number = 0;

    cr_assert_eq(keys_add(f->directory, f->host_key, &number), 0);
    cr_assert_eq(number, expected);
    cr_assert_eq(store_keys_take(f->store, f->host_key), 0, "%s", store_error(f->store));
    cr_assert_eq(store_newest_key(f->store), expected);
}

static int walk(struct fixture *f, int steps)
{
    struct reseal_state state;
    int more = 1;

    for (int i = 0; more == 1 && i < steps; i++)
        more = reseal_advance(f->store, &f->arena, &state);
    return more;
}

static uint64_t rows_under(struct fixture *f, uint32_t number)
{
    uint64_t rows[KEYS_DATA_MAX + 1];

    cr_assert_eq(reseal_count(f->store, &f->arena, rows), 0);
    return rows[number];
}

static uint64_t verify(struct fixture *f)
{
    struct verify_result result = {0};

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    return result.rows;
}

static void reopen(struct fixture *f)
{
    fixture_close(f);
    fixture_open(f);
}

Test(store_reseal, p1_every_row_of_every_sealed_table_moves_and_nothing_else_changes)
{
    struct fixture f;
    struct reseal_state state;
    uint8_t chain[STORE_DIGEST_SIZE];

    fixture_init(&f);
    found(&f);
    fill(&f, 1);
    cr_assert_eq(reseal_advance(f.store, &f.arena, &state), 0);
    cr_assert(state.is_done && state.key == 1);
    memcpy(chain, store_mark(f.store).digest, sizeof(chain));

    uint64_t rows = verify(&f), sealed = rows_under(&f, 1), index = store_mark(f.store).index;

    rotate(&f, 2);
    cr_assert_eq(reseal_look(f.store, &f.arena, &state), 0);
    cr_assert_not(state.is_done);
    cr_assert_eq(state.total, sealed);
    cr_assert_eq(walk(&f, 1), 1, "not all in one step");
    verify(&f);
    cr_assert_eq(walk(&f, 1000), 0);
    cr_assert_eq(rows_under(&f, 1), 0);
    cr_assert_eq(rows_under(&f, 2), sealed);
    cr_assert_eq(verify(&f), rows);
    cr_assert_eq(memcmp(chain, store_mark(f.store).digest, sizeof(chain)), 0);
    cr_assert_eq(store_mark(f.store).index, index, "no turn");
    reopen(&f);
    cr_assert_eq(verify(&f), rows);
    cr_assert_eq(reseal_advance(f.store, &f.arena, &state), 0);
    cr_assert_eq(state.passed, sealed);
    fixture_fini(&f);
}

static void fill_table(struct fixture *f, enum table table, uint64_t first, uint64_t rows)
{
    struct store_txn *txn = fixture_turn(f);
    uint8_t key[8];

    for (uint64_t i = 0; i < rows; i++) {
        put_be64(key, first + i);
        store_put(txn, table, bytes_of(key, sizeof(key)), bytes_text("x"));
    }
    fixture_end(f, txn);
}

/* So many rows with keys above all others, and a few rows of the next table; how far the first step comes. */
static uint64_t move_two_tables(uint64_t rows)
{
    struct reseal_state state;
    struct fixture f;

    fixture_init(&f);
    fill_table(&f, TABLE_INSTITUTION, UINT64_MAX / 2, rows);
    fill_table(&f, TABLE_TEAM, 1, 25);
    rotate(&f, 2);
    cr_assert_eq(reseal_advance(f.store, &f.arena, &state), 1);
    cr_assert_eq(walk(&f, 1000), 0);
    cr_assert_eq(rows_under(&f, 1), 0, "after %" PRIu64 " rows", rows);
    fixture_fini(&f);
    return state.passed;
}

Test(store_reseal, p1_a_step_that_ends_with_a_table_leaves_no_row_of_the_next)
{
    uint64_t step = move_two_tables(10000);

    cr_assert(step < 10000);
    cr_assert_eq(move_two_tables(step), step);
}

Test(store_reseal, p1_turns_in_between_write_under_the_newest_key_and_a_third_one_begins_anew)
{
    struct fixture f;
    uint64_t next = 1;

    fixture_init(&f);
    found(&f);
    fill(&f, next);
    for (uint32_t key = 2; key <= 5; key++) {
        rotate(&f, key);
        for (int i = 0; i < 3; i++) {
            walk(&f, 1);
            fill(&f, next += ROWS);
            if (i == 1)
                reopen(&f);
        }
    }
    cr_assert(rows_under(&f, 5) > 0 &&
              rows_under(&f, 1) + rows_under(&f, 2) + rows_under(&f, 3) + rows_under(&f, 4) > 0);
    verify(&f);
    cr_assert_eq(walk(&f, 1000), 0);
    for (uint32_t key = 0; key < 5; key++)
        cr_assert_eq(rows_under(&f, key), 0, "key %u", key);
    verify(&f);
    fixture_fini(&f);
}

/* Of a step that did not commit nothing is there; the next process goes on behind the last one that did. */
Test(store_reseal, d1_who_is_killed_between_steps_goes_on_where_he_was)
{
    struct fixture f;

    fixture_init(&f);
    found(&f);
    fill(&f, 1);
    rotate(&f, 2);
    fixture_close(&f);
    for (int step = 0; step < 6; step++) {
        pid_t pid = fork();

        cr_assert(pid >= 0);
        if (pid == 0) {
            fixture_open(&f);
            walk(&f, 1);
            kill(getpid(), SIGKILL);
        }
        cr_assert_eq(waitpid(pid, NULL, 0), pid);
        fixture_open(&f);
        verify(&f);
        fixture_close(&f);
    }
    fixture_open(&f);
    cr_assert_eq(walk(&f, 1000), 0);
    cr_assert_eq(rows_under(&f, 1), 0);
    verify(&f);
    fixture_fini(&f);
}

Test(store_reseal, p1_a_row_that_does_not_open_is_left_as_it_is_and_told)
{
    struct fixture f;
    struct reseal_state state;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    uint8_t key_bytes[8], bytes[64];
    MDB_val key = {.mv_data = key_bytes, .mv_size = 8}, value;

    fixture_init(&f);
    found(&f);
    fill(&f, 1);
    rotate(&f, 2);
    fixture_close(&f);
    put_be64(key_bytes, 3);
    cr_assert(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, TABLE_COUNT) == 0 &&
              mdb_env_set_mapsize(env, f.map_bytes) == 0 && mdb_env_open(env, f.directory, 0, 0600) == 0 &&
              mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, "TEAM", 0, &dbi) == 0 &&
              mdb_get(txn, dbi, &key, &value) == 0 && value.mv_size < sizeof(bytes));
    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[value.mv_size - 1] ^= 1;
    value.mv_data = bytes;
    cr_assert(mdb_put(txn, dbi, &key, &value, 0) == 0 && mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
    fixture_open(&f);
    cr_assert_eq(walk(&f, 1000), -EBADMSG);
    cr_assert_not_null(strstr(store_error(f.store), "TEAM"), "%s", store_error(f.store));
    cr_assert_eq(reseal_look(f.store, &f.arena, &state), 0);
    cr_assert_not(state.is_done);
    fixture_fini(&f);
}

/* ---- Readers, copies, and files that are not the newest ---- */

/* In a process of its own: opens, says so, waits, and reads all. */
static _Noreturn void read_later(struct fixture *f, int told, int wait)
{
    struct store_options options = fixture_options(f);
    struct verify_result result = {0};
    char byte = 0;

    options.read_only = true;
    if (store_open(&options, &f->store) != 0 || write(told, &byte, 1) != 1 || read(wait, &byte, 1) != 1 ||
        store_verify(f->store, NULL, NULL, &result) != 0)
        _exit(2);
    _exit(result.faults == 0 ? 0 : 1);
}

Test(store_reseal, p1_a_reader_that_was_there_before_reads_what_the_newer_key_sealed)
{
    struct fixture f;
    int told[2], wait[2], status = -1;
    char byte = 0;

    fixture_init(&f);
    found(&f);
    fill(&f, 1);
    fixture_close(&f);
    cr_assert(pipe(told) == 0 && pipe(wait) == 0);

    pid_t pid = fork();

    cr_assert(pid >= 0);
    if (pid == 0)
        read_later(&f, told[1], wait[0]);
    cr_assert_eq(read(told[0], &byte, 1), 1);
    fixture_open(&f);
    rotate(&f, 2);
    cr_assert_eq(walk(&f, 1000), 0);
    fixture_close(&f);
    cr_assert_eq(write(wait[1], &byte, 1), 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
    fixture_fini(&f);
}

/* And where he may not, he says what he cannot read, and gives out nothing else in its place. */
Test(store_reseal, p1_a_reader_who_cannot_take_the_newer_key_tells_of_it)
{
    struct fixture f;
    int told[2], wait[2], status = -1;
    char byte = 0, path[128];

    fixture_init(&f);
    found(&f);
    fixture_close(&f);
    cr_assert(pipe(told) == 0 && pipe(wait) == 0);

    pid_t pid = fork();

    cr_assert(pid >= 0);
    if (pid == 0)
        read_later(&f, told[1], wait[0]);
    cr_assert_eq(read(told[0], &byte, 1), 1);
    fixture_open(&f);
    rotate(&f, 2);
    cr_assert_eq(walk(&f, 1000), 0);
    fixture_close(&f);
    snprintf(path, sizeof(path), "%s/keys", f.directory);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(write(wait[1], &byte, 1), 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%d", status);
    fixture_fini(&f);
}

Test(store_reseal, p1_an_older_file_of_keys_in_the_place_of_the_newer_is_refused)
{
    struct fixture f;
    char command[512];
    struct store_options options;
    struct store *store = NULL;

    fixture_init(&f);
    found(&f);
    snprintf(command, sizeof(command), "cp %s/keys %s/kept", f.directory, f.base);
    cr_assert_eq(system(command), 0);
    rotate(&f, 2);
    fill(&f, 1);
    snprintf(command, sizeof(command), "cp %s/keys %s/newer && cp %s/kept %s/keys", f.directory, f.base, f.base,
             f.directory);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(store_keys_take(f.store, f.host_key), -EACCES);
    cr_assert_eq(store_newest_key(f.store), 2, "what is in use stays");
    fixture_close(&f);
    options = fixture_options(&f);
    cr_assert_eq(store_open(&options, &store), -EACCES);
    cr_assert_not_null(strstr(f.error, "lacks data key 2"), "%s", f.error);
    options.read_only = true;
    cr_assert_eq(store_open(&options, &store), -EACCES, "nor for a reader, who looks again for newer ones");
    cr_assert_not_null(strstr(f.error, "lacks data key 2"), "%s", f.error);
    snprintf(command, sizeof(command), "cp %s/newer %s/keys", f.base, f.directory);
    cr_assert_eq(system(command), 0);
    fixture_open(&f);
    verify(&f);
    fixture_fini(&f);
}

Test(store_reseal, d8_a_copy_made_in_the_middle_goes_on_by_itself)
{
    struct fixture f, copy;
    struct store_options options;

    fixture_init(&f);
    found(&f);
    fill(&f, 1);
    rotate(&f, 2);
    walk(&f, 2);
    fixture_close(&f);
    options = fixture_options(&f);
    copy = f;
    snprintf(copy.directory, sizeof(copy.directory), "%s/copy", f.base);
    cr_assert_eq(store_restore(&options, copy.directory, instant_of(FIXTURE_NOW_MS + 5000)), 0, "%s", f.error);
    fixture_open(&copy);
    cr_assert(rows_under(&copy, 1) > 0);
    cr_assert_eq(walk(&copy, 1000), 0);
    cr_assert_eq(rows_under(&copy, 1), 0);
    verify(&copy);
    fixture_close(&copy);
    fixture_fini(&f);
}

Test(store_reseal, d8_an_archive_written_before_and_after_is_read_by_its_own_keys)
{
    struct fixture f;
    char shelf[128];
    const char *names[] = {"archive-2026-11-21-1.rfa", "archive-2026-11-21-2.rfa"};
    struct keys *keys = NULL;

    fixture_init(&f);
    snprintf(shelf, sizeof(shelf), "%s/shelf", f.base);
    for (int i = 0; i < 2; i++) {
        struct archive_writer *writer = NULL;

        cr_assert_eq(archive_writer_open(f.store, shelf, names[i], &writer), 0);
        if (i == 1)
            rotate(&f, 2); /* after the keys beside it were looked at */
        cr_assert_eq(archive_writer_add(writer, fixture_id(&f, 1, 1), instant_of(1), bytes_text("a record")), 0);
        cr_assert_eq(archive_writer_seal(writer), 0);
        archive_writer_close(writer);
    }
    cr_assert_eq(archive_keys_open(shelf, f.host_key, &keys), 0);
    for (int i = 0; i < 2; i++) {
        struct archive *archive = NULL;
        size_t count, size = 0;
        uint8_t *record = NULL;

        cr_assert_eq(archive_open(keys, shelf, names[i], &archive), 0);
        cr_assert_eq(archive_read(archive, archive_entries(archive, &count), &record, &size), 0);
        cr_assert(size == 8 && memcmp(record, "a record", 8) == 0);
        free(record);
        archive_close(archive);
    }
    archive_keys_close(keys);
    fixture_fini(&f);
}
