/* replay.c - pages in their chain, and the pools that rows speak of. */
#include "engine/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/replay_inside.h"
#include "proto/limits.h"

#define RESERVED_BYTES (16UL << 30) /* address space; what is touched is what the ledger needs */

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
    tdestroy(replay->days, free_nothing);
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

/* ---- Pools by name, and by day ---- */

static int compare_days(const void *a, const void *b)
{
    const struct replay_day *one = a, *other = b;
    int order = (int)one->class - (int)other->class;

    if (order == 0)
        order = strcmp(one->date, other->date);
    return order != 0 ? order : strcmp(one->department, other->department);
}

static struct replay_day day_of(const struct replay_pool *pool)
{
    return (struct replay_day){.class = pool->class, .department = pool->department, .date = pool->date};
}

static int compare_names(const void *a, const void *b)
{
    const struct replay_pool *one = a, *other = b;
    struct replay_day day = day_of(one), other_day = day_of(other);
    int order = compare_days(&day, &other_day);

    return order != 0 ? order : strcmp(one->resource, other->resource);
}

struct replay_pool *replay_pool(const struct replay *replay, Referral__PlaceClass class, const char *department,
                                const char *resource, const char *date)
{
    struct replay_pool name = {.class = class, .department = department, .resource = resource, .date = date};
    struct replay_pool *const *found = tfind(&name, &replay->by_name, compare_names);

    return found == NULL ? NULL : *found;
}

static void insert(struct replay *replay, struct replay_pool *pool, struct replay_pool ***pools, size_t *count,
                   size_t *room)
{
    size_t at = *count;

    *pools = replay_grow(replay, *pools, *count, room, sizeof **pools);
    for (; at > 0 && strcmp((*pools)[at - 1]->resource, pool->resource) > 0; at--)
        (*pools)[at] = (*pools)[at - 1];
    (*pools)[at] = pool;
    ++*count;
}

static void join(struct replay *replay, struct replay_set *set, struct replay_pool *pool)
{
    insert(replay, pool, &set->pools, &set->count, &set->room);
    pool->set = set;
}

static struct replay_day *find_day(struct replay *replay, const struct replay_pool *pool)
{
    struct replay_day wanted = day_of(pool), *day;
    struct replay_day *const *found = tfind(&wanted, &replay->days, compare_days);

    if (found != NULL)
        return *found;
    day = arena_alloc(&replay->arena, sizeof *day);
    *day = wanted;
    tsearch(day, &replay->days, compare_days);
    return day;
}

/* Q11: what its group decides holds for it from the first. */
static void join_group(struct replay *replay, struct replay_set *group, struct replay_pool *pool)
{
    const struct replay_pool *other = group->pools[0];

    pool->grouped = true;
    pool->reserve_bp = other->reserve_bp;
    pool->span = other->span;
    pool->fd_opens_at = other->fd_opens_at;
    pool->general_opens_at = other->general_opens_at;
    pool->release_at = other->release_at;
    join(replay, group, pool);
}

struct replay_pool *replay_add(struct replay *replay, const Referral__LedgerRow *row)
{
    struct replay_pool *pool = arena_alloc(&replay->arena, sizeof *pool);
    struct replay_day *day;

    *pool = (struct replay_pool){.class = row->class_,
                                 .department = arena_text(&replay->arena, row->department),
                                 .resource = arena_text(&replay->arena, row->resource),
                                 .date = arena_text(&replay->arena, row->date)};
    day = find_day(replay, pool);
    if (day->group != NULL && day->count >= LIMIT_GROUP_POOLS)
        return NULL;
    insert(replay, pool, &day->pools, &day->count, &day->room);
    if (day->group != NULL)
        join_group(replay, day->group, pool);
    else
        join(replay, arena_zalloc(&replay->arena, sizeof(struct replay_set)), pool);
    replay->pools = replay_grow(replay, replay->pools, replay->count, &replay->room, sizeof(*replay->pools));
    replay->pools[replay->count++] = pool;
    tsearch(pool, &replay->by_name, compare_names);
    return pool;
}

/* Q13: the group takes over what was required of a pool and what it was short of while it stood alone, as the group
 * cannot make that good. Time and cause are of the pool that was short for longest. */
static void inherit(struct replay_set *group, const struct replay_set *alone)
{
    group->was_open = group->was_open || alone->was_open;
    group->required += alone->required;
    group->past.units += alone->past.units;
    if (alone->past.ms > group->past.ms) {
        group->past.ms = alone->past.ms;
        group->past.cause = alone->past.cause;
    }
}

bool replay_group_day(struct replay *replay, const struct replay_pool *pool)
{
    struct replay_day *day = find_day(replay, pool);

    if (day->group != NULL)
        return true;
    if (day->count > LIMIT_GROUP_POOLS)
        return false;
    day->group = arena_zalloc(&replay->arena, sizeof *day->group);
    day->group->since = replay->now;
    for (size_t i = 0; i < day->count; i++) {
        replay_time_passes(replay, day->pools[i]->set);
        inherit(day->group, day->pools[i]->set);
        day->pools[i]->grouped = true;
        join(replay, day->group, day->pools[i]);
    }
    return true;
}

/* ---- Pages ---- */

static Referral__LedgerPage *unpack(struct replay *replay, struct bytes bytes)
{
    Referral__LedgerPage *page = referral__ledger_page__unpack(NULL, bytes.size, bytes.data);

    if (page != NULL && (page->hospital == NULL || page->previous.len != REPLAY_DIGEST_SIZE || page->n_rows == 0)) {
        referral__ledger_page__free_unpacked(page, NULL);
        page = NULL;
    }
    if (page == NULL)
        replay_fail(replay, -EBADMSG, "what follows row %" PRIu64 " is no page of a ledger", replay->rows);
    return page;
}

static int check_chain(struct replay *replay, const Referral__LedgerPage *page)
{
    uint64_t row = page->first_row;

    if (replay->hospital != NULL && strcmp(replay->hospital, page->hospital) != 0)
        return replay_fail(replay, -EBADMSG, "the page of row %" PRIu64 " is of another hospital", row);
    if (row != replay->rows + 1)
        return replay_fail(replay, -EBADMSG, "row %" PRIu64 " follows row %" PRIu64, row, replay->rows);
    if (memcmp(page->previous.data, replay->digest, REPLAY_DIGEST_SIZE) != 0)
        return replay_fail(replay, -EBADMSG,
                           "the page of row %" PRIu64 " does not follow the digest of the page before", row);
    if (page->at_ms < replay->now.ms || page->index < replay->index)
        return replay_fail(replay, -EILSEQ, "row %" PRIu64 " is older than the row before", row);
    return 0;
}

/* Q9: what a turn moves out it moves in. */
static int end_turn(struct replay *replay)
{
    if (replay->lifted_count == 0)
        return 0;
    return replay_fail(replay, -EILSEQ, "row %" PRIu64 " ends a turn in which booking %s moved out, and not in",
                       replay->rows, replay->lifted[0].booking);
}

static int read_rows(struct replay *replay, const Referral__LedgerPage *page)
{
    int failure = check_chain(replay, page);

    if (failure == 0 && page->index != replay->index)
        failure = end_turn(replay);
    if (failure != 0)
        return failure;
    if (replay->hospital == NULL)
        replay->hospital = arena_text(&replay->arena, page->hospital);
    replay->now = instant_of(page->at_ms);
    replay->index = page->index;
    for (size_t i = 0; i < page->n_rows && failure == 0; i++) {
        replay->rows++;
        failure = replay_row(replay, page->rows[i]);
    }
    return failure;
}

int replay_page(struct replay *replay, struct bytes page)
{
    Referral__LedgerPage *read;
    int failure;

    if (replay->failure != 0)
        return replay->failure;
    read = unpack(replay, page);
    if (read == NULL)
        return replay->failure;
    failure = read_rows(replay, read);
    referral__ledger_page__free_unpacked(read, NULL);
    crypto_generichash(replay->digest, sizeof replay->digest, page.data, page.size, NULL, 0);
    return failure;
}

int replay_end(struct replay *replay)
{
    return replay->failure != 0 ? replay->failure : end_turn(replay);
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

uint64_t replay_index(const struct replay *replay)
{
    return replay->index;
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
