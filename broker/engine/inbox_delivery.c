/* inbox_delivery.c - a waiting message as its consumer gets it: the received bytes in an envelope of what the broker knows (F3, T2). */
#include "engine/binary.h"
#include "engine/inbox_parts.h"
#include "engine/tidings.h"

static char *id_text(struct store_txn *txn, ProtobufCBinaryData id)
{
    char text[ID_TEXT_SIZE];

    if (id.len != ID_KEY_SIZE)
        return NULL;
    id_format(text, store_identity(store_of(txn))->short_name, id_from_key(id.data));
    return arena_text(store_arena(txn), text);
}

static void add_referral(struct store_txn *txn, Referral__Delivery *delivery, const Record__Referral *row)
{
    delivery->journey_id = id_text(txn, row->journey);
    delivery->parent_referral_id = id_text(txn, row->parent);
    delivery->redirected_from = id_text(txn, row->redirected_from);
    delivery->sender = row->sender;
    delivery->receiver = row->receiver;
    delivery->department = row->department;
    delivery->submitted_by = row->submitted_by;
    if (row->clock_kind == CLOCK_ANSWER)
        FIELD_SET(delivery, answer_due_at_ms, row->clock_due_ms);
    if (row->eligible_down)
        FIELD_SET(delivery, eligible_for_down_referral, true);
}

static void add_sender_contact(struct store_txn *txn, Referral__Delivery *delivery, const Record__Referral *row)
{
    const Record__Institution *sender = institution_row(txn, row->sender);
    const Referral__Contact *contact;
    enum refusal refusal;

    if (sender == NULL)
        return;

    const ProtobufCMessage *institution =
        wire_unpack(&referral__institution__descriptor, binary_bytes(sender->institution), store_arena(txn), &refusal);

    if (institution == NULL)
        return;
    contact =
        tidings_contact((const Referral__Institution *)institution, (Referral__Direction)row->direction, CALL_SENDER);
    if (contact == NULL)
        return;
    delivery->sender_contact = arena_alloc(store_arena(txn), sizeof *contact);
    *delivery->sender_contact = *contact;
}

static bool add_sheet(struct store_txn *txn, Referral__Delivery *delivery, const Record__Inbox *waiting,
                      const Record__Referral *row)
{
    struct bytes sheet;

    if (!life_sheet(txn, id_from_key(waiting->referral.data), row, waiting->sheet_version, &sheet))
        return false;
    FIELD_SET(delivery, sheet_version, waiting->sheet_version);
    FIELD_SET(delivery, body, binary_copy(store_arena(txn), sheet));
    add_sender_contact(txn, delivery, row);
    return true;
}

bool inbox_delivery(struct store_txn *txn, struct arena *arena, struct inbox_ref ref, const Record__Inbox *row,
                    uint32_t incarnation_now, bool possibly_redelivered, struct bytes *ret_delivery)
{
    const Record__Referral *referral = referral_row(txn, life_id_of(row->referral));
    Referral__Delivery delivery = REFERRAL__DELIVERY__INIT;
    uint8_t id[DELIVERY_ID_SIZE];

    if (referral == NULL)
        return false;
    delivery_id_encode(id, incarnation_now, ref);
    FIELD_SET(&delivery, delivery_id, binary_copy(arena, bytes_of(id, sizeof id)));
    FIELD_SET(&delivery, lane, (Referral__Priority)ref.lane);
    FIELD_SET(&delivery, attempt, row->failed + row->returns + 1);
    FIELD_SET(&delivery, kind, (Referral__DeliveryKind)row->kind);
    FIELD_SET(&delivery, accepted_at_ms, row->accepted_at_ms);
    if (possibly_redelivered)
        FIELD_SET(&delivery, possibly_redelivered, true);
    delivery.referral_id = id_text(txn, row->referral);
    add_referral(txn, &delivery, referral);
    if (row->kind == REFERRAL__DELIVERY_KIND__NOTICE)
        FIELD_SET(&delivery, body, row->body);
    else if (!add_sheet(txn, &delivery, row, referral))
        return false;
    *ret_delivery = wire_pack(&delivery.base, arena);
    return true;
}
