/* change.c - what becomes of a booking by a command: confirmed, given back, displaced, marked (Q7, Q10, Q12, Q15). */
#include "engine/change.h"
#include "engine/booking_parts.h"
#include "engine/families.h"
#include "engine/ledger.h"
#include "engine/place_step.h"

#include "base/utf8.h"

static bool is_in(const struct booking_of *booking, Referral__BookingState state)
{
    return booking->row->state == (uint32_t)state;
}

static bool refuse_now(struct work *work)
{
    return refuse(work, REFUSED_BOOKING_NOT_NOW, "booking_id");
}

/* NULL after MISSING or NOT_FOUND. */
static struct booking_of *find_booking(struct work *work, const char *booking_id)
{
    struct booking_of *booking = NULL;
    struct id id;

    if (work_parse_id(work, booking_id, &id))
        booking = booking_load(work, id);
    if (booking == NULL)
        refuse(work, booking_id == NULL ? REFUSED_MISSING : REFUSED_NOT_FOUND, "booking_id");
    return booking;
}

bool change_find(struct work *work, const char *booking_id, struct change *ret_change)
{
    struct change change = {.work = work, .booking = find_booking(work, booking_id)};

    if (change.booking == NULL)
        return false;
    if (id_is_set(booking_referral(change.booking))) {
        change.life = life_load(work, booking_referral(change.booking)); /* may have ended it (C3) */
        if (change.life == NULL) {                                       /* a failing store */
            refuse(work, REFUSED_NOT_FOUND, "booking_id");
            return false;
        }
        change.by = channel_party(work, change.life, "booking_id");
        change.is_main = booking_main(work, change.life) == change.booking;
    } else if (channel_is_own(work, change.booking->pool->key.hospital, "booking_id")) {
        change.by = BY_RECEIVER;
    }
    *ret_change = change;
    return change.by != 0;
}

/* Fields of PlaceChange beside booking and person. */
enum field { FIELD_REASON = 1, FIELD_TEXT = 2, FIELD_UNITS = 4, FIELD_STATE = 8, FIELD_OCCURRED_AT = 16 };

static bool check_unused(struct work *work, const Referral__PlaceChange *body, int used)
{
    const struct {
        enum field field;
        bool present;
        const char *name;
    } fields[] = {
        {FIELD_REASON, body->has_reason, "reason"},
        {FIELD_TEXT, body->text != NULL, "text"},
        {FIELD_UNITS, body->n_units != 0, "units"},
        {FIELD_STATE, body->has_state, "state"},
        {FIELD_OCCURRED_AT, body->has_occurred_at_ms, "occurred_at_ms"},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].present && (used & (int)fields[i].field) == 0)
            refuse(work, REFUSED_NOT_EXPECTED, fields[i].name);
    return !is_refused(work);
}

static void check_reason(struct work *work, const Referral__PlaceChange *body, enum event event, bool needed)
{
    if (needed && !body->has_reason)
        refuse(work, REFUSED_REASON_NEEDED, "reason");
    if (!body->has_reason)
        return;
    if (!lifecycle_reason_fits(event, body->reason))
        refuse(work, REFUSED_BAD_VALUE, "reason");
    else if (body->reason == REFERRAL__REASON__OTHER_REASON && text_is_blank(body->text))
        refuse(work, REFUSED_TEXT_NEEDED, "text");
}

/* Q14: what goes to the blocked ones goes by somebody's word. */
static void check_person(struct work *work, const Referral__Person *person)
{
    if (person == NULL || text_is_blank(person->name))
        refuse(work, REFUSED_PERSON_NEEDED, "person.name");
}

static Referral__Event *detail_of(const struct change *change, enum event event)
{
    const Referral__PlaceChange *body = (const Referral__PlaceChange *)change->work->body;
    Referral__Event *detail = place_detail(change->work, event, body->person);

    detail->has_reason = body->has_reason;
    detail->reason = body->reason;
    detail->text = body->text;
    detail->has_occurred_at_ms = body->has_occurred_at_ms;
    detail->occurred_at_ms = body->occurred_at_ms;
    return detail;
}

/* ---- Confirm (Q7) ---- */

/* The hold has lapsed, and whoever waits has been offered its units: taken again if they are still there for this
 * channel. */
static bool can_retake(const struct change *change)
{
    struct work *work = change->work;
    const Record__Booking *row = change->booking->row;
    struct pool_wish wish = {
        .channel = (Referral__Channel)row->channel, .count = (uint32_t)row->n_units, .first_number = row->units[0]};
    uint32_t *units = arena_alloc(work->arena, row->n_units * sizeof *units);

    bool found = pool_is_open(work, change->booking->pool, wish.channel) == REFUSED_NOT &&
                 pool_choose(work, change->booking->pool, &wish, units) == REFUSED_NOT;

    /* One of them may have been cut: then its neighbours are others. */
    return (found && memcmp(units, row->units, row->n_units * sizeof *units) == 0) ||
           refuse(work, REFUSED_HOLD_LOST, "booking_id");
}

static bool check_confirm(const struct change *change, struct claimant *claimant)
{
    struct work *work = change->work;
    const struct booking_of *booking = change->booking;
    struct waiting_of *entry = booking->row->has_entry ? waiting_load(work, life_id_of(booking->row->entry)) : NULL;
    bool lapsed = is_in(booking, REFERRAL__BOOKING_STATE__PLACE_LAPSED);

    if (!lapsed && !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD))
        return refuse_now(work);
    claimant->displaced = entry != NULL && entry->row->displaced;
    /* An entry that has been offered something else since then stands for that. */
    bool stands = lapsed && entry != NULL && !entry->row->has_offer;

    return channel_check(work, claimant, BOOK, stands ? entry->key.id : booking->id) && (!lapsed || can_retake(change));
}

/* A hospital is not told of what it does, but of the lapse of an offer to its own patient it was. */
static void tell_confirmed(const struct change *change, const struct claimant *claimant, Referral__Person *person)
{
    struct place_news news = {.event = PLACE_BOOKED, .booking = change->booking, .by = change->by};

    if (change->life != NULL)
        place_step_booked(change->work, claimant, change->booking, person);
    else if (claimant->again && change->booking->row->has_entry)
        place_tell_hospital(change->work, claimant->hospital, &news);
}

bool change_apply_confirm(struct work *work)
{
    const Referral__PlaceChange *body = (const Referral__PlaceChange *)work->body;
    struct claimant claimant;
    struct change change;

    if (!check_unused(work, body, 0) || !change_find(work, body->booking_id, &change))
        return false;

    struct booking_of *booking = change.booking;

    claimant = (struct claimant){.hospital = booking->pool->hospital,
                                 .class = booking_class(booking),
                                 .channel = (Referral__Channel)booking->row->channel,
                                 .life = change.life,
                                 .by = change.by,
                                 .again = is_in(booking, REFERRAL__BOOKING_STATE__PLACE_LAPSED)};
    ledger_asked(work, booking->pool, claimant.channel, (uint32_t)booking->row->n_units);
    if (!check_confirm(&change, &claimant))
        return false;

    struct waiting_of *entry = booking->row->has_entry ? waiting_load(work, life_id_of(booking->row->entry)) : NULL;

    booking_confirm(work, booking, change.life);
    if (entry != NULL)
        waiting_remove(work, entry, change.life);
    tell_confirmed(&change, &claimant, body->person);
    pool_save(work, booking->pool);
    place_reply(work, booking, change.life, change.by);
    return true;
}

/* ---- Cancel (Q7, Q8, Q15) ---- */

static bool is_not_kept(const struct change *change, const Referral__PlaceChange *body)
{
    return change->by == BY_RECEIVER && body->has_reason && body->reason == REFERRAL__REASON__NOT_AVAILABLE;
}

static bool has_unit(const Record__Booking *row, uint32_t unit)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i] == unit)
            return true;
    return false;
}

/* Q15: each one of it, named once, and not begun. */
static void check_returned(const struct change *change, const Referral__PlaceChange *body)
{
    struct work *work = change->work;
    const struct booking_of *booking = change->booking;

    if (!booking->row->allotment) {
        refuse(work, REFUSED_NOT_AN_ALLOTMENT, "units");
        return;
    }
    for (size_t i = 0; i < body->n_units; i++) {
        const char *field = arena_format(work->arena, "units[%zu]", i);
        const Record__Unit *unit =
            has_unit(booking->row, body->units[i]) ? pool_unit(booking->pool, body->units[i]) : NULL;

        if (unit == NULL)
            refuse(work, REFUSED_UNKNOWN_UNIT, field);
        else if (instant_is_due(instant_of(unit->start_ms), work->now))
            refuse(work, REFUSED_STARTED, field);
        for (size_t j = 0; j < i; j++)
            if (body->units[j] == body->units[i])
                refuse(work, REFUSED_BAD_VALUE, field);
    }
}

static bool check_cancel(const struct change *change, const Referral__PlaceChange *body)
{
    struct work *work = change->work;
    const struct booking_of *booking = change->booking;
    bool booked = is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED);

    if (!booked && !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD))
        return refuse_now(work);
    if (body->n_units != 0)
        check_returned(change, body);
    else if (booking_has_started(work, booking))
        return refuse_now(work);
    check_reason(work, body, CANCEL_BOOKING, booked && !booking->row->allotment);
    if (booked && is_not_kept(change, body))
        check_person(work, body->person);
    return !is_refused(work);
}

/* Who waits for it does not hear of a hold; whose hold the hospital ends does. */
static void tell_cancelled(const struct change *change, bool was_held, const Referral__Event *detail)
{
    struct place_news news = {.event = PLACE_CANCELLED,
                              .booking = change->booking,
                              .by = change->by,
                              .told = was_held && change->by == BY_SENDER ? TOLD_NOBODY : TOLD_OTHERS,
                              .detail = detail};

    place_tell(change->work, change->life, &news);
}

static void cancel_place(const struct change *change, const Referral__PlaceChange *body)
{
    struct work *work = change->work;
    struct booking_of *booking = change->booking;
    bool was_held = is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD);
    struct waiting_of *entry =
        was_held && booking->row->has_entry ? waiting_load(work, life_id_of(booking->row->entry)) : NULL;
    Referral__Reason reason = body->has_reason ? body->reason : 0; /* one that is not given would read as the first */

    booking_end(work, booking, change->life, REFERRAL__BOOKING_STATE__PLACE_CANCELLED,
                !was_held && is_not_kept(change, body) ? UNITS_BLOCKED : UNITS_FREE, reason);
    if (change->life != NULL)
        tell_cancelled(change, was_held, detail_of(change, PLACE_CANCELLED));
    if (entry != NULL)
        waiting_offer_ended(work, entry, change->life, booking, false);
}

bool change_apply_cancel(struct work *work)
{
    const Referral__PlaceChange *body = (const Referral__PlaceChange *)work->body;
    struct change change;

    if (!check_unused(work, body, FIELD_REASON | FIELD_TEXT | FIELD_UNITS) ||
        !change_find(work, body->booking_id, &change) || !check_cancel(&change, body))
        return false;
    if (change.is_main)
        place_step(work, change.life, CANCEL_BOOKING, change.by, detail_of(&change, CANCEL_BOOKING), NULL);
    else if (body->n_units != 0 && body->n_units < change.booking->row->n_units)
        booking_shrink(work, change.booking, body->units, body->n_units,
                       is_not_kept(&change, body) ? UNITS_BLOCKED : UNITS_FREE);
    else
        cancel_place(&change, body);
    pool_save(work, change.booking->pool);
    place_reply(work, change.booking, change.life, change.by);
    return true;
}

/* ---- Displace (Q10) ---- */

bool change_apply_displace(struct work *work)
{
    const Referral__PlaceChange *body = (const Referral__PlaceChange *)work->body;
    struct change change;

    if (!check_unused(work, body, FIELD_REASON | FIELD_TEXT) || !change_find(work, body->booking_id, &change))
        return false;

    struct booking_of *booking = change.booking;

    if (change.by != BY_RECEIVER)
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    if (!is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED) || booking->row->allotment ||
        booking_has_started(work, booking))
        return refuse_now(work);
    check_reason(work, body, DISPLACE, true);
    check_person(work, body->person);
    if (is_refused(work))
        return false;
    booking_displace(work, booking, UNITS_BLOCKED, detail_of(&change, DISPLACE));
    pool_save(work, booking->pool);
    place_reply(work, booking, NULL, change.by);
    if (change.life != NULL)
        life_reply(work, life_load(work, change.life->id));
    return true;
}

/* ---- Mark (Q12) ---- */

/* A patient comes on the day, and has not come once the session has begun. What an event of the referral says is said
 * by that. */
static bool may_be_marked(const struct change *change, bool used)
{
    const struct booking_of *booking = change->booking;
    int offset = booking->pool->hospital->offset_minutes;

    if (!is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED) || booking->row->allotment || change->is_main)
        return false;
    if (!used)
        return booking_has_started(change->work, booking);
    return booking->pool->key.day <= date_to_days(instant_local_date(change->work->now, offset));
}

static bool check_mark(const struct change *change, const Referral__PlaceChange *body)
{
    struct work *work = change->work;
    bool used = body->state == REFERRAL__BOOKING_STATE__PLACE_USED;

    if (change->by != BY_RECEIVER)
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    if (!body->has_state)
        refuse(work, REFUSED_MISSING, "state");
    else if (!used && body->state != REFERRAL__BOOKING_STATE__PLACE_NO_SHOW)
        refuse(work, REFUSED_BAD_VALUE, "state");
    if (body->has_occurred_at_ms)
        work_check_occurred_at(work, body->occurred_at_ms);
    if (!is_refused(work) && !may_be_marked(change, used))
        return refuse_now(work);
    return !is_refused(work);
}

bool change_apply_mark(struct work *work)
{
    const Referral__PlaceChange *body = (const Referral__PlaceChange *)work->body;
    struct change change;

    if (!check_unused(work, body, FIELD_STATE | FIELD_OCCURRED_AT) || !change_find(work, body->booking_id, &change) ||
        !check_mark(&change, body))
        return false;

    bool used = body->state == REFERRAL__BOOKING_STATE__PLACE_USED;
    struct place_news news = {.event = used ? PLACE_CHANGED : MISS,
                              .booking = change.booking,
                              .by = change.by,
                              .told = used ? TOLD_NOBODY : TOLD_OTHERS,
                              .detail = detail_of(&change, used ? PLACE_CHANGED : MISS)};

    booking_end(work, change.booking, change.life, body->state, UNITS_SPENT, 0);
    if (change.life != NULL)
        place_tell(work, change.life, &news);
    pool_save(work, change.booking->pool);
    place_reply(work, change.booking, change.life, change.by);
    return true;
}
