/* world_say.c - commands and queries, in words. */
#include <stdio.h>

#include "story/world_inside.h"

static const char *new_message_id(struct world *w)
{
    return arena_format(&w->arena, "m%lu", (unsigned long)++w->next_message);
}

const char *world_take_message_id(struct world *w, const char **what)
{
    const char *end = strchr(*what, ')');

    if (strncmp(*what, "(id ", 4) != 0 || end == NULL)
        return new_message_id(w);

    const char *id = arena_format(&w->arena, "%.*s", (int)(end - *what - 4), *what + 4);

    *what = end + 2;
    return id;
}

/* "(for V1) rest" */
static const char *take_acting_for(struct world *w, const char **what)
{
    const char *end = strchr(*what, ')');

    if (strncmp(*what, "(for ", 5) != 0 || end == NULL)
        return NULL;

    const char *principal = arena_format(&w->arena, "%.*s", (int)(end - *what - 5), *what + 5);

    *what = end + 2;
    return principal;
}

void world_submit(struct world *w, const char *who, const char *name, const char *what)
{
    world_tell(w, who, "submit %s %s", name, what);

    const char *message_id = world_take_message_id(w, &what), *acting_for = take_acting_for(w, &what);
    const Referral__Sheet *sheet = world_sheet(w, acting_for == NULL ? who : acting_for, what);

    snprintf(w->pending, sizeof w->pending, "%s", name);
    world_send(w, world_peer(w, who), REFERRAL__KIND__SUBMIT, message_id, acting_for,
               wire_pack(&sheet->base, &w->arena));
}

/* What each event needs (section 4), so that a story only says what it is about. */
static const char *needs_of(const char *event)
{
    static const char *const rows[][2] = {
        {"acknowledge", "person.name=李护士"},
        {"request-info", "person.name=李医生; text=请补充血压记录"},
        {"supply-info", "text=血压记录见附件"},
        {"accept", "person.name=李医生"},
        {"reject", "person.name=李医生; reason=NO_CAPACITY"},
        {"redirect", "person.name=李医生; reason=BETTER_PLACE; department=MED"},
        {"book",
         "place.class=EXPERT; place.start_ms=+86400; place.end_ms=+90000; place.department=MED; place.doctor=赵医生"},
        {"move",
         "place.class=EXPERT; place.start_ms=+172800; place.end_ms=+176400; place.department=MED; place.doctor=赵医生"},
        {"cancel-booking", "reason=PATIENT_DECLINED"},
        {"arrive", "occurred_at_ms=now"},
        {"no-show", "reason=PATIENT_DECLINED"},
        {"report", "diagnoses[0].icd10=I10; treatment=调整降压药物"},
        {"close", "close_code=NO_FOLLOW_UP"},
        {"cancel", "reason=PATIENT_DECLINED"},
        {"request-cancel", "reason=PATIENT_DECLINED"},
        {"answer-cancel", "agreed=true"},
        {"void", "reason=SENT_IN_ERROR"},
        {NULL, NULL},
    };

    for (size_t i = 0; rows[i][0] != NULL; i++)
        if (strcmp(rows[i][0], event) == 0)
            return rows[i][1];
    return "";
}

/* "request-info" as EVENT_REQUEST_INFO. */
static const char *event_name_of(struct world *w, const char *word)
{
    char *name = arena_format(&w->arena, "EVENT_%s", word);

    for (char *at = name + 6; *at != '\0'; at++)
        *at = *at == '-' ? '_' : (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    return name;
}

void world_event(struct world *w, const char *who, const char *what)
{
    char type[24], name[24];
    const char *edits = strchr(what, ';');

    world_tell(w, who, "%s", what);

    const char *message_id = world_take_message_id(w, &what), *acting_for = take_acting_for(w, &what);
    Referral__Event *event = (Referral__Event *)world_new(w, &referral__event__descriptor);

    cr_assert_eq(sscanf(what, "%23s %23[^; ]", type, name), 2, "which event, of which referral? %s", what);
    world_edit(w, &event->base, arena_format(&w->arena, "referral_id=%s; type=%s", name, event_name_of(w, type)));
    world_edit(w, &event->base, needs_of(type));
    if (strcmp(type, "amend") == 0) {
        struct bytes sheet = wire_pack(&world_sheet(w, who, edits + 2)->base, &w->arena);

        event->has_sheet = true;
        event->sheet = (ProtobufCBinaryData){.data = (uint8_t *)sheet.data, .len = sheet.size};
    } else if (edits != NULL) {
        world_edit(w, &event->base, edits);
    }
    world_send(w, world_peer(w, who), REFERRAL__KIND__EVENT, message_id, acting_for,
               wire_pack(&event->base, &w->arena));
}

static const struct kind_info *kind_by_name(const char *name)
{
    size_t count;
    const struct kind_info *rows = kind_infos(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    cr_assert_fail("no kind is called %s", name);
    return NULL;
}

void world_say(struct world *w, const char *who, const char *kind_name, const char *edits)
{
    const struct kind_info *kind = kind_by_name(kind_name);

    world_tell(w, who, "%s%s%s", kind_name, edits[0] == '\0' ? "" : " ", edits);

    const char *message_id = kind->class == KIND_COMMAND ? world_take_message_id(w, &edits) : NULL;
    const char *acting_for = take_acting_for(w, &edits);
    ProtobufCMessage *body = world_new(w, kind->body);

    world_edit(w, body, edits);
    world_send(w, world_peer(w, who), kind->kind, message_id, acting_for, wire_pack(body, &w->arena));
}

void world_again(struct world *w, const char *who)
{
    struct peer *peer = world_peer(w, who);
    Referral__Frame *frame;

    world_tell(w, who, "the same again");
    for (size_t i = w->peer_count; peer->last_kind == NULL && i-- != 0;)
        if (strcmp(w->peers[i].name, who) == 0 && w->peers[i].last_kind != NULL)
            *peer = (struct peer){.number = peer->number,
                                  .session = peer->session,
                                  .last_frame = w->peers[i].last_frame,
                                  .last_kind = w->peers[i].last_kind};
    snprintf(peer->name, sizeof peer->name, "%s", who);
    cr_assert_not_null(peer->last_kind);
    frame = referral__frame__unpack(&w->allocator, peer->last_frame.size, peer->last_frame.data);
    frame->session = peer->session;
    w->asked = peer->last_kind;

    uint8_t key[32];

    world_key(key, arena_format(&w->arena, "%.*s", (int)strcspn(who, "/"), who));
    turn_receive(w->turn, peer->number, key, wire_pack(&frame->base, &w->arena), w->clock);
    world_settle(w);
}
