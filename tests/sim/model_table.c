/* model_table.c - who they are, what each may cause in each state (data/lifecycle.json), and by which routes (T3, T4,
 * T7). */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model.h"

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define ST(name) REFERRAL__STATE__##name

static const char *const names[] = {"V1", "T07", "T08", "H1", "H2", "C1", "OP", "?", "nobody"};

const char *party_name(enum house party)
{
    return names[party];
}

enum house party_of(const char *name)
{
    for (enum house party = V1; name != NULL && party < PARTIES; party++)
        if (strcmp(names[party], name) == 0)
            return party;
    return NO_PARTY;
}

/* ---- The table that was written by hand ---- */

static int event_of(const char *word)
{
    char name[40] = "EVENT_";
    size_t size = strlen(name);

    for (; *word != '\0' && size < sizeof name - 1; word++)
        name[size++] = *word == '-' ? '_' : (char)(*word - 'a' + 'A');
    name[size] = '\0';

    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&referral__event_type__descriptor, name);

    assert(value != NULL);
    return value->value;
}

static void load_life(struct model *m, bool down, json_t *life)
{
    const char *state, *who;
    json_t *parties, *events, *event;
    size_t i;

    json_object_foreach(life, state, parties)
    {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value_by_name(&referral__state__descriptor, state);

        assert(value != NULL);
        json_object_foreach(parties, who, events)
        {
            json_array_foreach(events, i, event)
            {
                m->may[down][value->value][event_of(json_string_value(event))][strcmp(who, "receiver") == 0] = true;
            }
        }
    }
}

void model_load_table(struct model *m)
{
    json_t *table = json_load_file(LIFECYCLE, 0, NULL);

    assert(table != NULL);
    load_life(m, false, json_object_get(table, "up"));
    load_life(m, true, json_object_get(table, "down"));
    json_decref(table);
}

void model_open(struct model *m)
{
    *m = (struct model){
        .referrals = calloc(MODEL_REFERRALS, sizeof *m->referrals),
        .messages = calloc(MODEL_MESSAGES, sizeof *m->messages),
        .keys = calloc(MODEL_KEYS, sizeof *m->keys),
    };
    m->places = places_open(m);
    assert(m->referrals != NULL && m->messages != NULL && m->keys != NULL);
    for (enum house party = V1; party < PARTIES; party++)
        m->urgent_ms[party] = 7200000;
    model_load_table(m);
}

void model_close(struct model *m)
{
    free(m->referrals);
    free(m->messages);
    free(m->keys);
    places_close(m->places);
}

bool model_is_terminal(int state)
{
    return state >= ST(CLOSED);
}

bool model_is_before_arrival(int state)
{
    return state <= ST(NO_SHOW);
}

/* ---- Who ---- */

bool model_acts_for(enum house who, enum house principal)
{
    return who == principal || (who == T07 && principal == V1);
}

bool model_is_child_receiver(const struct model *m, const struct model_referral *r, enum house who)
{
    return r->state == ST(RETURNED) && r->child >= 0 && model_acts_for(who, m->referrals[r->child].receiver);
}

bool model_sees(const struct model_referral *r, enum house who)
{
    return model_acts_for(who, r->sender) || model_acts_for(who, r->receiver) || who == OP;
}

bool model_is_party(const struct model *m, const struct model_referral *r, enum house who)
{
    return model_sees(r, who) || model_is_child_receiver(m, r, who);
}

int model_find(const struct model *m, const char *id)
{
    for (int i = 0; id != NULL && i < m->referral_count; i++)
        if (strcmp(m->referrals[i].id, id) == 0)
            return i;
    return -1;
}

static bool is_in_hand(int state)
{
    return state == ST(ARRIVED) || state == ST(IN_CARE) || state == ST(CANCEL_REQUESTED);
}

bool model_may(const struct model *m, const struct model_referral *r, int event, enum role_in by)
{
    bool emergency = r->priority == REFERRAL__PRIORITY__EMERGENCY;

    switch ((int)by) {
    case AS_SENDER:
        if (event == EV(AMEND) && emergency && !r->down && is_in_hand(r->state))
            return true;
        return m->may[r->down][r->state][event][0];
    case AS_RECEIVER:
        return m->may[r->down][r->state][event][1];
    case AS_CHILD_RECEIVER:
        return event == EV(CONFIRM_RECEIPT) && (r->state == ST(REPORTED) || r->state == ST(RETURNED)) && !r->down;
    case AS_OPERATOR:
        return event == EV(VOID) && r->state != ST(VOID);
    default:
        return true;
    }
}

/* ---- Routes ---- */

static const int tiers[] = {[V1] = 1, [T07] = 2, [T08] = 2, [H1] = 3, [H2] = 3, [C1] = 4};

static int direction_of(enum house from, enum house to)
{
    return tiers[from] < tiers[to]   ? REFERRAL__DIRECTION__UP
           : tiers[from] > tiers[to] ? REFERRAL__DIRECTION__DOWN
                                     : REFERRAL__DIRECTION__LATERAL;
}

/* T3, T4: all but C1 are of one consortium; H1 and T07 have relations with it. Equal tiers need one, and have none. T7:
 * an emergency needs none. */
bool model_has_relation(enum house from, enum house to)
{
    return (from == C1 && (to == H1 || to == T07)) || (to == C1 && (from == H1 || from == T07));
}

bool model_is_route(const struct model *m, enum house from, enum house to, int direction, int priority)
{
    bool related = (from != C1 && to != C1) || model_has_relation(from, to);

    if (to >= INBOXES || from == to || m->denied[from][to] || m->disabled[to])
        return false;
    if (priority == REFERRAL__PRIORITY__EMERGENCY)
        return true;
    if (m->disabled[from])
        return false;
    return direction == direction_of(from, to) && direction != REFERRAL__DIRECTION__LATERAL && related;
}
