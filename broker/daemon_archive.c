/* daemon_archive.c - when finished referrals move to the archive, and what became of it as an alarm (D8). The steps are
 * turn/archiver.h's. */
#include "daemon_inside.h"
#include "sys/journal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILED "archive-failed"

#define PAUSE_MS      (60 * MINUTE_MS) /* from pass to pass; a pass may take a twentieth of the time */
#define PAUSE_PASSES  20
#define AGAIN_MS      (60 * SECOND_MS) /* a turn in between has failed */
#define STEP_PAUSE_MS 1

/* Where there is no word for it, its name in errno(3). */
static const char *word_of(int failure)
{
    const char *name = strerrorname_np(-failure);
    switch (failure) {
    case -ENOSPC:
    case -EDQUOT:
    case -EFBIG:
        return "room";
    case -EBADMSG:
    case -EPROTO:
        return "unsound";
    case -ENODEV:
        return "missing";
    case -EKEYREJECTED:
        return "other-keys";
    default:
        return name ? name : "other";
    }
}

int daemon_archive_open(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    int length = config->archive_directory
                     ? asprintf(&daemon->archive_directory, "%s", config->archive_directory)
                     : asprintf(&daemon->archive_directory, "%s.archive", config->store_directory);
    if (length < 0) {
        daemon->archive_directory = NULL;
        return -ENOMEM;
    }
    const struct archiver_options options = {
        .store = daemon->store, .turn = daemon->turn, .directory = daemon->archive_directory};
    return archiver_open(&options, &daemon->archiver);
}

void daemon_archive_close(struct daemon *daemon)
{
    archiver_close(daemon->archiver);
    free(daemon->archive_directory);
}

static void tell_done(struct daemon *daemon)
{
    struct archiver_done now = archiver_done(daemon->archiver), *then = &daemon->archived;
    if (now.files != then->files) {
        journal(JOURNAL_archived, "files=%llu referrals=%llu", (unsigned long long)(now.files - then->files),
                (unsigned long long)(now.referrals - then->referrals));
    }
    if (now.too_large != then->too_large)
        journal(JOURNAL_archive_left, "referrals=%llu", (unsigned long long)now.too_large);
    *then = now;
}

int64_t daemon_archive_step(struct daemon *daemon)
{
    int64_t now_ms = clock_boot_ms();
    if (daemon->archive_since_ms == 0)
        daemon->archive_since_ms = now_ms;
    uint64_t damaged = archiver_done(daemon->archiver).damaged;
    int result = archiver_step(daemon->archiver, daemon_now(daemon));
    if (archiver_done(daemon->archiver).damaged != damaged)
        daemon_on_news(daemon, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (result > 0)
        return STEP_PAUSE_MS;
    int64_t pause_ms = (now_ms - daemon->archive_since_ms) * PAUSE_PASSES;
    daemon->archive_since_ms = 0;
    tell_done(daemon);
    if (result == -EAGAIN)
        return AGAIN_MS;
    daemon_alarm_set(daemon, FAILED, result != 0 ? word_of(result) : NULL, result != 0);
    return pause_ms > PAUSE_MS ? pause_ms : PAUSE_MS;
}
