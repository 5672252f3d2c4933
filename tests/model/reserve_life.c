/* reserve_life.c - referrals: what their events do, when the clock ends them, and who may have a place (section 4, Q5,
 * L6). */
#include "reserve_inside.h"

#define VALIDITY_MS  (14 * DAY_MS)
#define EMERGENCY_MS DAY_MS
#define ROUNDS_MAX   3
#define REBOOKINGS   2
#define TEAM_HOLDS   5

static const enum who team_of[] = {WHO_H2, WHO_T07, WHO_T07, WHO_T08}; /* whose team: none, 1, 2, 3 */

bool m_speaks_for(enum who who, enum who whom)
{
    return who == whom || (who == WHO_T07 && whom == WHO_V01);
}

void m_tell(struct world *world, const struct tiding *tiding)
{
    if (world->lives != NULL)
        world->lives->told(world->lives->user, tiding);
}

bool m_life_is_before_arrival(Referral__State state)
{
    return state <= REFERRAL__STATE__NO_SHOW;
}

int reserve_find_referral(const struct world *world, int label)
{
    for (int i = 0; i < world->referral_count; i++)
        if (world->referrals[i].label == label)
            return i;
    return NOBODY;
}

void m_life_back(struct m_referral *referral)
{
    referral->state = referral->accepted ? REFERRAL__STATE__ACCEPTED : REFERRAL__STATE__DELIVERED;
    referral->no_show_at = 0;
}

/* Q12: once its session has begun it was not given back. */
static void free_place(struct world *world, int id)
{
    const struct m_booking *booking = &world->bookings[id];

    if (booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED && booking->start <= world->now) {
        m_booking_finish(world, id, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW);
        return;
    }
    world->seen[booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD ? SEEN_END_FREES_HOLD : SEEN_END_FREES_PLACE]++;
    if (world->taken_back)
        m_book_taken_back(world, id);
    m_booking_vacate(world, id, false);
    m_booking_finish(world, id, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
}

void m_life_free(struct world *world, int referral, bool booked_too)
{
    for (int class = 1; class < CLASSES; class ++) {
        struct m_claim *claim = &world->referrals[referral].claims[class];
        int booking = claim->booking, entry = claim->entry;

        if (entry != NOBODY && world->entries[entry].displaced && !booked_too) {
            world->seen[SEEN_END_KEEPS_ENTRY]++;
            continue;
        }
        if (entry != NOBODY)
            m_entry_remove(world, entry);
        world->seen[SEEN_END_FREES_ENTRY] += entry != NOBODY;
        if (booking == NOBODY || !m_booking_lives(&world->bookings[booking]))
            continue;
        if (booked_too || world->bookings[booking].state == REFERRAL__BOOKING_STATE__PLACE_HELD)
            free_place(world, booking);
        else
            world->seen[SEEN_END_KEEPS_PLACE]++;
    }
}

void m_life_end(struct world *world, int referral, Referral__State state)
{
    world->referrals[referral].state = state;
    m_life_free(world, referral, true);
}

void m_main_missed(struct world *world, struct m_referral *referral)
{
    for (int class = 1; class < CLASSES; class ++)
        if (referral->claims[class].is_main && referral->claims[class].booking != NOBODY)
            m_booking_finish(world, referral->claims[class].booking, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW);
}

/* The clock: a no-show is assumed a day after the session's end; validity ends then at the earliest a day later. */
static void miss(struct world *world, int referral)
{
    struct m_referral *missed = &world->referrals[referral];

    m_main_missed(world, missed);
    missed->state = REFERRAL__STATE__NO_SHOW;
    missed->no_show_at = 0;
}

int64_t m_life_due(const struct m_referral *referral)
{
    int64_t due = m_life_is_before_arrival(referral->state) ? referral->valid_until : 0;

    if (referral->state == REFERRAL__STATE__BOOKED && (due == 0 || referral->no_show_at < due))
        due = referral->no_show_at;
    return due;
}

void m_life_run(struct world *world, int referral)
{
    struct m_referral *lives = &world->referrals[referral];

    if (world->lives != NULL) {
        world->lives->run(world->lives->user, referral);
        return;
    }
    while (m_life_due(lives) != 0 && m_life_due(lives) <= world->now && !world->doubt) {
        if (lives->state == REFERRAL__STATE__BOOKED && lives->no_show_at <= lives->valid_until) {
            miss(world, referral);
            if (world->now + DAY_MS > lives->valid_until)
                lives->valid_until = world->now + DAY_MS;
        } else {
            m_life_end(world, referral, REFERRAL__STATE__EXPIRED);
        }
    }
}

/* Before acceptance only where the class allows it: by default EXPERT and EXAM. What the hospital owes for a place of a
 * further class that it took away may be had in whatever state the patient's care is by then. */
static void may_book(const struct m_referral *referral, Referral__PlaceClass class, bool owed, struct answer *answer)
{
    bool direct = class != REFERRAL__PLACE_CLASS__BED;

    if (!direct && !referral->accepted && !owed && referral->state < REFERRAL__STATE__ARRIVED)
        m_say(answer, "NOT_BOOKABLE_YET");
    switch ((int)referral->state) {
    case REFERRAL__STATE__SUBMITTED:
    case REFERRAL__STATE__DELIVERED:
    case REFERRAL__STATE__ACCEPTED:
    case REFERRAL__STATE__WAITLISTED:
    case REFERRAL__STATE__BOOKED:
    case REFERRAL__STATE__ARRIVED:
    case REFERRAL__STATE__IN_CARE:
        break;
    case REFERRAL__STATE__NO_SHOW:
        if (referral->rebookings >= REBOOKINGS)
            m_say(answer, "TOO_MANY_REBOOKINGS");
        break;
    default:
        if (!owed || referral->state < REFERRAL__STATE__ARRIVED)
            m_say(answer, "NOT_BOOKABLE");
    }
}

static bool has_used(const struct world *world, int referral, Referral__PlaceClass class)
{
    for (int i = 0; i < world->booking_count; i++)
        if (world->bookings[i].referral == referral && m_class_of(world, &world->bookings[i]) == class &&
            world->bookings[i].state == REFERRAL__BOOKING_STATE__PLACE_USED)
            return true;
    return false;
}

/* Another referral of that patient to the same hospital has such a place, or waits for one: also one that is closed, as
 * long as the place stands. */
static bool has_another(const struct world *world, int referral, int patient, int class)
{
    for (int i = 0; i < world->referral_count; i++) {
        const struct m_referral *other = &world->referrals[i];
        const struct m_claim *theirs = &other->claims[class];

        if (i != referral && other->patient == patient && other->receiver == world->referrals[referral].receiver &&
            (theirs->booking != NOBODY || theirs->entry != NOBODY))
            return true;
    }
    return false;
}

/* Q15: it is booked where no unit is counted, from before the hospital published pools of that class. */
static bool is_booked_outside(const struct m_referral *referral, Referral__PlaceClass class)
{
    return referral->state == REFERRAL__STATE__BOOKED && m_main_claim(referral) == NULL &&
           referral->outside == (int)class;
}

/* Q5: no other place of that class, neither this referral, also if it was used, nor another of the same patient. */
static void holds_no_other(struct world *world, const struct taker *taker, struct answer *answer)
{
    const struct m_referral *own = &world->referrals[taker->referral];
    const struct m_claim *claim = m_claim_of(world, taker->referral, taker->class);

    if ((claim->booking != NOBODY && claim->booking != taker->own_booking) ||
        (claim->entry != NOBODY && claim->entry != taker->own_entry) ||
        has_used(world, taker->referral, taker->class) || is_booked_outside(own, taker->class))
        m_say(answer, "HAS_PLACE");
    if (taker->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR &&
        has_another(world, taker->referral, own->patient, (int)taker->class)) {
        m_say(answer, "PATIENT_HAS_PLACE");
        world->seen[SEEN_PATIENT_HAS_PLACE]++;
    }
}

static bool is_family_claim(const struct world *world, const struct m_claim *claim)
{
    if (claim->entry != NOBODY)
        return world->entries[claim->entry].channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
    return claim->booking != NOBODY && world->bookings[claim->booking].channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
}

bool m_may_pass(struct world *world, int referral, int patient)
{
    const struct m_referral *passes = &world->referrals[referral];
    bool has_claim = false;

    if (passes->patient == patient)
        return true;
    for (int class = 1; class < CLASSES; class ++) {
        if (is_family_claim(world, &passes->claims[class]) && has_another(world, referral, patient, class))
            return false;
        has_claim |= is_family_claim(world, &passes->claims[class]);
    }
    world->seen[SEEN_PLACE_PASSES] += has_claim;
    return true;
}

static void is_family(const struct world *world, const struct m_referral *referral, struct answer *answer)
{
    (void)world;
    if (referral->sender == WHO_H1 || referral->sender == WHO_H2 || referral->sender == WHO_C1)
        m_say(answer, "NOT_FROM_PRIMARY");
    if (referral->team == 0 || !m_speaks_for(team_of[referral->team], referral->sender))
        m_say(answer, "TEAM_NEEDED");
    if (referral->priority == REFERRAL__PRIORITY__EMERGENCY)
        m_say(answer, "EMERGENCY_TAKES_NONE");
}

static void without_referral(const struct taker *taker, struct answer *answer)
{
    if (taker->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR) {
        m_say(answer, "REFERRAL_NEEDED");
        if (taker->who == WHO_H1)
            m_say(answer, "NOT_ALLOWED");
    } else if (taker->who != WHO_H1) {
        m_say(answer, "NOT_ALLOWED");
        m_say(answer, "REFERRAL_NEEDED");
    } else if (!taker->reference) {
        m_say(answer, "REFERENCE_NEEDED");
    }
}

static bool owes_another(const struct world *world, const struct taker *taker)
{
    return taker->own_entry != NOBODY && world->entries[taker->own_entry].live &&
           world->entries[taker->own_entry].displaced;
}

void m_life_conditions(struct world *world, const struct taker *taker, struct answer *answer)
{
    const struct m_referral *referral;

    if (taker->referral == NOBODY) {
        without_referral(taker, answer);
        return;
    }
    referral = &world->referrals[taker->referral];
    if (!m_speaks_for(taker->who, referral->sender) && !m_speaks_for(taker->who, referral->receiver)) {
        m_say(answer, "NOT_FOUND");
        m_say(answer, "NOT_ALLOWED");
        return;
    }
    if (referral->down)
        m_say(answer, "DOWN_NEVER_BOOKED");
    if (referral->receiver != WHO_H1)
        m_say(answer, "OTHER_HOSPITAL");
    if (taker->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR)
        is_family(world, referral, answer);
    else if (referral->team != 0 && referral->priority != REFERRAL__PRIORITY__EMERGENCY)
        m_say(answer, "FAMILY_CHANNEL");
    if (taker->channel == REFERRAL__CHANNEL__GENERAL && taker->reference)
        m_say(answer, "NOT_EXPECTED");
    may_book(referral, taker->class, owes_another(world, taker), answer);
    holds_no_other(world, taker, answer);
    if (taker->holds && taker->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR && referral->team != 0 &&
        reserve_team_holds(world, referral->team) >= TEAM_HOLDS)
        m_say(answer, "TOO_MANY_HOLDS");
}

/* ---- Events ---- */

struct step {
    Referral__EventType event;
    bool by_receiver, by_sender;
    uint32_t from; /* bits of states */
};
#define IN(state) (1U << REFERRAL__STATE__##state)
#define BEFORE_ARRIVAL                                                                                                 \
    (IN(SUBMITTED) | IN(DELIVERED) | IN(INFO_REQUESTED) | IN(ACCEPTED) | IN(WAITLISTED) | IN(BOOKED) | IN(NO_SHOW))

static const struct step steps[] = {
    {REFERRAL__EVENT_TYPE__EVENT_ACCEPT, true, false,
     IN(SUBMITTED) | IN(DELIVERED) | IN(INFO_REQUESTED) | IN(WAITLISTED) | IN(BOOKED)},
    {REFERRAL__EVENT_TYPE__EVENT_REQUEST_INFO, true, false, IN(SUBMITTED) | IN(DELIVERED) | IN(ACCEPTED)},
    {REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO, false, true, IN(INFO_REQUESTED)},
    {REFERRAL__EVENT_TYPE__EVENT_REJECT, true, false, BEFORE_ARRIVAL},
    {REFERRAL__EVENT_TYPE__EVENT_CANCEL, false, true, BEFORE_ARRIVAL},
    {REFERRAL__EVENT_TYPE__EVENT_ARRIVE, true, false, BEFORE_ARRIVAL},
    {REFERRAL__EVENT_TYPE__EVENT_NO_SHOW, true, false, IN(BOOKED)},
    {REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING, true, true, IN(BOOKED)},
    {REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST, true, true, IN(WAITLISTED)},
    {REFERRAL__EVENT_TYPE__EVENT_START, true, false, IN(ARRIVED)},
};

const struct m_claim *m_main_claim(const struct m_referral *referral)
{
    for (int class = 1; class < CLASSES; class ++)
        if (referral->claims[class].is_main)
            return &referral->claims[class];
    return NULL;
}

/* Nobody has failed to come before it began, and nothing is given back from then on. */
bool m_main_judge(const struct world *world, int referral, Referral__EventType event)
{
    const struct m_claim *claim = m_main_claim(&world->referrals[referral]);
    bool started;

    if (claim == NULL || claim->booking == NOBODY)
        return true;
    started = world->bookings[claim->booking].start <= world->now;
    return !(event == REFERRAL__EVENT_TYPE__EVENT_NO_SHOW && !started) &&
           !(event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING && started);
}

void m_event_judge(struct world *world, const struct command *command, struct answer *answer)
{
    const struct m_referral *referral = &world->referrals[reserve_find_referral(world, command->referral)];
    bool receives = command->who == referral->receiver, sends = m_speaks_for(command->who, referral->sender);

    if (!receives && !sends) {
        m_say(answer, "NOT_FOUND");
        m_say(answer, "NOT_ALLOWED");
        return;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const struct step *step = &steps[i];

        if (step->event != command->event || (step->from & 1U << referral->state) == 0)
            continue;
        if ((!step->by_receiver || !receives) && (!step->by_sender || !sends))
            continue;
        if (step->event == REFERRAL__EVENT_TYPE__EVENT_REQUEST_INFO && referral->rounds >= ROUNDS_MAX)
            m_say(answer, "TOO_MANY_ROUNDS");
        if (!m_main_judge(world, reserve_find_referral(world, command->referral), command->event))
            m_say(answer, "BOOKING_NOT_NOW");
        return;
    }
    m_say(answer, "NOT_NOW");
}

static bool has_come_for(const struct world *world, const struct m_claim *claim)
{
    const struct m_booking *booking = claim->booking == NOBODY ? NULL : &world->bookings[claim->booking];

    return booking != NULL && booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED &&
           reserve_slots[booking->slot].day <= m_day_of(world->now);
}

/* A place of the day on which he came; of those the main one; then the later day's, and the earlier one of a day. */
static bool is_nearer(const struct world *world, const struct m_claim *claim, const struct m_claim *other, int came_on)
{
    const struct m_booking *booking = &world->bookings[claim->booking], *others = &world->bookings[other->booking];
    int day = reserve_slots[booking->slot].day, others_day = reserve_slots[others->slot].day;

    if ((day == came_on) != (others_day == came_on))
        return day == came_on;
    if (claim->is_main || other->is_main)
        return claim->is_main;
    return day != others_day ? day > others_day : booking->start < others->start;
}

static struct m_claim *place_of_the_day(struct world *world, struct m_referral *referral, int came_on)
{
    struct m_claim *found = NULL;

    for (int i = 1; i < CLASSES; i++) {
        struct m_claim *claim = &referral->claims[i];

        if (has_come_for(world, claim) && (found == NULL || is_nearer(world, claim, found, came_on)))
            found = claim;
    }
    return found;
}

bool m_has_place_of(struct world *world, struct m_referral *referral, int64_t came_at)
{
    const struct m_claim *place = place_of_the_day(world, referral, m_day_of(came_at));

    return place != NULL && reserve_slots[world->bookings[place->booking].slot].day == m_day_of(came_at);
}

/* The patient came: for a place of the day, or as a walk-in, who takes no unit and gives back what he had. */
void m_main_arrived(struct world *world, struct m_referral *referral, int64_t came_at)
{
    struct m_claim *place = place_of_the_day(world, referral, m_day_of(came_at));
    const struct m_claim *claim = m_main_claim(referral);

    if (place != NULL) {
        if (!place->is_main)
            for (int i = 1; i < CLASSES; i++)
                referral->claims[i].is_main = false;
        m_booking_finish(world, place->booking, REFERRAL__BOOKING_STATE__PLACE_USED);
        return;
    }
    if (claim == NULL)
        return;
    if (claim->entry != NOBODY) {
        m_entry_remove(world, claim->entry);
        return;
    }
    m_booking_vacate(world, claim->booking, false);
    m_booking_finish(world, claim->booking, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
}

void m_main_cancelled(struct world *world, struct m_referral *referral, bool by_hospital, bool unkept)
{
    const struct m_claim *claim = m_main_claim(referral);

    assert(claim != NULL && claim->booking != NOBODY);
    world->seen[SEEN_UNKEPT] += unkept;
    if (by_hospital)
        m_book_taken_back(world, claim->booking);
    m_booking_vacate(world, claim->booking, unkept);
    m_booking_finish(world, claim->booking, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
}

static void ask(struct m_referral *referral)
{
    bool was_new = referral->state == REFERRAL__STATE__SUBMITTED;

    referral->previous = was_new ? REFERRAL__STATE__DELIVERED : referral->state;
    referral->state = REFERRAL__STATE__INFO_REQUESTED;
    referral->rounds++;
}

void m_event_perform(struct world *world, const struct command *command)
{
    int id = reserve_find_referral(world, command->referral);
    struct m_referral *referral = &world->referrals[id];

    switch ((int)command->event) {
    case REFERRAL__EVENT_TYPE__EVENT_ACCEPT:
        referral->accepted = true;
        if (referral->state != REFERRAL__STATE__WAITLISTED && referral->state != REFERRAL__STATE__BOOKED)
            referral->state = REFERRAL__STATE__ACCEPTED;
        break;
    case REFERRAL__EVENT_TYPE__EVENT_REQUEST_INFO:
        ask(referral);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO:
        referral->state = referral->previous;
        break;
    case REFERRAL__EVENT_TYPE__EVENT_REJECT:
        world->taken_back = true;
        m_life_end(world, id, REFERRAL__STATE__REJECTED);
        world->taken_back = false;
        break;
    case REFERRAL__EVENT_TYPE__EVENT_CANCEL:
        m_life_end(world, id, REFERRAL__STATE__CANCELLED);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_ARRIVE:
        referral->state = REFERRAL__STATE__ARRIVED;
        m_main_arrived(world, referral, command->at_ms);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_NO_SHOW:
        miss(world, id);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING:
        m_main_cancelled(world, referral, command->who == WHO_H1,
                         command->who == WHO_H1 && command->reason == REFERRAL__REASON__NOT_AVAILABLE);
        m_life_back(referral);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST:
        m_entry_remove(world, m_main_claim(referral)->entry);
        m_life_back(referral);
        break;
    case REFERRAL__EVENT_TYPE__EVENT_START:
        referral->state = REFERRAL__STATE__IN_CARE;
        break;
    default:
        assert(false);
    }
}
