/* place_step.c - steps of a referral's life that commands about places cause, and their answers. */
#include "engine/place_step.h"

#include "engine/booking_parts.h"
#include "engine/life_clock.h"

static void take_step(struct work *work, struct life_of *life, const struct transition *row, struct step *step)
{
    step->by_name = work->actor;
    life_step(work, life, row, step);
}

void place_step(struct work *work, struct life_of *life, enum event event, int by, const Referral__Event *detail,
                const struct booking_of *booking)
{
    const Record__Referral *row = life->row;
    struct step step = {.event = event, .by = by, .by_number = place_cause(life, by), .detail = detail};

    if (booking != NULL)
        step.booking = booking_view(work, booking->id, booking->row, false);
    take_step(
        work, life,
        lifecycle_find((enum life)row->life, (enum state)row->state, event, by, (Referral__Priority)row->priority),
        &step);
}

/* L2: who was told of the lapse, perhaps after he had confirmed, is told of this too, or the last he hears of it would
 * be that it is lost. */
static bool tells_all(const struct claimant *claimant)
{
    return claimant->again && claimant->by == BY_SENDER;
}

void place_step_booked(struct work *work, const struct claimant *claimant, const struct booking_of *booking,
                       Referral__Person *person)
{
    struct life_of *life = claimant->life;
    Referral__Event *detail = place_detail(work, BOOK, person);

    if (claimant->step == NULL) {
        struct place_news news = {.event = PLACE_BOOKED,
                                  .booking = booking,
                                  .by = claimant->by,
                                  .told = tells_all(claimant) ? TOLD_ALL : TOLD_OTHERS,
                                  .detail = detail};

        life_clock_extend(work, life, instant_of(booking->row->end_ms));
        place_tell(work, life, &news);
        return;
    }

    struct step step = {.event = BOOK,
                        .by = claimant->by,
                        .by_number = tells_all(claimant) ? 0 : place_cause(life, claimant->by),
                        .detail = detail};

    detail->place = booking_place(work, booking);
    step.booking = booking_view(work, booking->id, booking->row, false);
    claim_make_main(life->row, claim_of(life->row, booking_class(booking)));
    take_step(work, life, claimant->step, &step);
}

void place_step_waiting(struct work *work, const struct claimant *claimant, const struct waiting_of *entry,
                        Referral__Person *person)
{
    struct life_of *life = claimant->life;
    Referral__Event *detail = place_detail(work, WAITLIST, person);

    if (claimant->step == NULL) {
        struct place_news news = {
            .event = WAITLIST, .entry = entry, .by = claimant->by, .told = TOLD_OTHERS, .detail = detail};

        place_tell(work, life, &news);
        return;
    }

    struct step step = {.event = WAITLIST,
                        .by = claimant->by,
                        .by_number = place_cause(life, claimant->by),
                        .detail = detail,
                        .entry = waiting_view(work, entry, false)};

    claim_make_main(life->row, claim_of(life->row, (Referral__PlaceClass)entry->key.class));
    take_step(work, life, claimant->step, &step);
}

static void reply_life(struct work *work, struct life_of *life)
{
    if (life == NULL)
        return;
    life_save(work, life);
    life_reply(work, life);
}

void place_reply(struct work *work, const struct booking_of *booking, struct life_of *life, int by)
{
    work->reply.booking = booking_view(work, booking->id, booking->row, by == BY_RECEIVER);
    work->audit.subject = work->reply.booking->booking_id;
    reply_life(work, life);
}

void place_reply_entry(struct work *work, const struct waiting_of *entry, struct life_of *life, int by)
{
    work->reply.entry = waiting_view(work, entry, by == BY_RECEIVER);
    work->audit.subject = work->reply.entry->entry_id;
    reply_life(work, life);
}

bool place_check_open(struct work *work, const struct pool_of *pool, Referral__Channel channel)
{
    bool family = channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
    int64_t wait_ms = (family ? pool->row->fd_opens_at_ms : pool->row->general_opens_at_ms) - work->now.ms;
    enum refusal refusal = pool_is_open(work, pool, channel);

    if (refusal == REFUSED_NOT)
        return true;
    if (refusal == REFUSED_NOT_OPEN_YET && wait_ms <= UINT32_MAX) /* some seven weeks */
        FIELD_SET(&work->beside, retry_after_ms, (uint32_t)wait_ms);
    return refuse(work, refusal, "pool");
}

const char *place_field(enum refusal refusal)
{
    switch ((int)refusal) {
    case REFUSED_UNIT_TAKEN:
    case REFUSED_UNKNOWN_UNIT:
        return "first_unit";
    default:
        return NULL;
    }
}
