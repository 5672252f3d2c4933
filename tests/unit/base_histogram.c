/* base_histogram.c - buckets with known bounds, and quantiles read off them. */
#include <criterion/criterion.h>

#include "base/histogram.h"

Test(histogram, a_bound_belongs_to_the_bucket_below_it)
{
    struct histogram histogram = {0};

    histogram_add(&histogram, 0);
    histogram_add(&histogram, histogram_bounds_us[0]);
    histogram_add(&histogram, histogram_bounds_us[0] + 1);
    histogram_add(&histogram, UINT32_MAX);
    cr_assert_eq(histogram.counts[0], 2);
    cr_assert_eq(histogram.counts[1], 1);
    cr_assert_eq(histogram.counts[HISTOGRAM_BOUNDS], 1);
    cr_assert_eq(histogram_count(&histogram), 4);
    cr_assert_eq(histogram.sum_us, 2ULL * histogram_bounds_us[0] + 1 + UINT32_MAX);
}

Test(histogram, the_bounds_rise)
{
    for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
        cr_assert(histogram_bounds_us[i] > histogram_bounds_us[i - 1], "bound %zu", i);
}

Test(histogram, a_quantile_is_the_bound_that_covers_it)
{
    struct histogram histogram = {0};

    cr_assert_eq(histogram_quantile_us(&histogram, 990), 0);
    for (int i = 0; i < 99; i++)
        histogram_add(&histogram, histogram_bounds_us[1]);
    histogram_add(&histogram, histogram_bounds_us[8]);
    cr_assert_eq(histogram_quantile_us(&histogram, 500), histogram_bounds_us[1]);
    cr_assert_eq(histogram_quantile_us(&histogram, 990), histogram_bounds_us[1]);
    cr_assert_eq(histogram_quantile_us(&histogram, 991), histogram_bounds_us[8]);
    cr_assert_eq(histogram_quantile_us(&histogram, 1000), histogram_bounds_us[8]);
}

Test(histogram, what_lies_above_all_bounds_counts_as_the_highest)
{
    struct histogram histogram = {0};

    histogram_add(&histogram, UINT64_C(1) << 40);
    cr_assert_eq(histogram_quantile_us(&histogram, 500), histogram_bounds_us[HISTOGRAM_BOUNDS - 1]);
}

Test(histogram, between_two_readings_is_what_came_meanwhile)
{
    struct histogram histogram = {0};

    histogram_add(&histogram, 100);

    struct histogram before = histogram;

    histogram_add(&histogram, 400);
    histogram_add(&histogram, 400);

    struct histogram between = histogram_between(&before, &histogram);

    cr_assert_eq(histogram_count(&between), 2);
    cr_assert_eq(between.sum_us, 800);
    cr_assert_eq(between.counts[0], 0);
}
