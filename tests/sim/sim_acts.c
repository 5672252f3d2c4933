/* sim_acts.c - what a step may do, and how it is drawn from the world as it stands. */
#include <stdio.h>

#include "query.pb-c.h"
#include "sim/sim_inside.h"
#include "store/search.h"

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define MINUTE   60000LL
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)

/* ---- Connections ---- */

struct sim_peer *sim_any_peer(struct sim *s, enum house party)
{
    for (size_t i = 0; i < SIM_PEERS; i++)
        if (s->peers[i].number != 0 && s->peers[i].session != 0 && s->peers[i].party == party)
            return &s->peers[i];
    return NULL;
}

static size_t connections_of(const struct sim *s, enum house party)
{
    size_t count = 0;

    for (size_t i = 0; i < SIM_PEERS; i++)
        count += s->peers[i].number != 0 && s->peers[i].party == party;
    return count;
}

struct sim_peer *sim_connect(struct sim *s, enum house party)
{
    struct sim_peer *peer = NULL;

    for (size_t i = 0; peer == NULL && i < SIM_PEERS; i++)
        if (s->peers[i].number == 0)
            peer = &s->peers[i];
    if (peer == NULL || s->is_revoked[party])
        return NULL;
    *peer = (struct sim_peer){.number = ++s->next_peer, .party = party, .key = s->keys[party]};
    sim_transmit(s, peer, REFERRAL__KIND__HELLO, NULL, NOBODY, bytes_of(NULL, 0));
    sim_settle(s);
    if (peer->session == 0 && !sim_failed(s))
        sim_fail(s, "T5: %s is not welcome", party_name(party));
    return peer;
}

struct sim_peer *sim_speaker(struct sim *s, enum house party)
{
    struct sim_peer *peer = sim_any_peer(s, party);

    return peer != NULL ? peer : sim_connect(s, party);
}

static struct sim_peer *some_peer(struct sim *s, bool is_receiver)
{
    size_t first = sim_below(s, SIM_PEERS);

    for (size_t i = 0; i < SIM_PEERS; i++) {
        struct sim_peer *peer = &s->peers[(first + i) % SIM_PEERS];

        if (peer->number != 0 && peer->session != 0 && (!is_receiver || peer->party != OP))
            return peer;
    }
    return NULL;
}

static void act_connect(struct sim *s)
{
    enum house party = (enum house)sim_below(s, INBOXES);

    if (connections_of(s, party) >= 2)
        return;
    sim_tell(s, "%s connects", party_name(party));
    sim_connect(s, party);
}

static void lose(struct sim *s, struct sim_peer *peer)
{
    uint64_t number = peer->number;

    sim_tell(s, "a connection of %s is lost", party_name(peer->party));
    sim_forget_peer(s, peer);
    turn_peer_lost(s->turn, number);
    sim_settle(s);
}

static void act_lose(struct sim *s)
{
    struct sim_peer *peer = some_peer(s, true);

    if (peer != NULL)
        lose(s, peer);
}

static void grant(struct sim *s, struct sim_peer *peer, uint32_t add)
{
    peer->credit += add;
    peer->grants = true;
    sim_transmit(s, peer, REFERRAL__KIND__CREDIT, NULL, NOBODY, sim_body(s, REFERRAL__KIND__CREDIT, "add=%u", add));
    sim_settle(s);
}

static void act_credit(struct sim *s)
{
    struct sim_peer *peer = some_peer(s, true);
    uint32_t add = 1 + (uint32_t)sim_below(s, sim_one_in(s, 4) ? 3 : 20);

    if (peer == NULL || peer->credit > 100)
        return;
    sim_tell(s, "%s grants credit for %u", party_name(peer->party), add);
    grant(s, peer, add);
}

void sim_connect_all(struct sim *s)
{
    for (enum house party = V1; party < INBOXES && !sim_failed(s); party++) {
        struct sim_peer *peer;

        if (s->is_revoked[party]) {
            struct deed deed = {
                .kind = REFERRAL__KIND__ADD_KEY, .speaker = OP, .actor = OP, .to = NOBODY, .referral = -1};

            s->is_revoked[party] = false;
            s->keys[party]++;
            sim_command(s, sim_speaker(s, OP), &deed, NOBODY,
                        sim_body(s, REFERRAL__KIND__ADD_KEY,
                                 "public_key=key:%s#%u; institution=%s; roles[0]=REFER; roles[1]=RECEIVE%s",
                                 party_name(party), s->keys[party], party_name(party),
                                 party >= H1 ? "; roles[2]=SCHEDULE" : ""));
            sim_settle(s);
        }
        peer = sim_speaker(s, party);
        if (peer != NULL && !sim_failed(s))
            grant(s, peer, 200);
    }
}

/* ---- Acks ---- */

static void keep_old(struct sim *s, const struct model_message *message)
{
    s->old_id_size = message->id_size;
    memcpy(s->old_ids[s->old_id_count++ % 64], message->id, message->id_size);
}

static void say_acks(struct sim *s, struct sim_peer *peer, ProtobufCBinaryData *ids, size_t count)
{
    Referral__Ack ack = REFERRAL__ACK__INIT;

    for (size_t i = 0; i < count; i++) {
        struct sim_said *said = &s->pending[s->pending_count++];

        *said = (struct sim_said){.what = SAID_ACK, .who = peer->party, .id_size = ids[i].len};
        memcpy(said->id, ids[i].data, ids[i].len);
    }
    ack.delivery_ids = ids;
    ack.n_delivery_ids = count;
    s->out->acks += count;
    sim_transmit(s, peer, REFERRAL__KIND__ACK, NULL, NOBODY, wire_pack(&ack.base, &s->w->arena));
}

/* Acks wait a little for company; on a full disk nothing else may happen meanwhile. */
static void work_off(struct sim *s)
{
    if (s->is_full)
        turn_hurry(s->turn);
    else if (s->pending_count > 8 || !sim_one_in(s, 4))
        sim_pass(s, 10, 10);
    sim_settle(s);
}

static size_t held_by(struct sim *s, const struct sim_peer *peer, struct model_message **held, size_t limit)
{
    size_t count = 0;

    for (int i = 0; i < s->model.message_count && count < limit; i++)
        if (s->model.messages[i].holder == peer->number)
            held[count++] = &s->model.messages[i];
    return count;
}

static size_t ack_some(struct sim *s, struct sim_peer *peer, size_t most)
{
    struct model_message *held[32];
    ProtobufCBinaryData ids[32];
    size_t count = held_by(s, peer, held, most < 32 ? most : 32);

    for (size_t i = 0; i < count; i++) {
        ids[i] = (ProtobufCBinaryData){.data = held[i]->id, .len = held[i]->id_size};
        keep_old(s, held[i]);
    }
    if (count == 0)
        return 0;
    sim_tell(s, "%s acknowledges %zu", party_name(peer->party), count);
    say_acks(s, peer, ids, count);
    peer->credit += (int64_t)count;
    sim_transmit(s, peer, REFERRAL__KIND__CREDIT, NULL, NOBODY, sim_body(s, REFERRAL__KIND__CREDIT, "add=%zu", count));
    peer->grants = true;
    return count;
}

static void flush_pending(struct sim *s)
{
    if (s->pending_count <= 24)
        return;
    if (s->is_full)
        turn_hurry(s->turn);
    else
        sim_pass(s, 10, 10);
    sim_settle(s);
}

size_t sim_ack_all(struct sim *s, struct sim_peer *peer)
{
    size_t count = 0, some;

    do {
        flush_pending(s);
        if (peer->number == 0 || sim_failed(s))
            return count;
        some = ack_some(s, peer, 24);
        count += some;
        sim_pass(s, 10, 10);
        sim_settle(s);
    } while (some != 0 && count < 2000);
    return count;
}

static void act_ack(struct sim *s)
{
    struct sim_peer *peer = some_peer(s, true);

    flush_pending(s);
    if (peer == NULL || peer->number == 0)
        return;
    ack_some(s, peer, sim_one_in(s, 3) ? 1 : 24);
    work_off(s);
}

/* What is acknowledged already, and what is another's. */
static void act_ack_wrong(struct sim *s)
{
    struct sim_peer *peer = some_peer(s, true);
    ProtobufCBinaryData id = {.len = s->old_id_size};
    struct model *m = &s->model;

    flush_pending(s);
    if (peer == NULL || peer->number == 0 || s->old_id_count == 0)
        return;
    id.data = s->old_ids[sim_below(s, s->old_id_count < 64 ? s->old_id_count : 64)];
    if (sim_one_in(s, 2) && m->message_count != 0) {
        struct model_message *other = &m->messages[sim_below(s, (uint64_t)m->message_count)];

        if (other->id_size != 0 && other->to != peer->party)
            id = (ProtobufCBinaryData){.data = other->id, .len = other->id_size};
    }
    sim_tell(s, "%s acknowledges what it does not hold", party_name(peer->party));
    say_acks(s, peer, &id, 1);
    work_off(s);
}

static void act_nack(struct sim *s)
{
    struct sim_peer *peer = some_peer(s, true);
    struct model_message *held[32];
    size_t count;
    bool retry = !sim_one_in(s, 4);
    Referral__Nack nack = REFERRAL__NACK__INIT;
    struct sim_said *said;

    flush_pending(s);
    said = &s->pending[s->pending_count];
    if (peer == NULL || peer->number == 0)
        return;
    count = held_by(s, peer, held, 32);
    if (count == 0)
        return;

    struct model_message *message = held[sim_below(s, count)];

    *said = (struct sim_said){.what = SAID_NACK, .who = peer->party, .id_size = message->id_size, .retry = retry};
    memcpy(said->id, message->id, message->id_size);
    s->pending_count++;
    sim_tell(s, "%s refuses one %s", party_name(peer->party), retry ? "for now" : "for ever");
    s->out->deads += !retry;
    nack.has_delivery_id = nack.has_code = true;
    nack.delivery_id = (ProtobufCBinaryData){.data = message->id, .len = message->id_size};
    nack.code = retry ? REFERRAL__NACK_CODE__NACK_RETRY : REFERRAL__NACK_CODE__NACK_UNREADABLE;
    sim_transmit(s, peer, REFERRAL__KIND__NACK, NULL, NOBODY, wire_pack(&nack.base, &s->w->arena));
    work_off(s);
}

/* ---- Who speaks ---- */

/* Somebody who acts as this party: itself, or who may for it. NULL: nobody has a key. */
static struct sim_peer *voice_of(struct sim *s, enum house party, enum house *ret_acting_for)
{
    bool delegated = party == V1 && sim_one_in(s, 3);
    struct sim_peer *peer = sim_speaker(s, delegated ? T07 : party);

    *ret_acting_for = delegated ? V1 : NOBODY;
    return peer;
}

static void say(struct sim *s, enum house actor, struct deed *deed, struct bytes body)
{
    enum house acting_for;
    struct sim_peer *peer = voice_of(s, actor, &acting_for);

    if (peer == NULL || sim_failed(s))
        return;
    deed->actor = actor;
    deed->speaker = peer->party;
    sim_command(s, peer, deed, acting_for, body);
    sim_settle(s);
}

/* ---- Submissions ---- */

struct sheet_wish {
    enum house from, to;
    int direction, priority, parent;
    bool team, is_bad;
    uint32_t mark;
    uint64_t edition;
};

static struct bytes sheet_of(struct sim *s, const struct sheet_wish *wish)
{
    static const char *const directions[] = {"?", "up", "down", "lateral"};
    static const char *const priorities[] = {"?", "emergency", "urgent", "routine"};
    struct arena *arena = &s->w->arena;
    const char *parent = wish->parent < 0 ? "" : s->model.referrals[wish->parent].id;
    const char *what = arena_format(
        arena,
        "%s to %s, %s; patient.id_type=PASSPORT; patient.id_value=E%08u; sender_reference=SR-%u;"
        "%s=MARK%u 第%lu版记录; %s%s%s%s%s",
        directions[wish->direction], wish->to >= INBOXES ? "X9" : party_name(wish->to), priorities[wish->priority],
        wish->mark, wish->mark, wish->direction == REFERRAL__DIRECTION__DOWN ? "hospital_findings" : "present_history",
        wish->mark, (unsigned long)wish->edition, wish->team ? "team_id=TEAM7;" : "",
        parent[0] == '\0' ? "" : "parent_referral_id=", parent, parent[0] == '\0' ? "" : ";",
        wish->is_bad ? "doctor.phone=" : "");

    return wire_pack(&world_sheet(s->w, party_name(wish->from), what)->base, arena);
}

static void submit(struct sim *s, struct sheet_wish *wish)
{
    struct deed deed = {.kind = REFERRAL__KIND__SUBMIT, .referral = wish->parent};
    struct bytes body;

    wish->mark = (uint32_t)s->next_message + 1;
    wish->edition = 1;
    body = sheet_of(s, wish);
    deed.to = wish->to;
    deed.direction = wish->direction;
    deed.priority = wish->priority;
    deed.team = wish->team;
    deed.is_bad = wish->is_bad;
    deed.mark = wish->mark;
    deed.sheet = sim_hash(body);
    sim_tell(s, "%s > submit to %s, direction %d, priority %d%s%s", party_name(wish->from), party_name(wish->to),
             wish->direction, wish->priority, wish->parent < 0 ? "" : ", goes on from another",
             wish->is_bad ? ", incomplete" : "");
    say(s, wish->from, &deed, body);
}

static int natural_direction(enum house from, enum house to)
{
    static const int tiers[] = {[V1] = 1, [T07] = 2, [T08] = 2, [H1] = 3, [H2] = 3, [C1] = 4, [OP] = 9};

    return tiers[from] < tiers[to]   ? REFERRAL__DIRECTION__UP
           : tiers[from] > tiers[to] ? REFERRAL__DIRECTION__DOWN
                                     : REFERRAL__DIRECTION__LATERAL;
}

static void act_submit(struct sim *s)
{
    static const int priorities[] = {3, 3, 2, 2, 1};
    struct sheet_wish wish = {.from = (enum house)sim_below(s, 3), .to = H1, .parent = -1};

    if (s->model.referral_count >= MODEL_REFERRALS - 64)
        return;
    wish.to = (enum house)(sim_one_in(s, 3) ? sim_below(s, INBOXES) : sim_one_in(s, 2) ? H2 : H1);
    if (sim_one_in(s, 8))
        wish.from = (enum house)sim_below(s, INBOXES);
    wish.priority = priorities[sim_below(s, 5)];
    wish.direction = natural_direction(wish.from, wish.to);
    wish.team = wish.from <= T07 && wish.direction == REFERRAL__DIRECTION__UP && !sim_one_in(s, 3);
    submit(s, &wish);
}

static void act_submit_bad(struct sim *s)
{
    struct sheet_wish wish = {.from = (enum house)sim_below(s, INBOXES), .parent = -1, .priority = 3};

    wish.to = (enum house)sim_below(s, INBOXES);
    wish.direction = natural_direction(wish.from, wish.to);
    switch (sim_below(s, 3)) {
    case 0:
        wish.is_bad = true;
        break;
    case 1:
        wish.to = NOBODY;
        wish.direction = REFERRAL__DIRECTION__UP;
        break;
    default:
        wish.direction = wish.direction % 3 + 1;
        break;
    }
    submit(s, &wish);
}

static struct model_referral *some_referral(struct sim *s)
{
    struct model *m = &s->model;
    struct model_referral *r = NULL;

    for (int i = 0; i < 12 && m->referral_count != 0; i++) {
        uint64_t recent = (uint64_t)(m->referral_count < 80 ? m->referral_count : 80);

        r = sim_one_in(s, 8) ? &m->referrals[sim_below(s, (uint64_t)m->referral_count)]
                             : &m->referrals[m->referral_count - 1 - (int)sim_below(s, recent)];
        if (!model_is_terminal(r->state))
            break;
    }
    return r == NULL || r->id[0] == '\0' ? NULL : r;
}

/* A hospital sends a patient down again. */
static void act_return(struct sim *s)
{
    struct model_referral *r = some_referral(s);
    struct sheet_wish wish = {.priority = 2 + (int)sim_below(s, 2), .direction = REFERRAL__DIRECTION__DOWN};

    for (int i = 0;
         i < 30 && (r == NULL || r->state < REFERRAL__STATE__ARRIVED || r->state > REFERRAL__STATE__REPORTED); i++)
        r = some_referral(s);
    if (r == NULL || r->down || r->loose || s->model.referral_count >= MODEL_REFERRALS - 64)
        return;
    wish.parent = (int)(r - s->model.referrals);
    wish.from = sim_one_in(s, 6) ? (enum house)sim_below(s, INBOXES) : r->receiver;
    wish.to = sim_one_in(s, 4) ? (enum house)sim_below(s, 3) : r->sender;
    submit(s, &wish);
}

/* ---- Events ---- */

static const char *needs_of(int event)
{
    switch (event) {
    case EV(ACKNOWLEDGE):
    case EV(ACCEPT):
        return "person.name=李医生";
    case EV(REQUEST_INFO):
    case EV(SUPPLY_INFO):
        return "text=血压记录";
    case EV(REJECT):
    case EV(DISPLACE):
        return "person.name=李医生; reason=NO_CAPACITY";
    case EV(REDIRECT):
        return "person.name=李医生; reason=BETTER_PLACE; department=MED";
    case EV(CANCEL_BOOKING):
    case EV(NO_SHOW):
    case EV(CANCEL):
    case EV(REQUEST_CANCEL):
        return "reason=PATIENT_DECLINED";
    case EV(ARRIVE):
        return "occurred_at_ms=now";
    case EV(REPORT):
        return "diagnoses[0].icd10=I10; treatment=调整降压药物";
    case EV(CLOSE):
        return "close_code=NO_FOLLOW_UP";
    case EV(VOID):
        return "reason=SENT_IN_ERROR";
    default:
        return "";
    }
}

static struct bytes event_body(struct sim *s, const struct model_referral *r, struct deed *deed)
{
    const char *more = "";
    struct arena *arena = &s->w->arena;

    if (deed->event == EV(REDIRECT))
        more = arena_format(arena, "; receiver=%s", deed->to >= INBOXES ? "X9" : party_name(deed->to));
    if (deed->event == EV(ANSWER_CANCEL))
        more = deed->agreed ? "; agreed=true" : "; agreed=false";
    if (deed->event == EV(CLOSE) && deed->has_report)
        more = "; diagnoses[0].icd10=I10; treatment=调整降压药物";
    if (deed->event == EV(BOOK) || deed->event == EV(MOVE))
        more = arena_format(arena,
                            "; place.class=%d; place.start_ms=%ld; place.end_ms=%ld; place.department=MED;"
                            "place.doctor=赵医生",
                            deed->place_class, (long)(deed->place_end - HOUR), (long)deed->place_end);
    return sim_body(s, REFERRAL__KIND__EVENT, "referral_id=%s; type=%d; %s%s%s", r->id, deed->event,
                    needs_of(deed->event), more,
                    !deed->is_bad              ? ""
                    : deed->event == EV(CLOSE) ? "; agreed=true"
                                               : "; close_code=LEFT");
}

static struct bytes amend_body(struct sim *s, const struct model_referral *r, struct deed *deed)
{
    struct sheet_wish wish = {.from = r->sender,
                              .to = r->receiver,
                              .direction = r->direction,
                              .priority = r->priority,
                              .parent = r->parent,
                              .team = r->team,
                              .is_bad = deed->is_bad,
                              .mark = r->mark,
                              .edition = (uint64_t)r->version + 1};
    struct bytes sheet;
    Referral__Event event = REFERRAL__EVENT__INIT;

    sheet = sheet_of(s, &wish);
    deed->sheet = sim_hash(sheet);
    event.referral_id = (char *)r->id;
    event.has_type = event.has_sheet = true;
    event.type = EV(AMEND);
    event.sheet = (ProtobufCBinaryData){.data = (uint8_t *)sheet.data, .len = sheet.size};
    return wire_pack(&event.base, &s->w->arena);
}

/* An event that the rules allow: sooner one that leads on than one that ends. */
static int allowed_event(struct sim *s, const struct model_referral *r, enum role_in by)
{
    int found = 0, ends = 0;

    for (int i = 0; i < 200 && found == 0; i++) {
        int event = (int)sim_below(s, EV(VOID) - EV(ACKNOWLEDGE) + 1) + EV(ACKNOWLEDGE);
        bool is_end = event == EV(REJECT) || event == EV(REDIRECT) || event == EV(CANCEL) || event == EV(VOID);

        if (event == EV(RETURN) || !model_may(&s->model, r, event, by))
            continue;
        if (is_end && ends++ < 3)
            continue;
        found = event;
    }
    return found;
}

static void draw_details(struct sim *s, struct deed *deed)
{
    deed->to = (enum house)sim_below(s, INBOXES + 1);
    if (deed->to == INBOXES)
        deed->to = NOBODY;
    deed->agreed = sim_one_in(s, 2);
    deed->has_report = deed->event == EV(REPORT) || (deed->event == EV(CLOSE) && sim_one_in(s, 2));
    deed->place_class = sim_one_in(s, 3) ? REFERRAL__PLACE_CLASS__BED : REFERRAL__PLACE_CLASS__EXAM;
    deed->place_end = s->now.now.ms + HOUR + (int64_t)(1 + sim_below(s, 72)) * HOUR;
    deed->is_bad = sim_one_in(s, 16);
}

static void say_event(struct sim *s, struct model_referral *r, enum house actor, int event)
{
    struct deed deed = {.kind = REFERRAL__KIND__EVENT, .referral = (int)(r - s->model.referrals), .event = event};
    struct bytes body;

    if (r->loose && (event == EV(REDIRECT) || event == EV(AMEND) || s->is_deaf || s->is_full))
        return;
    if (r->loose)
        sim_look_again(s, r);
    draw_details(s, &deed);
    if (event == EV(AMEND) && r->parent >= 0 && s->model.referrals[r->parent].id[0] == '\0')
        return;
    body = event == EV(AMEND) ? amend_body(s, r, &deed) : event_body(s, r, &deed);
    sim_tell(s, "%s > %s of %s%s", party_name(actor),
             protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, event)->name + 6, r->id,
             deed.is_bad ? ", badly" : "");
    say(s, actor, &deed, body);
}

static void act_event(struct sim *s)
{
    struct model_referral *r = some_referral(s);
    enum role_in by = sim_one_in(s, 3) ? AS_SENDER : AS_RECEIVER;
    int event;

    if (r == NULL)
        return;
    event = allowed_event(s, r, by);
    if (event == 0)
        event = allowed_event(s, r, by = by == AS_SENDER ? AS_RECEIVER : AS_SENDER);
    if (event != 0)
        say_event(s, r, by == AS_SENDER ? r->sender : r->receiver, event);
}

static void act_event_wild(struct sim *s)
{
    struct model_referral *r = some_referral(s);
    int event = (int)sim_below(s, EV(VOID) - EV(ACKNOWLEDGE) + 1) + EV(ACKNOWLEDGE);

    if (r == NULL || event == EV(RETURN) || event == EV(EXPIRE) ||
        (event == EV(AMEND) && r->version >= MODEL_VERSIONS - 2) || s->model.referral_count >= MODEL_REFERRALS - 64)
        return;
    say_event(s, r, (enum house)sim_below(s, PARTIES), event);
}

/* ---- Again ---- */

static struct sim_last *some_last(struct sim *s)
{
    size_t count = s->last_count < SIM_LASTS ? s->last_count : SIM_LASTS;

    return count == 0 ? NULL : &s->lasts[sim_below(s, count)];
}

static void say_again(struct sim *s, const struct sim_last *last, struct bytes body, enum house speaker)
{
    struct deed deed = last->deed;
    struct model_referral *r = deed.referral < 0 ? NULL : &s->model.referrals[deed.referral];
    struct sim_peer *peer;

    if (r != NULL && r->loose)
        sim_look_again(s, r); /* D1: what was refused is judged anew, as things stand now */
    peer = sim_speaker(s, speaker);
    if (peer == NULL || sim_failed(s))
        return;
    deed.speaker = speaker;
    sim_command(s, peer, &deed, last->acting_for, body);
    sim_settle(s);
}

static void act_again(struct sim *s)
{
    const struct sim_last *last = some_last(s);

    if (last == NULL)
        return;
    sim_tell(s, "%s > %s again", party_name(last->deed.speaker), last->deed.message_id);
    say_again(s, last, last->body, last->deed.speaker);
}

/* Another content under the same key: only that it is another can be foretold where the key is known. */
static void act_conflict(struct sim *s)
{
    const struct sim_last *last = some_last(s);
    const struct model *m = &s->model;
    struct bytes body;
    bool is_known = false;

    for (size_t i = 0; last != NULL && i < m->key_count; i++)
        is_known |= m->keys[i].actor == last->deed.actor && strcmp(m->keys[i].message_id, last->deed.message_id) == 0;
    if (!is_known)
        return;
    sim_tell(s, "%s > %s again, with other content", party_name(last->deed.speaker), last->deed.message_id);
    body = arena_copy(&s->w->arena, last->body);
    ((uint8_t *)body.data)[body.size / 2] ^= 1;
    say_again(s, last, body, last->deed.speaker);
}

/* ---- Operators ---- */

static void operate(struct sim *s, struct deed *deed, struct bytes body)
{
    enum house actor = sim_one_in(s, 12) ? (enum house)sim_below(s, PARTIES) : OP;

    sim_tell(s, "%s > %s %s", party_name(actor), kind_info(deed->kind)->name, party_name(deed->to));
    deed->referral = -1;
    say(s, actor, deed, body);
}

static void act_pause(struct sim *s)
{
    enum house to = (enum house)sim_below(s, INBOXES);
    bool paused = s->model.books[to].paused;
    struct deed deed = {.kind = paused ? REFERRAL__KIND__RESUME : REFERRAL__KIND__PAUSE, .to = to};

    if (!paused && !sim_one_in(s, 3))
        return;
    operate(s, &deed,
            sim_body(s, (Referral__Kind)deed.kind, "institution=%s%s", party_name(to), paused ? "" : "; reason=维护"));
}

static void act_dead(struct sim *s)
{
    struct deed deed = {.kind = sim_one_in(s, 3) ? REFERRAL__KIND__DROP_DEAD : REFERRAL__KIND__REPLAY_DEAD,
                        .to = (enum house)sim_below(s, INBOXES),
                        .is_all = sim_one_in(s, 2)};
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    ProtobufCBinaryData id = {.len = 0};

    for (int i = 0; !deed.is_all && i < s->model.message_count; i++)
        if (s->model.messages[i].is_dead && s->model.messages[i].id_size != 0) {
            deed.to = s->model.messages[i].to;
            deed.dead_id_size = s->model.messages[i].id_size;
            memcpy(deed.dead_id, s->model.messages[i].id, deed.dead_id_size);
            id = (ProtobufCBinaryData){.data = deed.dead_id, .len = deed.dead_id_size};
            letters.delivery_ids = &id;
            letters.n_delivery_ids = 1;
            break;
        }
    if (!deed.is_all && id.len == 0)
        return;
    letters.institution = (char *)party_name(deed.to);
    letters.has_all = letters.all = deed.is_all;
    letters.reason = (char *)"已核实";
    operate(s, &deed, wire_pack(&letters.base, &s->w->arena));
}

static void act_setting(struct sim *s)
{
    struct deed deed = {.kind = REFERRAL__KIND__PUT_SETTING, .to = (enum house)sim_below(s, INBOXES)};

    deed.place_end = (int64_t)(1 + sim_below(s, 600)) * MINUTE;
    operate(s, &deed,
            sim_body(s, REFERRAL__KIND__PUT_SETTING, "name=answer_urgent_ms; institution=%s; value=%ld",
                     party_name(deed.to), (long)deed.place_end));
}

static void act_revoke(struct sim *s)
{
    enum house party = (enum house)sim_below(s, INBOXES);
    struct deed deed = {.kind = REFERRAL__KIND__REVOKE_KEY, .speaker = OP, .actor = OP, .to = party, .referral = -1};

    if (s->is_revoked[party]) {
        sim_connect_all(s);
        return;
    }
    sim_tell(s, "OP > the key of %s is revoked", party_name(party));
    sim_command(s, sim_speaker(s, OP), &deed, NOBODY,
                sim_body(s, REFERRAL__KIND__REVOKE_KEY, "public_key=key:%s#%u", party_name(party), s->keys[party]));
    s->is_revoked[party] = true;
    sim_settle(s);
    if (!sim_failed(s) && sim_any_peer(s, party) != NULL)
        sim_fail(s, "P2: a revoked key goes on speaking");
}

/* ---- Time ---- */

static void act_time(struct sim *s)
{
    static const int64_t most[] = {1000, 1000, 40000, 40000, 10 * MINUTE, HOUR, 12 * HOUR, 3 * DAY};
    size_t how = sim_below(s, sizeof most / sizeof *most);
    int64_t ms = 1 + (int64_t)sim_below(s, (uint64_t)most[how]);

    if (how >= 2 && !sim_one_in(s, 4)) /* whoever is there acknowledges in time */
        for (size_t i = 0; i < SIM_PEERS && !sim_failed(s); i++)
            if (s->peers[i].number != 0 && s->peers[i].party != OP)
                sim_ack_all(s, &s->peers[i]);
    if (sim_failed(s))
        return;
    sim_tell(s, "[%ld ms pass]", (long)ms);
    sim_pass(s, ms, ms);
    sim_settle(s);
}

/* The wall clock jumps; time goes on as before, and in doubt nothing ends (C4). */
static void act_wall(struct sim *s)
{
    int64_t jump = (int64_t)sim_below(s, 4 * HOUR) - 2 * HOUR;
    struct deed deed = {.kind = REFERRAL__KIND__CONFIRM_TIME, .speaker = OP, .actor = OP, .to = NOBODY, .referral = -1};

    if (!s->now.hold) {
        sim_tell(s, "[the wall clock jumps by %ld ms]", (long)jump);
        sim_pass(s, 0, jump);
        sim_settle(s);
        return;
    }
    sim_tell(s, "OP > the time is right");
    sim_command(s, sim_speaker(s, OP), &deed, NOBODY, sim_body(s, REFERRAL__KIND__CONFIRM_TIME, "reason=已核对"));
    sim_settle(s);
    sim_pass(s, 61000, 61000);
    sim_settle(s);
}

/* ---- Faults ---- */

static void act_crash(struct sim *s)
{
    sim_tell(s, "[the broker dies and starts again]");
    sim_crash(s);
    sim_settle(s);
    sim_connect_all(s);
}

/* It dies with a command in hand, before or after the commit; nobody was told, so the sender says it again. */
static void act_crash_said(struct sim *s)
{
    size_t before = s->last_count;
    bool is_committed = sim_one_in(s, 2);
    const struct sim_last *last;

    sim_connect_all(s);
    sim_tell(s, "[the broker will die %s]", is_committed ? "before it speaks" : "before it commits");
    s->is_deaf = true;
    if (is_committed) {
        if (sim_one_in(s, 2))
            act_submit(s);
        else
            act_event(s);
    }
    s->is_deaf = false;
    if (sim_failed(s))
        return;
    act_crash(s);
    last = &s->lasts[(s->last_count - 1) % SIM_LASTS];
    if (s->last_count != before && !sim_failed(s)) {
        sim_tell(s, "%s > %s again", party_name(last->deed.speaker), last->deed.message_id);
        say_again(s, last, last->body, last->deed.speaker);
    }
}

static void act_disk(struct sim *s)
{
    size_t acts = 1 + sim_below(s, 6);

    sim_pass(s, 10, 10);
    sim_settle(s);
    sim_tell(s, "[the disk is full]");
    for (enum house party = V1; party < PARTIES; party++)
        sim_speaker(s, party);
    sim_settle(s);
    sim_disk(s, true);
    for (size_t i = 0; i < acts && !sim_failed(s); i++) {
        if (sim_one_in(s, 3))
            act_ack(s);
        else if (sim_one_in(s, 2))
            act_submit(s);
        else
            act_event(s);
    }
    sim_disk(s, false);
    sim_tell(s, "[the disk has room]");
    if (sim_failed(s))
        return;
    sim_pass(s, 2000, 2000);
    sim_settle(s);
}

/* ---- Looking ---- */

/* P2: who is no party is told what somebody is told of what does not exist. */
static void act_look(struct sim *s)
{
    struct model_referral *r = some_referral(s);
    enum house who = (enum house)sim_below(s, INBOXES);
    struct sim_peer *peer = sim_speaker(s, who);
    const Referral__ReferralView *view;

    if (r == NULL || peer == NULL || sim_failed(s))
        return;
    sim_tell(s, "%s looks at %s", party_name(who), r->id);
    view = sim_query(s, peer, REFERRAL__KIND__GET_REFERRAL, "referral_id=%s", r->id);
    if (sim_failed(s))
        return;
    if ((view != NULL) != model_sees(r, who))
        sim_fail(s, "P2: %s is%s shown a referral", party_name(who), view == NULL ? " not" : "");
    else if (view != NULL && !r->loose && view->summary->state != (Referral__State)r->state)
        sim_fail(s, "L: shown in state %d, by the rules %d", (int)view->summary->state, r->state);
}

/* ---- The table of acts ---- */

typedef void act(struct sim *s);

static const struct {
    act *act;
    uint8_t weight;
} acts[] = {
    {act_submit, 16},    {act_submit_bad, 2}, {act_event, 26}, {act_event_wild, 5}, {act_return, 3},
    {act_again, 4},      {act_conflict, 2},   {act_ack, 14},   {act_ack_wrong, 2},  {act_nack, 3},
    {act_credit, 6},     {act_connect, 4},    {act_lose, 2},   {act_pause, 2},      {act_dead, 2},
    {act_setting, 1},    {act_revoke, 1},     {act_time, 8},   {act_wall, 1},       {act_crash, 1},
    {act_crash_said, 1}, {act_disk, 1},       {act_look, 3},   {sim_act_place, 8},
};
#define ACTS (sizeof acts / sizeof *acts)

static uint64_t next_of(uint64_t *state)
{
    struct sim s = {.random = *state};
    uint64_t number = sim_random(&s);

    *state = s.random;
    return number;
}

void sim_invent(uint64_t seed, struct sim_step *steps, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < ACTS; i++)
        total += acts[i].weight;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = next_of(&seed) % total;

        steps[i].act = 0;
        while (at >= acts[steps[i].act].weight)
            at -= acts[steps[i].act++].weight;
        steps[i].salt = next_of(&seed);
    }
}

/* D4: at rest nothing waits that somebody would take. */
static void check_rest(struct sim *s)
{
    for (int i = 0; i < s->model.message_count && !sim_failed(s); i++) {
        const struct model_message *message = &s->model.messages[i];
        bool takes = false;

        for (size_t p = 0; p < SIM_PEERS; p++) {
            const struct sim_peer *peer = &s->peers[p];

            takes |= peer->number != 0 && peer->session != 0 && peer->party == message->to &&
                     (peer->credit > 0 ||
                      (message->lane == REFERRAL__PRIORITY__EMERGENCY && peer->grants && !sim_is_beyond(s, peer)));
        }
        if (message->is_learnt || (message->referral >= 0 && s->model.referrals[message->referral].loose))
            continue;
        if (takes && model_is_deliverable(&s->model, message))
            sim_fail(s, "D4: a message waits for %s, which would take it", party_name(message->to));
    }
}

/* Between turns, now and then: questions find what is in the index, and what is not yet. */
static void index_some(struct sim *s)
{
    if (sim_one_in(s, 12) && search_advance(s->store, &s->w->arena, 1 + (uint32_t)sim_below(s, 32)) < 0)
        sim_fail(s, "the index is not written");
}

void sim_act(struct sim *s, const struct sim_step *step)
{
    size_t mark = arena_mark(&s->w->arena);

    s->random = step->salt;
    s->out->acts[step->act]++;
    acts[step->act].act(s);
    if (!sim_failed(s))
        sim_settle(s);
    if (!sim_failed(s))
        check_rest(s);
    if (!sim_failed(s))
        index_some(s);
    arena_rewind(&s->w->arena, mark);
}
