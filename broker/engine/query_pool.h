/* query_pool.h - what questions about pools share: pages of pools, and a pool with its numbers as of now (Q). */
#pragma once
#include "engine/asking.h"
#include "engine/pool_count.h"
#include "engine/pool_walk.h"
#include "place.pb-c.h"

struct counted_pool {
    struct pool_key key;
    Record__Pool *row;
    Record__Pool **set; /* of the reserve: itself, or all of its group, in order of resource (Q11) */
    size_t set_count;
    uint32_t position; /* of the row in its set */
    struct pool_count count;
};

struct pool_page {
    struct page page;
    struct pool_walk walk;
};
/* False after refusing the cursor. */
bool pool_page_begin(struct pool_page *page, struct asking *asking, const struct pool_filter *filter, uint32_t rows,
                     ProtobufCBinaryData cursor);
/* The next pool of the page: key and row of `pool`; false: the page is full, or there is no more. */
bool pool_page_next(struct pool_page *page, struct counted_pool *pool);
void pool_page_end(struct pool_page *page, protobuf_c_boolean *ret_has_next, ProtobufCBinaryData *ret_next);
/* Its set and its numbers now. */
void query_count(struct asking *asking, struct counted_pool *pool);
/* The numbers as they would be then. */
struct pool_count query_count_at(struct asking *asking, const struct counted_pool *pool, struct instant at);

Referral__PoolRef *query_pool_ref(struct asking *asking, const struct pool_key *key);
/* First start and last end of the units; absent where there is none. */
void query_session(const Record__Pool *row, protobuf_c_boolean *ret_has_start, int64_t *ret_start_ms,
                   protobuf_c_boolean *ret_has_end, int64_t *ret_end_ms);
/* Days of the filter: today and `days` on where absent; refuses BAD_DATE, BAD_ORDER, and more than LIMIT_SEARCH_DAYS.
 * Today is the day in China where no hospital is named: days of other zones begin within hours of it. */
void query_days(struct asking *asking, const char *first, const char *last, int64_t days, struct pool_filter *filter);
const char *query_text_or_null(const char *text); /* NULL for an empty one */
