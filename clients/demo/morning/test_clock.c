/* test_clock.c - see test_clock.h. */
#include "test_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MONDAY_MS 1804435200000 /* 2027-03-08 00:00 +08:00 */
#define DAY_MS    (24 * HOUR_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define MINUTE_MS 60000LL

static const struct {
    const char *date, *zh, *en;
} days[] = {
    {"2027-03-08", "周一", "Mon"}, {"2027-03-09", "周二", "Tue"}, {"2027-03-10", "周三", "Wed"},
    {"2027-03-11", "周四", "Thu"}, {"2027-03-12", "周五", "Fri"},
};

int64_t test_clock_at(int day, int hour, int minute)
{
    return MONDAY_MS + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
}

const char *test_clock_date(int day)
{
    return days[day].date;
}

void test_clock_text(int64_t ms, char ret_text[TEST_CLOCK_TEXT_SIZE])
{
    int64_t since = ms - MONDAY_MS, seconds = since % DAY_MS / 1000;
    const int day = (int)(since / DAY_MS % 5);
    snprintf(ret_text, TEST_CLOCK_TEXT_SIZE, "%s %s %02d:%02d:%02d", days[day].zh, days[day].en,
             (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60));
}

void test_clock_set(struct test_clock *clock, int64_t ms)
{
    char next[TEST_CLOCK_PATH_SIZE + 8];
    snprintf(next, sizeof next, "%s.next", clock->path);
    FILE *file = fopen(next, "we");
    if (file == NULL || fprintf(file, "%lld\n", (long long)ms) < 0 || fclose(file) != 0 ||
        rename(next, clock->path) != 0) {
        perror(clock->path);
        exit(1);
    }
    clock->now_ms = ms;
}

int64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
