/* show.c - a payload is shown by an audited command only: to the parties, or to an operator who says why (P2, P3). */
#include "base/utf8.h"
#include "engine/authority.h"
#include "engine/binary.h"
#include "engine/families.h"
#include "engine/inbox.h"
#include "engine/life.h"

struct shown {         /* what was asked for, once it is clear that the actor may see it */
    struct id id;      /* of the referral; of a notice that is about none, the hospital's own booking or entry */
    bool has_referral; /* else no timeline tells of the look, only the audit */
    bool as_operator;
    uint32_t version;      /* of a sheet; 0: none. Of a look that is repeated (D1): the one shown before */
    uint32_t event_number; /* of an event, which has no kind; 0: none */
    Referral__DeliveryKind kind;
    struct bytes body;
};

/* P2: "not yours" and "does not exist" answer alike. */
static bool may_see(struct work *work, bool is_own, struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;

    shown->as_operator = !is_own;
    if (authority_allows(work->kind->kind, work->roles, is_own ? SCOPE_OWN : SCOPE_OTHER)) {
        if (is_own || !text_is_blank(show->reason))
            return true;
        return refuse(work, REFUSED_MISSING, "reason");
    }
    return refuse(work, REFUSED_NOT_FOUND, "");
}

static bool is_party(const struct work *work, struct id id, Record__Referral *row)
{
    const struct life_of life = {.id = id, .row = row};

    return (life_party(work, &life) & (BY_SENDER | BY_RECEIVER)) != 0;
}

static bool find_sheet(struct work *work, const Record__Referral *row, struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;

    shown->kind = REFERRAL__DELIVERY_KIND__SHEET;
    if (show->has_sheet_version)
        shown->version = show->sheet_version;
    else if (shown->version == 0)
        shown->version = row->sheet_version;
    return referral_sheet(work->txn, shown->id, row, shown->version, &shown->body) ||
           refuse(work, REFUSED_NOT_FOUND, "sheet_version");
}

/* L2: a query-only institution reads on the timeline what happened; here it is shown what a notice would have brought
 * with it. */
static bool find_event(struct work *work, struct shown *shown)
{
    uint32_t number = ((const Referral__ShowPayload *)work->body)->event_number;
    const Record__Timeline *line = number == 0 ? NULL : timeline_row(work->txn, shown->id, number - 1);

    if (line == NULL || line->original.len == 0)
        return refuse(work, REFUSED_NOT_FOUND, "event_number");
    shown->event_number = number;
    shown->body = binary_bytes(line->original);
    return true;
}

static bool find_in_referral(struct work *work, struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;
    Record__Referral *row = NULL;

    if (work_parse_id(work, show->referral_id, &shown->id))
        row = referral_row(work->txn, shown->id);
    if (row == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "");
    if (!may_see(work, is_party(work, shown->id, row), shown))
        return false;
    if (row->archived != NULL)
        return refuse(work, REFUSED_ARCHIVED, "referral_id");
    shown->has_referral = true;
    return show->has_event_number ? find_event(work, shown) : find_sheet(work, row, shown);
}

/* A dead letter is its receiver's, as it would have been when delivered. */
static bool is_own_inbox(struct work *work, uint32_t institution)
{
    const char *id = institution_id_of(work->txn, institution);

    return institution == work->actor_number || (id != NULL && may_act_for(work, id));
}

static bool find_dead_body(struct work *work, const Record__Inbox *entry, struct shown *shown)
{
    const Record__Referral *row = referral_row(work->txn, life_id_of(entry->referral));

    shown->id = life_id_of(entry->referral);
    shown->has_referral = row != NULL;
    shown->kind = (Referral__DeliveryKind)entry->kind;
    if (shown->kind == REFERRAL__DELIVERY_KIND__NOTICE) {
        shown->body = binary_bytes(entry->body);
        return true;
    }
    shown->version = entry->sheet_version;
    return row != NULL && referral_sheet(work->txn, shown->id, row, shown->version, &shown->body);
}

static bool find_dead(struct work *work, struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;
    const Record__Dead *dead = NULL;
    struct inbox_ref ref = {0};
    uint32_t incarnation = 0;

    if (delivery_id_decode(binary_bytes(show->dead_delivery_id), &incarnation, &ref) &&
        incarnation == work->incarnation)
        dead = dead_row(work->txn, ref);
    if (dead == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "");
    if (!may_see(work, is_own_inbox(work, ref.institution), shown))
        return false;
    return find_dead_body(work, dead->entry, shown) || refuse(work, REFUSED_NOT_FOUND, "");
}

static void reply_with(struct work *work, const struct shown *shown)
{
    Referral__Payload payload = REFERRAL__PAYLOAD__INIT;

    if (shown->has_referral)
        payload.referral_id = arena_text(work->arena, work_id_text(work, shown->id));
    if (shown->version != 0) {
        FIELD_SET(&payload, sheet_version, shown->version);
        FIELD_SET(&work->reply, sheet_version, shown->version); /* kept beside the answer (D1) */
    }
    if (shown->event_number != 0)
        FIELD_SET(&payload, event_number, shown->event_number);
    else
        FIELD_SET(&payload, kind, shown->kind);
    FIELD_SET(&payload, body, binary_copy(work->arena, shown->body));
    FIELD_SET(&work->reply, result, binary_pack(work->arena, &payload.base));
}

static bool find_shown(struct work *work, struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;

    if (show->referral_id == NULL && !show->has_dead_delivery_id)
        return refuse(work, REFUSED_MISSING, "referral_id");
    if (show->referral_id != NULL && show->has_dead_delivery_id)
        return refuse(work, REFUSED_NOT_EXPECTED, "dead_delivery_id");
    if (show->has_event_number && (show->has_sheet_version || show->has_dead_delivery_id))
        return refuse(work, REFUSED_NOT_EXPECTED, "event_number");
    return show->has_dead_delivery_id ? find_dead(work, shown) : find_in_referral(work, shown);
}

static void tell_look(struct work *work, const struct shown *shown)
{
    struct life_of *life = life_load(work, shown->id);

    life_tell(work, life, PAYLOAD_SHOWN, shown->as_operator ? "operator" : work->actor, NULL, instant_of(0));
    life_save(work, life);
}

static void note_look(struct work *work, const struct shown *shown)
{
    const Referral__ShowPayload *show = (const Referral__ShowPayload *)work->body;

    work->audit.subject = arena_text(work->arena, work_id_text(work, shown->id));
    work->audit.reason = show->reason;
}

bool show_apply_payload(struct work *work)
{
    struct shown shown = {0};

    if (!find_shown(work, &shown))
        return false;
    if (shown.has_referral)
        tell_look(work, &shown);
    reply_with(work, &shown);
    note_look(work, &shown);
    return true;
}

bool show_payload_again(struct work *work, uint32_t sheet_version)
{
    struct shown shown = {.version = sheet_version};

    if (!find_shown(work, &shown))
        return false;
    reply_with(work, &shown);
    note_look(work, &shown);
    return true;
}
