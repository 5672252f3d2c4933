/* inbox_dead.c - dead letters: a message moves there in one transaction, and back or out by an operator (D5, D7). */
#include <assert.h>

#include "base/utf8.h"
#include "engine/binary.h"
#include "engine/inbox_parts.h"
#include "engine/life.h"

#define DEAD_PER_COMMAND 1000

/* The institution that caused the message is told: it never is the one in whose inbox it lay. Not of a dead letter about
 * a dead letter. */
static void tell_death(struct work *work, struct inbox_ref ref, const Record__Inbox *row, const char *cause)
{
    struct life_of *life = life_load(work, life_id_of(row->referral));
    uint8_t id[DELIVERY_ID_SIZE];
    char hex[2 * DELIVERY_ID_SIZE + 1];
    bool told = row->event != DEAD_LETTER;
    struct delivery_event death = {.event = DEAD_LETTER,
                                   .by_name = "broker",
                                   .destination = inbox_owner(work, ref.institution),
                                   .at = ref.institution,
                                   .attempt = row->failed,
                                   .cause = cause,
                                   .dead_delivery_id = hex,
                                   .tell = told ? row->cause_number : 0};

    work_audit(work, DEAD_LETTER, work_id_text(work, life_id_of(row->referral)), inbox_owner(work, ref.institution));
    if (life == NULL)
        return; /* about a hospital's own booking or entry: nobody else is concerned */
    delivery_id_encode(id, work->incarnation, ref);
    hex_encode(hex, bytes_of(id, sizeof id));
    life_tell_delivery(work, life, &death);
    life_save(work, life);
}

void inbox_bury(struct work *work, struct inbox_ref ref, Record__Inbox *row, const char *cause, uint32_t nack_code,
                const char *text)
{
    Record__Dead dead = RECORD__DEAD__INIT;

    FIELD_SET(&dead, schema, STORE_SCHEMA);
    dead.entry = row;
    FIELD_SET(&dead, lane, ref.lane);
    FIELD_SET(&dead, dead_at_ms, work->now.ms);
    dead.cause = arena_text(work->arena, cause);
    if (nack_code != 0)
        FIELD_SET(&dead, nack_code, nack_code);
    dead.text = arena_text(work->arena, text);
    dead_row_put(work->txn, ref, &dead);
    inbox_row_delete(work->txn, ref);
    inbox_waits_no_more(work, ref, row);
    books_of(work->txn, ref.institution)->dead++;
    work_inbox_changed(work,
                       (struct inbox_effect){.change = INBOX_GONE, .ref = ref, .referral = life_id_of(row->referral)});
    work_note(work, (struct notable){.kind = NOTABLE_DEAD_LETTER,
                                     .code = cause,
                                     .subject = inbox_owner(work, ref.institution),
                                     .referral = life_id_of(row->referral),
                                     .attempt = row->failed});
    tell_death(work, ref, row, cause);
}

/* What becomes of a dead letter belongs to its referral's life; nobody is told. */
static void note_end(struct work *work, struct inbox_ref ref, const Record__Inbox *row, const char *cause)
{
    struct id id = life_id_of(row->referral);
    struct life_of *life = life_load(work, id);
    struct delivery_event end = {.event = DEAD_LETTER,
                                 .by_name = "operator",
                                 .destination = inbox_owner(work, ref.institution),
                                 .at = ref.institution,
                                 .cause = cause};

    work_audit(work, DEAD_LETTER, work_id_text(work, id), end.by_name);
    if (life == NULL)
        return; /* about a hospital's own booking or entry */
    life_tell_delivery(work, life, &end);
    life_save(work, life);
}

/* D5: with the same ids, as if it had never failed. False: it is dead no more. */
static bool replay(struct work *work, struct inbox_ref ref)
{
    const Record__Dead *dead = dead_row(work->txn, ref);
    Record__Inbox *row;

    if (dead == NULL)
        return false;
    row = dead->entry;
    note_end(work, ref, row, "replayed");
    FIELD_SET(row, failed, 0);
    FIELD_CLEAR(row, first_failed_ms);
    FIELD_CLEAR(row, not_before_ms);
    dead_row_delete(work->txn, ref);
    inbox_row_put(work->txn, ref, row);
    books_of(work->txn, ref.institution)->dead--;
    inbox_waits(work, ref, row);
    work_inbox_changed(work,
                       (struct inbox_effect){.change = INBOX_ADDED, .ref = ref, .referral = life_id_of(row->referral)});
    return true;
}

static bool drop(struct work *work, struct inbox_ref ref)
{
    const Record__Dead *dead = dead_row(work->txn, ref);
    Record__Books *books;

    if (dead == NULL)
        return false;
    note_end(work, ref, dead->entry, "dropped");
    dead_row_delete(work->txn, ref);
    books = books_of(work->txn, ref.institution);
    books->dead--;
    books->dropped++;
    books_touch(work->txn, ref.institution);
    return true;
}

typedef bool dead_action(struct work *work, struct inbox_ref ref);

static uint32_t act_on_named(struct work *work, const Referral__DeadLetters *letters, dead_action *act)
{
    uint32_t affected = 0;

    for (size_t i = 0; i < letters->n_delivery_ids; i++) {
        struct inbox_ref ref;
        uint32_t incarnation;
        bool is_id = delivery_id_decode(binary_bytes(letters->delivery_ids[i]), &incarnation, &ref);

        assert(is_id);
        affected += act(work, ref); /* one that is named twice is acted on once */
    }
    return affected;
}

static uint32_t act_on_all(struct work *work, uint32_t institution, dead_action *act)
{
    struct inbox_ref ref = {.institution = institution};
    uint32_t affected = 0;

    while (affected < DEAD_PER_COMMAND && dead_row_next(work->txn, ref, &ref) != NULL)
        affected += act(work, ref);
    return affected;
}

static bool is_dead_letter_of(struct work *work, ProtobufCBinaryData delivery_id, uint32_t institution)
{
    struct inbox_ref ref;
    uint32_t incarnation;

    return delivery_id_decode(binary_bytes(delivery_id), &incarnation, &ref) && incarnation == work->incarnation &&
           ref.institution == institution && dead_row(work->txn, ref) != NULL;
}

static void check_letters(struct work *work, const Referral__DeadLetters *letters, uint32_t institution)
{
    if (letters->all && letters->n_delivery_ids != 0)
        refuse(work, REFUSED_NOT_EXPECTED, "delivery_ids");
    if (!letters->all && letters->n_delivery_ids == 0)
        refuse(work, REFUSED_MISSING, "delivery_ids");
    for (size_t i = 0; i < letters->n_delivery_ids; i++)
        if (!is_dead_letter_of(work, letters->delivery_ids[i], institution))
            refuse(work, REFUSED_NOT_DEAD, arena_format(work->arena, "delivery_ids[%zu]", i));
}

static bool apply(struct work *work, dead_action *act, bool needs_reason)
{
    const Referral__DeadLetters *letters = (const Referral__DeadLetters *)work->body;
    const struct registry_institution *institution = registry_institution(work, letters->institution);

    if (needs_reason && text_is_blank(letters->reason))
        refuse(work, REFUSED_MISSING, "reason");
    if (institution == NULL)
        return refuse(work, letters->institution == NULL ? REFUSED_MISSING : REFUSED_NOT_FOUND, "institution");
    check_letters(work, letters, institution->row->number);
    if (is_refused(work))
        return false;

    uint32_t number = institution->row->number;
    uint32_t affected = letters->all ? act_on_all(work, number, act) : act_on_named(work, letters, act);

    FIELD_SET(&work->reply, affected, affected);
    work->audit.subject = letters->institution;
    work->audit.reason = letters->reason;
    return true;
}

bool inbox_apply_replay_dead(struct work *work)
{
    return apply(work, replay, false);
}

bool inbox_apply_drop_dead(struct work *work)
{
    return apply(work, drop, true);
}
