#include "intake.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void intake_init(struct intake *intake, uint32_t credit)
{
    *intake = (struct intake){.credit = credit, .to_grant = credit};
}

static struct in_hand *find(const struct intake *intake, ProtobufCBinaryData id)
{
    struct in_hand *held = NULL;
    HASH_FIND(hh, intake->in_hand, id.data, id.len, held);
    return held;
}

static void forget_in_hand(struct intake *intake)
{
    struct in_hand *held = intake->in_hand;
    HASH_CLEAR(hh, intake->in_hand);
    for (struct in_hand *next = NULL; held != NULL; held = next) {
        next = held->hh.next;
        free(held);
    }
}

static void drop_waiting(struct intake *intake)
{
    for (Referral__Delivery *delivery = NULL; (delivery = intake_take(intake)) != NULL;)
        referral_delivery_free(delivery);
}

void intake_fini(struct intake *intake)
{
    forget_in_hand(intake);
    drop_waiting(intake);
    struct note *note = NULL, *next = NULL;
    DL_FOREACH_SAFE(intake->nacks, note, next)
    {
        free(note);
    }
    free(intake->acks);
    *intake = (struct intake){0};
}

bool intake_grant(struct intake *intake, uint32_t add)
{
    if (add > LIMIT_CREDIT - intake->credit)
        return false;
    intake->credit += add;
    intake->to_grant += add;
    return true;
}

void intake_session_lost(struct intake *intake)
{
    forget_in_hand(intake);
    drop_waiting(intake);
    intake->to_grant = intake->credit;
}

/* One that comes again while it is in hand (the ack time-out passed) spent credit once more, and will be acknowledged
 * once. */
enum referral_status intake_arrived(struct intake *intake, ProtobufCBinaryData delivery_id)
{
    if (find(intake, delivery_id) != NULL) {
        intake->to_grant++;
        return REFERRAL_OK;
    }
    struct in_hand *held = calloc(1, sizeof *held);
    if (held == NULL)
        return REFERRAL_NO_MEMORY;
    held->size = delivery_id.len;
    memcpy(held->id, delivery_id.data, delivery_id.len);
    HASH_ADD_KEYPTR(hh, intake->in_hand, held->id, held->size, held);
    return REFERRAL_OK;
}

static bool is_same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* D3: a higher lane goes first, also here; inside a lane, and of one referral, they stay in their order. */
static bool goes_before(const Referral__Delivery *later, const Referral__Delivery *earlier)
{
    return later->has_lane && earlier->has_lane && later->lane < earlier->lane &&
           !is_same_text(later->referral_id, earlier->referral_id);
}

enum referral_status intake_keep(struct intake *intake, Referral__Delivery *delivery)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL) {
        referral_delivery_free(delivery);
        return REFERRAL_NO_MEMORY;
    }
    waiting->delivery = delivery;
    struct waiting *before = intake->waiting != NULL ? intake->waiting->prev : NULL;
    while (before != NULL && goes_before(delivery, before->delivery))
        before = before != intake->waiting ? before->prev : NULL;
    DL_APPEND_ELEM(intake->waiting, before, waiting); /* NULL: first of all */
    find(intake, delivery->delivery_id)->waiting++;
    return REFERRAL_OK;
}

static Referral__Delivery *take(struct intake *intake, struct waiting *waiting)
{
    Referral__Delivery *delivery = waiting->delivery;
    struct in_hand *held = find(intake, delivery->delivery_id);
    if (held != NULL)
        held->waiting--;
    DL_DELETE(intake->waiting, waiting);
    free(waiting);
    return delivery;
}

Referral__Delivery *intake_take(struct intake *intake)
{
    return intake->waiting != NULL ? take(intake, intake->waiting) : NULL;
}

static bool is_of(const struct waiting *waiting, const struct in_hand *held)
{
    ProtobufCBinaryData id = waiting->delivery->delivery_id;
    return id.len == held->size && memcmp(id.data, held->id, held->size) == 0;
}

/* What came again while it was worked on is decided with it. */
static void drop_copies(struct intake *intake, const struct in_hand *held)
{
    struct waiting *waiting = NULL, *next = NULL;
    DL_FOREACH_SAFE(intake->waiting, waiting, next)
    {
        if (held->waiting > 0 && is_of(waiting, held))
            referral_delivery_free(take(intake, waiting));
    }
}

static void give_back(struct intake *intake, ProtobufCBinaryData delivery_id)
{
    struct in_hand *held = find(intake, delivery_id);
    if (held != NULL) {
        if (held->waiting > 0)
            drop_copies(intake, held);
        HASH_DEL(intake->in_hand, held);
        free(held);
        intake->to_grant++;
    }
}

enum referral_status intake_ack(struct intake *intake, ProtobufCBinaryData delivery_id)
{
    if (intake->ack_count == intake->ack_room) {
        size_t room = intake->ack_room != 0 ? 2 * intake->ack_room : 64;
        struct ack *acks = reallocarray(intake->acks, room, sizeof *acks);
        if (acks == NULL)
            return REFERRAL_NO_MEMORY;
        intake->acks = acks;
        intake->ack_room = room;
    }
    struct ack *ack = &intake->acks[intake->ack_count++];
    ack->size = delivery_id.len;
    memcpy(ack->id, delivery_id.data, delivery_id.len);
    give_back(intake, delivery_id);
    return REFERRAL_OK;
}

void intake_acks_left(struct intake *intake, size_t count)
{
    intake->ack_count -= count;
    memmove(intake->acks, intake->acks + count, intake->ack_count * sizeof *intake->acks);
}

enum referral_status intake_nack(struct intake *intake, ProtobufCBinaryData delivery_id, Referral__NackCode code,
                                 const char *text)
{
    Referral__Nack nack = REFERRAL__NACK__INIT;
    nack.has_delivery_id = nack.has_code = true;
    nack.delivery_id = delivery_id;
    nack.code = code;
    nack.text = (char *)(uintptr_t)text;
    uint8_t body[LIMIT_ID_BYTES + LIMIT_LINE_BYTES + 32];
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    envelope.has_version = envelope.has_kind = envelope.has_body = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = REFERRAL__KIND__NACK;
    envelope.body = (ProtobufCBinaryData){.len = referral__nack__pack(&nack, body), .data = body};

    size_t size = referral__envelope__get_packed_size(&envelope);
    struct note *note = calloc(1, sizeof *note + size);
    if (note == NULL)
        return REFERRAL_NO_MEMORY;
    note->size = referral__envelope__pack(&envelope, note->envelope);
    DL_APPEND(intake->nacks, note);
    give_back(intake, delivery_id);
    return REFERRAL_OK;
}

bool intake_wants(const struct intake *intake)
{
    return intake->ack_count > 0 || intake->nacks != NULL || intake->to_grant > 0;
}
