/* take.c - HOLD_PLACE and BOOK_PLACE: units of a pool for somebody who may have them (Q3-Q7, Q12, Q15). */
#include "engine/booking_parts.h"
#include "engine/channel.h"
#include "engine/families.h"
#include "engine/ledger.h"
#include "engine/place_step.h"
#include "rules/pool_times.h"

#define ALLOTMENT_MAX 500 /* as many units as a pool may have */

struct taking { /* one request on its way through checks and writes */
    struct work *work;
    const Referral__TakePlace *take;
    bool hold; /* else it is booked at once */
    struct pool_of *pool;
    struct claimant claimant;
    uint32_t *units, count;
};

static struct channel_request request_of(const Referral__TakePlace *take)
{
    return (struct channel_request){.has_channel = take->has_channel,
                                    .channel = take->channel,
                                    .referral_id = take->referral_id,
                                    .patient = take->patient,
                                    .reference = take->reference};
}

/* Q15: an allotment is one general booking for the hospital's own sale; it names no units, for they need not lie
 * together. */
static void check_allotment(struct work *work, const Referral__TakePlace *take, bool hold)
{
    bool own = take->has_channel && take->channel == REFERRAL__CHANNEL__GENERAL && take->referral_id == NULL;

    if (!own || hold)
        refuse(work, REFUSED_NOT_EXPECTED, "allotment");
    if (take->has_first_unit)
        refuse(work, REFUSED_NOT_EXPECTED, "first_unit");
}

static void check_form(struct taking *taking)
{
    struct work *work = taking->work;
    const Referral__TakePlace *take = taking->take;
    const struct channel_request request = request_of(take);
    uint32_t most = take->allotment ? ALLOTMENT_MAX : WAIT_UNITS_MAX;

    channel_check_form(work, &request);
    taking->count = take->has_units ? take->units : 1;
    if (taking->count < 1 || taking->count > most)
        refuse(work, REFUSED_OUT_OF_RANGE, "units");
    if (take->has_first_unit && take->first_unit == 0)
        refuse(work, REFUSED_UNKNOWN_UNIT, "first_unit");
    if (take->allotment)
        check_allotment(work, take, taking->hold);
    if (take->has_hold_minutes && !taking->hold)
        refuse(work, REFUSED_NOT_EXPECTED, "hold_minutes");
    else if (take->has_hold_minutes && (take->hold_minutes < 1 || take->hold_minutes > HOLD_MAX_MINUTES))
        refuse(work, REFUSED_OUT_OF_RANGE, "hold_minutes");
}

/* Q7: only holds count, and only what a team holds by itself. */
static bool has_hold_left(const struct taking *taking)
{
    const struct claimant *claimant = &taking->claimant;

    if (!taking->hold || claimant->channel != REFERRAL__CHANNEL__FAMILY_DOCTOR)
        return true;
    return team_holds(taking->work, claimant->life->row->team_id) < HOLDS_MAX ||
           refuse(taking->work, REFUSED_TOO_MANY_HOLDS, NULL);
}

static bool choose(struct taking *taking)
{
    struct work *work = taking->work;
    struct pool_wish wish = {.channel = taking->claimant.channel,
                             .count = taking->count,
                             .first_number = taking->take->first_unit,
                             .allotment = taking->take->allotment};
    enum refusal refusal;

    if (!place_check_open(work, taking->pool, wish.channel))
        return false;
    taking->units = arena_alloc(work->arena, wish.count * sizeof *taking->units);
    refusal = pool_choose(work, taking->pool, &wish, taking->units);
    if (refusal == REFUSED_NOT)
        return true;
    return refuse(work, refusal, place_field(refusal));
}

/* Q13: what strangers ask is no affair of the hospital's ledger. */
static bool may_ask(const struct claimant *claimant)
{
    return claimant->life == NULL || claimant->life->row->receiver_number == claimant->hospital->row->number;
}

static bool check(struct taking *taking)
{
    struct work *work = taking->work;
    const struct channel_request request = request_of(taking->take);

    check_form(taking);
    taking->pool = pool_find(work, taking->take->pool, "pool");
    if (taking->pool == NULL || is_refused(work))
        return false;
    if (!channel_find(work, &request, taking->pool->hospital, (Referral__PlaceClass)taking->pool->key.class,
                      &taking->claimant))
        return false;
    if (may_ask(&taking->claimant))
        ledger_asked(work, taking->pool, request.channel, taking->count);
    return channel_check(work, &taking->claimant, BOOK, (struct id){0}) &&
           channel_check_patient(work, &taking->claimant, request.patient) && has_hold_left(taking) && choose(taking);
}

static struct booking_of *begin(const struct taking *taking)
{
    struct instant start = instant_of(pool_unit(taking->pool, taking->units[0])->start_ms);
    uint32_t minutes = taking->take->has_hold_minutes ? taking->take->hold_minutes : HOLD_DEFAULT_MINUTES;
    struct life_of *life = taking->claimant.life;
    struct booking_seed seed = {.pool = taking->pool,
                                .channel = taking->claimant.channel,
                                .units = taking->units,
                                .count = taking->count,
                                .expires_at =
                                    taking->hold ? hold_until(taking->work->now, minutes, start) : instant_of(0),
                                .life = life,
                                .reference = taking->take->reference,
                                .allotment = taking->take->allotment};

    if (life != NULL)
        seed.patient = life->row->patient;
    return booking_begin(taking->work, &seed);
}

static bool take_place(struct work *work, bool hold)
{
    struct taking taking = {.work = work, .take = (const Referral__TakePlace *)work->body, .hold = hold};
    struct life_of *life;
    struct booking_of *booking;

    if (!check(&taking))
        return false;
    life = taking.claimant.life;
    booking = begin(&taking);
    if (life != NULL && hold) {
        struct place_news news = {.event = PLACE_HELD, .booking = booking, .by = taking.claimant.by};

        place_tell(work, life, &news);
    } else if (life != NULL) {
        place_step_booked(work, &taking.claimant, booking, taking.take->person);
    }
    pool_save(work, taking.pool);
    place_reply(work, booking, life, taking.claimant.by);
    return true;
}

bool take_apply_hold(struct work *work)
{
    return take_place(work, true);
}

bool take_apply_book(struct work *work)
{
    return take_place(work, false);
}
