/* key_watch.c - a table of holders, filled a few keys at a time. */
#include "turn/key_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/binary.h"
#include "registry.pb-c.h"
#include "store/rows.h"
#include "wire/wire.h"

void key_watch_end(struct key_watch *watch)
{
    struct key_holder *holder = watch->holders, *next;

    HASH_CLEAR(hh, watch->holders); /* the list of them stays as it is */
    for (; holder != NULL; holder = next) {
        next = holder->hh.next;
        free(holder);
    }
}

void key_watch_begin(struct key_watch *watch)
{
    key_watch_end(watch);
    watch->from_size = 0;
}

static struct key_holder *holder_of(struct key_watch *watch, const char *institution)
{
    struct key_holder *holder;

    HASH_FIND_STR(watch->holders, institution, holder);
    if (holder != NULL)
        return holder;
    holder = alloc_zeroed(sizeof *holder);
    snprintf(holder->institution, sizeof holder->institution, "%s", institution);
    HASH_ADD_STR(watch->holders, institution, holder);
    return holder;
}

static void count_key(struct key_watch *watch, struct store_txn *txn, const Record__AccessKey *row)
{
    enum refusal refusal = REFUSED_NOT;
    const Referral__AccessKey *key = (const Referral__AccessKey *)wire_unpack(
        &referral__access_key__descriptor, binary_bytes(row->access_key), store_arena(txn), &refusal);
    struct key_holder *holder;
    int64_t end_ms;

    if (key == NULL)
        return;
    holder = holder_of(watch, key->institution);
    if (row->revoked)
        return;
    end_ms = key->has_valid_to_ms ? key->valid_to_ms : INT64_MAX;
    for (size_t i = 0; i < key->n_roles; i++) {
        size_t role = (size_t)key->roles[i];

        if (role < KEY_WATCH_ROLES && holder->latest_ms[role] < end_ms)
            holder->latest_ms[role] = end_ms;
    }
}

bool key_watch_step(struct key_watch *watch, struct store_txn *txn, size_t keys)
{
    struct store_cursor *cursor =
        store_scan(txn, TABLE_ACCESS_KEY, bytes_of(NULL, 0), bytes_of(watch->from, watch->from_size));
    struct bytes key;
    size_t read = 0;

    while (read < keys && store_next_key(cursor, &key)) {
        const Record__AccessKey *row = access_key_row(txn, key.data);

        if (row != NULL)
            count_key(watch, txn, row);
        memcpy(watch->from, key.data, sizeof watch->from - 1);
        watch->from_size = sizeof watch->from;
        read++;
    }
    store_scan_end(cursor);
    return read == keys;
}

struct instant key_watch_first_end(const struct key_holder *holder)
{
    int64_t first_ms = INT64_MAX;

    for (size_t i = 0; i < KEY_WATCH_ROLES; i++)
        if (holder->latest_ms[i] != 0 && holder->latest_ms[i] < first_ms)
            first_ms = holder->latest_ms[i];
    return instant_of(first_ms == INT64_MAX ? 0 : first_ms);
}
