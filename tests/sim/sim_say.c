/* sim_say.c - what is said to the broker of a simulated world, and the numbers that decide it. */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_inside.h"

/* splitmix64 */
uint64_t sim_random(struct sim *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim *s, uint64_t limit)
{
    return sim_random(s) % limit;
}

bool sim_one_in(struct sim *s, uint64_t n)
{
    return sim_below(s, n) == 0;
}

void sim_key(uint8_t key[32], enum house party, uint32_t number)
{
    char name[32];

    snprintf(name, sizeof name, "%s#%u", party_name(party), number);
    world_key(key, name);
}

/* FNV-1a */
uint64_t sim_hash(struct bytes bytes)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 0x100000001b3ULL;
    return hash;
}

const char *sim_new_id(struct sim *s)
{
    return arena_format(&s->w->arena, "m%lu", (unsigned long)++s->next_message);
}

void sim_transmit(struct sim *s, struct sim_peer *peer, Referral__Kind kind, const char *message_id,
                  enum house acting_for, struct bytes body)
{
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData packed;
    uint8_t key[32];

    envelope.has_version = envelope.has_kind = envelope.has_request = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = kind;
    envelope.request = ++s->next_request;
    envelope.message_id = (char *)message_id;
    envelope.acting_for = acting_for == NO_PARTY ? NULL : (char *)party_name(acting_for);
    envelope.has_body = body.size != 0;
    envelope.body = (ProtobufCBinaryData){.data = (uint8_t *)body.data, .len = body.size};
    packed.len = referral__envelope__get_packed_size(&envelope);
    packed.data = arena_alloc(&s->w->arena, packed.len);
    referral__envelope__pack(&envelope, packed.data);
    frame.has_session = kind != REFERRAL__KIND__HELLO;
    frame.session = peer->session;
    frame.envelopes = &packed;
    frame.n_envelopes = 1;
    sim_key(key, peer->party, peer->key);
    peer->spoke = s->boot;
    turn_receive(s->turn, peer->number, key, wire_pack(&frame.base, &s->w->arena), s->now);
}

static size_t open_deed(struct sim *s, const struct deed *deed)
{
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (!s->is_open[i]) {
            s->is_open[i] = true;
            s->deeds[i] = *deed;
            return i;
        }
    cr_assert_fail("too much is unanswered");
    return 0;
}

static void keep_last(struct sim *s, const struct deed *deed, enum house acting_for, struct bytes body)
{
    struct sim_last *last = &s->lasts[s->last_count++ % SIM_LASTS];
    uint8_t *copy = malloc(body.size);

    cr_assert_not_null(copy);
    memcpy(copy, body.data, body.size);
    free((void *)last->body.data);
    *last = (struct sim_last){.deed = *deed, .body = bytes_of(copy, body.size), .acting_for = acting_for};
}

void sim_command(struct sim *s, struct sim_peer *peer, struct deed *deed, enum house acting_for, struct bytes body)
{
    if (deed->message_id[0] == '\0') {
        snprintf(deed->message_id, sizeof deed->message_id, "%s", sim_new_id(s));
        deed->body = sim_hash(body);
        keep_last(s, deed, acting_for, body);
    }
    deed->body = sim_hash(body);
    deed->peer = peer->number;
    deed->request = s->next_request + 1;
    cr_assert(s->pending_count < SIM_PENDING);
    s->pending[s->pending_count++] = (struct sim_said){.what = SAID_COMMAND, .deed = open_deed(s, deed)};
    sim_transmit(s, peer, (Referral__Kind)deed->kind, deed->message_id, acting_for, body);
    s->last_accepted = false;
}

struct bytes sim_body(struct sim *s, Referral__Kind kind, const char *format, ...)
{
    ProtobufCMessage *body = world_new(s->w, kind_info((uint32_t)kind)->body);
    char edits[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(edits, sizeof edits, format, arguments);
    va_end(arguments);
    world_edit(s->w, body, edits);
    return wire_pack(body, &s->w->arena);
}

const void *sim_query(struct sim *s, struct sim_peer *peer, Referral__Kind kind, const char *format, ...)
{
    ProtobufCMessage *body = world_new(s->w, kind_info((uint32_t)kind)->body);
    char edits[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(edits, sizeof edits, format, arguments);
    va_end(arguments);
    world_edit(s->w, body, edits);
    s->result = NULL;
    s->asked = kind_info((uint32_t)kind)->result;
    sim_transmit(s, peer, kind, NULL, NO_PARTY, wire_pack(body, &s->w->arena));
    sim_settle(s);
    s->asked = NULL;
    return s->result;
}
