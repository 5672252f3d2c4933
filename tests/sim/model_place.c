/* model_place.c - places and referrals, each a model of its own, moved on by each other (section 6, L6, C3). */
#include <assert.h>
#include <stdlib.h>

#include "model/reserve_inside.h"
#include "sim/model_place.h"

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define ST(name) REFERRAL__STATE__##name

static const enum who whos[] = {[V1] = WHO_V01, [T07] = WHO_T07, [T08] = WHO_T08,     [H1] = WHO_H1,
                                [H2] = WHO_H2,  [C1] = WHO_C1,   [OP] = WHO_STRANGER, [PARTIES] = WHO_STRANGER};

enum who place_who(enum house party)
{
    return whos[party];
}

enum house place_house(enum who who)
{
    enum house party = V1;

    while (party < OP && whos[party] != who)
        party++;
    return party;
}

/* ---- What places mean for referrals ---- */

static int number_of(const struct model *m, const struct model_referral *r)
{
    return (int)(r - m->referrals);
}

/* C3: a down-referral that is due ends first, and its parent is REPORTED again. */
static void run(void *user, int referral)
{
    struct model *m = user;
    struct model_referral *r = &m->referrals[referral];

    model_run(m, r);
    if (r->state != ST(RETURNED) || r->child < 0)
        return;
    model_touch(m, &m->referrals[r->child]);
    model_run(m, r);
}

static enum role_in role_of(const struct model *m, const struct model_referral *r, enum side side)
{
    if (side == SIDE_CLOCK)
        return AS_BROKER;
    if (side == SIDE_HOSPITAL)
        return AS_RECEIVER;
    assert(m->places->speaks != NULL);
    return model_acts_for(m->places->speaks->actor, r->sender) ? AS_SENDER : AS_RECEIVER;
}

static enum house speaker_of(const struct model *m, const struct tiding *tiding)
{
    return tiding->by == SIDE_CLOCK || m->places->speaks == NULL ? NO_PARTY : m->places->speaks->speaker;
}

static void step(struct model *m, struct model_referral *r, const struct tiding *tiding, enum house but)
{
    struct model_happening h = {.event = (int)tiding->event,
                                .by = role_of(m, r, tiding->by),
                                .but = but,
                                .speaker = speaker_of(m, tiding),
                                .by_place = true};
    Referral__State state = m->places->world.referrals[tiding->referral].state;

    model_step(m, r, &h);
    if ((int)state != r->state)
        m->places->differs = "the state of a referral after an event of its place";
    model_save(m, r);
}

static void told(void *user, const struct tiding *tiding)
{
    struct model *m = user;
    struct model_referral *r = tiding->referral == NOBODY ? NULL : &m->referrals[tiding->referral];
    enum house but = NO_PARTY;

    if (r == NULL) {
        model_put_own(m, H1, (int)tiding->event);
        return;
    }
    if (tiding->told == TOLD_OTHERS)
        but = role_of(m, r, tiding->by) == AS_SENDER ? r->sender : r->receiver;
    if (tiding->is_step)
        step(m, r, tiding, but);
    else if (tiding->told == TOLD_SENDER)
        model_tell_sender(m, r, (int)tiding->event);
    else
        model_tell(m, r, (int)tiding->event, but, speaker_of(m, tiding));
}

static void session(void *user, int referral, int64_t end, bool is_main)
{
    struct model *m = user;
    struct model_referral *r = &m->referrals[referral];
    int64_t no_show_at = r->no_show_at;

    model_book_time(r, end);
    if (!is_main)
        r->no_show_at = no_show_at;
    model_save(m, r);
}

/* ---- What referrals mean for places ---- */

void places_begin(struct model *m)
{
    struct world *world = &m->places->world;
    struct m_referral *referral = &world->referrals[world->referral_count++];

    assert(world->referral_count <= REFERRALS_MAX);
    *referral = (struct m_referral){.label = world->referral_count - 1};
    for (int class = 0; class < CLASSES; class ++)
        referral->claims[class] = (struct m_claim){.booking = NOBODY, .entry = NOBODY};
}

/* Somebody with an id, and somebody without: nobody knows that they are one. */
static int patient_of(struct model_patient patient)
{
    return (int)patient.number * 2 + patient.no_id;
}

bool places_may_pass(const struct model *m, const struct model_referral *r, struct model_patient to)
{
    return m_may_pass(&m->places->world, number_of(m, r), patient_of(to));
}

void places_mirror(struct model *m, const struct model_referral *r)
{
    struct m_referral *referral = &m->places->world.referrals[number_of(m, r)];

    referral->sender = place_who(r->sender);
    referral->receiver = place_who(r->receiver);
    referral->team = r->team;
    referral->patient = patient_of(r->patient);
    referral->down = r->down;
    referral->priority = (Referral__Priority)r->priority;
    referral->state = (Referral__State)r->state;
    referral->accepted = r->accepted;
    referral->rebookings = r->rebookings;
}

bool places_judge(const struct model *m, const struct model_referral *r, int event)
{
    return m_main_judge(&m->places->world, number_of(m, r), (Referral__EventType)event);
}

/* Q15: a place without a unit drives the referral from now on; what waited for one of its class is done. */
static void has_other_place(struct world *world, struct m_referral *referral, int class, int64_t start)
{
    for (int i = 1; i < CLASSES; i++)
        referral->claims[i].is_main = false;
    referral->outside = class;
    referral->outside_start = start;
    if (referral->claims[class].entry != NOBODY)
        m_entry_remove(world, referral->claims[class].entry);
}

/* He came for that one, and for none that he has beside it. */
static bool has_come_for_other(struct world *world, struct m_referral *referral, int from, int64_t came_at)
{
    int day = m_day_of(referral->outside_start);

    return from == ST(BOOKED) && m_main_claim(referral) == NULL && day <= m_day_of(world->now) &&
           (day == m_day_of(came_at) || !m_has_place_of(world, referral, came_at));
}

void places_follow(struct model *m, struct model_referral *r, const struct model_happening *h, int from)
{
    struct world *world = &m->places->world;
    struct m_referral *referral = &world->referrals[number_of(m, r)];
    const struct m_claim *claim = m_main_claim(referral);

    if (h->event == EV(ARRIVE) && !has_come_for_other(world, referral, from, h->deed->occurred_at))
        m_main_arrived(world, referral, h->deed->occurred_at);
    if (h->event == EV(NO_SHOW))
        m_main_missed(world, referral);
    if (h->event == EV(CANCEL_BOOKING) && claim != NULL)
        m_main_cancelled(world, referral, h->by == AS_RECEIVER, h->deed->unkept && h->by == AS_RECEIVER);
    if (h->event == EV(LEAVE_LIST) && claim != NULL)
        m_entry_remove(world, claim->entry);
    if (h->event == EV(BOOK) || h->event == EV(MOVE))
        has_other_place(world, referral, h->deed->place_class, h->deed->place_end - HOUR_MS);
    if (h->event == EV(BOOK) && referral->receiver == WHO_H1)
        world->outside[h->deed->place_class]++;
    /* What the sender asked for is granted: that is no taking back. */
    world->taken_back = h->by == AS_RECEIVER && h->event != EV(ANSWER_CANCEL);
    if (model_is_terminal(r->state))
        m_life_free(world, number_of(m, r),
                    model_is_before_arrival(from) || r->state == ST(VOID) || r->state == ST(CANCELLED));
    world->taken_back = false;
}

bool places_has_unit(const struct model *m, const struct model_referral *r)
{
    const struct m_claim *claim = m_main_claim(&m->places->world.referrals[number_of(m, r)]);

    return claim != NULL && claim->booking != NOBODY;
}

bool places_has_claim(const struct model *m, const struct model_referral *r)
{
    const struct m_claim *claims = m->places->world.referrals[number_of(m, r)].claims;

    for (int class = 1; class < CLASSES; class ++)
        if (claims[class].booking != NOBODY || claims[class].entry != NOBODY)
            return true;
    return false;
}

bool places_has_pools(const struct model *m, enum house hospital, int place_class)
{
    for (int slot = 0; slot < SLOTS && hospital == H1; slot++)
        if (m->places->world.pools[slot].exists && (int)reserve_slots[slot].class == place_class)
            return true;
    return false;
}

/* ---- Commands ---- */

void places_other(struct model *m)
{
    struct world *world = &m->places->world;

    world->label = ++m->places->label;
    world->made_bookings = world->made_entries = 0;
    m->places->speaks = NULL;
}

void places_settle(struct model *m)
{
    m_settle(&m->places->world);
}

/* What the command is about, in reply and refusal. */
static void reply_of(const struct model *m, struct deed *deed, const struct place_deed *place)
{
    const struct world *world = &m->places->world;
    const struct command *command = &place->command;
    int referral = command->referral;

    if (place->answer.booking != NOBODY)
        referral = world->bookings[place->answer.booking].referral;
    if (command->op == OP_LEAVE)
        referral = world->entries[reserve_find_entry(world, command->entry)].referral;
    deed->about = referral;
    if (referral != NOBODY)
        deed->state = m->referrals[referral].state;
}

void places_apply(struct model *m, struct deed *deed)
{
    struct place_deed *place = &m->places->deeds[deed->place];
    struct command *command = &place->command;
    bool is_there;

    assert(deed->place > 0);
    command->at_ms = m->now;
    command->doubt = m->hold;
    command->label = ++m->places->label;
    m->places->speaks = deed;
    is_there = reserve_judge(&m->places->world, command, &place->answer);
    assert(is_there);
    deed->verdict = place->answer.code_count == 0 ? GRANTED : REFUSED;
    if (deed->verdict == GRANTED) {
        reserve_perform(&m->places->world, command, &place->answer);
        reply_of(m, deed, place);
        /* C4: its row is written, and what a doubtful time holds back waits a minute from now. */
        if (deed->about != NOBODY)
            model_save(m, &m->referrals[deed->about]);
    }
    m->places->speaks = NULL;
}

/* ---- Time ---- */

void places_turn(struct model *m)
{
    bool comes = reserve_due(&m->places->world) != 0;

    for (int i = 0; i < m->referral_count; i++)
        comes |= m->referrals[i].due_at != 0 && m->referrals[i].due_at <= m->now;
    reserve_turn(&m->places->world, comes);
}

bool places_tired(const struct model *m)
{
    return reserve_turn_is_over(&m->places->world);
}

void places_time(struct model *m)
{
    if (m->now > m->places->world.now)
        m_books_keep(&m->places->world);
    m->places->world.now = m->now;
    m->places->world.doubt = m->hold;
}

void model_touch(struct model *m, struct model_referral *r)
{
    m_referral_touch(&m->places->world, number_of(m, r));
}

int64_t places_due(struct model *m)
{
    return reserve_due(&m->places->world);
}

void places_wake(struct model *m)
{
    reserve_wake(&m->places->world);
}

/* The next instant at which something is due of a pool, of an entry, or of a referral with a place; 0: none. */
int64_t places_next(const struct model *m)
{
    const struct world *world = &m->places->world;
    int64_t next = 0;

    for (int slot = 0; slot < SLOTS; slot++) {
        int64_t due = m_pool_due(world, slot);

        if (due > m->now && (next == 0 || due < next))
            next = due;
    }
    for (int i = 0; i < world->entry_count; i++) {
        int64_t due = world->entries[i].due_at;

        if (world->entries[i].live && due > m->now && (next == 0 || due < next))
            next = due;
    }
    if (m_week_next(world, m->now) != 0 && (next == 0 || m_week_next(world, m->now) < next))
        next = m_week_next(world, m->now);
    for (int i = 0; i < m->referral_count; i++) {
        int64_t due = m->referrals[i].due_at;

        if (due > m->now && (next == 0 || due < next) && places_has_claim(m, &m->referrals[i]))
            next = due;
    }
    return next;
}

const uint64_t *places_seen(const struct model *m)
{
    return m->places->world.seen;
}

struct places *places_open(struct model *m)
{
    struct places *places = calloc(1, sizeof *places);

    assert(places != NULL);
    places->lives = (struct lives){.user = m, .run = run, .told = told, .session = session};
    places->world.lives = &places->lives;
    return places;
}

void places_close(struct places *places)
{
    free(places);
}
