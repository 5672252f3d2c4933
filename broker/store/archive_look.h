/* archive_look.h - who looked into the archive by the host's key (P3): one after another in the file `looks` of its
 * directory, each sealed and bound to the one before. Whoever looks is noted first. A log that was cut back at its end
 * shows only in what others have of it: a backup has a copy, and keeps one that the log does not go on from. */
#pragma once
#include "store/archive.h"

struct archive_look {
    struct instant at; /* by the wall clock */
    const char *user;  /* of this machine */
    struct id referral;
    const char *file, *reason;
};

/* On disk when it returns. -EBADMSG: the log is damaged, nothing was added. */
int archive_look_add(const struct keys *keys, const char *directory, const struct archive_look *look);
/* From the first one on; no log is none. -EBADMSG: damaged after those that were told. */
int archive_looks(const struct keys *keys, const char *directory,
                  void (*each)(void *user, const struct archive_look *look), void *user);
