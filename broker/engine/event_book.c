/* event_book.c - events about places: a booking at a hospital without pools has time, department and doctor, and no
 * unit (Q15). */
#include "base/utf8.h"
#include "engine/booking.h"
#include "engine/event_parts.h"
#include "engine/hospital.h"
#include "engine/ledger.h"

#define BOOKING_AHEAD_MS  (366 * DAY_MS)
#define SESSION_LENGTH_MS DAY_MS /* at most */

/* C1, Q6: no place is taken at or after its start. */
static void check_times(struct work *work, const Referral__Place *place)
{
    if (place->has_start_ms && (place->start_ms <= work->now.ms || place->start_ms > work->now.ms + BOOKING_AHEAD_MS))
        refuse(work, REFUSED_OUT_OF_RANGE, "place.start_ms");
    else if (place->has_start_ms && place->has_end_ms && place->end_ms <= place->start_ms)
        refuse(work, REFUSED_BAD_ORDER, "place.end_ms");
    else if (place->has_start_ms && place->has_end_ms && place->end_ms - place->start_ms > SESSION_LENGTH_MS)
        refuse(work, REFUSED_OUT_OF_RANGE, "place.end_ms");
}

static void check_present(struct work *work, const Referral__Place *place)
{
    if (!place->has_class_)
        refuse(work, REFUSED_MISSING, "place.class");
    if (!place->has_start_ms)
        refuse(work, REFUSED_MISSING, "place.start_ms");
    if (text_is_blank(place->department))
        refuse(work, REFUSED_MISSING, "place.department");
    if (text_is_blank(place->doctor))
        refuse(work, REFUSED_MISSING, "place.doctor");
}

/* Q15: whoever publishes pools of a class books its units, so that nothing is outside the reserve. */
static bool has_pools(struct work *work, uint32_t hospital, Referral__PlaceClass class)
{
    struct pool_key from = {.hospital = hospital, .class = (uint8_t) class}, found;

    return pool_key_from(work->txn, &from, &found) && found.hospital == hospital && found.class == (uint8_t) class;
}

/* Another time of what it has or had changes nothing about whether it may. */
static bool is_of_its_class(const Record__Referral *row, const Referral__Place *place)
{
    return row->place != NULL && row->place->class_ == place->class_;
}

void event_check_place(struct happening *happening)
{
    struct work *work = happening->work;
    const Record__Referral *row = happening->life->row;
    const Referral__Place *place = happening->event->place;
    const Referral__Institution *hospital = happening->receiver->institution;

    if (happening->type == BOOK && row->state == NO_SHOW && row->rebookings >= REBOOKINGS_MAX)
        refuse(work, REFUSED_TOO_MANY_REBOOKINGS, "type");
    if (place == NULL)
        return; /* MISSING already */
    check_present(work, place);
    check_times(work, place);
    if (place->has_class_ && has_pools(work, row->receiver_number, place->class_))
        refuse(work, REFUSED_HAS_POOLS, "place.class");
    if (!text_is_blank(place->department) && !hospital_has_department(hospital, place->department))
        refuse(work, REFUSED_UNKNOWN_DEPARTMENT, "place.department");
    if (place->has_class_ && !is_of_its_class(row, place) && life_awaits_acceptance(row) &&
        !hospital_books_directly(hospital, place->class_))
        refuse(work, REFUSED_NOT_BOOKABLE_YET, "place.class");
}

/* Q6, Q12: a unit is not given back once its session has begun, and nobody has missed a place, with a unit or without,
 * before that. Q14: a hospital that cancels what it cannot keep names the person who decided. */
void event_check_unit(struct happening *happening)
{
    struct work *work = happening->work;
    const Referral__Event *event = happening->event;
    const struct booking_of *booking = booking_main(work, happening->life);
    const Record__Place *place = happening->life->row->place;
    bool cancels = happening->type == CANCEL_BOOKING;

    if (booking == NULL) {
        if (!cancels && place != NULL && place->start_ms > work->now.ms)
            refuse(work, REFUSED_BOOKING_NOT_NOW, "type");
        return;
    }
    if (cancels == booking_has_started(work, booking))
        refuse(work, REFUSED_BOOKING_NOT_NOW, "type");
    if (cancels && happening->by == BY_RECEIVER && event->has_reason &&
        event->reason == REFERRAL__REASON__NOT_AVAILABLE &&
        (event->person == NULL || text_is_blank(event->person->name)))
        refuse(work, REFUSED_PERSON_NEEDED, "person.name");
}

void event_book(struct happening *happening)
{
    const Referral__Place *place = happening->event->place;

    ledger_write_outside(happening->work, happening->receiver, place->class_, place->department,
                         instant_of(place->start_ms));
}
