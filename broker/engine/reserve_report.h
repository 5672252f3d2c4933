/* reserve_report.h - the report of Q13 from a replayed ledger: was the reserve kept, by service date and class.
 * Nobody's data is in it. */
#pragma once
#include "engine/replay.h"

struct reserve_line { /* all amounts in units, but where said otherwise */
    Referral__PlaceClass class;
    char date[16];                /* "2026-11-22", or "2026-11" of a month; "" in a total */
    uint64_t pools, short_notice; /* sessions; those of short notice among them */
    uint64_t capacity;            /* sum of C */
    uint64_t required;            /* sum of R */
    uint64_t kept;             /* sum of max(0, R - shortfall); nothing where no time lay between opening and release */
    uint64_t kept_bp;          /* kept of capacity, basis points rounded down; 0 where there is no capacity */
    uint64_t family;           /* used by family doctors: held, booked, used and no-show */
    uint64_t general;          /* used by others, emergencies among them */
    uint64_t released_unused;  /* marked when the reserve was released */
    uint64_t refused_reserve;  /* refusals that the reserve caused, not units */
    uint64_t blocked;          /* that serve nobody */
    uint64_t blocked_over;     /* of all blocks ever made: into the reserve (Q14) */
    uint64_t family_cancelled; /* family doctors' units taken back by the hospital */
    uint64_t emergency;        /* of `general`: taken by emergencies (Q12) */
    uint64_t outside;          /* bookings without a unit, counted apart (Q15) */
};

/* A pool or group whose reserve was short between its opening and its release. */
struct reserve_gap {
    Referral__PlaceClass class;
    const char *department, *resource, *date; /* resource: NULL for a group */
    struct replay_shortfall shortfall;
};

struct reserve_report {
    struct reserve_line *lines; /* in order of class, then date */
    size_t line_count;
    struct reserve_line *totals; /* one a class */
    size_t total_count;
    struct reserve_gap *gaps; /* in order of class, date, department, resource */
    size_t gap_count;
};

/* Service dates from `first_date` to `last_date`, both included; NULL: without bound. In the arena. */
struct reserve_report reserve_report(const struct replay *replay, struct arena *arena, const char *first_date,
                                     const char *last_date, bool by_month);
