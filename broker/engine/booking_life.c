/* booking_life.c - what a referral's life means for its places (Q5, Q12, L6). */
#include "engine/binary.h"
#include "engine/booking_parts.h"

struct booking_of *booking_main(struct work *work, const struct life_of *life)
{
    const Record__Claim *claim = claim_main(life->row);
    struct booking_of *booking =
        claim == NULL || !claim->has_booking ? NULL : booking_load(work, life_id_of(claim->booking));

    /* While it waits, what is claimed beside the entry is an offer. */
    return booking != NULL && booking->row->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED ? booking : NULL;
}

static const Referral__Booking *view(struct work *work, const struct booking_of *booking)
{
    return booking_view(work, booking->id, booking->row, false);
}

static void end_here(struct work *work, struct life_of *life, struct booking_of *booking, Referral__BookingState state,
                     enum units_to units_to, Referral__Reason reason)
{
    booking_end(work, booking, life, state, units_to, reason);
    pool_save(work, booking->pool);
}

static int64_t local_day(struct instant at, const struct registry_institution *hospital)
{
    return date_to_days(instant_local_date(at, hospital->offset_minutes));
}

/* Before its day nobody used the place. */
static bool is_on_its_day(const struct work *work, const struct booking_of *booking)
{
    return booking->pool->key.day <= local_day(work->now, booking->pool->hospital);
}

static struct booking_of *booking_of_claim(struct work *work, const Record__Claim *claim)
{
    return claim != NULL && claim->has_booking ? booking_load(work, life_id_of(claim->booking)) : NULL;
}

static bool is_of_day(const struct booking_of *booking, struct instant at)
{
    return booking != NULL && booking->pool->key.day == local_day(at, booking->pool->hospital);
}

/* That of the day on which he came, the main one before others; else the later day's, and the earlier one of a day. */
static bool comes_before(const struct booking_of *booking, const struct booking_of *other,
                         const struct booking_of *main, struct instant came_at)
{
    if (is_of_day(booking, came_at) != is_of_day(other, came_at))
        return is_of_day(booking, came_at);
    if (booking == main || other == main)
        return booking == main;
    if (booking->pool->key.day != other->pool->key.day)
        return booking->pool->key.day > other->pool->key.day;
    return booking->row->start_ms < other->row->start_ms;
}

/* The place for which the patient came; one of a day before may have been told of late. NULL: a walk-in. */
static struct booking_of *place_of_the_day(struct work *work, const struct life_of *life, struct instant came_at)
{
    const struct booking_of *main = booking_main(work, life);
    struct booking_of *found = NULL;

    for (Referral__PlaceClass class = REFERRAL__PLACE_CLASS__EXPERT; class <= REFERRAL__PLACE_CLASS__EXAM; class ++) {
        struct booking_of *booking = booking_of_claim(work, claim_of(life->row, class));

        if (booking != NULL && booking->row->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED &&
            is_on_its_day(work, booking) && (found == NULL || comes_before(booking, found, main, came_at)))
            found = booking;
    }
    return found;
}

/* Q15: or did he come for a main place without a unit, and not for what he has beside it? */
static bool has_come_outside(struct work *work, const struct life_of *life, enum state from,
                             const struct booking_of *beside, struct instant came_at)
{
    const Record__Referral *row = life->row;
    const struct registry_institution *hospital = registry_institution(work, row->receiver);

    if (from != BOOKED || claim_main(row) != NULL || row->place == NULL || hospital == NULL)
        return false;

    int64_t day = local_day(instant_of(row->place->start_ms), hospital);

    return day <= local_day(work->now, hospital) &&
           (day == local_day(came_at, hospital) || !is_of_day(beside, came_at));
}

/* He takes no unit: what drove the state until now is given back. */
static const Referral__Booking *walk_in(struct work *work, struct life_of *life)
{
    struct booking_of *booking = booking_main(work, life);

    booking_main_left(work, life);
    if (booking == NULL)
        return NULL;
    work->gives_back = true;
    end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_CANCELLED, UNITS_FREE, 0);
    work->gives_back = false;
    life->row->place = NULL;
    return view(work, booking);
}

const Referral__Booking *booking_arrived(struct work *work, struct life_of *life, enum state from,
                                         struct instant came_at)
{
    struct booking_of *booking = place_of_the_day(work, life, came_at);

    if (booking == NULL || has_come_outside(work, life, from, booking, came_at))
        return walk_in(work, life);
    if (booking != booking_main(work, life)) { /* the main one is another day's: it stays, as one beside the care */
        claim_make_main(life->row, NULL);
        life_place(work, life, booking_place(work, booking));
    }
    end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_USED, UNITS_SPENT, 0);
    return view(work, booking);
}

const Referral__Booking *booking_main_missed(struct work *work, struct life_of *life)
{
    struct booking_of *booking = booking_main(work, life);

    if (booking == NULL)
        return NULL;
    end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW, UNITS_SPENT, 0);
    return view(work, booking);
}

const Referral__Booking *booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason,
                                                bool by_hospital)
{
    struct booking_of *booking = booking_main(work, life);
    bool not_kept = by_hospital && reason == REFERRAL__REASON__NOT_AVAILABLE;

    if (booking == NULL)
        return NULL;
    end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_CANCELLED, not_kept ? UNITS_BLOCKED : UNITS_FREE,
             reason);
    return view(work, booking);
}

static struct waiting_of *entry_of(struct work *work, const Record__Claim *claim)
{
    return claim != NULL && claim->has_entry ? waiting_load(work, life_id_of(claim->entry)) : NULL;
}

void booking_main_left(struct work *work, struct life_of *life)
{
    struct waiting_of *entry = entry_of(work, claim_main(life->row));

    if (entry != NULL)
        waiting_remove(work, entry, life);
}

void booking_main_outside(struct work *work, struct life_of *life, Referral__PlaceClass class)
{
    struct waiting_of *entry = entry_of(work, claim_of(life->row, class));

    claim_make_main(life->row, NULL);
    if (entry != NULL)
        waiting_remove(work, entry, life);
}

/* L6. A place whose session has begun was not given back: the patient did not come (Q12). */
static void release_booking(struct work *work, struct life_of *life, struct booking_of *booking, bool booked_too)
{
    bool booked = booking->row->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED;

    if (booked && !booked_too)
        return;
    if (booked && booking_has_started(work, booking))
        end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW, UNITS_SPENT, 0);
    else
        end_here(work, life, booking, REFERRAL__BOOKING_STATE__PLACE_CANCELLED, UNITS_FREE,
                 (Referral__Reason)life->row->reason);
}

void booking_release_claims(struct work *work, struct life_of *life, bool booked_too)
{
    for (size_t i = life->row->n_claims; i-- > 0;) { /* what ends leaves the list */
        const Record__Claim *claim = life->row->claims[i];
        struct booking_of *booking = claim->has_booking ? booking_load(work, life_id_of(claim->booking)) : NULL;
        struct waiting_of *entry = entry_of(work, claim);

        if (entry != NULL && entry->row->displaced && !booked_too)
            continue; /* Q10: for a booked place, which would have stayed */
        if (entry != NULL)
            waiting_remove(work, entry, life); /* and its offer */
        else if (booking != NULL)
            release_booking(work, life, booking, booked_too);
    }
}

/* ---- Whose they are (Q5) ---- */

static bool is_of_family(struct work *work, const Record__Claim *claim)
{
    const struct booking_of *booking = booking_of_claim(work, claim);
    const struct waiting_of *entry = booking != NULL ? NULL : entry_of(work, claim);
    uint32_t family = REFERRAL__CHANNEL__FAMILY_DOCTOR;

    return booking != NULL ? booking->row->channel == family : entry != NULL && entry->row->channel == family;
}

static bool is_same_patient(const struct life_of *life, ProtobufCBinaryData patient)
{
    return bytes_equal(binary_bytes(life->row->patient), binary_bytes(patient));
}

bool booking_may_pass(struct work *work, const struct life_of *life, ProtobufCBinaryData patient)
{
    const Record__Referral *row = life->row;

    if (is_same_patient(life, patient))
        return true; /* who took a general place beside it may keep both */
    for (size_t i = 0; i < row->n_claims; i++) {
        const Record__Claim *claim = row->claims[i];

        if (is_of_family(work, claim) &&
            claim_is_another(work, row->receiver_number, (Referral__PlaceClass)claim->class_, patient, life->id))
            return false;
    }
    return true;
}

static void pass_booking(struct work *work, struct booking_of *booking, ProtobufCBinaryData patient)
{
    booking->row->has_patient = patient.len != 0;
    booking->row->patient = patient;
    booking_row_put(work->txn, booking->id, booking->row, false);
}

static void pass_entry(struct work *work, struct waiting_of *entry, ProtobufCBinaryData patient)
{
    entry->row->has_patient = patient.len != 0;
    entry->row->patient = patient;
    wait_row_put(work->txn, &entry->key, entry->row, false);
}

void booking_pass(struct work *work, struct life_of *life, ProtobufCBinaryData patient)
{
    if (is_same_patient(life, patient))
        return;
    for (size_t i = 0; i < life->row->n_claims; i++) {
        const Record__Claim *claim = life->row->claims[i];
        struct booking_of *booking = booking_of_claim(work, claim);
        struct waiting_of *entry = entry_of(work, claim);

        if (booking == NULL && entry == NULL)
            continue; /* a failing store */
        claim_pass(work, life, claim, life->row->receiver_number,
                   booking != NULL ? booking->row->patient : entry->row->patient, patient);
        if (booking != NULL)
            pass_booking(work, booking, patient);
        if (entry != NULL)
            pass_entry(work, entry, patient);
    }
}

bool booking_catch_up(struct work *work, const Record__Referral *row)
{
    uint64_t puts = store_put_count(work->txn);

    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i]->has_booking)
            booking_load(work, life_id_of(row->claims[i]->booking));
    return store_put_count(work->txn) != puts;
}
