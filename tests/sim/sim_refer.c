/* sim_refer.c - referrals: submitted, returned, changed by events, and all of it said again. */
#include <stdio.h>

#include "sim/sim_inside.h"

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define HOUR     3600000LL

/* ---- Who speaks ---- */

/* Somebody who acts as this party: itself, or who may for it. NULL: nobody has a key. */
static struct sim_peer *voice_of(struct sim *s, enum house party, enum house *ret_acting_for)
{
    bool delegated = party == V1 && sim_one_in(s, 3);
    struct sim_peer *peer = sim_speaker(s, delegated ? T07 : party);

    *ret_acting_for = delegated ? V1 : NO_PARTY;
    return peer;
}

void sim_say_as(struct sim *s, enum house actor, struct deed *deed, struct bytes body)
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
    struct model_patient patient;
    uint64_t edition;
};

/* Who is known by name and birth date only may turn out to be somebody else (Q5). */
static void name_patient(struct arena *arena, const struct model_patient *patient, Referral__Patient *named)
{
    if (!patient->no_id)
        return;
    named->name = arena_format(arena, "患者%u", patient->number);
    named->id_value = NULL;
    named->has_id_type = false;
    named->no_id_reason = "证件未带";
}

static struct bytes sheet_of(struct sim *s, const struct sheet_wish *wish)
{
    static const char *const directions[] = {"?", "up", "down", "lateral"};
    static const char *const priorities[] = {"?", "emergency", "urgent", "routine"};
    struct arena *arena = &s->w->arena;
    const char *parent = wish->parent < 0 ? "" : s->model.referrals[wish->parent].id;
    const char *what =
        arena_format(arena,
                     "%s to %s, %s; patient.id_type=PASSPORT; patient.id_value=E%08u; sender_reference=SR-%u;"
                     "%s=MARK%u 第%lu版记录; %s%s%s%s%s",
                     directions[wish->direction], wish->to >= INBOXES ? "X9" : party_name(wish->to),
                     priorities[wish->priority], wish->patient.number, wish->mark,
                     wish->direction == REFERRAL__DIRECTION__DOWN ? "hospital_findings" : "present_history", wish->mark,
                     (unsigned long)wish->edition, wish->team ? "team_id=TM1;" : "",
                     parent[0] == '\0' ? "" : "parent_referral_id=", parent, parent[0] == '\0' ? "" : ";",
                     wish->is_bad ? "doctor.phone=" : "");
    Referral__Sheet *sheet;

    sheet = world_sheet(s->w, party_name(wish->from), what);
    name_patient(arena, &wish->patient, sheet->patient);
    return wire_pack(&sheet->base, arena);
}

/* Mostly a new one; else one whom somebody referred lately, if the dice find one with a place, or whose referral this
 * goes on from. */
static struct model_patient some_patient(struct sim *s, int parent, uint32_t otherwise)
{
    int count = s->model.referral_count, recent = count < 60 ? count : 60;
    const struct model_referral *r = NULL;

    if (parent >= 0)
        return s->model.referrals[parent].patient;
    if (count != 0 && sim_one_in(s, 3)) {
        for (int i = 0; i < 12 && (r == NULL || !places_has_claim(&s->model, r)); i++)
            r = &s->model.referrals[count - 1 - (int)sim_below(s, (uint64_t)recent)];
        return r->patient;
    }
    return (struct model_patient){.number = otherwise, .no_id = sim_one_in(s, 2)};
}

static void submit(struct sim *s, struct sheet_wish *wish)
{
    struct deed deed = {.kind = REFERRAL__KIND__SUBMIT, .referral = wish->parent};
    struct bytes body;

    wish->mark = (uint32_t)s->next_message + 1;
    wish->edition = 1;
    wish->patient = some_patient(s, wish->parent, wish->mark);
    body = sheet_of(s, wish);
    deed.to = wish->to;
    deed.direction = wish->direction;
    deed.priority = wish->priority;
    deed.team = wish->team;
    deed.is_bad = wish->is_bad;
    deed.mark = wish->mark;
    deed.patient = wish->patient;
    deed.sheet = sim_hash(body);
    sim_tell(s, "%s > submit to %s, direction %d, priority %d%s%s", party_name(wish->from), party_name(wish->to),
             wish->direction, wish->priority, wish->parent < 0 ? "" : ", goes on from another",
             wish->is_bad ? ", incomplete" : "");
    sim_say_as(s, wish->from, &deed, body);
}

static int natural_direction(enum house from, enum house to)
{
    static const int tiers[] = {[V1] = 1, [T07] = 2, [T08] = 2, [H1] = 3, [H2] = 3, [C1] = 4, [OP] = 9};

    return tiers[from] < tiers[to]   ? REFERRAL__DIRECTION__UP
           : tiers[from] > tiers[to] ? REFERRAL__DIRECTION__DOWN
                                     : REFERRAL__DIRECTION__LATERAL;
}

void sim_act_submit(struct sim *s)
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

void sim_act_submit_bad(struct sim *s)
{
    struct sheet_wish wish = {.from = (enum house)sim_below(s, INBOXES), .parent = -1, .priority = 3};

    wish.to = (enum house)sim_below(s, INBOXES);
    wish.direction = natural_direction(wish.from, wish.to);
    switch (sim_below(s, 3)) {
    case 0:
        wish.is_bad = true;
        break;
    case 1:
        wish.to = NO_PARTY;
        wish.direction = REFERRAL__DIRECTION__UP;
        break;
    default:
        wish.direction = wish.direction % 3 + 1;
        break;
    }
    submit(s, &wish);
}

struct model_referral *sim_some_referral(struct sim *s)
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
void sim_act_return(struct sim *s)
{
    struct model_referral *r = sim_some_referral(s);
    struct sheet_wish wish = {.priority = 2 + (int)sim_below(s, 2), .direction = REFERRAL__DIRECTION__DOWN};

    for (int i = 0;
         i < 30 && (r == NULL || r->state < REFERRAL__STATE__ARRIVED || r->state > REFERRAL__STATE__REPORTED); i++)
        r = sim_some_referral(s);
    if (r == NULL || r->down || s->model.referral_count >= MODEL_REFERRALS - 64)
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

    deed->occurred_at = deed->event == EV(ARRIVE) ? s->now.now.ms : 0;
    if (deed->event == EV(REDIRECT))
        more = arena_format(arena, "; receiver=%s", deed->to >= INBOXES ? "X9" : party_name(deed->to));
    if (deed->unkept)
        more = "; reason=NOT_AVAILABLE; person.name=李医生";
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
                              .patient = r->patient,
                              .edition = (uint64_t)r->version + 1};
    struct bytes sheet;
    Referral__Event event = REFERRAL__EVENT__INIT;

    if (r->patient.no_id && sim_one_in(s, 2)) {
        wish.patient = some_patient(s, -1, (uint32_t)s->next_message + 1);
        wish.patient.no_id = true;
    }
    deed->patient = wish.patient;
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
        deed->to = NO_PARTY;
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

    draw_details(s, &deed);
    deed.unkept = event == EV(CANCEL_BOOKING) && actor == r->receiver && !sim_one_in(s, 3); /* Q14 */
    if (event == EV(AMEND) &&
        (r->version >= MODEL_VERSIONS - 2 || (r->parent >= 0 && s->model.referrals[r->parent].id[0] == '\0')))
        return; /* the model remembers so many sheets, the broker all */
    body = event == EV(AMEND) ? amend_body(s, r, &deed) : event_body(s, r, &deed);
    sim_tell(s, "%s > %s of %s%s", party_name(actor),
             protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, event)->name + 6, r->id,
             deed.is_bad ? ", badly" : "");
    sim_say_as(s, actor, &deed, body);
}

void sim_act_event(struct sim *s)
{
    struct model_referral *r = sim_some_referral(s);

    if (r != NULL)
        sim_event_of(s, r);
}

void sim_event_of(struct sim *s, struct model_referral *r)
{
    enum role_in by = sim_one_in(s, 3) ? AS_SENDER : AS_RECEIVER;
    int event;

    event = allowed_event(s, r, by);
    if (event == 0)
        event = allowed_event(s, r, by = by == AS_SENDER ? AS_RECEIVER : AS_SENDER);
    if (event != 0)
        say_event(s, r, by == AS_SENDER ? r->sender : r->receiver, event);
}

/* L6: it ends with whatever it holds, has or waits for. */
void sim_end_of(struct sim *s, struct model_referral *r)
{
    static const struct {
        int event;
        enum role_in by;
    } before[] = {{EV(CANCEL), AS_SENDER},     {EV(REJECT), AS_RECEIVER}, {EV(CANCEL), AS_SENDER},
                  {EV(REDIRECT), AS_RECEIVER}, {EV(VOID), AS_SENDER},     {EV(VOID), AS_OPERATOR}},
      after[] = {{EV(CLOSE), AS_RECEIVER},         {EV(REQUEST_CANCEL), AS_SENDER}, {EV(ANSWER_CANCEL), AS_RECEIVER},
                 {EV(CONFIRM_RECEIPT), AS_SENDER}, {EV(CLOSE), AS_RECEIVER},        {EV(VOID), AS_OPERATOR}};
    size_t how = sim_below(s, sizeof before / sizeof *before);
    bool has_come = !model_is_before_arrival(r->state);
    enum role_in by = has_come ? after[how].by : before[how].by;

    if (s->model.referral_count < MODEL_REFERRALS - 64)
        say_event(s, r,
                  by == AS_OPERATOR   ? OP
                  : by == AS_RECEIVER ? r->receiver
                                      : r->sender,
                  has_come ? after[how].event : before[how].event);
}

void sim_correct(struct sim *s, struct model_referral *r)
{
    say_event(s, r, r->sender, EV(AMEND));
}

void sim_unkeep(struct sim *s, struct model_referral *r)
{
    say_event(s, r, r->receiver, EV(CANCEL_BOOKING));
}

void sim_act_event_wild(struct sim *s)
{
    struct model_referral *r = sim_some_referral(s);
    int event = (int)sim_below(s, EV(VOID) - EV(ACKNOWLEDGE) + 1) + EV(ACKNOWLEDGE);

    if (r == NULL || event == EV(RETURN) || event == EV(EXPIRE) || s->model.referral_count >= MODEL_REFERRALS - 64)
        return;
    say_event(s, r, (enum house)sim_below(s, PARTIES), event);
}

/* ---- Again ---- */

static struct sim_last *some_last(struct sim *s)
{
    size_t count = s->last_count < SIM_LASTS ? s->last_count : SIM_LASTS;

    return count == 0 ? NULL : &s->lasts[sim_below(s, count)];
}

void sim_say_again(struct sim *s, const struct sim_last *last, struct bytes body, enum house speaker)
{
    struct deed deed = last->deed;
    struct sim_peer *peer = sim_speaker(s, speaker);

    if (peer == NULL || sim_failed(s))
        return;
    deed.speaker = speaker;
    sim_command(s, peer, &deed, last->acting_for, body);
    sim_settle(s);
}

void sim_act_again(struct sim *s)
{
    const struct sim_last *last = some_last(s);

    if (last == NULL)
        return;
    sim_tell(s, "%s > %s again", party_name(last->deed.speaker), last->deed.message_id);
    sim_say_again(s, last, last->body, last->deed.speaker);
}

/* Another content under the same key: only that it is another can be foretold where the key is known. */
void sim_act_conflict(struct sim *s)
{
    const struct sim_last *last = some_last(s);
    const struct model *m = &s->model;
    struct bytes body;
    bool is_known = false;

    for (size_t i = 0; last != NULL && i < m->key_count; i++)
        is_known |= !m->keys[i].is_gone && m->keys[i].actor == last->deed.actor &&
                    strcmp(m->keys[i].message_id, last->deed.message_id) == 0;
    if (!is_known)
        return;
    sim_tell(s, "%s > %s again, with other content", party_name(last->deed.speaker), last->deed.message_id);
    body = arena_copy(&s->w->arena, last->body);
    ((uint8_t *)body.data)[body.size / 2] ^= 1;
    sim_say_again(s, last, body, last->deed.speaker);
}
