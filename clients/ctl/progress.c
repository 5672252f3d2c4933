/* progress.c - says that something goes on. */
#include "progress.h"

#include <time.h>
#include <unistd.h>

#define SHOW_AFTER_MS 1000
#define SHOW_EVERY_MS 200

int64_t progress_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const struct ctl *ctl, const char *what)
{
    *progress = (struct progress){.ctl = ctl, .what = what, .started_ms = progress_clock_ms()};
}

void progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
    if (!progress->ctl->progress)
        return;

    int64_t now = progress_clock_ms();
    FILE *err = progress->ctl->err;

    if (now - progress->started_ms < SHOW_AFTER_MS || now - progress->shown_ms < SHOW_EVERY_MS)
        return;
    progress->shown_ms = now;
    fprintf(err, "\r%s", progress->what);
    if (total != 0)
        fprintf(err, " %llu/%llu (%llu %%)", (unsigned long long)done, (unsigned long long)total,
                (unsigned long long)(done * 100 / total));
    else if (done != 0)
        fprintf(err, " %llu", (unsigned long long)done);
    fprintf(err, ", %lld s  ", (long long)(now - progress->started_ms) / 1000);
    fflush(err);
}

void progress_end(struct progress *progress)
{
    if (progress->shown_ms == 0)
        return;
    fputs(isatty(fileno(progress->ctl->err)) ? "\r\033[K" : "\n", progress->ctl->err);
    fflush(progress->ctl->err);
}
