/* pool_times.h - when a pool opens for whom, when its reserve is released, and how long an offer stands (rules Q6, Q7,
 * Q8, C1). Pure. */
#pragma once
#include "base/instant.h"
#include "referral.pb-c.h"
#include "rules/refusal.h"

struct pool_times {
    struct instant fd_opens_at, general_opens_at, release_at;
    bool short_notice;
};

struct pool_times_wish { /* unset: the default, or as it was */
    struct instant fd_opens_at, general_opens_at, release_at;
};

/* Times of a pool published at `now` whose first unit starts at `start`. Defaults: family doctors at once, general with
 * them (or they with general, where that is wished in the past), release 24 h before the start (BED: 16:00 the day
 * before). Where fewer than 24 h lie between max(now, fd_opens_at) and release_at, the pool is short notice and is
 * released 2 h before the start, or later where that was asked. NOT, or the refusal: BAD_TIMES unless fd_opens_at <=
 * general_opens_at < start; RELEASE_OUT_OF_RANGE unless start - 72 h <= release_at <= start. `ret_field` is the field
 * of the wish that is wrong then ("release_at_ms" ...). */
enum refusal pool_times_first(Referral__PlaceClass class, struct instant start, int offset_minutes, struct instant now,
                              const struct pool_times_wish *wish, struct pool_times *ret_times, const char **ret_field);
/* After publication: fd_opens_at only earlier, general_opens_at and release_at only later (else ONLY_IN_FAVOUR), and
 * what is wished within the same bounds. A short notice pool stays one, and the wishes it was published with change
 * nothing. */
enum refusal pool_times_change(const struct pool_times *before, struct instant start,
                               const struct pool_times_wish *wish, struct pool_times *ret_times,
                               const char **ret_field);

#define HOLD_DEFAULT_MINUTES 10 /* Q7 */
#define HOLD_MAX_MINUTES     30
#define HOLDS_MAX            5 /* live ones for each team */
#define OFFER_LAPSES_MAX     3 /* Q8 */
/* Q7: a hold of `minutes` (0: the default; at most the maximum) taken at `now` for a unit that starts at `start` ends
 * at the latest then. */
struct instant hold_until(struct instant now, uint32_t minutes, struct instant start);
/* Q8: 2 h of 08:00-18:00 local time from now on, at most until 1 h before the start. Unset: there is no time left to
 * offer it. */
struct instant offer_until(struct instant now, struct instant start, int offset_minutes);
/* There is time left to offer what starts after this. */
struct instant offer_starts_after(struct instant now);
