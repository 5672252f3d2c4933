/* world_read.c - what the broker says, as trace text. */
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "query.pb-c.h"
#include "story/world_inside.h"

static void put(struct world *w, const char *format, va_list arguments)
{
    int length = vsnprintf(w->trace + w->trace_used, WORLD_TRACE_SIZE - w->trace_used, format, arguments);

    cr_assert(length >= 0 && (size_t)length < WORLD_TRACE_SIZE - w->trace_used, "the story is too long");
    w->trace_used += (size_t)length;
}

static void put_text(struct world *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(w, format, arguments);
    va_end(arguments);
}

static int64_t seconds(const struct world *w)
{
    return (w->clock.now.ms - w->begin.ms) / 1000;
}

void world_tell(struct world *w, const char *who, const char *format, ...)
{
    va_list arguments;

    w->told_s = seconds(w);
    put_text(w, "[%6ld] %s > ", (long)w->told_s, who);
    va_start(arguments, format);
    put(w, format, arguments);
    va_end(arguments);
    put_text(w, "\n");
}

void world_line(struct world *w, const char *format, ...)
{
    va_list arguments;

    if (w->told_s != seconds(w))
        put_text(w, "[%6ld]\n", (long)seconds(w));
    w->told_s = seconds(w);
    put_text(w, "         ");
    va_start(arguments, format);
    put(w, format, arguments);
    va_end(arguments);
    put_text(w, "\n");
}

void world_name(struct world *w, const char *name, const char *id)
{
    cr_assert(w->name_count < WORLD_NAMES && strlen(id) < sizeof w->names[0].id);
    snprintf(w->names[w->name_count].name, sizeof w->names[0].name, "%s", name);
    snprintf(w->names[w->name_count].id, sizeof w->names[0].id, "%s", id);
    w->name_count++;
}

const char *world_id(const struct world *w, const char *name)
{
    for (size_t i = w->name_count; i-- != 0;)
        if (strcmp(w->names[i].name, name) == 0)
            return w->names[i].id;
    return NULL;
}

static const char *known_name(const struct world *w, const char *id)
{
    for (size_t i = 0; id != NULL && i < w->name_count; i++)
        if (strcmp(w->names[i].id, id) == 0)
            return w->names[i].name;
    return NULL;
}

bool world_is_named(const struct world *w, const char *id)
{
    return known_name(w, id) != NULL;
}

const char *world_name_of(struct world *w, const char *id)
{
    const char *name = known_name(w, id);

    if (name != NULL || id == NULL)
        return name == NULL ? "none" : name;
    world_name(w, arena_format(&w->arena, "x%zu", w->name_count + 1), id);
    return known_name(w, id);
}

static const char *name_of_value(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *entry = protobuf_c_enum_descriptor_get_value(descriptor, value);

    return entry == NULL ? "?" : entry->name;
}

static const char *state_of(Referral__State state)
{
    return name_of_value(&referral__state__descriptor, (int)state);
}

/* EVENT_REQUEST_INFO as "request-info". */
static const char *event_of(struct world *w, Referral__EventType event)
{
    char *text = arena_text(&w->arena, name_of_value(&referral__event_type__descriptor, (int)event));

    for (char *at = text; *at != '\0'; at++)
        *at = *at == '_' ? '-' : (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    return strncmp(text, "event-", 6) == 0 ? text + 6 : text;
}

static void hear_refusal(struct world *w, const struct peer *peer, const Referral__Reply *reply,
                         const Referral__Refusal *refusal)
{
    char more[96] = "";

    if (refusal->has_state)
        snprintf(more, sizeof more, ", %s, next %s", state_of(refusal->state), refusal->next_actor);
    if (refusal->has_retry_after_ms)
        snprintf(more + strlen(more), sizeof more - strlen(more), ", retry in %u ms", refusal->retry_after_ms);
    if (reply->request == 0)
        snprintf(more + strlen(more), sizeof more - strlen(more), ", envelope %u", reply->position);
    world_line(w, "%s < refused %s (%s)%s%s%s", peer->name, refusal->code, refusal->rule,
               refusal->field == NULL ? "" : " ", refusal->field == NULL ? "" : refusal->field, more);
}

/* ", b1 BOOKED WANG 3, w1 waits for EXPERT" */
static const char *place_text(struct world *w, const Referral__Booking *booking, const Referral__WaitEntry *entry)
{
    return arena_format(&w->arena, "%s%s%s%s", booking == NULL ? "" : ", ",
                        booking == NULL ? "" : world_booking_text(w, booking), entry == NULL ? "" : ", ",
                        entry == NULL ? "" : world_entry_text(w, entry));
}

static void hear_accepted(struct world *w, const struct peer *peer, const Referral__Reply *reply)
{
    char more[96] = "";

    if (reply->referral_id != NULL && known_name(w, reply->referral_id) == NULL && w->pending[0] != '\0')
        world_name(w, w->pending, reply->referral_id);
    if (reply->child_referral_id != NULL && known_name(w, reply->child_referral_id) == NULL)
        world_name(w, arena_format(&w->arena, "%s'", world_name_of(w, reply->referral_id)), reply->child_referral_id);
    if (reply->referral_id != NULL)
        snprintf(more, sizeof more, " %s %s", world_name_of(w, reply->referral_id), state_of(reply->state));
    if (reply->child_referral_id != NULL)
        snprintf(more + strlen(more), sizeof more - strlen(more), ", child %s",
                 world_name_of(w, reply->child_referral_id));
    if (reply->has_affected)
        snprintf(more + strlen(more), sizeof more - strlen(more), ", %u affected", reply->affected);
    world_line(w, "%s < accepted%s%s", peer->name, more, place_text(w, reply->booking, reply->entry));
}

static void hear_reply(struct world *w, const struct peer *peer, struct bytes body)
{
    const Referral__Reply *reply = referral__reply__unpack(&w->allocator, body.size, body.data);

    cr_assert_not_null(reply);
    w->reply = reply;
    w->result = NULL;
    if (w->asked != NULL && w->asked->result != NULL && reply->has_result)
        w->result = protobuf_c_message_unpack(w->asked->result, &w->allocator, reply->result.len, reply->result.data);
    for (size_t i = 0; i < reply->n_refusals; i++)
        hear_refusal(w, peer, reply, reply->refusals[i]);
    if (reply->n_refusals == 0 && w->result == NULL)
        hear_accepted(w, peer, reply);
    else if (reply->n_refusals == 0)
        world_line(w, "%s < answered", peer->name);
    w->pending[0] = '\0';
}

static const char *lane_of(Referral__Priority lane)
{
    return lane == REFERRAL__PRIORITY__EMERGENCY ? "emergency"
           : lane == REFERRAL__PRIORITY__URGENT  ? "urgent"
                                                 : "routine";
}

static void keep_hand(struct world *w, const struct peer *peer, const Referral__Delivery *delivery)
{
    struct hand *hand = &w->hands[w->hand_count++];

    cr_assert(w->hand_count < WORLD_HANDS && delivery->delivery_id.len <= sizeof hand->id);
    *hand = (struct hand){.peer = peer->number, .id_size = delivery->delivery_id.len, .is_held = true};
    snprintf(hand->name, sizeof hand->name, "%s", world_name_of(w, delivery->referral_id));
    snprintf(hand->institution, sizeof hand->institution, "%.*s", (int)strcspn(peer->name, "/"), peer->name);
    memcpy(hand->id, delivery->delivery_id.data, delivery->delivery_id.len);
}

/* Without a referral it is the hospital's own affair, and has no state. */
static const char *notice_text(struct world *w, const Referral__Delivery *delivery)
{
    const Referral__Notice *notice = referral__notice__unpack(&w->allocator, delivery->body.len, delivery->body.data);
    const char *place, *event;

    cr_assert_not_null(notice);
    place = place_text(w, notice->booking, notice->entry);
    event = event_of(w, notice->event);
    if (notice->referral_id == NULL)
        return arena_format(&w->arena, "notice %s%s", event, place);
    return arena_format(&w->arena, "notice %s %s, %s%s", world_name_of(w, delivery->referral_id), event,
                        state_of(notice->state), place);
}

static void hear_delivery(struct world *w, const struct peer *peer, struct bytes body)
{
    const Referral__Delivery *delivery = referral__delivery__unpack(&w->allocator, body.size, body.data);
    const char *what;

    cr_assert_not_null(delivery);
    if (delivery->kind == REFERRAL__DELIVERY_KIND__NOTICE)
        what = notice_text(w, delivery);
    else
        what = arena_format(&w->arena, "sheet %s from %s", world_name_of(w, delivery->referral_id), delivery->sender);
    world_line(w, "%s < %s %s, attempt %u%s", peer->name, lane_of(delivery->lane), what, delivery->attempt,
               delivery->possibly_redelivered ? ", possibly redelivered" : "");
    keep_hand(w, peer, delivery);
}

static void hear_envelope(struct world *w, struct peer *peer, const Referral__Envelope *envelope)
{
    struct bytes body = bytes_of(envelope->body.data, envelope->body.len);

    if (envelope->kind == REFERRAL__KIND__WELCOME) {
        const Referral__Welcome *welcome = referral__welcome__unpack(&w->allocator, body.size, body.data);

        peer->session = welcome->session;
        peer->utc_offset_minutes = welcome->utc_offset_minutes;
    } else if (envelope->kind == REFERRAL__KIND__REPLY) {
        hear_reply(w, peer, body);
    } else if (envelope->kind == REFERRAL__KIND__DELIVERY) {
        hear_delivery(w, peer, body);
    } else if (envelope->kind == REFERRAL__KIND__GOODBYE) {
        const Referral__Goodbye *goodbye = referral__goodbye__unpack(&w->allocator, body.size, body.data);

        world_line(w, "%s < goodbye: %s", peer->name, goodbye->reason);
    } else if (envelope->kind == REFERRAL__KIND__NO_SESSION) {
        world_line(w, "%s < no session", peer->name);
    }
}

void world_hear(struct world *w, struct peer *peer, struct bytes bytes)
{
    const Referral__Frame *frame = referral__frame__unpack(&w->allocator, bytes.size, bytes.data);

    cr_assert_not_null(frame);
    for (size_t i = 0; i < frame->n_envelopes; i++) {
        const Referral__Envelope *envelope =
            referral__envelope__unpack(&w->allocator, frame->envelopes[i].len, frame->envelopes[i].data);

        cr_assert_not_null(envelope);
        hear_envelope(w, peer, envelope);
    }
}
