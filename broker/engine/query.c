/* query.c - who asks, may it, and which answerer knows. */
#include "engine/query.h"

#include "engine/asking.h"
#include "engine/authority.h"
#include "engine/binary.h"

/* A reply must fit an envelope; pages end long before. */
#define RESULT_BYTES_MAX (LIMIT_ENVELOPE_BYTES - 4096)

static const struct {
    Referral__Kind kind;
    ProtobufCMessage *(*answer)(struct asking *asking);
} answerers[] = {
    {REFERRAL__KIND__GET_REFERRAL, query_referral},
    {REFERRAL__KIND__LIST_REFERRALS, query_referrals},
    {REFERRAL__KIND__GET_JOURNEY, query_journey},
    {REFERRAL__KIND__WHY, query_why},
    {REFERRAL__KIND__LIST_INBOX, query_inbox},
    {REFERRAL__KIND__LIST_DEAD, query_dead},
    {REFERRAL__KIND__LIST_INSTITUTIONS, query_institutions},
    {REFERRAL__KIND__LIST_RELATIONS, query_relations},
    {REFERRAL__KIND__LIST_DELEGATIONS, query_delegations},
    {REFERRAL__KIND__LIST_TEAMS, query_teams},
    {REFERRAL__KIND__LIST_KEYS, query_keys},
    {REFERRAL__KIND__LIST_SETTINGS, query_settings},
    {REFERRAL__KIND__LIST_CALENDAR, query_calendar},
    {REFERRAL__KIND__LIST_AUDIT, query_audit},
    {REFERRAL__KIND__LIST_ALARMS, query_alarms},
    {REFERRAL__KIND__LIST_QUARANTINE, query_quarantine},
    {REFERRAL__KIND__GET_STATUS, query_status},
    {REFERRAL__KIND__LIST_SESSIONS, query_sessions},
    {REFERRAL__KIND__LIST_WAITERS, query_waiters},
    {REFERRAL__KIND__FIND_MESSAGE, query_message},
    {REFERRAL__KIND__SEARCH_PLACES, query_places},
    {REFERRAL__KIND__LIST_POOLS, query_pools},
    {REFERRAL__KIND__LIST_BOOKINGS, query_bookings},
    {REFERRAL__KIND__LIST_WAITING, query_waiting_list},
    {REFERRAL__KIND__LIST_TIMETABLES, query_timetables},
    {REFERRAL__KIND__LIST_LEDGER, query_ledger},
    {REFERRAL__KIND__GET_SERVICE_FACTS, query_service_facts},
};

/* T5, P2: whom the key speaks for, and whether that may ask this at all. */
static bool who_asks(struct asking *asking)
{
    const struct question *question = asking->question;
    struct work *work = &asking->work;
    struct speaker speaker;

    if (!engine_speaker(work->txn, question->key, question->now, &speaker))
        return refuse(work, REFUSED_NOT_ALLOWED, "");
    work->roles = speaker.roles;
    work->speaker = work->actor = arena_text(work->arena, speaker.institution);
    work->speaker_number = work->actor_number = speaker.number;
    if (work->kind == NULL || !authority_allows_any(work->kind->kind, work->roles))
        return refuse(work, REFUSED_NOT_ALLOWED, "");
    asking->all = authority_allows(work->kind->kind, work->roles, SCOPE_OTHER);
    if (question->acting_for == NULL || question->acting_for[0] == '\0')
        return true;
    if (!asking_speaks_for(asking, question->acting_for))
        return refuse(work, REFUSED_WRONG_SENDER, "acting_for");
    work->actor = question->acting_for;
    work->actor_number = asking_number_of(asking, work->actor);
    return true;
}

static bool what_is_asked(struct asking *asking)
{
    struct work *work = &asking->work;
    enum refusal refusal = REFUSED_NOT;

    work->body = wire_unpack(work->kind->body, asking->question->body, work->arena, &refusal);
    if (work->body == NULL)
        return refuse(work, refusal, "");
    wire_check(work->body, work->kind->keeps_unknown, &work->findings);
    return !is_refused(work);
}

static ProtobufCMessage *answer(struct asking *asking)
{
    if (!who_asks(asking) || !what_is_asked(asking))
        return NULL;
    for (size_t i = 0; i < sizeof answerers / sizeof *answerers; i++)
        if (answerers[i].kind == asking->work.kind->kind)
            return answerers[i].answer(asking);
    return asking_refuse(asking, REFUSED_BAD_KIND, "");
}

static void add_refusals(Referral__Reply *reply, const struct work *work)
{
    reply_add_findings(reply, &work->findings, work->arena);
    for (size_t i = 0; i < reply->n_refusals && work->beside.has_retry_after_ms; i++)
        FIELD_SET(reply->refusals[i], retry_after_ms, work->beside.retry_after_ms);
}

struct bytes query_answer(struct store_txn *txn, struct arena *arena, const struct question *question,
                          const struct live *live)
{
    const struct store_identity *identity = store_identity(store_of(txn));
    struct asking asking = {.question = question, .live = live};
    Referral__Reply reply = REFERRAL__REPLY__INIT;
    ProtobufCMessage *result;

    asking.work.txn = txn;
    asking.work.arena = arena;
    asking.work.store_name = identity->short_name;
    asking.work.incarnation = identity->incarnation;
    asking.work.now = question->now;
    asking.work.hold = live->time_held;
    asking.work.kind = kind_info(question->kind);

    FIELD_SET(&reply, request, question->request);
    FIELD_SET(&reply, position, question->position);
    result = answer(&asking);
    if (result != NULL && protobuf_c_message_get_packed_size(result) > RESULT_BYTES_MAX)
        result = asking_refuse(&asking, REFUSED_TOO_LARGE, "");
    if (result != NULL)
        FIELD_SET(&reply, result, binary_pack(arena, result));
    else
        add_refusals(&reply, &asking.work);
    return wire_pack(&reply.base, arena);
}
