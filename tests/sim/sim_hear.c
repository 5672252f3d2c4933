/* sim_hear.c - a turn of the model, and whatever the broker said in the same turn compared with it. */
#include <stdio.h>
#include <stdlib.h>

#include "query.pb-c.h"
#include "sim/sim_inside.h"

/* ---- The model's turn ---- */

/* What a party says to a disk that is full may come to nothing. Then the broker has told so, or its index stands where
 * it stood. */
static bool came_to_nothing(struct sim *s, uint64_t index)
{
    return s->is_full && store_mark(s->store).index == index;
}

static void apply_said(struct sim *s, struct sim_said *said)
{
    if (said->what == SAID_ACK)
        model_ack(&s->model, said->who, said->id, said->id_size);
    else if (said->what == SAID_NACK)
        model_nack(&s->model, said->who, said->id, said->id_size, said->retry);
    else if (!s->is_full)
        model_apply(&s->model, &s->deeds[said->deed]);
}

/* What is said of several messages at once is one command, and who waits is looked at when it is over (C3). */
static bool is_of_one_command(const struct sim *s, size_t i)
{
    const struct sim_said *said = &s->pending[i], *next = said + 1;

    return i + 1 < s->pending_count && said->what != SAID_COMMAND && next->what == said->what && next->who == said->who;
}

static uint64_t place_of(const struct model_message *message)
{
    return ((uint64_t)message->lane << 60) | message->number;
}

static bool was_handed_before(const struct model_message *a, const struct model_message *b)
{
    return a->handed != b->handed ? a->handed < b->handed : place_of(a) < place_of(b);
}

/* Deliveries whose time is up fail in the order they were handed out. */
static void fail_late(struct sim *s)
{
    for (enum house to = V1; to < INBOXES; to++)
        for (;;) {
            struct model_message *first = NULL;

            for (int i = 0; i < s->model.message_count; i++) {
                struct model_message *message = &s->model.messages[i];

                if (message->to == to && message->holder != 0 && message->late_at <= s->now.mono_ms &&
                    (first == NULL || was_handed_before(message, first)))
                    first = message;
            }
            if (first == NULL)
                break;
            model_fail(&s->model, first);
        }
}

/* In the order of the broker's: what was said, what goes back, the clock. */
void sim_model_turn(struct sim *s, uint64_t index)
{
    struct model *m = &s->model;

    m->now = s->now.now.ms;
    m->hold = s->now.hold;
    places_time(m);
    places_turn(m);
    m->turn = store_mark(s->store).index;
    if (m->next_message < sim_number(m->turn, SIM_UNHEARD))
        m->next_message = sim_number(m->turn, SIM_UNHEARD);
    for (size_t i = 0; i < s->pending_count; i++) {
        if (came_to_nothing(s, index))
            continue;
        apply_said(s, &s->pending[i]);
        if (!is_of_one_command(s, i))
            places_settle(m);
    }
    s->pending_count = 0;
    if (s->is_full)
        return;
    for (size_t i = 0; i < s->lost_count; i++)
        model_lost(m, s->lost[i]);
    s->lost_count = 0;
    fail_late(s);
    places_settle(m);
    model_clock(m);
}

/* ---- Nobody sees another's bytes (P2) ---- */

static bool may_see(const struct sim *s, enum house who, uint32_t mark)
{
    for (int i = 0; i < s->model.referral_count; i++) {
        const struct model_referral *r = &s->model.referrals[i];

        if (r->mark == mark && who != OP && model_sees(r, who))
            return true;
    }
    return false;
}

static void look_for_foreign(struct sim *s, enum house who, struct bytes bytes)
{
    if (bytes.size == 0)
        return;

    const uint8_t *at = bytes.data, *end = at + bytes.size;

    while ((at = memmem(at, (size_t)(end - at), "MARK", 4)) != NULL) {
        uint32_t mark = (uint32_t)strtoul((const char *)at + 4, NULL, 10);

        if (!may_see(s, who, mark))
            sim_fail(s, "P2: %s was sent what stands in a sheet of others (mark %u)", party_name(who), mark);
        at += 4;
    }
}

/* ---- Replies ---- */

static const char *verdict_name(enum verdict verdict)
{
    static const char *const words[] = {"accepted", "refused", "refused as a conflict", "answered as before"};

    return words[verdict];
}

static const char *code_of(const Referral__Reply *reply)
{
    return reply->n_refusals == 0 ? "accepted" : reply->refusals[0]->code;
}

/* The answer without the number of the request: D1 wants it the same for ever. */
uint64_t sim_answer_hash(struct sim *s, const Referral__Reply *reply)
{
    Referral__Reply copy = *reply;

    copy.has_request = copy.has_position = false;
    return sim_hash(wire_pack(&copy.base, &s->w->arena));
}

static void learn_id(struct sim *s, int number, const char *id)
{
    struct model_referral *r;
    int known = model_find(&s->model, id);

    if (number < 0)
        return;
    r = &s->model.referrals[number];
    if (id == NULL || (r->id[0] != '\0' && strcmp(r->id, id) != 0) || (known >= 0 && known != number))
        sim_fail(s, "D1: a referral has two ids, or two have one");
    else
        snprintf(r->id, sizeof r->id, "%s", id);
}

static void check_accepted(struct sim *s, struct deed *deed, const Referral__Reply *reply)
{
    struct model_key *key = &s->model.keys[deed->key];
    uint64_t answer = sim_answer_hash(s, reply);

    if (key->answer != 0 && key->answer != answer)
        sim_fail(s, "D1: %s sent twice got two answers", deed->message_id);
    key->answer = answer;
    learn_id(s, key->about, reply->referral_id);
    if (key->child >= 0)
        learn_id(s, key->child, reply->child_referral_id);
    if (deed->verdict == AGAIN)
        return;
    if (deed->about >= 0 && reply->state != (Referral__State)deed->state)
        sim_fail(s, "L: the answer says state %d, the rules %d", (int)reply->state, deed->state);
    if (deed->kind == REFERRAL__KIND__REPLAY_DEAD || deed->kind == REFERRAL__KIND__DROP_DEAD)
        if (reply->affected != (uint32_t)deed->affected)
            sim_fail(s, "D5: %u dead letters instead of %d", reply->affected, deed->affected);
}

/* L1: a refusal says where the referral stands; to strangers it says nothing (P2). */
static void check_refused(struct sim *s, const struct deed *deed, const Referral__Reply *reply)
{
    const struct model_referral *r = deed->about < 0 ? NULL : &s->model.referrals[deed->about];
    const Referral__Refusal *refusal = reply->refusals[0];
    bool is_stranger = r != NULL && deed->kind == REFERRAL__KIND__EVENT && !model_is_party(&s->model, r, deed->actor);

    if (is_stranger && (strcmp(refusal->code, "NOT_FOUND") != 0 || refusal->has_state || reply->n_refusals != 1))
        sim_fail(s, "P2: a stranger is told %s", refusal->code);
    if (r != NULL && refusal->has_state && refusal->state != (Referral__State)deed->stood)
        sim_fail(s, "L1: the refusal says state %d, the rules %d", (int)refusal->state, deed->stood);
    if ((strcmp(refusal->code, "DRAINING") == 0) != deed->drained)
        sim_fail(s, "%s, while it is%s drained", refusal->code, deed->drained ? "" : " not");
    if ((strcmp(refusal->code, "CONFLICT") == 0) != (deed->verdict == CONFLICT))
        sim_fail(s, "D1: %s, by the rules %s", refusal->code, verdict_name(deed->verdict));
}

/* Full or not is the disk's to say; then what the broker says is what counts. */
static void settle_full(struct sim *s, struct deed *deed, const Referral__Reply *reply)
{
    bool refused = reply->n_refusals != 0 && strcmp(code_of(reply), "DISK_FULL") == 0;

    deed->about = deed->child = -1;
    deed->verdict = REFUSED;
    if (!refused)
        model_apply(&s->model, deed);
}

static void hear_reply_of(struct sim *s, struct deed *deed, const Referral__Reply *reply)
{
    bool accepted = reply->n_refusals == 0, foretold;

    if (s->is_full)
        settle_full(s, deed, reply);
    foretold = deed->verdict == GRANTED || deed->verdict == AGAIN;
    sim_tell(s, "    %s < %s%s%s", party_name(deed->speaker), code_of(reply), accepted && reply->has_state ? " " : "",
             accepted && reply->has_state
                 ? protobuf_c_enum_descriptor_get_value(&referral__state__descriptor, (int)reply->state)->name
                 : "");
    s->last_accepted = accepted;
    s->reply = reply;
    s->out->commands++;
    s->out->accepted += accepted;
    s->out->refused += !accepted;
    if (deed->place != 0)
        (accepted ? s->out->places : s->out->no_places)[deed->kind - REFERRAL__KIND__PUT_POOL]++;
    if (deed->place != 0 && !deed->drained && deed->verdict != CONFLICT && strcmp(code_of(reply), "DISK_FULL") != 0)
        sim_check_place(s, deed, reply);
    if (accepted != foretold)
        sim_fail(s, "%s said %s, by the rules it is %s", kind_info(deed->kind)->name, code_of(reply),
                 verdict_name(deed->verdict));
    else if (accepted)
        check_accepted(s, deed, reply);
    else
        check_refused(s, deed, reply);
}

static void hear_reply(struct sim *s, struct sim_peer *peer, struct bytes body)
{
    const Referral__Reply *reply = referral__reply__unpack(&s->w->allocator, body.size, body.data);

    cr_assert_not_null(reply);
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (s->is_open[i] && s->deeds[i].request == reply->request && s->deeds[i].peer == peer->number) {
            s->is_open[i] = false;
            hear_reply_of(s, &s->deeds[i], reply);
            return;
        }
    if (s->asked != NULL && reply->n_refusals == 0)
        s->result = protobuf_c_message_unpack(s->asked, &s->w->allocator, reply->result.len, reply->result.data);
    else if (s->asked == NULL)
        sim_fail(s, "%s was answered %s to nothing it asked", party_name(peer->party), code_of(reply));
    s->reply = reply;
}

/* ---- Deliveries ---- */

static bool is_same(const struct model_message *message, const Referral__Delivery *delivery, int event, int referral)
{
    return message->lane == (int)delivery->lane && message->referral == referral &&
           message->is_sheet == (delivery->kind == REFERRAL__DELIVERY_KIND__SHEET) &&
           (message->is_sheet || message->event == event);
}

int sim_referral_of(struct sim *s, enum house who, int lane, const char *id, uint64_t turn)
{
    struct model *m = &s->model;
    int referral = model_find(m, id);

    for (int i = 0; referral < 0 && id != NULL && i < m->message_count; i++) {
        struct model_message *message = &m->messages[i];
        struct model_referral *r = message->referral < 0 ? NULL : &m->referrals[message->referral];

        if (message->to != who || r == NULL || r->id[0] != '\0' || message->lane != lane || message->turn != turn)
            continue;
        snprintf(r->id, sizeof r->id, "%s", id);
        referral = message->referral;
    }
    return referral;
}

/* The one with this id, else the first of its turn that is like it and has none yet. */
static struct model_message *find_message(struct sim *s, enum house who, const Referral__Delivery *delivery, int event)
{
    struct model *m = &s->model;
    struct model_message *known = model_message(m, delivery->delivery_id.data, delivery->delivery_id.len);
    int referral =
        sim_referral_of(s, who, (int)delivery->lane, delivery->referral_id, sim_turn_of(delivery->delivery_id.data));

    for (int i = 0; known == NULL && i < m->message_count; i++) {
        struct model_message *message = &m->messages[i];

        if (message->to == who && !message->is_dead && message->id_size == 0 &&
            message->turn == sim_turn_of(delivery->delivery_id.data) && is_same(message, delivery, event, referral))
            known = message;
    }
    return known;
}

static void check_content(struct sim *s, const struct model_message *message, const Referral__Delivery *delivery,
                          const Referral__Notice *notice)
{
    const struct model_referral *r = message->referral < 0 ? NULL : &s->model.referrals[message->referral];
    struct bytes body = bytes_of(delivery->body.data, delivery->body.len);

    if (message->lane != (int)delivery->lane)
        sim_fail(s, "D3: in the wrong lane");
    if (delivery->attempt != (uint32_t)(message->failed + message->returns + 1))
        sim_fail(s, "D4: attempt %u instead of %d", delivery->attempt, message->failed + message->returns + 1);
    if (delivery->possibly_redelivered != (message->turn <= s->opened_at))
        sim_fail(s, "D4: of turn %lu, possibly redelivered or not, after a start at %lu", (unsigned long)message->turn,
                 (unsigned long)s->opened_at);
    if (r == NULL)
        return;
    if (party_of(delivery->sender) != r->sender || party_of(delivery->receiver) != r->receiver)
        sim_fail(s, "a delivery names other parties than its referral");
    if (message->is_sheet && sim_hash(body) != r->sheets[message->version])
        sim_fail(s, "F3: a sheet came other than it was sent");
    if (notice != NULL &&
        (notice->event != (Referral__EventType)message->event || notice->state != (Referral__State)message->state))
        sim_fail(s, "L2: a notice of event %d, state %d instead of %d, %d", (int)notice->event, (int)notice->state,
                 message->event, message->state);
}

/* D4: one emergency may go beyond the credit. */
bool sim_is_beyond(const struct sim *s, const struct sim_peer *peer)
{
    for (int i = 0; i < s->model.message_count; i++)
        if (s->model.messages[i].holder == peer->number && s->model.messages[i].beyond)
            return true;
    return false;
}

void sim_take_over(struct sim *s, struct sim_peer *peer, struct model_message *message)
{
    if (message->holder != 0)
        sim_fail(s, "D3: with two connections at a time");
    else if (!model_is_deliverable(&s->model, message))
        sim_fail(s, "D3, D4, D9: handed out while it must wait");
    if (peer->credit <= 0) {
        if (message->lane != REFERRAL__PRIORITY__EMERGENCY || sim_is_beyond(s, peer) || !peer->grants)
            sim_fail(s, "D4: more than the credit");
        message->beyond = true;
    }
    peer->credit--;
    message->holder = peer->number;
    message->late_at = s->now.mono_ms + 30000;
    message->handed = turn_counters(s->turn).deliveries;
    if (place_of(message) > s->handed[message->to])
        s->handed[message->to] = place_of(message);
}

static void hear_delivery(struct sim *s, struct sim_peer *peer, struct bytes body)
{
    const Referral__Delivery *delivery = referral__delivery__unpack(&s->w->allocator, body.size, body.data);
    const Referral__Notice *notice = NULL;
    struct model_message *message;

    cr_assert_not_null(delivery);
    s->out->deliveries++;
    s->out->redeliveries += delivery->attempt > 1;
    if (delivery->kind == REFERRAL__DELIVERY_KIND__NOTICE)
        notice = referral__notice__unpack(&s->w->allocator, delivery->body.len, delivery->body.data);
    message = find_message(s, peer->party, delivery, notice == NULL ? 0 : (int)notice->event);
    sim_tell(s, "    %s < %s of %s, attempt %u", party_name(peer->party),
             notice == NULL
                 ? "sheet"
                 : protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, (int)notice->event)->name,
             delivery->referral_id == NULL ? "a place" : delivery->referral_id, delivery->attempt);
    if (message == NULL || message->to != peer->party || message->is_dead) {
        sim_fail(s, "D: %s was handed what does not wait for it", party_name(peer->party));
        return;
    }
    sim_learn_id(message, delivery->delivery_id.data, delivery->delivery_id.len);
    check_content(s, message, delivery, notice);
    if (message->parked && message->holder == peer->number)
        message->parked = false;
    else
        sim_take_over(s, peer, message);
}

/* ---- Frames ---- */

static void hear_welcome(struct sim *s, struct sim_peer *peer, struct bytes body)
{
    const Referral__Welcome *welcome = referral__welcome__unpack(&s->w->allocator, body.size, body.data);

    cr_assert_not_null(welcome);
    peer->session = welcome->session;
    if (party_of(welcome->institution) != peer->party)
        sim_fail(s, "T5: a key speaks for another");
}

static void hear_envelope(struct sim *s, struct sim_peer *peer, const Referral__Envelope *envelope)
{
    struct bytes body = bytes_of(envelope->body.data, envelope->body.len);

    /* Answers to questions bear what is the store's own: its id, digests, cursors. They are compared, not counted. */
    if (envelope->kind != REFERRAL__KIND__WELCOME && s->asked == NULL)
        s->out->digest = (s->out->digest ^ sim_hash(body)) * 0x100000001b3ULL + (uint64_t)envelope->kind;
    look_for_foreign(s, peer->party, body);
    switch ((int)envelope->kind) {
    case REFERRAL__KIND__WELCOME:
        hear_welcome(s, peer, body);
        break;
    case REFERRAL__KIND__REPLY:
        hear_reply(s, peer, body);
        break;
    case REFERRAL__KIND__DELIVERY:
        hear_delivery(s, peer, body);
        break;
    case REFERRAL__KIND__GOODBYE:
    case REFERRAL__KIND__NO_SESSION:
        sim_forget_peer(s, peer);
        break;
    default:
        break;
    }
}

/* D3, D4: nobody is passed over, and nothing waits that somebody would take. */
void sim_check_order(struct sim *s)
{
    for (int i = 0; i < s->model.message_count && !sim_failed(s); i++) {
        const struct model_message *message = &s->model.messages[i];

        if (!s->is_full && place_of(message) < s->handed[message->to] && model_is_deliverable(&s->model, message) &&
            !model_may_follow(&s->model, message))
            sim_fail(s, "D3: %s was handed a later message before event %d of %s, turn %lu", party_name(message->to),
                     message->event, message->referral < 0 ? "a place" : s->model.referrals[message->referral].id,
                     (unsigned long)message->turn);
    }
    memset(s->handed, 0, sizeof s->handed);
}

void sim_hear(struct sim *s)
{
    for (size_t i = 0; i < s->frame_count && !sim_failed(s); i++) {
        struct sim_peer *peer = sim_peer_of(s, s->frames[i].peer);
        struct frame frame;

        if (peer == NULL)
            continue;
        cr_assert_eq(frame_open(s->frames[i].bytes, &frame), REFUSED_NOT);
        for (size_t e = 0; e < frame.count && !sim_failed(s); e++)
            hear_envelope(
                s, peer,
                referral__envelope__unpack(&s->w->allocator, frame.envelopes[e].size, frame.envelopes[e].data));
    }
    s->frame_count = 0;
    sim_check_order(s);
}
