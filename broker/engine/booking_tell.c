/* booking_tell.c - who learns what became of a place (L2). */
#include "engine/booking_parts.h"
#include "engine/tidings.h"

int place_by_hospital(const struct work *work)
{
    return work->actor_number == 0 ? BY_CLOCK : BY_RECEIVER; /* its timetable is the clock's to carry out */
}

uint32_t place_cause(const struct life_of *life, int by)
{
    if (by == BY_SENDER)
        return life->row->sender_number;
    return by == BY_RECEIVER ? life->row->receiver_number : 0;
}

const char *place_by_name(const struct work *work, int by)
{
    return by == BY_CLOCK ? "clock" : work->actor;
}

Referral__Event *place_detail(struct work *work, enum event event, Referral__Person *person)
{
    Referral__Event *detail = arena_alloc(work->arena, sizeof *detail);

    referral__event__init(detail);
    FIELD_SET(detail, type, (Referral__EventType)event);
    detail->person = person;
    return detail;
}

static struct tidings tidings_of(struct work *work, const struct place_news *news, bool for_hospital)
{
    struct tidings tidings = {.event = news->event,
                              .by_name = place_by_name(work, news->by),
                              .detail = news->detail,
                              .assumed = news->assumed};

    if (news->booking != NULL)
        tidings.booking = booking_view(work, news->booking->id, news->booking->row, for_hospital);
    if (news->entry != NULL)
        tidings.entry = waiting_view(work, news->entry, for_hospital);
    return tidings;
}

void place_tell(struct work *work, struct life_of *life, const struct place_news *news)
{
    struct tidings tidings = tidings_of(work, news, false);

    tidings.from = (enum state)life->row->state;
    tidings_record(work, life, &tidings);
    if (news->told == TOLD_SENDER) {
        tidings_notify(work, life, &tidings, life->row->sender, 0);
        tidings_notify_team(work, life, &tidings, 0);
    }
    if (news->told == TOLD_OTHERS || news->told == TOLD_ALL)
        tidings_notify_parties(work, life, &tidings, news->told == TOLD_ALL ? 0 : place_cause(life, news->by));
}

void place_tell_hospital(struct work *work, const struct registry_institution *hospital, const struct place_news *news)
{
    struct tidings tidings = tidings_of(work, news, true);
    struct id about = news->booking != NULL ? news->booking->id : news->entry->key.id;

    tidings_notify_own(work, hospital, &tidings, about);
}

void place_tell_owner(struct work *work, struct life_of *life, const struct registry_institution *hospital,
                      const struct place_news *news)
{
    if (life != NULL)
        place_tell(work, life, news);
    else
        place_tell_hospital(work, hospital, news);
}
