/* recount.c - an inbox's books against its rows (D7). */
#include <stdio.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"
#include "store/verify.h"

struct tally {         /* what the rows of one inbox say */
    uint64_t lanes[4]; /* by lane; 0: none */
    uint64_t bytes, waiting, dead;
};

static void tally_waiting(struct store_txn *txn, struct bytes prefix, struct tally *tally)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_INBOX, prefix, prefix);
    size_t mark = arena_mark(txn->arena);
    struct bytes key, value;

    while (store_next(cursor, &key, &value)) {
        const Record__Inbox *row = record_unpack(txn, TABLE_INBOX, key, value, &record__inbox__descriptor);

        if (row == NULL || key.size != INBOX_KEY_SIZE)
            break;
        tally->lanes[inbox_ref_from_key(key.data).lane & 3]++;
        tally->bytes += row->size_bytes;
        tally->waiting++;
        arena_rewind(txn->arena, mark);
    }
    store_scan_end(cursor);
}

static void tally_dead(struct store_txn *txn, struct bytes prefix, struct tally *tally)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_DEAD, prefix, prefix);
    size_t mark = arena_mark(txn->arena);
    struct bytes key;

    for (; store_next_key(cursor, &key); arena_rewind(txn->arena, mark))
        tally->dead++;
    store_scan_end(cursor);
}

static bool balances(const Record__Books *books, const struct tally *tally)
{
    return books->accepted == books->acknowledged + books->waiting + books->dead + books->dropped &&
           books->waiting == tally->waiting && books->dead == tally->dead && books->waiting_bytes == tally->bytes &&
           books->waiting_emergency == tally->lanes[1] && books->waiting_urgent == tally->lanes[2] &&
           books->waiting_routine == tally->lanes[3];
}

struct recount recount_inbox(struct store_txn *txn, uint32_t institution)
{
    uint8_t prefix[4];
    struct tally tally = {0};
    const char *id = institution_id_of(txn, institution);

    put_be32(prefix, institution);
    tally_waiting(txn, bytes_of(prefix, sizeof(prefix)), &tally);
    tally_dead(txn, bytes_of(prefix, sizeof(prefix)), &tally);

    const Record__Books *books = books_of(txn, institution);
    struct recount recount = {
        .institution = institution,
        .accepted = books->accepted,
        .acknowledged = books->acknowledged,
        .waiting = books->waiting,
        .dead = books->dead,
        .dropped = books->dropped,
        .counted_waiting = tally.waiting,
        .counted_dead = tally.dead,
        .balances = txn->failure == 0 && balances(books, &tally),
    };

    snprintf(recount.id, sizeof(recount.id), "%s", id != NULL ? id : "");
    return recount;
}

int store_recount(struct store *store, void (*each)(void *user, const struct recount *recount), void *user)
{
    struct arena arena;
    struct store_txn *txn = NULL;
    int failure = arena_open(&arena, RECOUNT_ARENA_BYTES);

    if (failure != 0)
        return fail_with(store, failure, "out of memory");
    failure = store_read_begin(store, &arena, &txn);
    if (failure == 0)
        failure = meta_load(txn);
    for (uint32_t number = 1; failure == 0 && number < txn->meta->next_institution; number++) {
        struct recount recount = recount_inbox(txn, number);

        failure = store_failure(txn);
        if (failure == 0)
            each(user, &recount);
    }
    store_read_end(txn);
    arena_close(&arena);
    return failure;
}
