/* replay_compare.c - two walks: over the store's pools, and over those of the ledger that the store does not have. */
#include "engine/replay_compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/id.h"
#include "store/rows.h"

#define TEXT_SIZE 96

struct comparing {
    const struct replay *replay;
    struct store_txn *txn;
    uint32_t hospital;
    void (*each)(void *user, const struct replay_difference *difference);
    void *user;
    struct pool_key key; /* of the pool being compared; no class: of none */
    uint64_t count;
};

static void differ(struct comparing *comparing, const char *what, const char *ledger, const char *store)
{
    struct replay_difference difference = {
        .pool = comparing->key.class == 0 ? NULL : &comparing->key, .what = what, .ledger = ledger, .store = store};

    comparing->count++;
    comparing->each(comparing->user, &difference);
}

static void compare_numbers(struct comparing *comparing, const char *what, int64_t ledger, int64_t store)
{
    char one[TEXT_SIZE], other[TEXT_SIZE];

    if (ledger == store)
        return;
    snprintf(one, sizeof one, "%" PRId64, ledger);
    snprintf(other, sizeof other, "%" PRId64, store);
    differ(comparing, what, one, other);
}

static void compare_flags(struct comparing *comparing, const char *what, bool ledger, bool store)
{
    if (ledger != store)
        differ(comparing, what, ledger ? "yes" : "no", store ? "yes" : "no");
}

/* ---- Units ---- */

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {"free", "blocked", "general", "family"};

    return state < sizeof names / sizeof *names ? names[state] : "?";
}

static const struct replay_unit *find_unit(const struct replay_pool *pool, uint32_t number)
{
    for (size_t i = 0; i < pool->unit_count; i++)
        if (pool->units[i].unit.number == number)
            return &pool->units[i];
    return NULL;
}

static const char *booking_text(const struct comparing *comparing, const Record__Unit *row, char text[ID_TEXT_SIZE])
{
    if (row->booking.len != ID_KEY_SIZE)
        return "";
    id_format(text, store_identity(store_of(comparing->txn))->short_name, id_from_key(row->booking.data));
    return text;
}

static void compare_unit(struct comparing *comparing, const struct replay_unit *unit, const Record__Unit *row)
{
    char text[ID_TEXT_SIZE], what[TEXT_SIZE];
    const char *booking = booking_text(comparing, row, text);
    const char *ledgers = unit->booking == NULL ? "" : unit->booking;

    snprintf(what, sizeof what, "start of unit %" PRIu32, row->number);
    compare_numbers(comparing, what, unit->unit.start.ms, row->start_ms);
    snprintf(what, sizeof what, "end of unit %" PRIu32, row->number);
    compare_numbers(comparing, what, unit->unit.end.ms, row->end_ms);
    snprintf(what, sizeof what, "state of unit %" PRIu32, row->number);
    if ((uint32_t)unit->unit.state != row->state)
        differ(comparing, what, state_name((uint32_t)unit->unit.state), state_name(row->state));
    snprintf(what, sizeof what, "booking of unit %" PRIu32, row->number);
    if (strcmp(ledgers, booking) != 0)
        differ(comparing, what, ledgers, booking);
}

static void compare_units(struct comparing *comparing, const struct replay_pool *pool, const Record__Pool *row)
{
    compare_numbers(comparing, "capacity", (int64_t)pool->unit_count, (int64_t)row->n_units);
    for (size_t i = 0; i < row->n_units; i++) {
        const struct replay_unit *unit = find_unit(pool, row->units[i]->number);
        char what[TEXT_SIZE];

        snprintf(what, sizeof what, "unit %" PRIu32, row->units[i]->number);
        if (unit == NULL)
            differ(comparing, what, "absent", "present");
        else
            compare_unit(comparing, unit, row->units[i]);
    }
}

/* ---- Pools ---- */

static void compare_pool(struct comparing *comparing, const struct replay_pool *pool, const Record__Pool *row)
{
    compare_units(comparing, pool, row);
    compare_numbers(comparing, "number of the next unit", (int64_t)pool->last_number + 1, row->next_unit);
    compare_numbers(comparing, "reserve_bp", pool->reserve_bp, row->reserve_bp);
    compare_numbers(comparing, "span", pool->span, row->span);
    compare_numbers(comparing, "fd_opens_at_ms", pool->fd_opens_at.ms, row->fd_opens_at_ms);
    compare_numbers(comparing, "general_opens_at_ms", pool->general_opens_at.ms, row->general_opens_at_ms);
    compare_numbers(comparing, "release_at_ms", pool->release_at.ms, row->release_at_ms);
    compare_flags(comparing, "short_notice", pool->short_notice, row->short_notice);
    compare_flags(comparing, "released", pool->released, row->released);
    compare_flags(comparing, "cancelled", pool->cancelled, row->cancelled);
    compare_flags(comparing, "grouped", pool->grouped, row->grouped);
}

static const struct replay_pool *find_pool(const struct comparing *comparing, const struct pool_key *key)
{
    char date[DATE_TEXT_SIZE];

    date_format(date, date_from_days(key->day));
    return replay_pool(comparing->replay, (Referral__PlaceClass)key->class, key->department, key->resource, date);
}

static uint64_t walk_store(struct comparing *comparing)
{
    struct pool_key at = {.hospital = comparing->hospital};
    const Record__Pool *row;
    uint64_t pools = 0;
    size_t mark = arena_mark(store_arena(comparing->txn));

    while ((row = pool_row_from(comparing->txn, &at, &comparing->key)) != NULL &&
           comparing->key.hospital == comparing->hospital) {
        const struct replay_pool *pool = find_pool(comparing, &comparing->key);

        if (pool == NULL)
            differ(comparing, "pool", "absent", "present");
        else
            compare_pool(comparing, pool, row);
        pools += pool != NULL;
        at = pool_key_after(&comparing->key);
        arena_rewind(store_arena(comparing->txn), mark);
    }
    return pools;
}

/* False: no store could have it. */
static bool key_of(const struct comparing *comparing, const struct replay_pool *pool, struct pool_key *ret_key)
{
    struct pool_key key = {.hospital = comparing->hospital, .class = (uint8_t)pool->class};
    size_t department = strlen(pool->department), resource = strlen(pool->resource);
    struct date date;

    if (!date_parse(pool->date, &date) || department >= sizeof key.department || resource >= sizeof key.resource)
        return false;
    memcpy(key.department, pool->department, department);
    memcpy(key.resource, pool->resource, resource);
    key.day = date_to_days(date);
    *ret_key = key;
    return true;
}

static void walk_ledger(struct comparing *comparing)
{
    size_t count;
    struct replay_pool *const *pools = replay_pools(comparing->replay, &count);

    for (size_t i = 0; i < count; i++) {
        comparing->key = (struct pool_key){0};
        if (!key_of(comparing, pools[i], &comparing->key) || pool_row(comparing->txn, &comparing->key) == NULL)
            differ(comparing, "pool", "present", "absent");
    }
}

static void compare_heads(struct comparing *comparing)
{
    struct ledger_mark mark = ledger_mark(comparing->txn, comparing->hospital);

    compare_numbers(comparing, "rows", (int64_t)replay_rows(comparing->replay), (int64_t)mark.rows);
    if (memcmp(mark.digest, replay_digest(comparing->replay), sizeof mark.digest) != 0)
        differ(comparing, "digest", "of the last page", "of another one");
}

uint64_t replay_compare(const struct replay *replay, struct store_txn *txn, uint32_t hospital,
                        void (*each)(void *user, const struct replay_difference *difference), void *user)
{
    struct comparing comparing = {.replay = replay, .txn = txn, .hospital = hospital, .each = each, .user = user};
    size_t count;

    compare_heads(&comparing);
    replay_pools(replay, &count);
    if (walk_store(&comparing) != count) /* else every one of the ledger was met */
        walk_ledger(&comparing);
    return comparing.count;
}
