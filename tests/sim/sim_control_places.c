/* sim_control_places.c - the comparison of places can fail: each mistake planted in the broker's section 6 is found.
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "sim/sim_found.h"

#include "engine/alarm.h"
#include "engine/asking.h"
#include "engine/booking_parts.h"
#include "engine/families.h"
#include "engine/hospital.h"
#include "engine/place_step.h"
#include "engine/pool_count.h"
#include "engine/publish_parts.h"
#include "engine/waiting.h"
#include "rules/pool_times.h"
#include "rules/quota.h"
#include "store/rows_place.h"

#include <criterion/criterion.h>

static enum {
    NOTHING,
    EATS_THE_RESERVE,
    COUNTS_ALONE,
    DOUBTS_NOTHING,
    CANCELS_NOTHING,
    HOLDS_TOO_LONG,
    LAPSES_NOTHING,
    OFFERS_TOO_LONG,
    OPENS_AT_ONCE,
    PASSES_OVER_WAITERS,
    SPENDS_NOTHING,
    BOOKS_BESIDE_LIFE,
    TELLS_NOBODY,
    BOOKS_BEDS_AT_ONCE,
    RELEASES_BEDS_LATE,
    KEEPS_WHAT_ENDED,
    FREES_ALL_AT_THE_END,
    FREES_WHAT_IS_NOT_KEPT,
    PUBLISHES_NO_DAY,
    PUBLISHES_AN_HOUR_LATE,
    WITHDRAWS_NOTHING,
    GROUPS_NO_DAY,
    RAISES_NO_CONFLICT,
    FORGETS_NO_CONFLICT,
    PUBLISHES_ON,
    SEES_NO_OTHER_PLACE,
    PASSES_NOTHING,
    SHOWS_NO_WEEK,
    ENDS_NO_CLAIM,
} planted;

uint64_t __real_quota_reserved_now(const struct quota *quota, struct instant now);
uint64_t __wrap_quota_reserved_now(const struct quota *quota, struct instant now)
{
    return planted == EATS_THE_RESERVE ? 0 : __real_quota_reserved_now(quota, now);
}

struct pool_count __real_pool_count(struct arena *arena, Record__Pool *const *pools, size_t count, struct instant now,
                                    bool hold);
struct pool_count __wrap_pool_count(struct arena *arena, Record__Pool *const *pools, size_t count, struct instant now,
                                    bool hold)
{
    return __real_pool_count(arena, pools, planted == COUNTS_ALONE ? 1 : count, now, hold && planted != DOUBTS_NOTHING);
}

struct instant __real_hold_until(struct instant now, uint32_t minutes, struct instant start);
struct instant __wrap_hold_until(struct instant now, uint32_t minutes, struct instant start)
{
    struct instant until = __real_hold_until(now, minutes, start);

    return planted == HOLDS_TOO_LONG ? instant_after(until, 1) : until;
}

struct instant __real_offer_until(struct instant now, struct instant start, int offset_minutes);
struct instant __wrap_offer_until(struct instant now, struct instant start, int offset_minutes)
{
    struct instant until = __real_offer_until(now, start, offset_minutes);

    return planted == OFFERS_TOO_LONG && instant_is_set(until) ? instant_after(until, 1) : until;
}

enum refusal __real_pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel);
enum refusal __wrap_pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel)
{
    return planted == OPENS_AT_ONCE ? REFUSED_NOT : __real_pool_is_open(work, pool, channel);
}

void __real_waiting_note_pool(struct work *work, struct pool_of *pool);
void __wrap_waiting_note_pool(struct work *work, struct pool_of *pool)
{
    if (planted != PASSES_OVER_WAITERS)
        __real_waiting_note_pool(work, pool);
}

void __real_booking_lapse(struct work *work, struct pool_of *pool, struct id id);
void __wrap_booking_lapse(struct work *work, struct pool_of *pool, struct id id)
{
    if (planted != LAPSES_NOTHING)
        __real_booking_lapse(work, pool, id);
}

const Referral__Booking *__real_booking_arrived(struct work *work, struct life_of *life, enum state from,
                                                struct instant came_at);
const Referral__Booking *__wrap_booking_arrived(struct work *work, struct life_of *life, enum state from,
                                                struct instant came_at)
{
    return planted == SPENDS_NOTHING ? NULL : __real_booking_arrived(work, life, from, came_at);
}

void __real_place_step_booked(struct work *work, const struct claimant *claimant, const struct booking_of *booking,
                              Referral__Person *person);
void __wrap_place_step_booked(struct work *work, const struct claimant *claimant, const struct booking_of *booking,
                              Referral__Person *person)
{
    if (planted != BOOKS_BESIDE_LIFE)
        __real_place_step_booked(work, claimant, booking, person);
}

void __real_place_tell(struct work *work, struct life_of *life, const struct place_news *news);
void __wrap_place_tell(struct work *work, struct life_of *life, const struct place_news *news)
{
    if (planted != TELLS_NOBODY)
        __real_place_tell(work, life, news);
}

bool __real_publish_apply_cancel(struct work *work);
bool __wrap_publish_apply_cancel(struct work *work)
{
    return planted == CANCELS_NOTHING || __real_publish_apply_cancel(work);
}

bool __real_hospital_books_directly(const Referral__Institution *hospital, Referral__PlaceClass class);
bool __wrap_hospital_books_directly(const Referral__Institution *hospital, Referral__PlaceClass class)
{
    return planted == BOOKS_BEDS_AT_ONCE || __real_hospital_books_directly(hospital, class);
}

enum refusal __real_pool_times_first(Referral__PlaceClass class, struct instant start, int offset_minutes,
                                     struct instant now, const struct pool_times_wish *wish,
                                     struct pool_times *ret_times, const char **ret_field);
enum refusal __wrap_pool_times_first(Referral__PlaceClass class, struct instant start, int offset_minutes,
                                     struct instant now, const struct pool_times_wish *wish,
                                     struct pool_times *ret_times, const char **ret_field)
{
    return __real_pool_times_first(planted == RELEASES_BEDS_LATE ? REFERRAL__PLACE_CLASS__EXPERT : class, start,
                                   offset_minutes, now, wish, ret_times, ret_field);
}

void __real_booking_release_claims(struct work *work, struct life_of *life, bool booked_too);
void __wrap_booking_release_claims(struct work *work, struct life_of *life, bool booked_too)
{
    if (planted != KEEPS_WHAT_ENDED)
        __real_booking_release_claims(work, life, booked_too || planted == FREES_ALL_AT_THE_END);
}

const Referral__Booking *__real_booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason,
                                                       bool by_hospital);
const Referral__Booking *__wrap_booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason,
                                                       bool by_hospital)
{
    return __real_booking_main_cancelled(work, life, reason, by_hospital && planted != FREES_WHAT_IS_NOT_KEPT);
}

bool __real_timetable_publish_day(struct work *work, const struct timetable_key *key,
                                  const Referral__Timetable *timetable, int64_t day, bool *ret_failed);
bool __wrap_timetable_publish_day(struct work *work, const struct timetable_key *key,
                                  const Referral__Timetable *timetable, int64_t day, bool *ret_failed)
{
    *ret_failed = false;
    return planted == PUBLISHES_NO_DAY || __real_timetable_publish_day(work, key, timetable, day, ret_failed);
}

struct unit_runs __real_timetable_runs(struct arena *arena, const Referral__TimetableSession *session, int64_t day,
                                       int offset_minutes);
struct unit_runs __wrap_timetable_runs(struct arena *arena, const Referral__TimetableSession *session, int64_t day,
                                       int offset_minutes)
{
    int off = planted == PUBLISHES_AN_HOUR_LATE ? 60 : 0;

    return __real_timetable_runs(arena, session, day, offset_minutes - off);
}

uint32_t __real_publish_cut(struct work *work, struct pool_of *pool, struct picture *picture, const uint32_t *units,
                            size_t count, Referral__BlockReason reason, const char *person);
uint32_t __wrap_publish_cut(struct work *work, struct pool_of *pool, struct picture *picture, const uint32_t *units,
                            size_t count, Referral__BlockReason reason, const char *person)
{
    if (planted == WITHDRAWS_NOTHING && reason == REFERRAL__BLOCK_REASON__PLAN_CHANGED)
        return 0;
    return __real_publish_cut(work, pool, picture, units, count, reason, person);
}

void __real_group_apply(struct work *work, const struct group_plan *plan);
void __wrap_group_apply(struct work *work, const struct group_plan *plan)
{
    if (planted != GROUPS_NO_DAY || work->actor_number != 0)
        __real_group_apply(work, plan);
}

static bool is_conflict(const char *code)
{
    return strcmp(code, "timetable-conflict") == 0;
}

void __real_alarm_raise(struct work *work, const char *code, const char *subject, const char *detail);
void __wrap_alarm_raise(struct work *work, const char *code, const char *subject, const char *detail)
{
    if (planted != RAISES_NO_CONFLICT || !is_conflict(code))
        __real_alarm_raise(work, code, subject, detail);
}

void __real_alarm_clear(struct work *work, const char *code, const char *subject);
void __wrap_alarm_clear(struct work *work, const char *code, const char *subject)
{
    if (planted != FORGETS_NO_CONFLICT || !is_conflict(code))
        __real_alarm_clear(work, code, subject);
}

bool __real_timetable_apply_delete(struct work *work);
bool __wrap_timetable_apply_delete(struct work *work)
{
    return planted == PUBLISHES_ON || __real_timetable_apply_delete(work);
}

bool __real_claim_is_another(struct work *work, uint32_t hospital, Referral__PlaceClass class,
                             ProtobufCBinaryData patient, struct id referral);
bool __wrap_claim_is_another(struct work *work, uint32_t hospital, Referral__PlaceClass class,
                             ProtobufCBinaryData patient, struct id referral)
{
    return planted != SEES_NO_OTHER_PLACE && __real_claim_is_another(work, hospital, class, patient, referral);
}

void __real_booking_pass(struct work *work, struct life_of *life, ProtobufCBinaryData patient);
void __wrap_booking_pass(struct work *work, struct life_of *life, ProtobufCBinaryData patient)
{
    if (planted != PASSES_NOTHING)
        __real_booking_pass(work, life, patient);
}

ProtobufCMessage *__real_query_timetables(struct asking *asking);
ProtobufCMessage *__wrap_query_timetables(struct asking *asking)
{
    Referral__TimetableList *list = (Referral__TimetableList *)__real_query_timetables(asking);

    if (planted == SHOWS_NO_WEEK)
        list->n_timetables = 0;
    return &list->base;
}

void __real_patient_claim_row_put(struct store_txn *txn, uint32_t hospital, uint8_t class, const uint8_t patient[16],
                                  const Record__PatientClaim *row);
void __wrap_patient_claim_row_put(struct store_txn *txn, uint32_t hospital, uint8_t class, const uint8_t patient[16],
                                  const Record__PatientClaim *row)
{
    if (planted != ENDS_NO_CLAIM || row != NULL)
        __real_patient_claim_row_put(txn, hospital, class, patient, row);
}

Test(sim_control_places, q3_a_reserve_that_is_eaten_is_found)
{
    planted = EATS_THE_RESERVE;
    sim_assert_found("general bookings eat the reserve", NULL);
}

Test(sim_control_places, q11_pools_of_a_group_that_count_alone_are_found)
{
    planted = COUNTS_ALONE;
    sim_assert_found("pools of a group count alone", NULL);
}

Test(sim_control_places, q10_a_session_that_is_cancelled_and_takes_place_is_found)
{
    planted = CANCELS_NOTHING;
    sim_assert_found("a cancelled session takes place", NULL);
}

Test(sim_control_places, q7_a_hold_a_millisecond_too_long_is_found)
{
    planted = HOLDS_TOO_LONG;
    sim_assert_found("a hold ends a millisecond late", NULL);
}

Test(sim_control_places, q7_a_hold_that_never_lapses_is_found)
{
    planted = LAPSES_NOTHING;
    sim_assert_found("holds never lapse", NULL);
}

Test(sim_control_places, q8_an_offer_a_millisecond_too_long_is_found)
{
    planted = OFFERS_TOO_LONG;
    sim_assert_found("an offer ends a millisecond late", NULL);
}

Test(sim_control_places, q6_a_pool_that_is_open_too_early_is_found)
{
    planted = OPENS_AT_ONCE;
    sim_assert_found("pools open at once", NULL);
}

Test(sim_control_places, q8_a_waiter_who_is_passed_over_is_found)
{
    planted = PASSES_OVER_WAITERS;
    sim_assert_found("who waits is passed over", NULL);
}

Test(sim_control_places, q12_a_place_that_is_not_spent_is_found)
{
    planted = SPENDS_NOTHING;
    sim_assert_found("the place of a patient who came is not spent", NULL);
}

Test(sim_control_places, l1_a_booked_place_that_moves_no_referral_is_found)
{
    planted = BOOKS_BESIDE_LIFE;
    sim_assert_found("a booked place leaves its referral where it was", NULL);
}

Test(sim_control_places, l2_an_offer_that_nobody_is_told_of_is_found)
{
    planted = TELLS_NOBODY;
    sim_assert_found("nobody is told of an offer", NULL);
}

Test(sim_control_places, c4_a_reserve_that_a_doubtful_time_opens_is_found)
{
    planted = DOUBTS_NOTHING;
    sim_assert_found("a doubtful time opens the reserve", NULL);
}

Test(sim_control_places, q5_a_bed_before_anybody_has_accepted_is_found)
{
    planted = BOOKS_BEDS_AT_ONCE;
    sim_assert_found("beds are booked before anybody has accepted", NULL);
}

Test(sim_control_places, q6_a_ward_whose_reserve_is_released_like_a_doctors_is_found)
{
    planted = RELEASES_BEDS_LATE;
    sim_assert_found("the reserve of beds is released like a doctor's", NULL);
}

Test(sim_control_places, l6_a_referral_that_ends_and_keeps_its_places_is_found)
{
    planted = KEEPS_WHAT_ENDED;
    sim_assert_found("a referral that ends keeps its places", NULL);
}

Test(sim_control_places, l6_a_closed_referral_that_loses_its_further_places_is_found)
{
    planted = FREES_ALL_AT_THE_END;
    sim_assert_found("a referral loses its further places when it is closed", NULL);
}

Test(sim_control_places, q14_a_place_not_kept_that_others_get_is_found)
{
    planted = FREES_WHAT_IS_NOT_KEPT;
    sim_assert_found("what the hospital cannot keep is given to others", NULL);
}

Test(sim_control_places, q10_a_timetable_that_publishes_nothing_is_found)
{
    planted = PUBLISHES_NO_DAY;
    sim_assert_found("a timetable publishes nothing", NULL);
}

Test(sim_control_places, q10_sessions_in_another_zone_of_time_are_found)
{
    planted = PUBLISHES_AN_HOUR_LATE;
    sim_assert_found("sessions of a timetable are an hour late", NULL);
}

Test(sim_control_places, q10_a_session_that_outlives_its_timetable_is_found)
{
    planted = WITHDRAWS_NOTHING;
    sim_assert_found("what a timetable has no more stays", NULL);
}

Test(sim_control_places, q11_a_grouped_timetable_that_groups_nothing_is_found)
{
    planted = GROUPS_NO_DAY;
    sim_assert_found("a grouped timetable groups nothing", NULL);
}

Test(sim_control_places, q10_a_day_in_conflict_that_nobody_hears_of_is_found)
{
    planted = RAISES_NO_CONFLICT;
    sim_assert_found("a day could not be published, and no alarm says so", "the alarm");
}

Test(sim_control_places, q10_a_conflict_that_never_ends_is_found)
{
    planted = FORGETS_NO_CONFLICT;
    sim_assert_found("the alarm about a day outlives it", "the alarm");
}

Test(sim_control_places, q10_a_timetable_that_cannot_be_ended_is_found)
{
    planted = PUBLISHES_ON;
    sim_assert_found("a deleted timetable goes on", NULL);
}

Test(sim_control_places, q5_a_second_place_of_one_patient_is_found)
{
    planted = SEES_NO_OTHER_PLACE;
    sim_assert_found("a patient has two places of a class", NULL);
}

Test(sim_control_places, q5_a_place_that_stays_another_patients_is_found)
{
    planted = PASSES_NOTHING;
    sim_assert_found("a place stays another patient's than the sheet's", NULL);
}

Test(sim_control_places, q_a_timetable_that_nobody_is_shown_is_found)
{
    planted = SHOWS_NO_WEEK;
    sim_assert_found("timetables are not shown", "timetables are shown");
}

Test(sim_control_places, q5_a_claim_that_outlives_its_place_is_found)
{
    planted = ENDS_NO_CLAIM;
    sim_assert_found("a patient has a place that has ended", NULL);
}
