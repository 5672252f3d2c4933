/* reserve_model.h - the rules of places and the reserve once more, written naively from their text (Q1-Q15, section 4,
 * C1-C3): arrays and linear scans, no store, nothing of the broker but its protocol's numbers and its arithmetic of
 * dates.
 *
 * One hospital, H1, with pools of three classes (reserve_slots); T07 and T08 refer to it with their teams, V01 with one
 * of T07, which may speak for it (T5), and H2 without one. A command names what earlier commands made by their labels,
 * so that a story still means the same when some of it is left out. */
#pragma once
#include <stddef.h>

#include "base/instant.h"
#include "place.pb-c.h"
#include "reserve_seen.h"

#define RESERVE_OFFSET_MINUTES 480
/* Who plays the model in a world of his own (tests/sim) has other pools, and begins at another time. */
#ifndef RESERVE_BASE
#define RESERVE_BASE      1795221000000 /* 2026-11-21 08:30 in China, a Saturday */
#define RESERVE_SLOTS     10
#define RESERVE_REFERRALS 512
#endif

enum {
    SLOTS = RESERVE_SLOTS, /* pools there may be */
    UNITS_MAX = 64,        /* of one pool, ever */
    BOOKINGS_MAX = 4096,
    ENTRIES_MAX = 2048,
    REFERRALS_MAX = RESERVE_REFERRALS,
    DECLINED_MAX = 32,
    PATIENTS = 6,
    CLASSES = 4, /* by number: EXPERT, BED, EXAM */
    RUNS_MAX = 3,
    PICKED_MAX = 8,
    SESSIONS_MAX = 5, /* of a week, */
    EXCEPTIONS_MAX = 2,
    WEEK_RUNS_MAX = 2, /* and of a session of it */
    WEEKS_MAX = 6,
    CONFLICTS_MAX = 32,
    CODES_MAX = 32,
    NOBODY = -1
};

/* The last ones are nobody's in stories: another hospital, and somebody who has to do with no place. */
enum who { WHO_H1, WHO_H2, WHO_T07, WHO_T08, WHO_V01, WHO_COUNT, WHO_C1 = WHO_COUNT, WHO_STRANGER };
extern const char *const reserve_who[WHO_STRANGER + 1];

enum op {
    OP_CLOCK,
    OP_SUBMIT,
    OP_EVENT,
    OP_PUT,
    OP_CUT,
    OP_CANCEL_POOL,
    OP_BLOCK,
    OP_UNBLOCK,
    OP_GROUP,
    OP_HOLD,
    OP_BOOK,
    OP_CONFIRM,
    OP_CANCEL,
    OP_MOVE,
    OP_DISPLACE,
    OP_MARK,
    OP_JOIN,
    OP_LEAVE,
    OP_WEEK,
    OP_DROP_WEEK,
    OP_COUNT
};

/* Which pool a slot names. */
struct slot {
    Referral__PlaceClass class;
    const char *department, *resource;
    int day; /* after that of RESERVE_BASE */
};
extern const struct slot reserve_slots[SLOTS];

/* The nth booking, or entry, or referral, that the command `label` made. */
struct name {
    int label, nth;
};

struct run {
    int count, start_minute, minutes;
};

/* A timetable, of the class and department of its command's slot. 0 and NOBODY as in commands. */
struct session {
    int slot;    /* whose resource it has, whatever that one's day */
    int weekday; /* from 1, Monday; an exception's has none */
    struct run runs[WEEK_RUNS_MAX];
    int run_count, reserve_bp, span, release_before; /* minutes, or NOBODY */
};
struct week {
    int id, session_count, exception_count;
    struct session sessions[SESSIONS_MAX];
    struct {
        int day, session_count;
        struct session sessions[2];
    } exceptions[EXCEPTIONS_MAX];
    int first_day, end_day; /* NOBODY: none */
    int horizon;            /* 0: 14 days */
    struct {
        int days_before, minute; /* NOBODY: at publication */
    } family, general;
    bool grouped, displace;
};

/* 0 means absent, and NOBODY where 0 says something. */
struct command {
    enum op op;
    int label;
    int64_t at_ms, occurred_at; /* MARK; 0: as it is said */
    bool apart;                 /* does not share a turn with the one before */
    bool late;                  /* no clock command went before it, whatever is due */
    bool doubt;                 /* the time is held in doubt (C4): it ends nothing and releases nothing */
    enum who who;
    int slot;
    struct run runs[RUNS_MAX];
    int run_count, reserve_bp, span;
    int64_t fd_opens_at, general_opens_at, release_at;
    int picked[PICKED_MAX], picked_count; /* units by number */
    int count, first;
    Referral__Channel channel;
    int referral; /* label of its SUBMIT, or NOBODY */
    struct name booking, entry;
    int minutes;
    bool allotment, displace, reference, any_resource;
    int reason;              /* Referral__Reason or Referral__BlockReason */
    int first_day, last_day; /* JOIN */
    Referral__EventType event;
    Referral__BookingState mark;
    int team, patient; /* SUBMIT; team 0: none */
    Referral__Priority priority;
    enum who receiver;
    struct week week;
};

struct m_unit {
    int number;
    int64_t start, end;
    Referral__UnitState state;
    int booking, block_reason;
    bool marked, vacant; /* vacant: while a cut is judged */
};

struct m_pool {
    bool exists, cancelled, grouped, released, fd_opened, general_opened, over, short_notice, touching;
    int week;  /* that published it last, by number; NOBODY: people did */
    int noted; /* its place among those that are to be offered; 0: none */
    int reserve_bp, span;
    int64_t fd_opens_at, general_opens_at, release_at, start, published_at;
    int64_t saved_at; /* where somebody else's clock comes round: when it was looked at last, */
    bool saved_doubt; /* and whether in doubt */
    int next_unit, count;
    struct m_unit units[UNITS_MAX]; /* in order of start, then number */
};

struct m_booking {
    struct name name;
    int slot, referral, team, entry, count;
    Referral__Channel channel;
    Referral__BookingState state;
    int units[UNITS_MAX];
    int64_t start, end, expires_at;
    bool allotment, emergency, counts_as_hold;
};

struct m_entry {
    struct name name;
    bool live, displaced, noted;
    Referral__PlaceClass class;
    const char *department;
    int slot; /* whose resource it wants, or NOBODY */
    int first_day, last_day, units, referral, offer, lapses;
    Referral__Channel channel;
    Referral__Priority priority;
    int64_t since, due_at; /* when its last day is over, and is looked at */
    int declined_slot[DECLINED_MAX], declined_unit[DECLINED_MAX], declined_count;
};

/* What a hospital publishes by the week, day after day. */
struct m_week {
    bool exists, fresh; /* said in this turn: its days come in the next */
    int slot;           /* class and department */
    struct week plan;
    int next_day;                                 /* first that was not looked at, as it is now */
    int planned_to;                               /* nor ever, by any plan of it */
    int64_t due_at;                               /* 0: never */
    int conflicts[CONFLICTS_MAX], conflict_count; /* days that could not be published as it says */
};

struct m_claim {
    int booking, entry; /* NOBODY: none */
    bool is_main;
    int order; /* in which the referral's claims came */
};

struct m_referral {
    int label;
    enum who sender, receiver;
    int team, patient;
    bool down;
    Referral__Priority priority;
    Referral__State state, previous;
    bool accepted;
    int rounds, rebookings;
    int64_t submitted_at, valid_until, no_show_at;
    int outside;           /* Q15: class of the place without a unit that it had last; 0: none */
    int64_t outside_start; /* of that place */
    struct m_claim claims[CLASSES];
};

/* What the report of Q13 adds up of a pool alone, or of a day's group. */
struct m_book {
    bool begun, had_time;
    int64_t required, short_by, short_ms;
    int64_t deficit, opens_at, release_at, since; /* as they stand, and since when */
};

/* What it adds up of each pool, grouped or not. */
struct m_tally {
    bool released; /* in the ledger: a cancelled one is not */
    int64_t released_unused, blocked_over, family_cancelled;
};

/* What the parties learn of a referral's places (L2), and where section 4 moves it on for them. */
enum told { TOLD_NOBODY, TOLD_SENDER, TOLD_OTHERS, TOLD_ALL };
enum side { SIDE_CLOCK, SIDE_SPEAKER, SIDE_HOSPITAL };
struct tiding {
    Referral__EventType event;
    int referral; /* NOBODY: the hospital alone is told, of its own patient */
    enum told told;
    enum side by;
    bool is_step; /* an event of section 4's table */
};
/* Whoever plays referrals himself is asked for what is due of one, and learns what its places mean for it. */
struct lives {
    void *user;
    void (*run)(void *user, int referral);
    void (*told)(void *user, const struct tiding *tiding);
    /* A booked place of it has this session now. */
    void (*session)(void *user, int referral, int64_t end, bool is_main);
};

struct world {
    int64_t now;
    bool doubt;                /* C4, of the command at work */
    const struct lives *lives; /* NULL: section 4 as reserve_life.c has it */
    enum who who;              /* speaks */
    struct m_pool pools[SLOTS];
    struct m_book books[SLOTS], group_books[SLOTS]; /* a group's with the first slot of its day */
    struct m_tally tallies[SLOTS];
    int64_t outside[CLASSES]; /* Q15: bookings without a unit, ever */
    struct m_booking bookings[BOOKINGS_MAX];
    struct m_entry entries[ENTRIES_MAX];
    struct m_referral referrals[REFERRALS_MAX];
    struct m_week weeks[WEEKS_MAX];
    int booking_count, entry_count, referral_count, claim_count, note_count;
    bool clock_comes; /* something was due when this turn began: what its commands make due comes in it, too */
    int by_week;      /* at work: not the hospital itself but this timetable, by number from 1; 0: none */
    int weeks_said;   /* ever */
    int days_done;    /* of timetables, in this turn */
    int label, made_bookings, made_entries; /* of the command at work */
    bool settling;                          /* offers are being made */
    bool as_kept;                           /* it is counted as if the release had not come */
    bool taken_back;                        /* what ends, ends by the hospital */
    uint64_t seen[SEEN_COUNT];
};

/* What the rules say to a command. Refused iff there are codes; whoever refuses may name any of them. */
struct answer {
    const char *codes[CODES_MAX];
    int code_count;
    int booking, entry;    /* what the reply bears; NOBODY: nothing */
    int offer;             /* of that entry */
    struct m_booking said; /* that booking or offer, as it then stands */
};

/* The sums of section 6 over a pool's set: itself, or its group. */
struct counts {
    int64_t capacity, blocked, general, family, free, reserve;
    int64_t owed; /* of the reserve, to family doctors' patients still: nothing from release on */
    int64_t marks, marked, deficit;
};

void reserve_init(struct world *world);
void reserve_copy(struct world *to, const struct world *from);
/* Equal where nothing that follows can tell two worlds apart but by names. */
uint64_t reserve_hash(struct world *world);
/* Does what is due first where the command says so, then judges; changes nothing else. False: it names what is not
 * there (any more). */
bool reserve_judge(struct world *world, const struct command *command, struct answer *ret_answer);
/* Carries out what was not refused, and all that follows from it. */
void reserve_perform(struct world *world, const struct command *command, struct answer *answer);
/* The clock's command that goes before (or, for a late one, after) this one; what it makes has names of its own. */
struct command reserve_clock_before(const struct command *command);
/* C3: all that is due, in order. */
void reserve_clock(struct world *world);

struct counts reserve_counts(struct world *world, int slot);
struct counts reserve_counts_alone(struct world *world, int slot); /* C, B, G, F of the pool alone */
/* C4: a hold of the set that ended while the time was in doubt stands until the clock comes by again, a minute later at
 * most. Meanwhile the broker counts its units as free, and the model does not: both is right. */
bool reserve_lags(const struct world *world, int slot);
/* Slots of the same set in order of resource; returns how many. */
int reserve_set(const struct world *world, int slot, int ret_slots[SLOTS]);
/* Where n units could be booked now: how many units they may begin with, and their numbers. */
int reserve_bookable(struct world *world, int slot, Referral__Channel channel, int units, int ret_firsts[UNITS_MAX]);
/* The same at a later instant, if nobody took or gave back anything until then: how many. */
int reserve_bookable_at(struct world *world, int slot, Referral__Channel channel, int units, int64_t at);
int reserve_find_booking(const struct world *world, struct name name);
int reserve_find_entry(const struct world *world, struct name name);
int reserve_find_referral(const struct world *world, int label);
/* Wait-list of the slot's class and department in its order. */
int reserve_list(const struct world *world, int slot, int ret_entries[ENTRIES_MAX]);
int reserve_team_holds(const struct world *world, int team);
/* When the first thing became due of a pool, or of a wait-list entry, that is due now; 0: none is. And that one
 * done. */
int64_t reserve_due(const struct world *world);
void reserve_wake(struct world *world);
/* The earliest instant strictly after `after` at which something is due of itself; 0: none. */
int64_t reserve_next_instant(const struct world *world, int64_t after);
/* No turn has time for more: what else is due comes in the next. */
bool reserve_turn_is_over(const struct world *world);
/* A turn begins. */
void reserve_turn(struct world *world, bool clock_comes);
/* Number of the timetable that a pool's row names, or a command. */
int reserve_week_number(int slot, int id);
/* One line of a story. */
void reserve_tell(char *out, size_t size, const struct command *command);
