/* find.c - from what people have in hand to a referral: a message id (D1), or a patient's id (P2, P3).
 *
 * Patients are found by a command, so that each look is audited; what it found is not kept beside its answer, and is
 * looked up again when the command is (D1). The patient is known to the store by a keyed hash only (P1). */
#include "base/utf8.h"
#include "engine/asking.h"
#include "engine/authority.h"
#include "engine/binary.h"
#include "engine/claim.h"
#include "engine/families.h"
#include "store/search.h"

#define FOUND_MAX 50
#define LOOKED_AT_MAX                                                                                                  \
    1000 /* beyond the index, and of this patient: a page takes some milliseconds of a turn, whatever there is */

/* ---- By message id ---- */

static void became_of(struct asking *asking, const Record__Dedup *row, Referral__MessageView *view)
{
    const Referral__Reply *reply = work_read(&asking->work, TABLE_DEDUP, &referral__reply__descriptor, row->reply);
    Record__Referral *referral;
    struct id id;

    FIELD_SET(view, kind, (Referral__Kind)row->kind);
    FIELD_SET(view, accepted_at_ms, row->at_ms);
    FIELD_SET(view, index, reply->index);
    view->referral_id = reply->referral_id;
    view->child_referral_id = reply->child_referral_id;
    if (reply->booking != NULL)
        view->booking_id = reply->booking->booking_id;
    if (reply->entry != NULL)
        view->entry_id = reply->entry->entry_id;
    if (!work_parse_id(&asking->work, reply->referral_id, &id))
        return;
    referral = referral_row(asking->work.txn, id);
    if (referral != NULL && asking_party(asking, referral) != 0) /* P2: still */
        FIELD_SET(view, state, (Referral__State)referral->state);
}

/* P2: as asking_institution has it; the field is another. */
static const char *sender_of(struct asking *asking, const char *named)
{
    if (named == NULL || named[0] == '\0')
        return asking->work.actor;
    if (asking_speaks_for(asking, named) || (asking->all && institution_row(asking->work.txn, named) != NULL))
        return named;
    return NULL;
}

ProtobufCMessage *query_message(struct asking *asking)
{
    const Referral__MessageQuery *query = (const Referral__MessageQuery *)asking->work.body;
    const char *sender;
    const Record__Dedup *row;
    Referral__MessageView *view;

    if (query->message_id == NULL || query->message_id[0] == '\0')
        return asking_refuse(asking, REFUSED_MISSING, "message_id");
    sender = sender_of(asking, query->sender);
    if (sender == NULL)
        return asking_refuse(asking, REFUSED_NOT_FOUND, "sender");
    row = dedup_row(asking->work.txn, asking_number_of(asking, sender), query->message_id);
    if (row == NULL)
        return asking_refuse(asking, REFUSED_NOT_FOUND, "");
    view = asking_message(asking, &referral__message_view__descriptor);
    view->sender = arena_text(asking->work.arena, sender);
    became_of(asking, row, view);
    return &view->base;
}

/* ---- By patient ---- */

struct sought {
    struct asking asking; /* as a question of the command's speaker */
    ProtobufCBinaryData patient;
    struct id after;
    Referral__PatientReferrals *found;
};

/* P2: all of them for a stated reason only; without it, one's own. */
static bool check_reason(struct work *work, const Referral__FindPatient *find, bool *ret_all)
{
    bool has_reason = !text_is_blank(find->reason);
    bool operates = authority_allows(work->kind->kind, work->roles, SCOPE_OTHER);
    bool refers = authority_allows(work->kind->kind, work->roles & ~(1U << REFERRAL__ROLE__OPERATE), SCOPE_OWN);

    *ret_all = operates && has_reason;
    if (!has_reason && !refers)
        refuse(work, REFUSED_MISSING, "reason");
    return !is_refused(work);
}

static bool what_is_sought(struct work *work, struct sought *sought)
{
    const Referral__FindPatient *find = (const Referral__FindPatient *)work->body;
    Referral__Patient patient = REFERRAL__PATIENT__INIT;
    bool all = false;

    if (!find->has_id_type)
        refuse(work, REFUSED_MISSING, "id_type");
    if (text_is_blank(find->id_value))
        refuse(work, REFUSED_MISSING, "id_value");
    if (find->after_referral_id != NULL && !work_parse_id(work, find->after_referral_id, &sought->after))
        refuse(work, REFUSED_BAD_VALUE, "after_referral_id");
    if (!check_reason(work, find, &all))
        return false;
    FIELD_SET(&patient, id_type, find->id_type);
    patient.id_value = find->id_value;
    sought->patient = claim_patient_key(work, &patient);
    sought->asking = (struct asking){.work = *work, .all = all};
    sought->found = asking_message(&sought->asking, &referral__patient_referrals__descriptor);
    sought->found->referrals = arena_alloc(work->arena, FOUND_MAX * sizeof *sought->found->referrals);
    return true;
}

/* The patient of the latest sheet counts: an amended one may name another. What is void is hidden from lists (section
 * 4). */
static void add_if_his(struct sought *sought, struct id id)
{
    Record__Referral *row = referral_row(sought->asking.work.txn, id);
    int party = row == NULL ? 0 : asking_party(&sought->asking, row);

    if (party != 0 && row->state != VOID && bytes_equal(binary_bytes(row->patient), binary_bytes(sought->patient)))
        sought->found->referrals[sought->found->n_referrals++] = query_summary(&sought->asking, id, row, party);
}

/* Not looked through to the end: where to go on. Others' referrals count as looked at: some senders give many patients
 * one id. */
static void find_all(struct sought *sought)
{
    uint32_t left = LOOKED_AT_MAX;
    struct id at = sought->after;

    while (sought->found->n_referrals < FOUND_MAX) {
        bool found = search_patient_next(sought->asking.work.txn, sought->patient.data, at, &left, &at);

        if (!found && left > 0)
            return;
        if (found) {
            add_if_his(sought, at);
            left -= left > 0;
        }
        if (left == 0)
            break;
    }
    sought->found->next_referral_id = asking_id_text(&sought->asking, at);
}

/* The same again looks again. */
bool find_apply_patient(struct work *work)
{
    const Referral__FindPatient *find = (const Referral__FindPatient *)work->body;
    struct sought sought = {0};

    if (!what_is_sought(work, &sought))
        return false;
    find_all(&sought);
    FIELD_SET(&work->reply, result, binary_pack(work->arena, &sought.found->base));
    work->audit.reason = find->reason;
    return true;
}
