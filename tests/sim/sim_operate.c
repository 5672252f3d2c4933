/* sim_operate.c - what an operator may do: with inboxes, with the registry, with keys. */
#include <stdio.h>

#include "registry.pb-c.h"
#include "sim/sim_inside.h"

#define MINUTE 60000LL

/* ---- Orders ---- */

void sim_order(struct sim *s, struct deed *deed, struct bytes body)
{
    deed->speaker = deed->actor = OP;
    deed->referral = -1;
    sim_command(s, sim_speaker(s, OP), deed, NO_PARTY, body);
    sim_settle(s);
}

/* Now and then somebody else tries it. */

void sim_operate(struct sim *s, struct deed *deed, struct bytes body)
{
    enum house actor = sim_one_in(s, 12) ? (enum house)sim_below(s, PARTIES) : OP;

    sim_tell(s, "%s > %s %s", party_name(actor), kind_info(deed->kind)->name, party_name(deed->to));
    deed->referral = -1;
    sim_say_as(s, actor, deed, body);
}

/* ---- Inboxes ---- */

void sim_act_pause(struct sim *s)
{
    enum house to = (enum house)sim_below(s, INBOXES);
    bool paused = s->model.books[to].paused;
    struct deed deed = {.kind = paused ? REFERRAL__KIND__RESUME : REFERRAL__KIND__PAUSE, .to = to};

    if (!paused && !sim_one_in(s, 3))
        return;
    sim_operate(
        s, &deed,
        sim_body(s, (Referral__Kind)deed.kind, "institution=%s%s", party_name(to), paused ? "" : "; reason=维护"));
}

void sim_act_dead(struct sim *s)
{
    struct deed deed = {.kind = sim_one_in(s, 3) ? REFERRAL__KIND__DROP_DEAD : REFERRAL__KIND__REPLAY_DEAD};
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    ProtobufCBinaryData id = {.len = 0};

    deed.to = (enum house)sim_below(s, INBOXES);
    deed.is_all = sim_one_in(s, 2);
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
    sim_operate(s, &deed, wire_pack(&letters.base, &s->w->arena));
}

void sim_act_setting(struct sim *s)
{
    struct deed deed = {.kind = REFERRAL__KIND__PUT_SETTING, .to = (enum house)sim_below(s, INBOXES)};

    deed.place_end = (int64_t)(1 + sim_below(s, 600)) * MINUTE;
    sim_operate(s, &deed,
                sim_body(s, REFERRAL__KIND__PUT_SETTING, "name=answer_urgent_ms; institution=%s; value=%ld",
                         party_name(deed.to), (long)deed.place_end));
}

/* ---- Keys ---- */

struct bytes sim_key_body(struct sim *s, enum house party, uint32_t number)
{
    return sim_body(s, REFERRAL__KIND__ADD_KEY,
                    "public_key=key:%s#%u; institution=%s; roles[0]=REFER; roles[1]=RECEIVE%s", party_name(party),
                    number, party_name(party), party >= H1 ? "; roles[2]=SCHEDULE" : "");
}

/* P2: whose key is revoked is gone, and does not come again. */
static void judge_revoked(struct sim *s, enum house party, uint32_t number)
{
    uint8_t key[32];

    sim_key(key, party, number);
    for (size_t i = 0; i < SIM_PEERS && !sim_failed(s); i++)
        if (s->peers[i].number != 0 && s->peers[i].party == party && s->peers[i].key == number)
            sim_fail(s, "P2: a revoked key goes on speaking");
    if (!sim_failed(s) && turn_admits(s->turn, key, s->now.now))
        sim_fail(s, "P2: a revoked key may connect");
}

static void revoke(struct sim *s, enum house party, uint32_t number)
{
    struct deed deed = {.kind = REFERRAL__KIND__REVOKE_KEY, .to = party};

    sim_tell(s, "OP > key %u of %s is revoked", number, party_name(party));
    sim_order(s, &deed, sim_body(s, REFERRAL__KIND__REVOKE_KEY, "public_key=key:%s#%u", party_name(party), number));
    if (!sim_failed(s))
        judge_revoked(s, party, number);
}

void sim_act_revoke(struct sim *s)
{
    enum house party = (enum house)sim_below(s, INBOXES);

    if (s->is_revoked[party]) {
        sim_connect_all(s);
        return;
    }
    s->is_revoked[party] = true;
    revoke(s, party, s->keys[party]);
}

/* The new key first, then the old one goes: whoever connected with the new one stays. */
void sim_act_rotate(struct sim *s)
{
    enum house party = (enum house)sim_below(s, INBOXES);
    struct deed deed = {.kind = REFERRAL__KIND__ADD_KEY, .to = party};
    bool comes_first = sim_one_in(s, 2);

    if (s->is_revoked[party])
        return;
    sim_tell(s, "OP > %s has a new key", party_name(party));
    sim_order(s, &deed, sim_key_body(s, party, ++s->keys[party]));
    if (comes_first && !sim_failed(s) && sim_connections(s, party) < 2)
        sim_connect(s, party);
    if (!sim_failed(s))
        revoke(s, party, s->keys[party] - 1);
    if (comes_first && !sim_failed(s) && sim_any_peer(s, party) == NULL && sim_connections(s, party) != 0)
        sim_fail(s, "P2: a new key does not speak");
}

/* ---- The registry ---- */

struct bytes sim_institution(struct sim *s, enum house party, bool enabled)
{
    static const char *const what[] = {
        [V1] = "kind=PRIMARY; tier=VILLAGE; consortium=county-1",
        [T07] = "kind=PRIMARY; tier=TOWNSHIP; consortium=county-1",
        [T08] = "kind=PRIMARY; tier=TOWNSHIP; consortium=county-1",
        [H1] = "kind=HOSPITAL; tier=COUNTY; consortium=county-1",
        [H2] = "kind=HOSPITAL; tier=COUNTY; consortium=county-1",
        [C1] = "kind=HOSPITAL; tier=CITY; consortium=city",
    };

    return sim_body(s, REFERRAL__KIND__PUT_INSTITUTION,
                    "id=%s; name=%s; departments[0].code=MED; departments[0].name=内科;"
                    "departments[1].code=SUR; departments[1].name=外科; %s%s",
                    party_name(party), party_name(party), what[party], enabled ? "" : "; enabled=false");
}

/* T1: one that is disabled is sent nothing new; soon it is there again. */
void sim_act_disable(struct sim *s)
{
    struct deed deed = {.kind = REFERRAL__KIND__PUT_INSTITUTION, .to = (enum house)sim_below(s, INBOXES)};

    for (enum house party = V1; party < INBOXES; party++)
        if (s->model.disabled[party])
            deed.to = party;
    deed.is_off = s->model.disabled[deed.to];
    sim_operate(s, &deed, sim_institution(s, deed.to, deed.is_off));
}

/* T4: a deny, and how it was before. */
void sim_act_deny(struct sim *s)
{
    struct deed deed = {.kind = REFERRAL__KIND__PUT_RELATION, .from = (enum house)sim_below(s, INBOXES)};

    deed.to = (enum house)sim_below(s, INBOXES);
    for (enum house from = V1; from < INBOXES && sim_one_in(s, 3); from++)
        for (enum house to = V1; to < INBOXES; to++)
            if (s->model.denied[from][to])
                deed.from = from, deed.to = to;
    if (deed.from == deed.to)
        return;
    deed.is_off = s->model.denied[deed.from][deed.to];
    if (deed.is_off && !model_has_relation(deed.from, deed.to))
        deed.kind = REFERRAL__KIND__DELETE_RELATION;
    sim_operate(s, &deed,
                sim_body(s, (Referral__Kind)deed.kind, "from=%s; to=%s%s", party_name(deed.from), party_name(deed.to),
                         deed.is_off ? "" : "; deny=true"));
}

/* New work is refused for a while. */
void sim_act_drain(struct sim *s)
{
    struct deed deed = {.kind = REFERRAL__KIND__DRAIN, .to = NO_PARTY, .is_off = s->model.draining};

    if (!deed.is_off && !sim_one_in(s, 4))
        return;
    sim_operate(s, &deed, sim_body(s, REFERRAL__KIND__DRAIN, deed.is_off ? "off=true" : "reason=维护"));
}
