/* replay.c - pages in their chain, and the pools that rows speak of. */
#include "engine/replay.h"

#include <errno.h>
#include <search.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/replay_inside.h"

#define RESERVED_BYTES (64UL << 30) /* address space; what is touched is what the ledger needs */

struct replay *replay_open(void)
{
    struct replay *replay = calloc(1, sizeof *replay);

    if (replay == NULL || arena_open(&replay->arena, RESERVED_BYTES) != 0) {
        free(replay);
        return NULL;
    }
    return replay;
}

static void free_nothing(void *node)
{
    (void)node; /* lives in the arena */
}

void replay_close(struct replay *replay)
{
    if (replay == NULL)
        return;
    tdestroy(replay->by_name, free_nothing);
    tdestroy(replay->sets_by_day, free_nothing);
    arena_close(&replay->arena);
    free(replay);
}

int replay_fail(struct replay *replay, int failure, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(replay->error, sizeof replay->error, format, list);
    va_end(list);
    return replay->failure = failure;
}

void *replay_grow(struct replay *replay, void *list, size_t count, size_t *room, size_t size)
{
    void *more;

    if (count < *room)
        return list;
    *room = *room == 0 ? 4 : 2 * *room;
    more = arena_zalloc(&replay->arena, *room * size);
    if (count != 0)
        memcpy(more, list, count * size);
    return more;
}

/* ---- Pools by name, groups by day ---- */

static int compare_days(const struct replay_pool *a, const struct replay_pool *b)
{
    int order = (int)a->class - (int)b->class;

    if (order == 0)
        order = strcmp(a->date, b->date);
    return order != 0 ? order : strcmp(a->department, b->department);
}

static int compare_names(const void *a, const void *b)
{
    const struct replay_pool *one = a, *other = b;
    int order = compare_days(one, other);

    return order != 0 ? order : strcmp(one->resource, other->resource);
}

static int compare_groups(const void *a, const void *b)
{
    const struct replay_set *one = a, *other = b;

    return compare_days(one->pools[0], other->pools[0]);
}

/* The strings are the row's: borrowed, for looking up. */
static struct replay_pool named(const Referral__LedgerRow *row)
{
    return (struct replay_pool){.class = row->class_,
                                .department = row->department == NULL ? "" : row->department,
                                .resource = row->resource == NULL ? "" : row->resource,
                                .date = row->date == NULL ? "" : row->date};
}

struct replay_pool *replay_find(struct replay *replay, const Referral__LedgerRow *row)
{
    struct replay_pool name = named(row);
    struct replay_pool *const *found = tfind(&name, &replay->by_name, compare_names);

    return found == NULL ? NULL : *found;
}

static void add_to_set(struct replay *replay, struct replay_set *set, struct replay_pool *pool)
{
    size_t at = set->count;

    set->pools = replay_grow(replay, set->pools, set->count, &set->room, sizeof(*set->pools));
    for (; at > 0 && strcmp(set->pools[at - 1]->resource, pool->resource) > 0; at--)
        set->pools[at] = set->pools[at - 1];
    set->pools[at] = pool;
    set->count++;
    pool->set = set;
}

struct replay_pool *replay_add(struct replay *replay, const Referral__LedgerRow *row)
{
    struct replay_pool *pool = arena_alloc(&replay->arena, sizeof *pool);

    *pool = named(row);
    pool->department = arena_text(&replay->arena, pool->department);
    pool->resource = arena_text(&replay->arena, pool->resource);
    pool->date = arena_text(&replay->arena, pool->date);
    add_to_set(replay, arena_zalloc(&replay->arena, sizeof(struct replay_set)), pool);
    replay->pools = replay_grow(replay, replay->pools, replay->count, &replay->room, sizeof(*replay->pools));
    replay->pools[replay->count++] = pool;
    tsearch(pool, &replay->by_name, compare_names);
    return pool;
}

void replay_join_group(struct replay *replay, struct replay_pool *pool)
{
    struct replay_set **found;

    if (pool->grouped)
        return;
    pool->grouped = true;
    /* Its own set becomes the group's, unless the day has one already. */
    found = tsearch(pool->set, &replay->sets_by_day, compare_groups);
    if (*found != pool->set)
        add_to_set(replay, *found, pool);
}

/* ---- Pages ---- */

static Referral__LedgerPage *unpack(struct replay *replay, struct bytes bytes)
{
    Referral__LedgerPage *page = referral__ledger_page__unpack(NULL, bytes.size, bytes.data);

    if (page != NULL && (page->hospital == NULL || page->previous.len != REPLAY_DIGEST_SIZE)) {
        referral__ledger_page__free_unpacked(page, NULL);
        page = NULL;
    }
    if (page == NULL)
        replay_fail(replay, -EBADMSG, "what follows row %llu is no page of a ledger", (unsigned long long)replay->rows);
    return page;
}

static int check_chain(struct replay *replay, const Referral__LedgerPage *page)
{
    unsigned long long row = page->first_row;

    if (replay->hospital != NULL && strcmp(replay->hospital, page->hospital) != 0)
        return replay_fail(replay, -EBADMSG, "the page of row %llu is of another hospital", row);
    if (page->first_row != replay->rows + 1)
        return replay_fail(replay, -EBADMSG, "row %llu follows row %llu", row, (unsigned long long)replay->rows);
    if (memcmp(page->previous.data, replay->digest, REPLAY_DIGEST_SIZE) != 0)
        return replay_fail(replay, -EBADMSG, "the page of row %llu does not follow the digest of the page before", row);
    if (page->at_ms < replay->now.ms)
        return replay_fail(replay, -EILSEQ, "row %llu is older than the row before", row);
    return 0;
}

static int read_rows(struct replay *replay, const Referral__LedgerPage *page)
{
    int failure = check_chain(replay, page);

    if (failure != 0)
        return failure;
    if (replay->hospital == NULL)
        replay->hospital = arena_text(&replay->arena, page->hospital);
    replay->now = instant_of(page->at_ms);
    for (size_t i = 0; i < page->n_rows && failure == 0; i++) {
        replay->rows++;
        failure = replay_row(replay, page->rows[i]);
    }
    replay->last_booking = NULL; /* it was the page's */
    return failure;
}

int replay_page(struct replay *replay, struct bytes bytes)
{
    Referral__LedgerPage *page;
    int failure;

    if (replay->failure != 0)
        return replay->failure;
    page = unpack(replay, bytes);
    if (page == NULL)
        return replay->failure;
    failure = read_rows(replay, page);
    referral__ledger_page__free_unpacked(page, NULL);
    crypto_generichash(replay->digest, sizeof replay->digest, bytes.data, bytes.size, NULL, 0);
    return failure;
}

const char *replay_error(const struct replay *replay)
{
    return replay->error;
}

const char *replay_hospital(const struct replay *replay)
{
    return replay->hospital;
}

uint64_t replay_rows(const struct replay *replay)
{
    return replay->rows;
}

struct instant replay_time(const struct replay *replay)
{
    return replay->now;
}

const uint8_t *replay_digest(const struct replay *replay)
{
    return replay->digest;
}

struct replay_pool *const *replay_pools(const struct replay *replay, size_t *ret_count)
{
    *ret_count = replay->count;
    return replay->pools;
}

const struct replay_outside *replay_outside(const struct replay *replay, size_t *ret_count)
{
    *ret_count = replay->outside_count;
    return replay->outside;
}
