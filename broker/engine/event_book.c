/* event_book.c - a booking at a hospital without pools: time, department and doctor, no unit (Q15). */
#include "base/utf8.h"
#include "engine/event_parts.h"

#define REBOOKINGS_MAX    2
#define BOOKING_AHEAD_MS  (366 * DAY_MS)
#define SESSION_LENGTH_MS DAY_MS /* at most */

static bool is_blank(const char *text)
{
    return text == NULL || text_is_blank(text);
}

/* Q5: before acceptance only where hospital and class allow; by default EXPERT and EXAM do. */
static bool is_directly_bookable(const Referral__Institution *hospital, Referral__PlaceClass class)
{
    if (!hospital->direct_booking_set)
        return class != REFERRAL__PLACE_CLASS__BED;
    for (size_t i = 0; i < hospital->n_direct_booking; i++)
        if (hospital->direct_booking[i] == class)
            return true;
    return false;
}

static bool has_department(const Referral__Institution *hospital, const char *code)
{
    for (size_t i = 0; i < hospital->n_departments; i++)
        if (hospital->departments[i]->code != NULL && strcmp(hospital->departments[i]->code, code) == 0)
            return true;
    return hospital->n_departments == 0;
}

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
    if (is_blank(place->department))
        refuse(work, REFUSED_MISSING, "place.department");
    if (is_blank(place->doctor))
        refuse(work, REFUSED_MISSING, "place.doctor");
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
    if (!is_blank(place->department) && !has_department(hospital, place->department))
        refuse(work, REFUSED_UNKNOWN_DEPARTMENT, "place.department");
    if ((happening->row->needs & NEEDS_DIRECT_BOOKING) != 0 && place->has_class_ &&
        !is_directly_bookable(hospital, place->class_))
        refuse(work, REFUSED_NOT_BOOKABLE_YET, "place.class");
}
