/* archiver_inside.h - what the files of the archiver share. */
#pragma once
#include "engine/retention.h"
#include "store/archive.h"
#include "turn/archiver.h"

enum phase {
    RESTING,
    ADOPTING, /* files of which not all was told */
    SCANNING,
    SEALING,
    TELLING,
    CHECKING, /* that the engine has heard it */
};

/* One that may leave, referral by referral: first it is seen whether each can be recorded, then each is. */
struct archiver_journey {
    size_t count, weighed, written; /* count 0: there is none */
    struct id ids[RETENTION_JOURNEY_MAX];
};

struct archiver {
    struct archiver_options options;
    struct arena arena; /* of a step */
    enum phase phase;
    struct turn_clock clock;
    int failure; /* of the pass: the first that did not end it, or what ended it */

    char **names; /* of the directory when the pass began */
    size_t next_name;
    bool is_adopting; /* the file told is one of them */
    bool has_known;   /* one of them is the store's */

    struct id at; /* the last referral looked at */
    bool at_end;  /* there are no more */
    struct archiver_journey journey;
    struct archive_writer *writer; /* NULL: nothing to write yet */

    char name[ARCHIVE_NAME_MAX]; /* of the file written, or told */
    struct archive *told;
    size_t told_count;
    struct archiver_done done;
};

void archiver_note_failure(struct archiver *archiver, int failure);
/* A step of going through all referrals and writing a file of those that may leave. 1: it goes on, or the phase is
 * SEALING; 0: there are no more; or the failure that ends the pass. */
int archiver_scan(struct archiver *archiver);
