/* histogram.h - how long something takes, as counts below fixed bounds: integers, no clock of its own, two can be
 * subtracted. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 16

extern const uint32_t histogram_bounds_us[HISTOGRAM_BOUNDS]; /* rising; each bound belongs to the bucket below it */

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last: above all bounds */
    uint64_t sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t us);
uint64_t histogram_count(const struct histogram *histogram);
/* What came between `before` and `after`, two readings of the same histogram. */
struct histogram histogram_between(const struct histogram *before, const struct histogram *after);
/* The bound below which `permille` of them lie; the highest bound for what lies above all; 0 where there are none. */
uint32_t histogram_quantile_us(const struct histogram *histogram, uint32_t permille);
