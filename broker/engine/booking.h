/* booking.h - one booking in a turn, and what it means for its referral (Q5, Q7, Q9, Q12, section 4).
 *
 * Two loads of one booking in a turn give the same struct. Whatever changes a booking goes through here, so that pool, ledger, claims (of
 * referral, patient and team), timeline and notices agree. */
#pragma once
#include "engine/life.h"
#include "engine/pool.h"

struct booking_of {
    struct id id;
    Record__Booking *row;
    struct pool_of *pool;
    bool is_new;
};

/* NULL: none. Loads its pool first, so that a hold that has expired has lapsed (C3). */
struct booking_of *booking_load(struct work *work, struct id id);
/* As its parties see it; `for_hospital`: with the hospital's own reference. */
Referral__Booking *booking_view(struct work *work, struct id id, const Record__Booking *row, bool for_hospital);

/* Units already chosen (pool_choose). Makes a HELD booking, takes the units, writes ledger row HELD, or OFFERED where `entry` is set; claims are
 * the caller's. booking_confirm then makes it BOOKED. */
struct booking_seed {
    struct pool_of *pool;
    Referral__Channel channel;
    const uint32_t *units;
    size_t count;
    struct instant expires_at;
    struct life_of *life;  /* NULL: no referral */
    const char *reference; /* NULL: none */
    struct id entry;       /* unset: no offer */
    bool allotment;
};
struct booking_of *booking_begin(struct work *work, const struct booking_seed *seed);

/* What ends a booking, or takes its units: the units go where `units_to` says, claims end, the ledger row is written. Does not touch the referral's
 * state and tells nobody: booking_tell and life_step do. */
enum units_to {
    UNITS_FREE,
    UNITS_BLOCKED /* Q14: "not available" */,
    UNITS_GONE /* the cut that follows removes them */,
    UNITS_SPENT
};
void booking_end(struct work *work, struct booking_of *booking, Referral__BookingState state, enum units_to units_to,
                 Referral__Reason reason /* 0: none */);
/* Its units become others of its pool, or of another (Q9, Q10): rows MOVED_OUT and MOVED_IN. */
void booking_move(struct work *work, struct booking_of *booking, struct pool_of *pool, const uint32_t *units);
void booking_save(struct work *work, struct booking_of *booking);

/* The clock's: a hold has expired. Called by pool.c when it brings a pool up to date. Units are free again; an offer's entry keeps its rank. */
void booking_lapse(struct work *work, struct pool_of *pool, struct id id);
/* The clock's: no-shows assumed for family places of a further class, when the session is long over. */
void booking_assume_no_show(struct work *work, struct pool_of *pool, struct id id);
/* Q10: the hospital takes the units away and no others are left in the pool: DISPLACED, first in the wait-list (but an allotment, which shrinks),
 * everybody told; a main booking's referral becomes WAITLISTED. The units are gone or blocked afterwards. */
void booking_displace(struct work *work, struct booking_of *booking, enum units_to units_to, Referral__Reason reason);
/* Q10: other units of its pool instead; sender and team are told. */
void booking_shift(struct work *work, struct booking_of *booking, const uint32_t *units);
/* Q10: where bookings change places with each other, one is taken out first: row MOVED_OUT, its units free; booking_shift then only takes. */
void booking_lift(struct work *work, struct booking_of *booking);
/* Q15: an allotment loses these of its units (UNITS_FREE or UNITS_GONE): row RETURNED; with the last one it is CANCELLED. Tells nobody. */
void booking_shrink(struct work *work, struct booking_of *booking, const uint32_t *units, size_t count,
                    enum units_to units_to);

/* What a referral's life means for its places; called by life.c while the life is loaded (life_load has brought the pools of its claims up to
 * date). L6: everything it holds and waits for is freed. */
void booking_release_claims(struct work *work, struct life_of *life);
/* Its main place: the patient came, did not come (by hospital or clock), or cancels (`reason` NOT_AVAILABLE by the hospital: units go to B). */
void booking_main_used(struct work *work, struct life_of *life);
void booking_main_missed(struct work *work, struct life_of *life);
void booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason, bool by_hospital);
/* Brings the pools of a referral's claims up to date (C3); life_load calls it before it reads the row for good. True: something happened. */
bool booking_catch_up(struct work *work, const Record__Referral *row);

/* The claim of a class; NULL: none. */
Record__Claim *claim_of(const Record__Referral *row, Referral__PlaceClass class);
