/* store_open.c - which stores open, and for whom. */
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/archive_look.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/rows_place.h"
#include "store/state_file.h"
#include "store_fixture.h"

static int try_open(struct fixture *f)
{
    struct store_options options = fixture_options(f);
    struct store *store = NULL;
    int failure = store_open(&options, &store);

    store_close(store);
    return failure;
}

/* A shell command in the store's directory. */
static void run(struct fixture *f, const char *command)
{
    char line[300];

    snprintf(line, sizeof(line), "cd %s && %s", f->directory, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

/* Leaves a turn of one referral key behind, and says which id it gave. */
static struct id give_id(struct fixture *f)
{
    struct store_txn *txn = fixture_turn(f);
    Record__Referral row = RECORD__REFERRAL__INIT;
    struct id id = fixture_id(f, store_mark(f->store).index + 1, 1);

    audit_add(txn, bytes_text("row"));
    referral_row_add(txn, id, &row);
    fixture_end(f, txn);
    return id;
}

Test(store_open, a_new_store_knows_who_it_is)
{
    struct fixture f;

    fixture_init(&f);

    const struct store_identity *identity = store_identity(f.store);

    cr_assert_str_eq(identity->short_name, "bd");
    cr_assert_eq(identity->incarnation, FIXTURE_NOW_MS / 1000);
    cr_assert_not(identity->test_time);
    cr_assert_eq(store_mark(f.store).index, 0);

    struct store_options options = fixture_options(&f);

    cr_assert_eq(store_create(&options, "bd", instant_of(FIXTURE_NOW_MS), false), -EEXIST);
    cr_assert_neq(strlen(f.error), 0);
    options.directory = f.base;
    cr_assert_eq(store_create(&options, "Not Valid", instant_of(FIXTURE_NOW_MS), false), -EINVAL);
    cr_assert_eq(store_create(&options, "abcdefghijklm", instant_of(FIXTURE_NOW_MS), false), -EINVAL);
    fixture_fini(&f);
}

Test(store_open, c4_a_store_made_for_test_time_says_so)
{
    struct fixture f;
    char directory[100];

    fixture_init(&f);
    fixture_close(&f);
    snprintf(directory, sizeof(directory), "%s/other", f.base);

    struct store_options options = fixture_options(&f);

    options.directory = directory;
    cr_assert_eq(store_create(&options, "x1", instant_of(5), true), 0);
    cr_assert_eq(store_open(&options, &f.store), 0);
    cr_assert(store_identity(f.store)->test_time);
    cr_assert_eq(store_identity(f.store)->incarnation, 1, "never 0: that is no id");
    fixture_fini(&f);
}

Test(store_open, what_is_no_store_is_refused_with_one_line)
{
    struct fixture f;

    fixture_init(&f);
    fixture_close(&f);
    run(&f, "mv data.mdb away");
    cr_assert_eq(try_open(&f), -ENOENT);
    cr_assert_not_null(strstr(f.error, "referralctl init"));
    run(&f, "head -c 200000 /dev/zero > data.mdb");
    cr_assert_eq(try_open(&f), -EPROTO);
    run(&f, "mv away data.mdb");
    cr_assert_eq(try_open(&f), 0);
    fixture_fini(&f);
}

/* Nobody writes to a name that was cut. */
Test(store_open, d2_a_name_that_is_too_long_is_refused)
{
    static char directory[PATH_MAX + 10];
    static const uint8_t key[STORE_HOST_KEY_SIZE] = {1};
    char error[STORE_ERROR_SIZE] = "", line[8];
    struct store_options options = {.directory = directory, .host_key = key, .error = error};
    struct archive_writer *writer = NULL;
    struct archive *archive = NULL;
    struct store *store = NULL;
    struct archive_look look = {.user = "", .file = "", .reason = ""};
    struct fixture f;
    int fd;

    fixture_init(&f);
    memset(directory, 'x', sizeof(directory) - 1);
    directory[0] = '/';
    cr_assert_eq(store_create(&options, "bd", instant_of(1), false), -ENAMETOOLONG);
    cr_assert_eq(store_open(&options, &store), -ENOENT);
    cr_assert_eq(owner_lock(directory, &fd), -ENAMETOOLONG);
    cr_assert_eq(owner_peek(directory).incarnation, 0);
    cr_assert_not(state_file_read(directory, "backup.state", line, sizeof(line)));
    cr_assert_eq(archive_open(archive_keys_of(f.store), directory, "archive-2026-11-21-1.rfa", &archive),
                 -ENAMETOOLONG);
    cr_assert_eq(archive_writer_open(f.store, directory, "archive-2026-11-21-1.rfa", &writer), -ENAMETOOLONG);
    cr_assert_eq(archive_look_add(archive_keys_of(f.store), directory, &look), -ENAMETOOLONG);
    fixture_close(&f);
    options = fixture_options(&f);
    cr_assert_eq(store_copy(&options, directory), -ENAMETOOLONG);
    cr_assert_neq(strlen(f.error), 0);

    /* A folder that is there, but of its files no name fits. */
    size_t length = (size_t)snprintf(directory, sizeof(directory), "%s/to", f.base);

    cr_assert_eq(mkdir(directory, 0700), 0);
    while (length < PATH_MAX - 4)
        length += (size_t)snprintf(directory + length, sizeof(directory) - length, "/.");
    cr_assert_eq(store_copy(&options, directory), -ENAMETOOLONG);
    fixture_fini(&f);
}

/* What is left of a store may be all that somebody has. */
Test(store_open, d2_what_is_left_of_a_store_is_not_written_over)
{
    static const char *const left[] = {"data.mdb", "keys", "owner.lock", "restoring"};
    struct fixture f;
    char to[96];

    fixture_init(&f);
    fixture_close(&f);

    struct store_options options = fixture_options(&f);

    snprintf(to, sizeof(to), "%s/to", f.base);
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
        char line[256];

        snprintf(line, sizeof(line), "mkdir %s && touch %s/%s", to, to, left[i]);
        cr_assert_eq(system(line), 0);
        cr_assert_eq(store_copy(&options, to), -EEXIST, "%s", left[i]);
        cr_assert_not_null(strstr(f.error, "what is left of one"));
        snprintf(line, sizeof(line), "test -z \"$(find %s -size +0c -type f)\" && rm -r %s", to, to);
        cr_assert_eq(system(line), 0, "%s", left[i]);
    }
    fixture_fini(&f);
}

/* Where nobody listens to words, the number says it. */
Test(store_open, d2_a_store_opens_in_the_map_it_was_not_told_and_fails_without_a_line)
{
    struct fixture f;

    fixture_init(&f);
    fixture_close(&f);

    struct store_options options = fixture_options(&f);

    options.map_bytes = 0;
    options.error = NULL;
    cr_assert_eq(store_open(&options, &f.store), 0);
    cr_assert_eq(store_room(f.store, &(struct store_room){0}), 0);
    fixture_close(&f);
    options.directory = f.base;
    cr_assert_eq(store_open(&options, &f.store), -ENOENT);
    fixture_fini(&f);
}

Test(store_open, p1_a_wrong_host_key_opens_nothing)
{
    struct fixture f;

    fixture_init(&f);
    fixture_close(&f);
    f.host_key[31] ^= 1;
    cr_assert_eq(try_open(&f), -EACCES);
    cr_assert_null(strchr(f.error, '\n'));
    f.host_key[31] ^= 1;
    cr_assert_eq(try_open(&f), 0);
    fixture_fini(&f);
}

Test(store_open, p1_keys_that_others_may_read_are_refused)
{
    struct fixture f;
    char path[120];

    fixture_init(&f);
    fixture_close(&f);
    snprintf(path, sizeof(path), "%s/keys", f.directory);

    struct stat status;

    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(try_open(&f), -EPERM);
    fixture_fini(&f);
}

Test(store_open, a_second_daemon_is_refused)
{
    struct fixture f;

    fixture_init(&f);
    cr_assert_eq(try_open(&f), -EBUSY);
    cr_assert_not_null(strstr(f.error, "in use"));
    fixture_close(&f);
    cr_assert_eq(try_open(&f), 0);
    fixture_fini(&f);
}

/* A child, for a process opens a store but once. */
Test(store_open, p2_a_reader_may_stand_beside_the_daemon)
{
    struct fixture f;

    fixture_init(&f);
    give_id(&f);

    pid_t child = fork();

    if (child == 0) {
        struct store_options options = fixture_options(&f);
        struct store *store = NULL;

        options.read_only = true;
        _exit(store_open(&options, &store) == 0 && store_mark(store).index == 1 ? 0 : 1);
    }

    int status = 0;

    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture_fini(&f);
}

static void rewrite_schema(struct fixture *f, uint32_t schema)
{
    struct store_txn *txn = fixture_turn(f);
    Record__Meta *meta = meta_row(txn);
    uint8_t packed[2048];

    meta->schema = schema;
    store_put(txn, TABLE_META, bytes_text("meta"), bytes_of(packed, record__meta__pack(meta, packed)));
    cr_assert_eq(txn_commit(txn), 0);
    fixture_close(f);
}

Test(store_open, a_newer_store_is_refused)
{
    struct fixture f;

    fixture_init(&f);
    rewrite_schema(&f, STORE_SCHEMA + 1);
    cr_assert_eq(try_open(&f), -EPROTO);
    cr_assert_not_null(strstr(f.error, "newer version"));
    fixture_fini(&f);
}

/* Whichever way it is taken up: nothing in it is read as what it would mean today. */
Test(store_open, d8_a_store_from_before_the_first_release_is_refused)
{
    struct fixture f;
    char copy[100];

    fixture_init(&f);
    rewrite_schema(&f, 1);
    snprintf(copy, sizeof(copy), "%s/copy", f.base);

    struct store_options options = fixture_options(&f);

    for (int i = 0; i < 3; i++) {
        struct store *store = NULL;

        f.error[0] = '\0';
        options.read_only = i == 1;
        cr_assert_eq(i < 2 ? store_open(&options, &store)
                           : store_restore(&options, copy, instant_of(FIXTURE_NOW_MS + 1000)),
                     -EPROTO);
        cr_assert_not_null(strstr(f.error, "is of schema 1, from before the first release, and this version reads "
                                           "schema 2: it cannot be brought over"),
                           "%s", f.error);
    }
    cr_assert_eq(access(copy, F_OK), -1, "nothing is left of the restore");
    fixture_fini(&f);
}

Test(store_open, a_newer_row_fails_the_transaction)
{
    struct fixture f;
    Record__Team team = RECORD__TEAM__INIT;
    uint8_t packed[64];

    fixture_init(&f);
    team.has_schema = true;
    team.schema = STORE_SCHEMA + 1;

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, bytes_text("team"), bytes_of(packed, record__team__pack(&team, packed)));
    cr_assert_null(team_row(txn, "team"));
    cr_assert_eq(store_failure(txn), -EPROTO);
    cr_assert_eq(fixture_try_end(&f, txn), -EPROTO, "the first failure stays");
    fixture_fini(&f);
}

static void lose_table(struct fixture *f, enum table table)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;

    cr_assert_eq(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, TABLE_COUNT);
    mdb_env_set_mapsize(env, f->map_bytes);
    cr_assert_eq(mdb_env_open(env, f->directory, 0, 0600), 0);
    cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_dbi_open(txn, table_name(table), 0, &dbi), 0);
    cr_assert_eq(mdb_drop(txn, dbi, 1), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* An empty one in its place would be one whose rows are gone. */
Test(store_open, p3_a_store_that_lost_a_table_is_refused_and_the_table_is_not_made_anew)
{
    struct fixture f;

    fixture_init(&f);
    fixture_close(&f);
    lose_table(&f, TABLE_POOL);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(try_open(&f), -EPROTO);
        cr_assert_not_null(strstr(f.error, "lacks table POOL: it is damaged, or from before the first release"), "%s",
                           f.error);
    }
    lose_table(&f, TABLE_META);
    cr_assert_eq(try_open(&f), -EPROTO);
    cr_assert_not_null(strstr(f.error, "holds no store of referrald"), "%s", f.error);
    fixture_fini(&f);
}

/* Ids are (incarnation, index, ordinal): the copy goes on in an incarnation no one used. */
Test(store_open, d1_a_restored_copy_gives_no_id_twice)
{
    struct fixture f;
    char copy[100], again[100];
    struct id ids[6];

    fixture_init(&f);
    ids[0] = give_id(&f);
    fixture_close(&f);
    snprintf(copy, sizeof(copy), "%s/copy", f.base);
    snprintf(again, sizeof(again), "%s/again", f.base);

    struct store_options from = fixture_options(&f), options = from;

    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), -EEXIST);
    fixture_open(&f);
    ids[1] = give_id(&f); /* the original goes on as well */
    fixture_close(&f);
    options.directory = copy;
    cr_assert_eq(store_open(&options, &f.store), 0, "%s", f.error);
    cr_assert_eq(store_mark(f.store).index, 1, "the index goes on");
    cr_assert_eq(store_identity(f.store)->incarnation, FIXTURE_NOW_MS / 1000 + 1);
    ids[2] = give_id(&f);
    ids[3] = give_id(&f);
    fixture_close(&f);
    from.directory = copy;
    cr_assert_eq(store_restore(&from, again, instant_of(FIXTURE_NOW_MS + 90000)), 0, "%s", f.error);
    options.directory = again;
    cr_assert_eq(store_open(&options, &f.store), 0, "%s", f.error);
    cr_assert_eq(store_identity(f.store)->incarnation, FIXTURE_NOW_MS / 1000 + 90);
    ids[4] = give_id(&f);
    ids[5] = give_id(&f);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_not(id_equal(ids[i], ids[j]));

    struct store_txn *txn = fixture_read(&f);
    const Record__Meta *meta = meta_row(txn);

    cr_assert_eq(meta->n_incarnations, 3);
    cr_assert_eq(meta->incarnations[2]->first_index, 4);
    cr_assert_not_null(referral_row(txn, ids[0]));
    cr_assert_not_null(referral_row(txn, ids[3]));
    cr_assert_null(referral_row(txn, ids[1]));
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_open, d1_a_copy_that_cannot_be_made_leaves_nothing)
{
    struct fixture f;
    char copy[100], path[120];

    fixture_init(&f);
    fixture_close(&f);
    snprintf(copy, sizeof(copy), "%s/copy", f.base);

    struct store_options from = fixture_options(&f);
    struct rlimit small = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY}, whole;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small.rlim_max = whole.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_assert(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)) < 0);
    cr_assert_neq(strlen(f.error), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
    snprintf(path, sizeof(path), "%s/data.mdb", copy);
    cr_assert_neq(access(path, F_OK), 0);
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    fixture_fini(&f);
}

/* The copy is made, but its first turn finds no room: a map of the least size holds what there is and nothing more. */
Test(store_open, d1_a_copy_that_cannot_go_on_leaves_nothing)
{
    struct fixture f;
    char copy[100];

    fixture_init(&f);
    fixture_close(&f);
    snprintf(copy, sizeof(copy), "%s/copy", f.base);

    struct store_options from = fixture_options(&f), small = from;

    small.map_bytes = 4096;
    cr_assert_eq(store_restore(&small, copy, instant_of(FIXTURE_NOW_MS + 1000)), -ENOSPC);
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    fixture_fini(&f);
}

/* Two restores of one copy by a clock that stands still, or has lost its battery, would give the same ids. */
Test(store_open, d1_a_restore_by_a_clock_behind_the_store_is_refused)
{
    struct fixture f;
    char copy[100];

    fixture_init(&f);
    fixture_close(&f);
    snprintf(copy, sizeof(copy), "%s/copy", f.base);

    struct store_options from = fixture_options(&f);

    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 999)), -EINVAL);
    cr_assert_not_null(strstr(f.error, "clock"), "%s", f.error);
    cr_assert_eq(store_restore(&from, copy, instant_of(0)), -EINVAL);
    cr_assert_neq(access(copy, F_OK), 0, "nothing was made");
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    fixture_fini(&f);
}

Test(store_open, d1_a_note_that_says_nothing_is_none_and_one_of_a_later_incarnation_is_heard)
{
    struct fixture f;

    fixture_init(&f);
    fixture_close(&f);
    run(&f, "printf 'this is no note of ours at all..' >owner.lock");
    cr_assert_eq(owner_peek(f.directory).incarnation, 0);
    cr_assert_eq(try_open(&f), 0, "%s", f.error);
    run(&f, "printf '%010u %020u\\n' 4000000000 0 >owner.lock");
    cr_assert_eq(owner_peek(f.directory).incarnation, 4000000000U);
    cr_assert_eq(try_open(&f), -ESTALE);
    cr_assert_not_null(strstr(f.error, "referralctl restore"), "%s", f.error);
    run(&f, "rm owner.lock");
    cr_assert_eq(owner_peek(f.directory).incarnation, 0);
    fixture_fini(&f);
}

/* A power cut between the copy and the new incarnation leaves a whole store of the old one. */
Test(store_open, d1_what_is_left_of_a_restore_that_was_cut_is_no_store)
{
    struct fixture f;
    char copy[100];

    fixture_init(&f);
    give_id(&f);
    fixture_close(&f);
    snprintf(copy, sizeof copy, "%s/copy", f.directory);

    struct store_options from = fixture_options(&f), cut = from, beside = from;

    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    run(&f, "test ! -e copy/restoring");
    run(&f, "cp -r copy cut && touch cut/restoring");
    snprintf(copy, sizeof copy, "%s/cut", f.directory);
    cut.directory = beside.directory = copy;
    beside.read_only = true;

    struct store *store = NULL;

    cr_assert_eq(store_open(&cut, &store), -ESTALE);
    cr_assert_not_null(strstr(f.error, "cut short"), "%s", f.error);
    cr_assert_eq(store_open(&beside, &store), -ESTALE);
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 9000)), -EEXIST);
    run(&f, "rm -r cut");
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 9000)), 0, "%s", f.error);
    cr_assert_eq(store_open(&cut, &store), 0, "%s", f.error);
    store_close(store);
    fixture_fini(&f);
}

Test(store_open, d1_a_raw_older_copy_put_back_is_refused)
{
    struct fixture f;

    fixture_init(&f);
    give_id(&f);
    fixture_close(&f);
    run(&f, "cp data.mdb older");
    fixture_open(&f);
    give_id(&f);
    fixture_close(&f);
    run(&f, "cp older data.mdb");
    cr_assert_eq(try_open(&f), -ESTALE);
    cr_assert_not_null(strstr(f.error, "referralctl restore"));

    char copy[100];
    struct store_options from = fixture_options(&f), options = from;

    snprintf(copy, sizeof(copy), "%s/copy", f.base);
    cr_assert_eq(store_restore(&from, copy, instant_of(FIXTURE_NOW_MS + 1000)), 0, "%s", f.error);
    options.directory = copy;
    cr_assert_eq(store_open(&options, &f.store), 0, "%s", f.error);
    fixture_close(&f);
    run(&f, "rm owner.lock");
    cr_assert_eq(try_open(&f), 0, "without the note nothing is known against it");
    fixture_fini(&f);
}
