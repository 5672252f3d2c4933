/* histogram.c - counting into buckets, and reading quantiles off them. */
#include "base/histogram.h"

/* A commit of one message takes some 200 us, one of a full turn some ms; beyond a second the disk is in trouble. */
const uint32_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {100,  200,   350,   500,   750,    1000,   1500,    2500,
                                                        5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000};

void histogram_add(struct histogram *histogram, uint64_t us)
{
    size_t bucket = 0;

    while (bucket < HISTOGRAM_BOUNDS && us > histogram_bounds_us[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->sum_us += us;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        count += histogram->counts[i];
    return count;
}

struct histogram histogram_between(const struct histogram *before, const struct histogram *after)
{
    struct histogram between = {.sum_us = after->sum_us - before->sum_us};

    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        between.counts[i] = after->counts[i] - before->counts[i];
    return between;
}

uint32_t histogram_quantile_us(const struct histogram *histogram, uint32_t permille)
{
    uint64_t count = histogram_count(histogram), below = 0;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        below += histogram->counts[i];
        if (below * 1000 >= count * permille)
            return histogram_bounds_us[i];
    }
    return histogram_bounds_us[HISTOGRAM_BOUNDS - 1];
}
