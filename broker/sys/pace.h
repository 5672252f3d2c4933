/* pace.h - so many at once, then one each interval: a bucket of tokens, filled by time. Pure; the caller brings the
 * time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct pace {        /* all zero: full */
    int64_t owed_ms; /* what was taken and not yet filled up again */
    int64_t at_ms;   /* monotonic: when that was so */
    uint64_t denied; /* since it was told last */
};

/* May one more go now? At most `burst` at once, then one each `each_ms`. A clock that stands still or goes back fills
 * nothing. */
bool pace_admits(struct pace *pace, uint32_t burst, uint32_t each_ms, int64_t now_ms);
/* How many might not, since the last call. */
uint64_t pace_take_denied(struct pace *pace);
