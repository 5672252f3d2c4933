/* publish_parts.h - what the files of publishing share; included by nobody else.
 *
 * publish.c: the commands that publish. publish_units.c: those that take away and give back. publish_runs.c: units as
 * people write them. publish_plan.c: a pool as it should be, compared with what there is. publish_group.c: pools that
 * share a reserve (Q11). timetable.c: a day of a week; timetable_clock.c: weeks, day by day; timetable_check.c: what a
 * week may say. */
#pragma once
#include "engine/displace.h"

/* ---- Units as people write them ---- */

struct unit_run {
    struct instant start;
    uint32_t count;
    uint32_t minutes; /* 0: all at the same time, an hour each */
};
struct unit_runs {
    const struct unit_run *list;
    size_t count;
};
struct instant run_unit_start(const struct unit_run *run, uint32_t i);
struct instant run_unit_end(const struct unit_run *run, uint32_t i);
/* Each run in bounds, no two overlapping unless they start together, at most LIMIT_POOL_UNITS units. Paths are
 * "<field>[i].count" and so on, with `start_field` for the start. Findings are added; false where there were any. */
bool runs_check(struct findings *findings, const struct unit_runs *runs, const char *field, const char *start_field);

/* ---- A pool as it should be ---- */

struct pool_plan {
    struct pool_key key;
    const char *doctor; /* NULL: as it was */
    struct unit_runs runs;
    uint32_t reserve_bp, span; /* 0: the default, or as it was */
    struct pool_times_wish times;
    bool displace;         /* booked units may go (Q10) */
    const char *person;    /* who decided; NULL: nobody is named */
    const char *timetable; /* that publishes it; NULL: by hand */
};
/* What is missing from what there is, or too much of it. */
struct pool_change {
    struct pool_of *pool;
    struct pool_times times;
    uint32_t reserve_bp, span;
    struct instant start;
    bool *is_added; /* of each wanted unit, run by run */
    size_t wanted_count, added_count;
    bool found_begun; /* a unit that would be added has begun already */
    uint32_t *cut;
    size_t cut_count;
};
/* Reads, and adds findings with the fields of PUT_POOL; false where there are any. Pools and lives are loaded here. */
bool plan_compare(struct work *work, const struct pool_plan *plan, struct findings *findings,
                  struct pool_change *ret_change);
/* Changes what differs, and nothing where nothing does. Returns how many bookings were moved or displaced. */
uint32_t plan_apply(struct work *work, const struct pool_plan *plan, const struct pool_change *change);
/* These units go, and row CUT says so; whoever had them moves or waits. The pool is the caller's to save. Returns as
 * above. */
uint32_t publish_cut(struct work *work, struct pool_of *pool, struct picture *picture, const uint32_t *units,
                     size_t count, Referral__BlockReason reason /* 0: the plan's */, const char *person);
struct pool_times publish_times_of(const Record__Pool *row);
/* True where they differ from what they were. */
bool publish_set_terms(struct work *work, Record__Pool *row, const struct pool_times *times, uint32_t reserve_bp,
                       uint32_t span);

/* ---- Groups ---- */

struct group_plan {
    struct pool_key key;       /* resource: none */
    uint32_t reserve_bp, span; /* 0: the default, or as it was */
    struct pool_times_wish times;
};
bool group_check(struct work *work, const struct group_plan *plan, struct findings *findings);
void group_apply(struct work *work, const struct group_plan *plan); /* after group_check */

/* ---- Timetables ---- */

/* All that can be said of a week before it meets a day; findings are added. */
void timetable_check(struct findings *findings, const Referral__Timetable *put);
/* Brings one of its days about. `ret_failed`: booked units or the group's terms stand in the way of some of it. False:
 * the turn has no room for more ids, and the day goes on in the next one. */
bool timetable_publish_day(struct work *work, const struct timetable_key *key, const Referral__Timetable *timetable,
                           int64_t day, bool *ret_failed);
int64_t timetable_day(const char *date, int64_t otherwise); /* where none is given */
/* Its runs on a day, in the hospital's time. */
struct unit_runs timetable_runs(struct arena *arena, const Referral__TimetableSession *session, int64_t day,
                                int offset_minutes);

/* ---- Shared checks ---- */

/* Q1: p in its range, span at least 1. `prefix`: "" or "sessions[3]." */
void publish_check_share(struct findings *findings, const char *prefix, const uint32_t *reserve_bp,
                         const uint32_t *span);
/* T1: one of the hospital's departments. */
void publish_check_department(struct findings *findings, const struct registry_institution *hospital,
                              const char *department, const char *field);
/* Day within [today, today + LIMIT_PUBLISH_DAYS]. */
void publish_check_day(struct work *work, struct findings *findings, const struct pool_key *key, const char *field);
bool publish_names_person(const Referral__Person *person);
bool publish_may(struct work *work, const char *hospital /* NULL: the actor */);             /* refuses */
int64_t publish_today(const struct work *work, const struct registry_institution *hospital); /* its local day */
char *publish_subject(struct work *work, const struct pool_key *key);                        /* for the audit */
