/* sim_control_ahead.c - the comparison of what lies ahead can fail: each mistake planted in what is told, or published,
 * of later days is found.
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "sim/sim_found.h"

#include "engine/publish_parts.h"
#include "engine/query_pool.h"

#include <criterion/criterion.h>

#define DAYS 3 /* after the world began */

static enum {
    NOTHING,
    LOOKS_NOT_AHEAD,
    ENDS_BY_ITSELF,
} planted;

struct pool_count __real_query_count_at(struct asking *asking, const struct counted_pool *pool, struct instant at);
struct pool_count __wrap_query_count_at(struct asking *asking, const struct counted_pool *pool, struct instant at)
{
    return __real_query_count_at(asking, pool, planted == LOOKS_NOT_AHEAD ? asking->work.now : at);
}

int64_t __real_timetable_day(const char *date, int64_t otherwise);
int64_t __wrap_timetable_day(const char *date, int64_t otherwise)
{
    if (planted == ENDS_BY_ITSELF && date == NULL && otherwise == INT64_MAX)
        return date_to_days(instant_local_date(instant_of(RESERVE_BASE), 0)) + DAYS;
    return __real_timetable_day(date, otherwise);
}

Test(sim_control_ahead, q3_a_search_that_does_not_look_ahead_is_found)
{
    planted = LOOKS_NOT_AHEAD;
    sim_assert_found("nobody is told what opens later", "later");
}

Test(sim_control_ahead, q10_a_timetable_that_ends_by_itself_is_found)
{
    planted = ENDS_BY_ITSELF;
    sim_assert_found("a timetable without an end has one", NULL);
}
