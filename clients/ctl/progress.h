/* progress.h - one line on the error stream for what takes longer than a second, where a terminal (or --progress) wants
 * it. */
#pragma once
#include <stdint.h>

#include "ctl.h"

struct progress {
    const struct ctl *ctl;
    const char *what;             /* borrowed until progress_end */
    int64_t started_ms, shown_ms; /* shown: 0 while nothing was */
};

void progress_begin(struct progress *progress, const struct ctl *ctl, const char *what);
/* Cheap; call it often. `total` 0: not known; both 0: just the time it takes. */
void progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);
int64_t progress_clock_ms(void); /* monotonic */
