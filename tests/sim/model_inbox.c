/* model_inbox.c - messages wait in order, are handed out, come back, die and are counted (D3-D7, D9). */
#include <assert.h>
#include <string.h>

#include "sim/model.h"

#define MINUTE  60000LL
#define GIVE_UP 12

void model_put(struct model *m, enum house to, const struct model_referral *r, bool is_sheet, int event,
               enum house cause)
{
    assert(m->message_count < MODEL_MESSAGES);
    m->messages[m->message_count++] = (struct model_message){.number = ++m->next_message,
                                                             .to = to,
                                                             .cause = cause,
                                                             .lane = r->priority,
                                                             .event = event,
                                                             .referral = (int)(r - m->referrals),
                                                             .version = r->version,
                                                             .state = r->state,
                                                             .is_sheet = is_sheet,
                                                             .turn = m->turn};
    m->books[to].accepted++;
    m->books[to].waiting++;
}

void model_put_own(struct model *m, enum house to, int event)
{
    const struct model_referral none = {.priority = REFERRAL__PRIORITY__ROUTINE};

    model_put(m, to, &none, false, event, NO_PARTY);
    m->messages[m->message_count - 1].referral = -1;
}

struct model_message *model_message(struct model *m, const uint8_t *id, size_t size)
{
    for (int i = 0; size != 0 && i < m->message_count; i++)
        if (m->messages[i].id_size == size && memcmp(m->messages[i].id, id, size) == 0)
            return &m->messages[i];
    return NULL;
}

static void forget(struct model *m, struct model_message *message)
{
    int at = (int)(message - m->messages);

    memmove(message, message + 1, (size_t)(m->message_count - at - 1) * sizeof *message);
    m->message_count--;
}

static void release(struct model_message *message)
{
    message->holder = 0;
    message->beyond = message->parked = false;
}

static bool belongs(const struct model_message *message, enum house who)
{
    return message != NULL && !message->is_dead && message->to == who;
}

void model_ack(struct model *m, enum house who, const uint8_t *id, size_t size)
{
    struct model_message *message = model_message(m, id, size);
    struct model_referral *r;
    bool is_sheet;

    if (!belongs(message, who))
        return; /* acknowledging twice is harmless, and another's is nobody's */
    r = message->referral < 0 ? NULL : &m->referrals[message->referral];
    is_sheet = message->is_sheet;
    m->books[who].acknowledged++;
    m->books[who].waiting--;
    m->books[who].last_ack = m->now;
    forget(m, message);
    if (!is_sheet || r == NULL)
        return;
    model_touch(m, r);
    if (r->delivered)
        return;
    r->delivered = true;
    if (r->state == REFERRAL__STATE__SUBMITTED) {
        r->state = REFERRAL__STATE__DELIVERED;
        r->since = m->now;
        r->audit[REFERRAL__EVENT_TYPE__EVENT_DELIVERY_CONFIRMED]++;
    }
    model_save(m, r);
}

static void bury(struct model *m, struct model_message *message)
{
    struct model_referral *r = message->referral < 0 ? NULL : &m->referrals[message->referral];
    enum house cause = message->cause;
    bool told = message->event != REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER && cause != message->to && cause < INBOXES;

    release(message);
    message->is_dead = true;
    message->dead_at = m->now;
    m->books[message->to].waiting--;
    m->books[message->to].dead++;
    if (r == NULL)
        return;
    r->audit[REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER]++;
    model_touch(m, r);
    if (told)
        model_put(m, cause, r, false, REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER, NO_PARTY);
    if (told && cause == r->sender)
        model_tell_team(m, r, REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER, message->to, NO_PARTY);
    model_save(m, r);
}

void model_fail(struct model *m, struct model_message *message)
{
    static const int64_t steps[] = {5000, 15000, MINUTE, 5 * MINUTE, 15 * MINUTE};
    struct model_referral *r = message->referral < 0 ? NULL : &m->referrals[message->referral];

    release(message);
    if (message->failed++ == 0)
        message->first_failed = m->now;
    message->not_before = m->now + steps[message->failed <= 5 ? message->failed - 1 : 4];
    if (message->failed >= GIVE_UP && m->books[message->to].last_ack > message->first_failed) {
        bury(m, message);
    } else if (r != NULL) {
        model_touch(m, r);
        model_save(m, r);
    }
}

void model_nack(struct model *m, enum house who, const uint8_t *id, size_t size, bool retry)
{
    struct model_message *message = model_message(m, id, size);

    if (!belongs(message, who) || (retry && message->not_before > m->now))
        return;
    if (retry)
        model_fail(m, message);
    else
        bury(m, message);
}

void model_lost(struct model *m, uint64_t holder)
{
    for (int i = 0; i < m->message_count; i++)
        if (m->messages[i].holder == holder) {
            release(&m->messages[i]);
            m->messages[i].returns++;
        }
}

bool model_is_deliverable(const struct model *m, const struct model_message *message)
{
    if (message->is_dead || message->holder != 0 || message->not_before > m->now || m->books[message->to].paused ||
        m->disabled[message->to])
        return false;
    for (const struct model_message *other = m->messages; other < m->messages + m->message_count; other++)
        if (other->number < message->number && other->to == message->to && other->referral == message->referral &&
            !other->is_dead && other->not_before > m->now && message->referral >= 0)
            return false;
    return true;
}

bool model_may_follow(const struct model *m, const struct model_message *message)
{
    for (int i = 0; i < m->message_count && message->referral < 0; i++) {
        const struct model_message *other = &m->messages[i];

        if (other->number < message->number && other->to == message->to && other->referral < 0 && !other->is_dead &&
            other->not_before > m->now)
            return true;
    }
    return false;
}

/* What an operator makes of a dead letter is part of its referral's life. */
static void note_end(struct model *m, const struct model_message *message)
{
    struct model_referral *r = message->referral < 0 ? NULL : &m->referrals[message->referral];

    if (r == NULL)
        return;
    r->audit[REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER]++;
    model_touch(m, r);
    model_save(m, r);
}

static void replay(struct model *m, struct model_message *message)
{
    message->is_dead = false;
    message->failed = 0;
    message->first_failed = message->not_before = 0;
    m->books[message->to].dead--;
    m->books[message->to].waiting++;
}

static void drop(struct model *m, struct model_message *message)
{
    m->books[message->to].dead--;
    m->books[message->to].dropped++;
    forget(m, message);
}

static bool is_named(const struct deed *deed, const struct model_message *message)
{
    return message->is_dead && message->to == deed->to &&
           (deed->is_all ||
            (message->id_size == deed->dead_id_size && memcmp(message->id, deed->dead_id, deed->dead_id_size) == 0));
}

static void end_in_lane(struct model *m, struct deed *deed, int lane)
{
    for (int i = 0; i < m->message_count; i++) {
        struct model_message *message = &m->messages[i];

        if (message->lane != lane || !is_named(deed, message))
            continue;
        deed->affected++;
        note_end(m, message);
        if (deed->kind == REFERRAL__KIND__REPLAY_DEAD) {
            replay(m, message);
        } else {
            drop(m, message);
            i--;
        }
    }
}

/* In the order of the inbox. */
void model_dead_letters(struct model *m, struct deed *deed)
{
    deed->affected = 0;
    for (int lane = REFERRAL__PRIORITY__EMERGENCY; lane <= REFERRAL__PRIORITY__ROUTINE; lane++)
        end_in_lane(m, deed, lane);
    deed->verdict = deed->is_all || deed->affected != 0 ? GRANTED : REFUSED;
}
