/* pool_walk.c - each step looks at one key and either takes its pool or names the next key that could do. */
#include "engine/pool_walk.h"

#include <limits.h>
#include <string.h>

#define TEXT_MAX 64 /* bytes of a department or resource */

/* The first key at or above (hospital, class): of the departments and days asked for. */
static struct pool_key first_of_class(const struct pool_walk *walk, uint32_t hospital, uint8_t class)
{
    struct pool_key key = {.hospital = hospital, .class = class, .day = walk->filter.first_day};

    if (walk->filter.class > class)
        key.class = walk->filter.class;
    if (walk->filter.department != NULL)
        strncpy(key.department, walk->filter.department, TEXT_MAX);
    if (walk->filter.resource != NULL)
        strncpy(key.resource, walk->filter.resource, TEXT_MAX);
    return key;
}

void pool_walk_begin(struct pool_walk *walk, const struct pool_filter *filter, uint32_t keys_max)
{
    *walk = (struct pool_walk){.filter = *filter, .left = keys_max};
    walk->from = first_of_class(walk, filter->hospital, 0);
}

static bool end(struct pool_walk *walk)
{
    walk->ended = true;
    return false;
}

static bool skip_to(struct pool_walk *walk, struct pool_key key)
{
    walk->from = key;
    return false;
}

static bool skip_hospital(struct pool_walk *walk, const struct pool_key *at)
{
    if (walk->filter.hospital != 0 || at->hospital == UINT32_MAX)
        return end(walk);
    return skip_to(walk, first_of_class(walk, at->hospital + 1, 0));
}

static bool skip_class(struct pool_walk *walk, const struct pool_key *at)
{
    if (walk->filter.class != 0)
        return skip_hospital(walk, at);
    return skip_to(walk, first_of_class(walk, at->hospital, (uint8_t)(at->class + 1)));
}

/* The smallest text above: one byte longer, or where there is no room for it, with its last byte raised. UTF-8 has no
 * byte 0xff. */
static bool skip_department(struct pool_walk *walk, const struct pool_key *at)
{
    struct pool_key key = first_of_class(walk, at->hospital, at->class);
    size_t length = strlen(at->department);

    if (walk->filter.department != NULL)
        return skip_class(walk, at);
    memcpy(key.department, at->department, length + 1);
    if (length < TEXT_MAX)
        key.department[length] = 1;
    else
        key.department[length - 1]++;
    return skip_to(walk, key);
}

static bool skip_day(struct pool_walk *walk, const struct pool_key *at)
{
    struct pool_key key = *at;

    key.day++;
    memset(key.resource, 0, sizeof key.resource);
    if (walk->filter.resource != NULL)
        strncpy(key.resource, walk->filter.resource, TEXT_MAX);
    return skip_to(walk, key);
}

/* Is it what was asked for? If not, walk->from becomes the next key that could be. */
static bool matches(struct pool_walk *walk, const struct pool_key *at)
{
    const struct pool_filter *filter = &walk->filter;
    int order;

    if (filter->hospital != 0 && at->hospital != filter->hospital)
        return end(walk);
    if (at->class < filter->class)
        return skip_to(walk, first_of_class(walk, at->hospital, filter->class));
    if (filter->class != 0 && at->class > filter->class)
        return skip_hospital(walk, at);
    order = filter->department == NULL ? 0 : strcmp(at->department, filter->department);
    if (order < 0)
        return skip_to(walk, first_of_class(walk, at->hospital, at->class));
    if (order > 0)
        return skip_class(walk, at);
    if (at->day > filter->last_day)
        return skip_department(walk, at);
    if (at->day < filter->first_day) {
        struct pool_key key = *at;

        key.day = filter->first_day - 1;
        return skip_day(walk, &key);
    }
    order = filter->resource == NULL ? 0 : strcmp(at->resource, filter->resource);
    if (order < 0) {
        struct pool_key key = *at;

        strncpy(key.resource, filter->resource, TEXT_MAX);
        return skip_to(walk, key);
    }
    return order == 0 || skip_day(walk, at);
}

Record__Pool *pool_walk_next(struct pool_walk *walk, struct store_txn *txn, struct pool_key *ret_key)
{
    struct pool_key key;

    while (!walk->ended && walk->left > 0) {
        walk->left--;
        if (!pool_key_from(txn, &walk->from, &key)) {
            end(walk);
        } else if (matches(walk, &key)) {
            walk->from = pool_key_after(&key);
            *ret_key = key;
            return pool_row(txn, &key);
        }
    }
    return NULL;
}
