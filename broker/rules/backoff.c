/* backoff.c - the steps of D4. */
#include "rules/backoff.h"

#include <assert.h>

int64_t backoff_ms(uint32_t failed)
{
    static const int64_t steps[] = {5 * SECOND_MS, 15 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS};
    static const uint32_t count = sizeof steps / sizeof *steps;

    assert(failed > 0);
    return steps[failed < count ? failed - 1 : count - 1];
}

bool backoff_is_dead(uint32_t failed, struct instant first_failed_at, struct instant receiver_last_ack_at)
{
    return failed >= BACKOFF_GIVE_UP_ATTEMPTS && receiver_last_ack_at.ms > first_failed_at.ms;
}
