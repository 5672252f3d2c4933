/* commits.c - referral-commits: one of the two ceilings of a broker on this machine - LMDB commits of the rows of round
 * trips, with neither network nor rules.
 *
 * Each turn writes what the broker writes for --batch submissions and for the acknowledgements of as many earlier ones,
 * and reads what it cannot do without; then the rows of the deliveries are read. The search index follows at the
 * daemon's pace. Prints one line of JSON. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#include "query.pb-c.h"
#include "sheets.h"
#include "store/rows.h"
#include "store/search.h"

#define ARENA_BYTES (1UL << 30)
#define ARENA_KEEP  (8UL << 20)
#define BATCH_MAX   1024
#define INDEX_ROWS  4000 /* as daemon_loop.c does it */
#define INDEX_AFTER 0.5
#define RECEIVERS   4
#define REPLY_BYTES 200 /* of the answer that is kept for D1: ids, state, the receiver's contact */
#define VALID_MS    172800000

struct trip {
    struct id referral;
    struct inbox_ref ref;
};

struct commits {
    struct store *store;
    struct arena arena;
    struct sheet_form form;
    struct trip trips[2][BATCH_MAX]; /* of this turn and the last */
    uint32_t batch, number;
    uint8_t reply[REPLY_BYTES], key[32];
};

static void must(int failure, const char *what)
{
    if (failure != 0) {
        fprintf(stderr, "referral-commits: %s: %d\n", what, failure);
        exit(1);
    }
}

static double seconds_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct instant time_of(const struct store_txn *txn, uint64_t index)
{
    (void)txn;
    return instant_of(1700000000000 + (int64_t)index);
}

static char *lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

static ProtobufCBinaryData data_of(uint8_t *data, size_t size)
{
    return (ProtobufCBinaryData){.data = data, .len = size};
}

#define SET(row, field, to) ((row)->has_##field = true, (row)->field = (to))

static void write_audit(struct commits *commits, struct store_txn *txn, bool submitted)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;
    uint8_t packed[256];
    row.institution = lend(submitted ? "BS00" : "broker");
    row.subject = lend("bench-a1b2c3-1234567-12");
    SET(&row, event, REFERRAL__EVENT_TYPE__EVENT_SUBMIT);
    if (submitted) {
        SET(&row, kind, REFERRAL__KIND__SUBMIT);
        SET(&row, key, data_of(commits->key, sizeof commits->key));
        SET(&row, body_digest, data_of(commits->key, sizeof commits->key));
    }
    audit_add(txn, bytes_of(packed, referral__audit_row__pack(&row, packed)));
}

/* A referral as SUBMITTED leaves it. */
static void write_referral(struct commits *commits, struct store_txn *txn, struct id id, struct instant now,
                           const char *message_id)
{
    Record__Referral row = RECORD__REFERRAL__INIT;
    uint8_t key[ID_KEY_SIZE];
    id_to_key(key, id);
    SET(&row, schema, STORE_SCHEMA);
    SET(&row, sender_number, 1);
    SET(&row, receiver_number, 2);
    row.sender = lend("BS00");
    row.receiver = lend("BR00");
    row.message_id = lend(message_id);
    row.sender_reference = lend("B-00-00-0000000000");
    row.department = lend("NK");
    SET(&row, direction, 1);
    SET(&row, kind, 1);
    SET(&row, priority, REFERRAL__PRIORITY__ROUTINE);
    SET(&row, life, 0);
    SET(&row, state, 1);
    SET(&row, state_since_ms, now.ms);
    SET(&row, submitted_at_ms, now.ms);
    SET(&row, sheet_version, 1);
    SET(&row, journey, data_of(key, sizeof key));
    SET(&row, valid_until_ms, now.ms + VALID_MS);
    SET(&row, clock_kind, 1);
    SET(&row, clock_started_ms, now.ms);
    SET(&row, clock_warn_ms, now.ms + VALID_MS / 2);
    SET(&row, clock_due_ms, now.ms + VALID_MS);
    SET(&row, due_ms, now.ms + VALID_MS / 2);
    due_add(txn, instant_of(row.due_ms), DUE_REFERRAL, bytes_of(key, sizeof key));
    referral_row_add(txn, id, &row);
    sheet_fill(&commits->form, commits->number++);
    body_add(txn, id, 1, bytes_of(commits->form.bytes, commits->form.size));
}

static void write_inbox(struct store_txn *txn, const struct trip *trip, struct instant now, size_t size)
{
    Record__Inbox row = RECORD__INBOX__INIT;
    uint8_t key[ID_KEY_SIZE];
    id_to_key(key, trip->referral);
    SET(&row, schema, STORE_SCHEMA);
    SET(&row, referral, data_of(key, sizeof key));
    SET(&row, kind, REFERRAL__DELIVERY_KIND__SHEET);
    SET(&row, event, 1);
    SET(&row, sheet_version, 1);
    SET(&row, accepted_at_ms, now.ms);
    SET(&row, size_bytes, (uint32_t)size);
    SET(&row, cause_number, 1);
    SET(&row, incarnation, trip->referral.incarnation);
    inbox_row_add(txn, trip->ref, &row);
    books_of(txn, trip->ref.institution)->waiting++;
    books_touch(txn, trip->ref.institution);
}

static void write_dedup(struct commits *commits, struct store_txn *txn, struct instant now, const char *message_id)
{
    Record__Dedup row = RECORD__DEDUP__INIT;
    SET(&row, schema, STORE_SCHEMA);
    SET(&row, kind, REFERRAL__KIND__SUBMIT);
    SET(&row, digest, data_of(commits->key, 16));
    SET(&row, reply, data_of(commits->reply, sizeof commits->reply));
    SET(&row, at_ms, now.ms);
    dedup_row_add(txn, 1, message_id, &row);
}

static void submit(struct commits *commits, struct store_txn *txn, uint64_t index, uint16_t ordinal, struct trip *trip)
{
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
    struct instant now = time_of(txn, index);
    uint32_t incarnation = store_identity(commits->store)->incarnation;
    snprintf(message_id, sizeof message_id, "01%08XAAAA%012u", (unsigned)(index & 0xffffffff), commits->number);
    *trip = (struct trip){
        .referral = {.incarnation = incarnation, .index = index, .ordinal = ordinal},
        .ref = {.institution = 2 + ordinal % RECEIVERS, .lane = 3, .index = index, .ordinal = ordinal},
    };
    if (dedup_row(txn, 1, message_id) != NULL)
        must(-1, "a message id twice");
    write_referral(commits, txn, trip->referral, now, message_id);
    write_inbox(txn, trip, now, commits->form.size);
    write_dedup(commits, txn, now, message_id);
    write_audit(commits, txn, true);
}

static void acknowledge(struct commits *commits, struct store_txn *txn, uint64_t index, const struct trip *trip)
{
    Record__Referral *row = referral_row(txn, trip->referral);
    if (inbox_row(txn, trip->ref) == NULL || row == NULL)
        must(-1, "a row is not there");
    inbox_row_delete(txn, trip->ref);
    books_of(txn, trip->ref.institution)->waiting--;
    books_touch(txn, trip->ref.institution);
    SET(row, state, 2);
    SET(row, delivered_at_ms, time_of(txn, index).ms);
    referral_row_put(txn, trip->referral, row);
    write_audit(commits, txn, false);
}

static void read_deliveries(struct commits *commits, const struct trip *trips)
{
    struct store_txn *txn = NULL;
    struct bytes sheet;
    must(store_read_begin(commits->store, &commits->arena, &txn), "read");
    for (uint32_t i = 0; i < commits->batch; i++)
        if (inbox_row(txn, trips[i].ref) == NULL || referral_row(txn, trips[i].referral) == NULL ||
            !body_get(txn, trips[i].referral, 1, &sheet))
            must(-1, "a delivery cannot be read");
    store_read_end(txn);
}

static void turn(struct commits *commits, uint64_t index, bool first)
{
    struct trip *now = commits->trips[index % 2], *before = commits->trips[(index + 1) % 2];
    struct store_turn mark = {.index = index};
    struct store_txn *txn = NULL;
    struct store_room room;
    must(store_room(commits->store, &room), "room"); /* it also keeps blocks of the file ahead */
    must(store_turn_begin(commits->store, &commits->arena, &txn), "begin");
    mark.time = time_of(txn, index);
    for (uint32_t i = 0; i < commits->batch; i++)
        submit(commits, txn, index, (uint16_t)i, &now[i]);
    for (uint32_t i = 0; i < commits->batch && !first; i++)
        acknowledge(commits, txn, index, &before[i]);
    must(store_turn_end(txn, &mark), "commit");
    must(store_flush(commits->store), "flush");
    read_deliveries(commits, now);
    arena_reset(&commits->arena, ARENA_KEEP);
}

static void follow_with_index(struct commits *commits)
{
    int indexed;
    do {
        indexed = search_advance(commits->store, &commits->arena, INDEX_ROWS);
        arena_reset(&commits->arena, ARENA_KEEP);
    } while (indexed == INDEX_ROWS);
    must(indexed < 0 ? indexed : 0, "index");
}

static void run(struct commits *commits, double seconds)
{
    uint64_t index = store_mark(commits->store).index + 1, turns = 0;
    turn(commits, index++, true);
    double from = seconds_now(CLOCK_MONOTONIC), to = from, indexed = from,
           processor = seconds_now(CLOCK_PROCESS_CPUTIME_ID);
    for (; to - from < seconds; to = seconds_now(CLOCK_MONOTONIC)) {
        turn(commits, index++, false);
        turns++;
        if (to - indexed >= INDEX_AFTER) {
            follow_with_index(commits);
            indexed = to;
        }
    }
    double trips = (double)turns * commits->batch;
    processor = seconds_now(CLOCK_PROCESS_CPUTIME_ID) - processor;
    printf("{\"batch\": %u, \"turns\": %llu, \"per_second\": %.1f, \"commit_us\": %.1f, \"cpu_us\": %.3f}\n",
           commits->batch, (unsigned long long)turns, trips / (to - from), (to - from) / (double)turns * 1e6,
           processor / trips * 1e6);
}

static void open_store(struct commits *commits, const char *directory)
{
    static const uint8_t host_key[STORE_HOST_KEY_SIZE] = {7};
    char error[STORE_ERROR_SIZE] = "";
    struct store_options options = {.directory = directory, .host_key = host_key, .error = error};
    int failure = store_create(&options, "bench", instant_of(1700000000000), false);
    if (failure == 0)
        failure = store_open(&options, &commits->store);
    if (failure != 0) {
        fprintf(stderr, "referral-commits: %s\n", error);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"store", required_argument, NULL, 's'},
                                            {"batch", required_argument, NULL, 'b'},
                                            {"seconds", required_argument, NULL, 't'},
                                            {0}};
    struct commits *commits = calloc(1, sizeof *commits);
    const char *directory = NULL;
    double seconds = 3;
    int option;
    if (commits == NULL)
        return 1;
    must(sodium_init() < 0 ? -1 : 0, "libsodium");
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 's')
            directory = optarg;
        else if (option == 'b')
            commits->batch = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 't')
            seconds = strtod(optarg, NULL);
    if (directory == NULL || commits->batch < 1 || commits->batch > BATCH_MAX || optind != argc) {
        fputs("Usage: referral-commits --store NEW-FOLDER --batch N [--seconds S]\n", stderr);
        free(commits);
        return 2;
    }
    must(arena_open(&commits->arena, ARENA_BYTES), "arena");
    open_store(commits, directory);
    sheet_form_make(&commits->form, (struct sheet_parties){.lane = REFERRAL__PRIORITY__ROUTINE});
    run(commits, seconds);
    store_close(commits->store);
    arena_close(&commits->arena);
    free(commits);
    return 0;
}
