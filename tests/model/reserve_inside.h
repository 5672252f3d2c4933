/* reserve_inside.h - what the files of the model say to each other. */
#pragma once
#include "reserve_model.h"

#include <assert.h>
#include <string.h>

/* reserve_units.c */
struct wish {
    int slot, count, first; /* first 0: the earliest that will do */
    int not_first;          /* where it must not begin; 0: anywhere */
    Referral__Channel channel;
    bool moves; /* a general patient moving inside the pool */
    int entry;  /* whose declined units do not count, and whose offer needs time; NOBODY */
};
/* The units the wish would get, as indexes into the pool's units. */
bool m_units_choose(struct world *world, const struct wish *wish, int ret_units[UNITS_MAX]);
/* Why not: every reason that is true. */
void m_units_why_not(struct world *world, const struct wish *wish, struct answer *answer);
void m_units_mark(struct world *world, int slot);
int m_unit_index(const struct m_pool *pool, int number); /* NOBODY: no such */
bool m_is_released(const struct world *world, const struct m_pool *pool);
bool m_units_follow(const struct m_pool *pool, int index); /* index and index + 1 are consecutive */
void m_unit_insert(struct m_pool *pool, int64_t start, int64_t end);
void m_unit_remove(struct m_pool *pool, int index);

struct counts m_sums(struct world *world, int slot); /* of the set; nothing is marked */

/* reserve_books.c (Q13) */
const struct m_book *m_book(const struct world *world, int slot);
bool m_book_is_slots(const struct world *world, int slot); /* the first of its group stands for all */
/* Adds what stood since the book was written last. */
void m_book_shortfall(const struct m_book *book, int64_t until, bool stands, int64_t *by, int64_t *ms);
bool m_book_had_time(const struct m_book *book, int64_t until);
void m_books_keep(struct world *world); /* before time goes on */
void m_book_require(struct world *world, int slot);
void m_book_group(struct world *world, int slot); /* its pools are to be one set */
void m_book_release(struct world *world, int slot);
void m_book_put_off(struct world *world, int slot);
void m_book_block(struct world *world, int slot, int64_t deficit_before);
void m_book_taken_back(struct world *world, int booking); /* before it ends */

/* reserve_say.c: codes */
void m_say(struct answer *answer, const char *code);

/* reserve_booking.c */
struct seed {
    int slot, count, referral, entry;
    const int *units; /* indexes */
    Referral__Channel channel;
    int64_t expires_at;
    bool allotment, counts_as_hold;
};
int m_booking_make(struct world *world, const struct seed *seed);
void m_booking_take(struct world *world, int booking, const int *units); /* indexes */
void m_booking_measure(struct world *world, int booking); /* its start and end, of the units it has now */
/* Its units become free, or blocked where the hospital cannot keep them; spent ones stay. */
void m_booking_vacate(struct world *world, int booking, bool to_blocked);
void m_booking_finish(struct world *world, int booking, Referral__BookingState state); /* its claim ends */
bool m_booking_lives(const struct m_booking *booking);                                 /* HELD or BOOKED */
/* Confirmed, perhaps after it had lapsed: what it means for its referral. */
void m_booking_drives(struct world *world, int booking, bool again);
void m_booking_followed(struct world *world, int booking); /* it has a session, perhaps another one */
int64_t m_offer_until(int64_t now, int64_t start);
int64_t m_day_start(int day);
int m_day_of(int64_t at);
struct m_claim *m_claim_begun(struct world *world, int referral,
                              Referral__PlaceClass class); /* there is one from now on */
struct m_claim *m_claim_of(struct world *world, int referral, Referral__PlaceClass class);
Referral__PlaceClass m_class_of(const struct world *world, const struct m_booking *booking);

/* reserve_life.c */
bool m_speaks_for(enum who who, enum who whom); /* T5 */
void m_tell(struct world *world, const struct tiding *tiding);
void m_life_back(struct m_referral *referral); /* to ACCEPTED or DELIVERED */
/* L6: holds and entries; booked places too, and what is owed for one, unless it ends after the patient has come. */
void m_life_free(struct world *world, int referral, bool booked_too);
void m_life_end(struct world *world, int referral, Referral__State state);
bool m_life_is_before_arrival(Referral__State state);
void m_life_run(struct world *world, int referral);
int64_t m_life_due(const struct m_referral *referral);
/* Q5: every refusal that stands against a place of this class for this referral. `own_*`: of what is being
 * confirmed. */
struct taker {
    enum who who;
    Referral__Channel channel;
    int referral, own_booking, own_entry;
    Referral__PlaceClass class;
    bool reference, holds;
};
void m_life_conditions(struct world *world, const struct taker *taker, struct answer *answer);
/* May all that it has and waits for be another patient's? */
bool m_may_pass(struct world *world, int referral, int patient);
void m_event_judge(struct world *world, const struct command *command, struct answer *answer);
void m_event_perform(struct world *world, const struct command *command);
/* What events mean for the place that drives the referral. */
const struct m_claim *m_main_claim(const struct m_referral *referral);
bool m_main_judge(const struct world *world, int referral, Referral__EventType event); /* false: BOOKING_NOT_NOW */
void m_main_arrived(struct world *world, struct m_referral *referral, int64_t came_at);
bool m_has_place_of(struct world *world, struct m_referral *referral, int64_t came_at); /* a unit of that day */
void m_main_missed(struct world *world, struct m_referral *referral);
void m_main_cancelled(struct world *world, struct m_referral *referral, bool by_hospital, bool unkept);

/* reserve_clock.c */
void m_pool_touch(struct world *world, int slot); /* C3 */
void m_referral_touch(struct world *world, int referral);
void m_bearers_touch(struct world *world, int slot);
int64_t m_pool_due(const struct world *world, int slot);

/* reserve_wait.c */
int m_entry_make(struct world *world, const struct m_entry *seed);
void m_entry_remove(struct world *world, int entry);
void m_entry_offer_ended(struct world *world, int entry, int booking, bool lapsed);
void m_entry_displaced(struct world *world, int booking);
void m_entry_wake(struct world *world, int entry);
void m_note(struct world *world, int slot);
void m_looked_at(struct world *world, int slot); /* C4: what is overdue waits from now on */
void m_settle(struct world *world);

/* reserve_publish.c */
struct m_times {
    int64_t fd_opens_at, general_opens_at, release_at;
    bool short_notice;
};
struct m_times m_first_times(int64_t now, const struct command *command, int64_t start, struct answer *answer);
struct m_times m_later_times(const struct m_pool *pool, const struct command *command, int64_t start,
                             struct answer *answer);
void m_set_times(struct world *world, struct m_pool *pool, const struct m_times *times);
bool m_put_looks(const struct world *world,
                 const struct command *command); /* at pools, or it is refused for its form */
void m_put_judge(struct world *world, const struct command *command, struct answer *answer);
void m_put_perform(struct world *world, const struct command *command);

/* reserve_group.c */
bool m_group_is_declared(const struct world *world, int slot); /* for its day */
int64_t m_group_start(const struct world *world, int slot);    /* of the earliest pool of its day; 0: there is none */
int m_group_member(const struct world *world, int slot);       /* a pool of its day that is in it; NOBODY */
void m_group_judge(struct world *world, const struct command *command, struct answer *answer);
void m_group_perform(struct world *world, const struct command *command);

/* reserve_week.c */
void m_week_judge(const struct world *world, const struct command *command, struct answer *answer);
void m_week_perform(struct world *world, const struct command *command);
int m_week_first_due(const struct world *world); /* NOBODY: none */
void m_week_wake(struct world *world, int week);
int64_t m_week_next(const struct world *world, int64_t after); /* 0: none */

/* reserve_block.c, reserve_cut.c */
void m_publish_judge(struct world *world, const struct command *command, struct answer *answer);
void m_publish_perform(struct world *world, const struct command *command);
/* Which units, by index, a cut of `count` takes among those `eligible` says; fewer where there are not so many. */
int m_cut_choose(const struct world *world, int slot, const bool *eligible, int count, bool booked,
                 int ret_units[UNITS_MAX]);
void m_displaced(struct world *world, int booking, bool was_main);
void m_cut_perform(struct world *world, int slot, const bool *goes); /* by index */
bool m_unit_is_spent(const struct world *world, const struct m_unit *unit);

/* reserve_take.c, reserve_change.c */
void m_take_judge(struct world *world, const struct command *command, struct answer *answer);
void m_take_perform(struct world *world, const struct command *command, struct answer *answer);
void m_change_judge(struct world *world, const struct command *command, struct answer *answer);
void m_change_perform(struct world *world, const struct command *command, struct answer *answer);
/* Q6: may the channel take anything of the pool now? */
void m_open_judge(const struct world *world, int slot, Referral__Channel channel, struct answer *answer);
