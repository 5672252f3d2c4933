/* pace.c - what is owed is kept as time, so that nothing is ever rounded. */
#include "sys/pace.h"

static void fill(struct pace *pace, int64_t now_ms)
{
    int64_t passed_ms = now_ms - pace->at_ms;
    if (passed_ms > 0) {
        pace->owed_ms = passed_ms < pace->owed_ms ? pace->owed_ms - passed_ms : 0;
        pace->at_ms = now_ms;
    }
}

bool pace_admits(struct pace *pace, uint32_t burst, uint32_t each_ms, int64_t now_ms)
{
    fill(pace, now_ms);
    if (pace->owed_ms + each_ms > (int64_t)burst * each_ms) {
        pace->denied++;
        return false;
    }
    pace->owed_ms += each_ms;
    return true;
}

uint64_t pace_take_denied(struct pace *pace)
{
    uint64_t denied = pace->denied;
    pace->denied = 0;
    return denied;
}
