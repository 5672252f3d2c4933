/* store_chain.c - whoever changes the audit is found: by the chain, and where he holds the store's keys and mends its
 * end, by a checkpoint that lies elsewhere (P3). 300 trials; REFERRALD_LONG=1: 10,000. */
#include <errno.h>
#include <lmdb.h>
#include <sodium.h>

#include "store/checkpoint.h"
#include "store/chunks.h"
#include "store/internal.h"
#include "store/owner.h"
#include "store/seal.h"
#include "store/verify.h"
#include "store_fixture.h"

#define TURNS      40
#define RECORD_MAX 8192

/* What is done to the records; the last three mend the end of the chain as only the holder of the keys can. */
#define ATTACKS(X)                                                                                                     \
    X(FLIP_SEALED, false) /* a bit on disk */                                                                          \
    X(FLIP_PLAIN, false)  /* a bit of what is sealed, and sealed again */                                              \
    X(DELETE, false)                                                                                                   \
    X(REORDER, false)                                                                                                  \
    X(DUPLICATE, false) /* in the place of another, or of a turn that has none */                                      \
    X(TRUNCATE, false)                                                                                                 \
    X(TRUNCATE_MEND, true)                                                                                             \
    X(REWRITE, true)     /* a record changed, and all behind it linked anew */                                         \
    X(DELETE_MEND, true) /* one taken out, and all behind it linked anew */

enum attack {
#define X(name, mends) name,
    ATTACKS(X)
#undef X
        ATTACK_COUNT
};

static const struct {
    const char *name;
    bool mends;
} attacks[] = {
#define X(name, mends) {#name, mends},
    ATTACKS(X)
#undef X
};

struct bench {
    struct fixture f;
    char checkpoint[CHECKPOINT_TEXT_MAX]; /* of the end */
    uint64_t seed;
};

static uint64_t draw(struct bench *bench, uint64_t below)
{
    bench->seed = bench->seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (bench->seed >> 33) % below;
}

static void turn(struct fixture *f, uint64_t index, bool has_rows)
{
    struct store_txn *txn = fixture_turn(f);
    uint8_t row[700];

    memset(row, (int)index, sizeof(row));
    for (uint64_t i = 0; has_rows && i < 1 + index % 4; i++) /* some of more than a chunk */
        audit_add(txn, bytes_of(row, 20 + index * 17 % 680));
    fixture_end(f, txn);
}

static void bench_init(struct bench *bench)
{
    struct fixture *f = &bench->f;

    bench->seed = 20261122;
    fixture_init_sized(f, 16UL << 20);
    for (uint64_t index = 1; index <= TURNS; index++)
        turn(f, index, index % 7 != 3);
    checkpoint_make(f->store, bench->checkpoint);
    fixture_close(f);

    char command[300];

    snprintf(command, sizeof(command), "cp -r %s %s/kept", f->directory, f->base);
    cr_assert_eq(system(command), 0);
}

static void put_back(struct bench *bench)
{
    char command[400];

    snprintf(command, sizeof(command), "cp %s/kept/data.mdb %s/kept/owner.lock %s/", bench->f.base, bench->f.base,
             bench->f.directory);
    cr_assert_eq(system(command), 0);
}

/* ---- An attacker who has the keys ---- */

struct attacker {
    struct bench *bench;
    struct store_txn *txn;
};

static bool has_record(struct attacker *attacker, uint64_t index)
{
    return audit_record(attacker->txn, index) != NULL;
}

static uint64_t some_record(struct attacker *attacker, uint64_t first)
{
    for (;;) {
        uint64_t index = first + draw(attacker->bench, TURNS + 1 - first);

        if (has_record(attacker, index))
            return index;
    }
}

static void remove_record(struct attacker *attacker, uint64_t index)
{
    uint8_t prefix[8];
    struct bytes key;

    put_be64(prefix, index);

    struct store_cursor *cursor = store_scan(attacker->txn, TABLE_AUDIT, bytes_of(prefix, 8), bytes_of(prefix, 8));

    while (store_next_key(cursor, &key))
        store_delete(attacker->txn, TABLE_AUDIT, key);
    store_scan_end(cursor);
}

static struct bytes packed(struct attacker *attacker, const Record__Audit *record)
{
    uint8_t *bytes = arena_alloc(attacker->txn->arena, RECORD_MAX);

    return bytes_of(bytes, record__audit__pack(record, bytes));
}

static void put_record(struct attacker *attacker, uint64_t index, struct bytes bytes)
{
    uint8_t key[8];

    put_be64(key, index);
    remove_record(attacker, index);
    chunks_add(attacker->txn, TABLE_AUDIT, bytes_of(key, 8), bytes);
}

/* Links what stands from `index` on, and says in the meta row that this is the end. */
static void mend(struct attacker *attacker, uint64_t index, const uint8_t before[STORE_DIGEST_SIZE], uint64_t end)
{
    uint8_t digest[STORE_DIGEST_SIZE];
    Record__Meta *meta = attacker->txn->meta;

    memcpy(digest, before, sizeof(digest));
    for (; index <= end; index++) {
        Record__Audit *record = audit_record(attacker->txn, index);

        if (record == NULL)
            continue;
        record->previous = (ProtobufCBinaryData){.len = sizeof(digest), .data = digest};

        struct bytes bytes = packed(attacker, record);

        crypto_generichash(digest, sizeof(digest), bytes.data, bytes.size, NULL, 0);
        put_record(attacker, index, bytes);
    }
    memcpy(meta->digest.data, digest, sizeof(digest));
    meta->index = end;
}

static void digest_before(struct attacker *attacker, uint64_t index, uint8_t ret_digest[STORE_DIGEST_SIZE])
{
    cr_assert(audit_digest_at(attacker->txn, index - 1, ret_digest));
}

static void change_a_bit(struct bench *bench, Record__Audit *record)
{
    ProtobufCBinaryData *row = &record->rows[draw(bench, record->n_rows)];

    row->data[draw(bench, row->len)] ^= (uint8_t)(1U << draw(bench, 8));
}

static void truncate_at(struct attacker *attacker, uint64_t index)
{
    for (uint64_t i = index; i <= TURNS; i++)
        remove_record(attacker, i);
}

static void attack(struct attacker *attacker, enum attack attack)
{
    struct bench *bench = attacker->bench;
    uint64_t one = some_record(attacker, 1), other = some_record(attacker, 1);
    uint8_t before[STORE_DIGEST_SIZE];
    Record__Audit *record = audit_record(attacker->txn, one);
    struct bytes bytes = packed(attacker, record);

    while (other == one)
        other = some_record(attacker, 1);
    digest_before(attacker, one, before);
    switch (attack) {
    case FLIP_PLAIN:
        change_a_bit(bench, record);
        put_record(attacker, one, packed(attacker, record));
        break;
    case DELETE:
        remove_record(attacker, one);
        break;
    case REORDER: {
        struct bytes swapped = packed(attacker, audit_record(attacker->txn, other));

        put_record(attacker, other, bytes);
        put_record(attacker, one, swapped);
        break;
    }
    case DUPLICATE:
        put_record(attacker, draw(bench, 2) == 0 ? other : 3 + 7 * draw(bench, TURNS / 7), bytes);
        break;
    case TRUNCATE:
        truncate_at(attacker, one);
        break;
    case TRUNCATE_MEND:
        truncate_at(attacker, one);
        mend(attacker, one, before, one - 1);
        break;
    case REWRITE:
        change_a_bit(bench, record);
        put_record(attacker, one, packed(attacker, record));
        mend(attacker, one, before, TURNS);
        break;
    case DELETE_MEND:
        remove_record(attacker, one);
        mend(attacker, one, before, TURNS);
        break;
    case FLIP_SEALED:
    case ATTACK_COUNT:
        break;
    }
}

static void attack_sealed(struct bench *bench)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_stat stat;
    uint8_t bytes[4096];

    cr_assert(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, TABLE_COUNT) == 0 &&
              mdb_env_set_mapsize(env, bench->f.map_bytes) == 0 &&
              mdb_env_open(env, bench->f.directory, 0, 0600) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
              mdb_dbi_open(txn, "AUDIT", 0, &dbi) == 0 && mdb_stat(txn, dbi, &stat) == 0 &&
              mdb_cursor_open(txn, dbi, &cursor) == 0);
    for (uint64_t i = 0, row = draw(bench, stat.ms_entries); i <= row; i++)
        cr_assert_eq(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[draw(bench, value.mv_size)] ^= (uint8_t)(1U << draw(bench, 8));
    value.mv_data = bytes;
    cr_assert(mdb_cursor_put(cursor, &key, &value, MDB_CURRENT) == 0 && mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
}

static void attack_store(struct bench *bench, enum attack kind)
{
    struct fixture *f = &bench->f;
    struct attacker attacker = {.bench = bench};

    if (kind == FLIP_SEALED) {
        attack_sealed(bench);
        return;
    }
    fixture_open(f);
    attacker.txn = fixture_turn(f);
    attack(&attacker, kind);
    meta_write(attacker.txn);
    cr_assert_eq(txn_commit(attacker.txn), 0);
    owner_write(f->store->owner_fd, (struct owner_note){0}); /* and mends the note of how far the store had come */
    fixture_close(f);
}

/* ---- Who looks ---- */

static uint64_t faults(struct fixture *f, char first[256])
{
    struct verify_result result = {0};

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    memcpy(first, result.first_fault, sizeof(result.first_fault));
    return result.faults;
}

static enum checkpoint_verdict judge(struct fixture *f, const char *text)
{
    struct checkpoint checkpoint;
    enum checkpoint_verdict verdict = CHECKPOINT_HOLDS;

    cr_assert_eq(checkpoint_parse(text, &checkpoint), 0);
    cr_assert_eq(checkpoint_check(f->store, &checkpoint, &verdict), 0, "%s", store_error(f->store));
    return verdict;
}

static void trial(struct bench *bench, enum attack kind, int number)
{
    struct fixture *f = &bench->f;
    struct store_options options = fixture_options(f);
    char first[256];

    put_back(bench);
    attack_store(bench, kind);
    options.read_only = true; /* as referralctl does */
    cr_assert_eq(store_open(&options, &f->store), 0, "%s", f->error);

    uint64_t found = faults(f, first);
    enum checkpoint_verdict verdict = judge(f, bench->checkpoint);

    if (!attacks[kind].mends)
        cr_assert(found > 0, "trial %d: %s is not found by the chain", number, attacks[kind].name);
    else
        cr_assert_eq(found, 0, "trial %d: %s is not mended: %s", number, attacks[kind].name, first);
    if (attacks[kind].mends)
        cr_assert_eq(verdict, kind == TRUNCATE_MEND ? CHECKPOINT_CUT : CHECKPOINT_REWRITTEN, "trial %d: %s: %d", number,
                     attacks[kind].name, (int)verdict);
    fixture_close(f);
}

Test(store_chain, p3_every_change_of_the_audit_is_found_by_the_chain_or_by_the_last_checkpoint)
{
    const char *is_long = getenv("REFERRALD_LONG");
    int trials = is_long != NULL && strcmp(is_long, "1") == 0 ? 10000 : 300;
    struct bench bench;

    bench_init(&bench);
    for (int i = 0; i < trials; i++)
        trial(&bench, (enum attack)(i % ATTACK_COUNT), i);
    fixture_fini(&bench.f);
}

/* The control of the trials: it is not the looking that finds faults; and what a checkpoint does not reach, it does not
 * see. */
Test(store_chain, p3_nothing_is_found_where_nothing_was_done_nor_behind_the_checkpoint)
{
    struct bench bench;
    struct fixture *f = &bench.f;
    struct attacker attacker = {.bench = &bench};
    char first[256], later[CHECKPOINT_TEXT_MAX];
    uint8_t before[STORE_DIGEST_SIZE];

    bench_init(&bench);
    fixture_open(f);
    cr_assert_eq(faults(f, first), 0, "%s", first);
    cr_assert_eq(judge(f, bench.checkpoint), CHECKPOINT_HOLDS);
    for (uint64_t index = TURNS + 1; index <= TURNS + 5; index++)
        turn(f, index, true);
    checkpoint_make(f->store, later);
    cr_assert_eq(judge(f, bench.checkpoint), CHECKPOINT_HOLDS);
    attacker.txn = fixture_turn(f);
    digest_before(&attacker, TURNS + 2, before);
    remove_record(&attacker, TURNS + 2);
    mend(&attacker, TURNS + 3, before, TURNS + 5);
    meta_write(attacker.txn);
    cr_assert_eq(txn_commit(attacker.txn), 0);
    cr_assert_eq(faults(f, first), 0, "%s", first);
    cr_assert_eq(judge(f, bench.checkpoint), CHECKPOINT_HOLDS, "it was before");
    cr_assert_eq(judge(f, later), CHECKPOINT_REWRITTEN);
    fixture_fini(f);
}

/* ---- Checkpoints ---- */

Test(store_chain, p3_a_checkpoint_is_a_text_that_cannot_be_changed)
{
    struct bench bench;
    struct checkpoint checkpoint;
    char text[CHECKPOINT_TEXT_MAX + 2];

    bench_init(&bench);
    cr_assert_eq(checkpoint_parse(bench.checkpoint, &checkpoint), 0);
    cr_assert_eq(checkpoint.index, TURNS);
    cr_assert_str_eq(checkpoint.short_name, "bd");
    for (size_t at = 0; bench.checkpoint[at] != '\0'; at++) {
        memcpy(text, bench.checkpoint, sizeof(bench.checkpoint));
        text[at] ^= 1;
        cr_assert(checkpoint_parse(text, &checkpoint) < 0, "at %zu:\n%s", at, text);
    }
    snprintf(text, sizeof(text), "%s\n", bench.checkpoint);
    cr_assert_eq(checkpoint_parse(text, &checkpoint), -EPROTO);
    cr_assert_eq(checkpoint_parse("", &checkpoint), -EPROTO);
    fixture_fini(&bench.f);
}

Test(store_chain, p3_another_stores_checkpoint_is_none_of_this_one)
{
    struct bench bench, other;

    bench_init(&bench);
    bench_init(&other);
    fixture_open(&bench.f);
    cr_assert_eq(judge(&bench.f, other.checkpoint), CHECKPOINT_OF_ANOTHER);

    /* Of the same store, by its own word, and signed by another. */
    struct checkpoint checkpoint;
    enum checkpoint_verdict verdict = CHECKPOINT_HOLDS;

    cr_assert_eq(checkpoint_parse(bench.checkpoint, &checkpoint), 0);
    checkpoint.public_key[0] ^= 1;
    cr_assert_eq(checkpoint_check(bench.f.store, &checkpoint, &verdict), 0);
    cr_assert_eq(verdict, CHECKPOINT_OF_ANOTHER);
    fixture_fini(&bench.f);
    fixture_fini(&other.f);
}

/* A restore goes on from an older turn: what that copy had still holds, what it left behind is told, by whichever line
 * a checkpoint is of. */
Test(store_chain, p3_a_restore_keeps_the_checkpoints_of_what_it_kept)
{
    struct bench bench;
    struct fixture *f = &bench.f, copy;
    struct store_options options;
    char early[CHECKPOINT_TEXT_MAX], late[CHECKPOINT_TEXT_MAX], after[CHECKPOINT_TEXT_MAX];

    bench_init(&bench);
    memcpy(early, bench.checkpoint, sizeof(early));
    options = fixture_options(f);
    copy = *f;
    snprintf(copy.directory, sizeof(copy.directory), "%s/copy", f->base);
    cr_assert_eq(store_restore(&options, copy.directory, instant_of(FIXTURE_NOW_MS + 5000)), 0, "%s", f->error);
    fixture_open(f);
    turn(f, TURNS + 1, true);
    checkpoint_make(f->store, late);
    fixture_close(f);
    fixture_open(&copy);
    cr_assert_eq(judge(&copy, early), CHECKPOINT_HOLDS);
    cr_assert_eq(judge(&copy, late), CHECKPOINT_LEFT);
    turn(&copy, TURNS + 1, true);
    checkpoint_make(copy.store, after);
    cr_assert_eq(judge(&copy, early), CHECKPOINT_HOLDS);
    cr_assert_eq(judge(&copy, late), CHECKPOINT_LEFT);
    cr_assert_eq(judge(&copy, after), CHECKPOINT_HOLDS);
    fixture_close(&copy);
    fixture_open(f);
    cr_assert_eq(judge(f, late), CHECKPOINT_HOLDS);
    cr_assert_eq(judge(f, after), CHECKPOINT_LEFT, "of the other line");
    fixture_fini(f);
}
