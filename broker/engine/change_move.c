/* change_move.c - MOVE_PLACE: release and take in one transaction; what fails leaves the old booking untouched (Q9). */
#include "engine/booking_parts.h"
#include "engine/change.h"
#include "engine/families.h"
#include "engine/ledger.h"
#include "engine/life_clock.h"
#include "engine/place_step.h"

struct moving {
    struct change change;
    const Referral__MovePlace *body;
    struct pool_of *to;
    uint32_t *units;
};

/* The units it has are free for it, but it is not to be left where it begins: where these are the earliest, it takes
 * the next ones, which do not hold its first. Nothing is written, and all is as it was. */
static enum refusal choose(const struct moving *moving)
{
    struct work *work = moving->change.work;
    struct booking_of *booking = moving->change.booking;
    const Record__Booking *row = booking->row;
    bool inside = moving->to == booking->pool;
    struct pool_wish wish = {.channel = (Referral__Channel)row->channel,
                             .count = (uint32_t)row->n_units,
                             .first_number = moving->body->first_unit,
                             .moves = inside,
                             .barred = row->units};
    enum refusal refusal;

    if (inside && wish.first_number == row->units[0])
        return REFUSED_UNIT_TAKEN;
    pool_release(booking->pool, row->units, row->n_units);
    refusal = pool_choose(work, moving->to, &wish, moving->units);
    if (refusal == REFUSED_NOT && inside && moving->units[0] == row->units[0]) {
        wish.barred_count = 1;
        refusal = pool_choose(work, moving->to, &wish, moving->units);
    }
    pool_take(work, booking->pool, row->units, row->n_units, wish.channel, booking->id, instant_of(row->expires_at_ms));
    return refusal;
}

static bool check_target(const struct moving *moving)
{
    struct work *work = moving->change.work;
    const struct booking_of *booking = moving->change.booking;
    const struct pool_key *from = &booking->pool->key, *to = &moving->to->key;
    enum refusal refusal;

    if (from->hospital != to->hospital || from->class != to->class)
        return refuse(work, REFUSED_SAME_HOSPITAL, "pool");
    if (!place_check_open(work, moving->to, (Referral__Channel)booking->row->channel))
        return false;
    refusal = choose(moving);
    return refusal == REFUSED_NOT || refuse(work, refusal, place_field(refusal));
}

static bool check(struct moving *moving, struct work *work)
{
    const struct booking_of *booking;

    if (moving->body->booking_id == NULL)
        refuse(work, REFUSED_MISSING, "booking_id");
    if (moving->body->has_first_unit && moving->body->first_unit == 0)
        refuse(work, REFUSED_UNKNOWN_UNIT, "first_unit");
    moving->to = pool_find(work, moving->body->pool, "pool");
    if (is_refused(work) || !change_find(work, moving->body->booking_id, &moving->change))
        return false;
    booking = moving->change.booking;
    if (moving->to->key.hospital == booking->pool->key.hospital) /* Q13: else it is no affair of that one's */
        ledger_asked(work, moving->to, (Referral__Channel)booking->row->channel, (uint32_t)booking->row->n_units);
    if (booking->row->state != REFERRAL__BOOKING_STATE__PLACE_BOOKED || booking->row->allotment ||
        booking_has_started(work, booking))
        return refuse(work, REFUSED_BOOKING_NOT_NOW, "booking_id");
    moving->units = arena_alloc(work->arena, booking->row->n_units * sizeof *moving->units);
    return check_target(moving);
}

/* The main one's session is the referral's; of another class the parties are told. */
static void tell(const struct moving *moving)
{
    const struct change *change = &moving->change;
    struct work *work = change->work;
    Referral__Event *detail = place_detail(work, MOVE, moving->body->person);
    struct place_news news = {
        .event = PLACE_MOVED, .booking = change->booking, .by = change->by, .told = TOLD_OTHERS, .detail = detail};

    if (!change->is_main) {
        life_clock_extend(work, change->life, instant_of(change->booking->row->end_ms));
        place_tell(work, change->life, &news);
        return;
    }
    detail->place = booking_place(work, change->booking);
    place_step(work, change->life, MOVE, change->by, detail, change->booking);
}

bool change_apply_move(struct work *work)
{
    struct moving moving = {.body = (const Referral__MovePlace *)work->body};
    struct pool_of *from;

    if (!check(&moving, work))
        return false;
    from = moving.change.booking->pool;
    booking_move(work, moving.change.booking, moving.to, moving.units);
    if (moving.change.life != NULL)
        tell(&moving);
    pool_save(work, from);
    if (moving.to != from)
        pool_save(work, moving.to);
    place_reply(work, moving.change.booking, moving.change.life, moving.change.by);
    return true;
}
