/* booking.h - one booking in a turn, and what it means for its referral (Q5, Q7, Q9, Q12, section 4).
 *
 * Two loads of one booking in a turn give the same struct. Whatever changes a booking goes through here, so that pool,
 * ledger, claims (of referral, patient and team), timeline and notices agree. Each function writes the booking's row;
 * the pool is saved by the caller when all of it is done, and so is a referral that is handed in, but where a function
 * says that it does so itself. */
#pragma once
#include "engine/claim.h"
#include "engine/pool.h"

struct booking_of {
    struct id id;
    Record__Booking *row;
    struct pool_of *pool;
};

/* NULL: none. Loads its pool first, so that a hold that has expired has lapsed (C3). */
struct booking_of *booking_load(struct work *work, struct id id);
/* As its parties see it; `for_hospital`: with the hospital's own reference. */
Referral__Booking *booking_view(struct work *work, struct id id, const Record__Booking *row, bool for_hospital);
Referral__PlaceClass booking_class(const struct booking_of *booking);
struct id booking_referral(const struct booking_of *booking); /* unset: it has none */
/* Its first unit has started: it is neither moved nor given back any more (Q6). */
bool booking_has_started(const struct work *work, const struct booking_of *booking);
/* As the record of a referral and notices name it. */
Referral__Place *booking_place(struct work *work, const struct booking_of *booking);

/* Units already chosen (pool_choose). Takes them, HELD until expires_at or BOOKED at once; the referral and its patient
 * claim it, the team holds it. Rows HELD, OFFERED, BOOKED, ALLOTTED. */
struct booking_seed {
    struct pool_of *pool;
    Referral__Channel channel;
    const uint32_t *units;
    size_t count;
    struct instant expires_at;   /* unset: BOOKED */
    struct life_of *life;        /* NULL: no referral */
    const char *reference;       /* NULL: none */
    struct id entry;             /* Q8: it is an offer of that one; unset: no offer */
    ProtobufCBinaryData patient; /* whose place it is; empty: nobody's in particular */
    bool allotment;
};
struct booking_of *booking_begin(struct work *work, const struct booking_seed *seed);
/* HELD or, its units being free again, LAPSED becomes BOOKED. */
void booking_confirm(struct work *work, struct booking_of *booking, struct life_of *life);

/* What ends a booking, or takes its units: the units go where `units_to` says, the referral's claim on it ends, the
 * ledger row is written. Does not touch the referral's state and tells nobody. `life`: its referral; NULL: it has
 * none. */
enum units_to {
    UNITS_FREE,
    UNITS_BLOCKED, /* Q14: "not available" */
    UNITS_GONE,    /* the cut that follows removes them */
    UNITS_SPENT
};
void booking_end(struct work *work, struct booking_of *booking, struct life_of *life, Referral__BookingState state,
                 enum units_to units_to, Referral__Reason reason /* 0: none */);
/* Q15: an allotment loses some of its units, though not all: a row RETURNED. */
void booking_shrink(struct work *work, struct booking_of *booking, const uint32_t *units, size_t count,
                    enum units_to units_to);
/* Its units become others of its pool, or of another (Q9, Q10): rows MOVED_OUT and MOVED_IN. booking_lift is the first
 * half of that, where bookings stand in each other's way. */
void booking_lift(struct work *work, struct booking_of *booking);
void booking_move(struct work *work, struct booking_of *booking, struct pool_of *pool, const uint32_t *units);

/* The clock's: a hold has expired. Called by pool.c when it brings a pool up to date. Units are free again; an offer's
 * entry keeps its rank. Saves the referral. */
void booking_lapse(struct work *work, struct pool_of *pool, struct id id);
/* The clock's: no-shows assumed of referrals' places when the session is long over; a main place is its referral's own
 * clock's affair. Saves the referral. */
void booking_assume_no_show(struct work *work, struct pool_of *pool, struct id id);
/* Q10: the hospital takes the units away and no others are left in the pool: DISPLACED, first in the wait-list (but an
 * allotment), everybody told; a main booking's referral becomes WAITLISTED. An offer goes back to its entry. The units
 * are gone or blocked afterwards. `detail` is what they are told of it, the reason at least. Saves the referral. */
void booking_displace(struct work *work, struct booking_of *booking, enum units_to units_to,
                      const Referral__Event *detail);
/* Q10: other units of its pool instead; sender and team are told, and the hospital of a booking that is its own. Saves
 * the referral. */
void booking_shift(struct work *work, struct booking_of *booking, const uint32_t *units);

/* What a referral's life means for its places; called by life.c while the life is loaded (life_load has brought the
 * pools of its claims up to date), and saved by it. These save their pools.
 * L6: everything it holds and waits for is freed; booked places of a patient who is or was there, and what is owed for
 * one that the hospital took away, only where `booked_too`. */
void booking_release_claims(struct work *work, struct life_of *life, bool booked_too);
/* The patient came, on that day, `from` that state: the place is used for which he came, his main one of the day, with
 * a unit or without (Q15), else one of another class, else one of a day before; what else he has or waits for stays.
 * Without one he is a walk-in: the main place is free again, of a main entry he leaves the list. NULL: no unit; else
 * the place as it is now. */
const Referral__Booking *booking_arrived(struct work *work, struct life_of *life, enum state from,
                                         struct instant came_at);
/* Its main place: he did not come, or gave it back (`reason` NOT_AVAILABLE by the hospital: units go to B). Of a main
 * entry: it leaves the list. NULL: no unit; else the place as it is now. */
const Referral__Booking *booking_main_missed(struct work *work, struct life_of *life);
const Referral__Booking *booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason,
                                                bool by_hospital);
void booking_main_left(struct work *work, struct life_of *life);
/* Q15: it has a place without a unit from now on; whatever drove its state does so no more, and it waits for that class
 * no longer. */
void booking_main_outside(struct work *work, struct life_of *life, Referral__PlaceClass class);
/* An amended sheet names another patient (by its key): whatever it has or waits for is that one's. Not where that one
 * has, or waits for, such a place through another referral, and this one is of the family channel (Q5). */
bool booking_may_pass(struct work *work, const struct life_of *life, ProtobufCBinaryData patient);
void booking_pass(struct work *work, struct life_of *life, ProtobufCBinaryData patient);
/* The unit that drives its state; NULL: none. */
struct booking_of *booking_main(struct work *work, const struct life_of *life);
/* Brings the pools of a referral's claims up to date (C3); life_load calls it before it reads the row for good. True:
 * something happened. */
bool booking_catch_up(struct work *work, const Record__Referral *row);
