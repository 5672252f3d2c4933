/* inbox_delivery.c - a waiting message as its consumer gets it: the received bytes in an envelope of what the broker
 * knows (F3, T2). */
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

/* In the arena; NULL: the sender has none. */
static Referral__Contact *read_sender_contact(struct store_txn *txn, struct arena *arena, const Record__Referral *row)
{
    const Record__Institution *sender = institution_row(txn, row->sender);
    const ProtobufCMessage *institution = NULL;
    const Referral__Contact *contact = NULL;
    Referral__Contact *copy;
    enum refusal refusal;

    if (sender != NULL)
        institution =
            wire_unpack(&referral__institution__descriptor, binary_bytes(sender->institution), arena, &refusal);
    if (institution != NULL)
        contact = tidings_contact((const Referral__Institution *)institution, (Referral__Direction)row->direction,
                                  CALL_SENDER);
    if (contact == NULL)
        return NULL;
    copy = arena_alloc(arena, sizeof *copy);
    *copy = *contact;
    return copy;
}

static Referral__Contact *sender_contact(struct store_txn *txn, struct cache *cache, const Record__Referral *row)
{
    struct bytes sender = bytes_text(row->sender), direction = bytes_of(&row->direction, sizeof row->direction);
    Referral__Contact *contact = cache_find(cache, CACHE_CONTACT, sender, direction);

    if (contact != NULL)
        return contact;
    return cache_keep(cache, CACHE_CONTACT, sender, direction, read_sender_contact(txn, cache->arena, row));
}

static bool add_sheet(struct store_txn *txn, struct cache *cache, Referral__Delivery *delivery,
                      const Record__Inbox *waiting, const Record__Referral *row)
{
    struct bytes sheet;

    if (!referral_sheet(txn, id_from_key(waiting->referral.data), row, waiting->sheet_version, &sheet))
        return false;
    FIELD_SET(delivery, sheet_version, waiting->sheet_version);
    FIELD_SET(delivery, body, binary_copy(cache->arena, sheet));
    delivery->sender_contact = sender_contact(txn, cache, row);
    return true;
}

bool inbox_delivery(struct store_txn *txn, struct cache *cache, struct inbox_ref ref, const Record__Inbox *row,
                    uint32_t incarnation_now, bool possibly_redelivered, struct bytes *ret_delivery)
{
    const Record__Referral *referral = referral_row(txn, life_id_of(row->referral));
    Referral__Delivery delivery = REFERRAL__DELIVERY__INIT;
    uint8_t id[DELIVERY_ID_SIZE];

    if (referral == NULL && row->kind != REFERRAL__DELIVERY_KIND__NOTICE)
        return false;
    delivery_id_encode(id, incarnation_now, ref);
    FIELD_SET(&delivery, delivery_id, ((ProtobufCBinaryData){.len = sizeof id, .data = id}));
    FIELD_SET(&delivery, lane, (Referral__Priority)ref.lane);
    FIELD_SET(&delivery, attempt, row->failed + row->returns + 1);
    FIELD_SET(&delivery, kind, (Referral__DeliveryKind)row->kind);
    FIELD_SET(&delivery, accepted_at_ms, row->accepted_at_ms);
    if (possibly_redelivered)
        FIELD_SET(&delivery, possibly_redelivered, true);
    if (referral != NULL) { /* else it is about a hospital's own booking or entry (Q5) */
        delivery.referral_id = id_text(txn, row->referral);
        add_referral(txn, &delivery, referral);
    }
    if (row->kind == REFERRAL__DELIVERY_KIND__NOTICE)
        FIELD_SET(&delivery, body, row->body);
    else if (!add_sheet(txn, cache, &delivery, row, referral))
        return false;
    *ret_delivery = wire_pack(&delivery.base, cache->arena);
    return true;
}
