/* store_verify.c - what is not as it was written is found (P3, D7), and nothing is readable without the keys (P1). */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/rows_place.h"
#include "store/search.h"
#include "store/verify.h"
#include "store_fixture.h"

#define MARKED "ZHANG-SAN-440101199001011234"

/* Two institutions, 40 referrals with bodies and waiting messages, half of them acknowledged, two dead. */
static void fill(struct fixture *f)
{
    struct store_txn *txn = fixture_turn(f);

    for (int i = 0; i < 2; i++) {
        Record__Institution institution = RECORD__INSTITUTION__INIT;

        institution.has_number = true;
        institution.number = institution_number_new(txn);
        institution_row_put(txn, i == 0 ? "H1" : "T1", &institution);
    }
    fixture_end(f, txn);
    for (uint64_t index = 2; index <= 41; index++) {
        Record__Referral referral = RECORD__REFERRAL__INIT;
        Record__Inbox inbox = RECORD__INBOX__INIT;
        Record__Dedup dedup = RECORD__DEDUP__INIT;
        struct inbox_ref ref = {.institution = 1, .lane = 3, .index = index};
        struct id id = fixture_id(f, index, 0);
        char message_id[32];

        txn = fixture_turn(f);
        snprintf(message_id, sizeof(message_id), "message %lu", index);
        referral.message_id = message_id;
        referral.sender_reference = MARKED;
        inbox.has_size_bytes = true;
        inbox.size_bytes = 100;
        dedup_row_add(txn, 2, message_id, &dedup);
        referral_row_add(txn, id, &referral);
        body_add(txn, id, 1, bytes_text("a sheet about " MARKED));
        inbox_row_add(txn, ref, &inbox);
        books_of(txn, 1)->accepted++;
        books_of(txn, 1)->waiting++;
        books_of(txn, 1)->waiting_routine++;
        books_of(txn, 1)->waiting_bytes += 100;
        books_touch(txn, 1);
        audit_add(txn, bytes_text("submitted " MARKED));
        if (index % 2 == 0 || index == 41) {
            Record__Dead dead = RECORD__DEAD__INIT;

            cr_assert(inbox_row_delete(txn, ref));
            if (index >= 40)
                dead_row_put(txn, ref, &dead);
            *(index >= 40 ? &books_of(txn, 1)->dead : &books_of(txn, 1)->acknowledged) += 1;
            books_of(txn, 1)->waiting--;
            books_of(txn, 1)->waiting_routine--;
            books_of(txn, 1)->waiting_bytes -= 100;
        }
        fixture_end(f, txn);
        arena_reset(&f->arena, 0);
        if (index == 40)
            cr_assert_eq(search_advance(f->store, &f->arena, 30), 30);
    }
}

/* One row of each table of places, the booking's of its referral too. */
static void fill_places(struct fixture *f)
{
    struct store_txn *txn = fixture_turn(f);
    struct pool_key pool_key = {.hospital = 1, .class = 1, .department = "NK", .day = 20778, .resource = "a"};
    struct wait_key wait_key = {.hospital = 1, .class = 1, .department = "NK", .rank = RANK_FAMILY, .priority = 3};
    struct timetable_key timetable_key = {.hospital = 1, .class = 1, .department = "NK", .id = "week"};
    uint8_t patient[16] = {7}, referral[ID_KEY_SIZE];
    Record__Pool pool = RECORD__POOL__INIT;
    Record__PoolGroup group = RECORD__POOL_GROUP__INIT;
    Record__Booking booking = RECORD__BOOKING__INIT;
    Record__WaitEntry entry = RECORD__WAIT_ENTRY__INIT;
    Record__PatientClaim claim = RECORD__PATIENT_CLAIM__INIT;
    Record__TeamHolds holds = RECORD__TEAM_HOLDS__INIT;
    Record__Timetable timetable = RECORD__TIMETABLE__INIT;

    id_to_key(referral, fixture_id(f, 2, 0));
    booking.has_referral = true;
    booking.referral = (ProtobufCBinaryData){.len = sizeof(referral), .data = referral};
    booking.reference = MARKED;
    entry.reference = MARKED;
    wait_key.id = fixture_id(f, 42, 1);
    pool_row_put(txn, &pool_key, &pool);
    pool_group_row_put(txn, &pool_key, &group);
    booking_row_put(txn, fixture_id(f, 42, 0), &booking, true);
    wait_row_put(txn, &wait_key, &entry, true);
    patient_claim_row_put(txn, 1, 1, patient, &claim);
    team_holds_row_put(txn, "team", &holds);
    timetable_row_put(txn, &timetable_key, &timetable);
    ledger_add(txn, 1, "H1", bytes_text("a row of the ledger"));
    fixture_end(f, txn);
}

static struct verify_result verify(struct fixture *f)
{
    struct verify_result result = {0};

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    return result;
}

Test(store_verify, p3_a_sound_store_has_no_fault)
{
    struct fixture f;

    fixture_init(&f);
    fill(&f);

    struct verify_result result = verify(&f);

    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    cr_assert_eq(result.referrals, 40);
    cr_assert_eq(result.turns, 40);
    cr_assert_eq(result.inboxes, 2);
    cr_assert(result.rows > 200);
    fixture_fini(&f);
}

static void count_inboxes(void *user, const struct recount *recount)
{
    struct recount *out = user;

    out[recount->institution] = *recount;
}

Test(store_verify, d7_the_books_balance_with_the_rows)
{
    struct fixture f;
    struct recount recounts[3] = {{0}};

    fixture_init(&f);
    fill(&f);
    cr_assert_eq(store_recount(f.store, count_inboxes, recounts), 0);
    cr_assert_str_eq(recounts[1].id, "H1");
    cr_assert(recounts[1].balances && recounts[2].balances);
    cr_assert_eq(recounts[1].accepted, 40);
    cr_assert_eq(recounts[1].waiting, 19);
    cr_assert_eq(recounts[1].counted_waiting, 19);
    cr_assert_eq(recounts[1].counted_dead, 2);
    cr_assert_eq(recounts[1].acknowledged, 19);
    fixture_fini(&f);
}

Test(store_verify, d7_books_that_do_not_balance_are_found)
{
    struct fixture f;
    struct recount recounts[3] = {{0}};

    fixture_init(&f);
    fill(&f);

    struct store_txn *txn = fixture_turn(&f);

    books_of(txn, 1)->acknowledged++;
    books_touch(txn, 1);
    fixture_end(&f, txn);

    struct verify_result result = verify(&f);

    cr_assert_eq(result.faults, 1);
    cr_assert_not_null(strstr(result.first_fault, "books"), "%s", result.first_fault);
    cr_assert_eq(store_recount(f.store, count_inboxes, recounts), 0);
    cr_assert_not(recounts[1].balances);

    txn = fixture_turn(&f);
    books_of(txn, 1)->acknowledged--;
    books_of(txn, 1)->waiting_bytes++;
    books_touch(txn, 1);
    fixture_end(&f, txn);
    cr_assert_eq(verify(&f).faults, 1);
    fixture_fini(&f);
}

/* The sums are kept by differences, through every overwrite and delete, over turns that commit and turns that do
 * not. */
Test(store_verify, p3_sums_kept_by_difference_are_those_counted_anew)
{
    struct fixture f;
    uint64_t seed = 7;
    static uint8_t value[3000];

    fixture_init(&f);
    for (int turn = 0; turn < 40; turn++) {
        struct store_txn *txn = fixture_turn(&f);

        for (int step = 0; step < 100; step++) {
            uint8_t key[2];

            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            put_be16(key, (uint16_t)(seed >> 40) % 300);

            enum table table = (seed & (1 << 20)) != 0 ? TABLE_TEAM : TABLE_SETTING;

            memset(value, (int)(seed >> 50), sizeof(value));
            if ((seed >> 30) % 3 == 0)
                store_delete(txn, table, bytes_of(key, sizeof(key)));
            else
                store_put(txn, table, bytes_of(key, sizeof(key)), bytes_of(value, (seed >> 16) % sizeof(value)));
        }
        if (turn % 5 == 4)
            store_turn_abort(txn);
        else
            fixture_end(&f, txn);
        if (turn == 20)
            cr_assert_eq(store_reopen(f.store), 0);
    }

    struct verify_result result = verify(&f);

    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    cr_assert(result.rows > 200);
    fixture_fini(&f);
}

/* Beneath the store: what a disk, or somebody with access to it, might do to the n-th row of a table. */
enum damage { FLIP_BIT, HIDE_ROW, COPY_ROW };

static size_t damage_row(struct fixture *f, enum table table, size_t number, enum damage damage, size_t at_byte)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint8_t bytes[4096], key_bytes[256];

    cr_assert_eq(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, TABLE_COUNT);
    mdb_env_set_mapsize(env, f->map_bytes);
    cr_assert_eq(mdb_env_open(env, f->directory, 0, 0600), 0);
    cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    cr_assert_eq(mdb_dbi_open(txn, table_name(table), 0, &dbi), 0);
    cr_assert_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
    for (size_t i = 0; i <= number; i++)
        cr_assert_eq(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
    memcpy(bytes, value.mv_data, value.mv_size);
    memcpy(key_bytes, key.mv_data, key.mv_size);
    key.mv_data = key_bytes;
    value.mv_data = bytes;

    size_t size = value.mv_size;

    if (damage == HIDE_ROW)
        cr_assert_eq(mdb_cursor_del(cursor, 0), 0);
    else if (damage == FLIP_BIT)
        bytes[at_byte] ^= 0x10;
    else
        key_bytes[key.mv_size - 1] ^= 0x80;
    if (damage != HIDE_ROW)
        cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
    cr_assert_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    return size;
}

static const enum table FILLED[] = {TABLE_INSTITUTION,
                                    TABLE_INSTITUTION_NUMBER,
                                    TABLE_DEDUP,
                                    TABLE_REFERRAL,
                                    TABLE_BODY,
                                    TABLE_INBOX,
                                    TABLE_DEAD,
                                    TABLE_BOOKS,
                                    TABLE_AUDIT,
                                    TABLE_POOL,
                                    TABLE_POOL_GROUP,
                                    TABLE_BOOKING,
                                    TABLE_REFERRAL_BOOKING,
                                    TABLE_WAITING,
                                    TABLE_WAIT_ENTRY,
                                    TABLE_PATIENT_CLAIM,
                                    TABLE_TEAM_HOLDS,
                                    TABLE_TIMETABLE,
                                    TABLE_LEDGER,
                                    TABLE_LEDGER_HEAD};
#define FILLED_COUNT (sizeof(FILLED) / sizeof(FILLED[0]))

static void expect_fault(struct fixture *f, enum table table, const char *damage)
{
    fixture_open(f);

    struct verify_result result = verify(f);

    cr_assert(result.faults > 0, "%s in %s was not found", damage, table_name(table));
    cr_assert_null(strstr(result.first_fault, "message"), "no content: %s", result.first_fault);
    fixture_close(f);
}

Test(store_verify, p3_a_flipped_bit_in_any_part_of_a_value_is_found)
{
    struct fixture f;

    fixture_init(&f);
    fill(&f);
    fill_places(&f);
    fixture_close(&f);
    for (size_t i = 0; i < FILLED_COUNT; i++) {
        size_t size = damage_row(&f, FILLED[i], 0, FLIP_BIT, 0);

        damage_row(&f, FILLED[i], 0, FLIP_BIT, 0); /* back */
        for (size_t byte = 0; byte < size; byte += byte < 12 ? 1 : 37) {
            damage_row(&f, FILLED[i], 0, FLIP_BIT, byte);
            expect_fault(&f, FILLED[i], "a flipped bit");
            damage_row(&f, FILLED[i], 0, FLIP_BIT, byte);
        }
    }
    fixture_open(&f);
    cr_assert_eq(verify(&f).faults, 0);
    fixture_fini(&f);
}

Test(store_verify, p3_a_hidden_row_of_any_table_is_found)
{
    for (size_t i = 0; i < FILLED_COUNT; i++) {
        struct fixture f;

        fixture_init(&f);
        fill(&f);
        fill_places(&f);
        fixture_close(&f);
        damage_row(&f, FILLED[i], 0, HIDE_ROW, 0);
        expect_fault(&f, FILLED[i], "a hidden row");
        fixture_fini(&f);
    }
}

Test(store_verify, p3_a_row_copied_to_another_key_is_found)
{
    for (size_t i = 0; i < FILLED_COUNT; i++) {
        struct fixture f;

        fixture_init(&f);
        fill(&f);
        fill_places(&f);
        fixture_close(&f);
        damage_row(&f, FILLED[i], 0, COPY_ROW, 0);
        expect_fault(&f, FILLED[i], "a copied row");
        fixture_fini(&f);
    }
}

Test(store_verify, p3_the_end_of_the_chain_may_not_be_cut_off)
{
    struct fixture f;

    fixture_init(&f);
    fill(&f);
    fixture_close(&f);
    damage_row(&f, TABLE_AUDIT, 39, HIDE_ROW, 0);
    expect_fault(&f, TABLE_AUDIT, "a cut chain");
    fixture_fini(&f);
}

/* What a start says of this store, of the chain's last `turns`. */
static int verify_end(struct fixture *f, uint64_t turns, uint64_t *ret_records)
{
    return store_verify_end(f->store, &f->arena, turns, ret_records);
}

Test(store_verify, p3_a_start_looks_at_the_end_of_the_chain_only)
{
    struct fixture f;
    uint64_t records = 0;

    fixture_init(&f);
    fill(&f);
    cr_assert_eq(verify_end(&f, 10, &records), 0);
    cr_assert_eq(records, 10);
    cr_assert_eq(verify_end(&f, 1000, &records), 0);
    cr_assert_eq(records, 40);
    fixture_close(&f);
    damage_row(&f, TABLE_AUDIT, 20, FLIP_BIT, 12);
    fixture_open(&f);
    cr_assert_eq(verify_end(&f, 19, &records), 0, "what is older is the verify timer's work");
    cr_assert_eq(verify_end(&f, 20, &records), -EBADMSG);
    cr_assert(strstr(store_error(f.store), "AUDIT") || strstr(store_error(f.store), "audit chain"), "%s",
              store_error(f.store));
    fixture_fini(&f);
}

Test(store_verify, p3_a_start_sees_that_the_end_of_the_chain_was_cut_off)
{
    struct fixture f;
    uint64_t records = 0;

    fixture_init(&f);
    fill(&f);
    fixture_close(&f);
    damage_row(&f, TABLE_AUDIT, 39, HIDE_ROW, 0);
    fixture_open(&f);
    cr_assert_eq(verify_end(&f, 1000, &records), -EBADMSG);
    cr_assert_eq(verify_end(&f, 1, &records), -EBADMSG);
    fixture_fini(&f);
}

Test(store_verify, p3_a_start_counts_the_rows_of_each_table)
{
    for (size_t i = 0; i < FILLED_COUNT; i++) {
        struct fixture f;
        uint64_t records = 0;

        if (table_is_derived(FILLED[i]))
            continue;
        fixture_init(&f);
        fill(&f);
        fill_places(&f);
        cr_assert_eq(verify_end(&f, 5, &records), 0);
        fixture_close(&f);
        damage_row(&f, FILLED[i], 0, HIDE_ROW, 0);
        fixture_open(&f);
        cr_assert_eq(verify_end(&f, 5, &records), -EBADMSG);
        cr_assert_not_null(strstr(store_error(f.store), table_name(FILLED[i])), "%s", store_error(f.store));
        fixture_fini(&f);
    }
}

Test(store_verify, p3_a_start_looks_at_the_last_record_where_the_last_turns_left_none)
{
    struct fixture f;
    uint64_t records = 0;

    fixture_init(&f);
    fill(&f);
    for (int i = 0; i < 5; i++)
        fixture_end(&f, fixture_turn(&f));
    cr_assert_eq(verify_end(&f, 3, &records), 0);
    cr_assert_eq(records, 1);
    fixture_close(&f);
    damage_row(&f, TABLE_AUDIT, 39, FLIP_BIT, 12);
    fixture_open(&f);
    cr_assert_eq(verify_end(&f, 3, &records), -EBADMSG);
    fixture_fini(&f);
}

Test(store_verify, p3_a_damaged_row_fails_whoever_reads_it)
{
    struct fixture f;
    struct bytes body;

    fixture_init(&f);
    fill(&f);
    fixture_close(&f);
    damage_row(&f, TABLE_BODY, 0, FLIP_BIT, 40);
    fixture_open(&f);

    struct store_txn *txn = fixture_turn(&f);

    cr_assert_not(body_get(txn, fixture_id(&f, 2, 0), 1, &body));
    cr_assert_eq(store_failure(txn), -EBADMSG);
    cr_assert_null(institution_row(txn, "H1"), "a failed transaction finds nothing");
    cr_assert_eq(fixture_try_end(&f, txn), -EBADMSG);
    cr_assert_not_null(strstr(store_error(f.store), "BODY"));
    fixture_fini(&f);
}

/* The key of a plain row is its news: who asks whether it is there, or only for keys, is not told what nobody ever
 * wrote. */
Test(store_verify, p3_a_damaged_key_fails_whoever_asks_for_keys_only)
{
    struct fixture f;
    struct bytes key;

    fixture_init(&f);
    fill(&f);
    fixture_close(&f);
    damage_row(&f, TABLE_INSTITUTION_NUMBER, 0, COPY_ROW, 0);
    fixture_open(&f);

    struct store_txn *txn = fixture_read(&f);
    const uint8_t never_written[4] = {0, 0, 0, 0x81};
    struct store_cursor *cursor =
        store_scan(txn, TABLE_INSTITUTION_NUMBER, bytes_of(never_written, 4), bytes_of(never_written, 4));

    cr_assert_not(store_next_key(cursor, &key));
    cr_assert_eq(store_failure(txn), -EBADMSG);
    store_read_end(txn);
    txn = fixture_read(&f);
    cr_assert_not(store_has(txn, TABLE_INSTITUTION_NUMBER, bytes_of(never_written, 4)));
    cr_assert_eq(store_failure(txn), -EBADMSG);
    store_read_end(txn);
    fixture_fini(&f);
}

static bool file_has(const char *directory, const char *file, const char *text)
{
    char path[160];
    static uint8_t content[4 << 20];

    snprintf(path, sizeof(path), "%s/%s", directory, file);

    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, content, sizeof(content));

    cr_assert(fd >= 0 && size > 0 && (size_t)size < sizeof(content));
    close(fd);
    return memmem(content, (size_t)size, text, strlen(text)) != NULL;
}

Test(store_verify, p1_patient_data_is_not_readable_in_the_file)
{
    struct fixture f;

    fixture_init(&f);
    fill(&f);
    fill_places(&f);
    fixture_close(&f);
    cr_assert_not(file_has(f.directory, "data.mdb", MARKED));
    cr_assert_not(file_has(f.directory, "data.mdb", "message 7"), "the partner's message id");
    cr_assert(file_has(f.directory, "data.mdb", "H1"), "the search itself works: ids of institutions are keys");
    fixture_fini(&f);
}

/* The digest of everything a reader can see, or 0 where something fails. */
static uint64_t fingerprint(struct store *store, struct arena *arena)
{
    struct store_txn *txn = NULL;
    uint64_t sum = 1;

    if (store_read_begin(store, arena, &txn) != 0)
        return 0;
    for (int table = 1; table < TABLE_COUNT; table++) {
        struct store_cursor *cursor = store_scan(txn, (enum table)table, bytes_of(NULL, 0), bytes_of(NULL, 0));
        struct bytes key, value;

        while (table != TABLE_SEARCH && store_next(cursor, &key, &value)) {
            for (size_t i = 0; i < key.size; i++)
                sum = sum * 1099511628211ULL + key.data[i];
            for (size_t i = 0; i < value.size; i++)
                sum = sum * 1099511628211ULL + value.data[i];
        }
        store_scan_end(cursor);
    }
    if (store_failure(txn) != 0)
        sum = 0;
    store_read_end(txn);
    return sum;
}

static void flip_file_bit(const char *path, off_t at, int bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);

    cr_assert(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= (uint8_t)(1 << bit);
    cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

enum { SOUND_AND_WHOLE = 0, FOUND = 1, MISSED = 2 };

/* In a child: damaged pages can make LMDB itself crash, and that is a fault found too. */
static int verify_in_child(struct fixture *f, uint64_t expected)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct store_options options = fixture_options(f);
        struct store *store = NULL;
        struct verify_result result = {0};

        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        alarm(20);
        options.read_only = true;
        if (store_open(&options, &store) != 0 || store_verify(store, NULL, NULL, &result) != 0 || result.faults > 0)
            _exit(FOUND);
        _exit(fingerprint(store, &f->arena) == expected ? SOUND_AND_WHOLE : MISSED);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : FOUND;
}

/* A flipped bit anywhere in the closed file is found, or it lies where it changes nothing that can be read. */
Test(store_verify, p3_no_flipped_bit_of_the_file_goes_unseen)
{
    struct fixture f;
    char path[120];
    struct stat status;
    uint64_t seed = 42;
    int outcomes[3] = {0};

    fixture_init(&f);
    fill(&f);

    uint64_t expected = fingerprint(f.store, &f.arena);

    fixture_close(&f);
    snprintf(path, sizeof(path), "%s/data.mdb", f.directory);
    cr_assert_eq(stat(path, &status), 0);
    for (int i = 0; i < 200; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

        off_t at = (off_t)((seed >> 20) % (uint64_t)status.st_size);

        if (i < 100) /* the two pages that say which commit is the last */
            at = i % 2 * 4096 + i / 2 * 3;
        flip_file_bit(path, at, i % 8);

        int outcome = verify_in_child(&f, expected);

        flip_file_bit(path, at, i % 8);
        outcomes[outcome & 3]++;
        cr_expect(outcome != MISSED, "bit %d of byte %ld", i % 8, (long)at);
    }
    cr_assert(outcomes[FOUND] > 10, "the flips reach live pages");
    fixture_fini(&f);
}
