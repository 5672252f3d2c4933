/* archiver.h - finished referrals move to the archive, a small step at a time (D8).
 *
 * A pass goes through all referrals: those that may leave (engine/retention.h) are written to a file; the file gets its
 * name only when it is whole and on disk; it is read back and compared with its digest; then commands of the daemon
 * tell the engine what stands in it, which takes out what is still as it was written. Nothing leaves the store before
 * that, and nothing is in two files as long as the store knows one: a file of which not all was told, since the broker
 * ended in between, is told at the beginning of the next pass, and removed where nothing moved to it. A journey of
 * which one referral cannot be read or recorded, or that has more than RETENTION_JOURNEY_MAX, stays as a whole, and
 * keeps no other. */
#pragma once
#include "turn/turn.h"

struct archiver;

struct archiver_options {
    struct store *store;
    struct turn *turn;
    const char *directory; /* of the archive; borrowed */
    uint64_t file_bytes;   /* a file ends when it has so many; 0: 16 MiB */
};

int archiver_open(const struct archiver_options *options, struct archiver **ret_archiver); /* 0 or -ENOMEM */
void archiver_close(struct archiver *archiver);                                            /* NULL is fine */
/* A step of some milliseconds, or of one record or file; the first one after a pass has ended begins the next. Between
 * two steps turn_run as long as turn_wants. 1: the pass goes on; 0: it has ended; else why it has, but what it could do
 * it did. -ENOSPC: there is no room for a file, and some to spare; -EBADMSG: a file is damaged, or a part of a referral
 * is missing; -ENODEV: none of the files that the store knows lies there. */
int archiver_step(struct archiver *archiver, struct turn_clock clock);

struct archiver_done { /* since it was opened */
    uint64_t files, referrals;
    /* Of the last pass: those that stay, since their journey is too long, or one of it too large for a record. */
    uint64_t too_large;
    uint64_t damaged; /* rows that it met; their journeys stay */
};
struct archiver_done archiver_done(const struct archiver *archiver);
