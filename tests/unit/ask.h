/* ask.h - for tests of queries: questions to the district's store, and what the turn layer would know. */
#pragma once
#include "district.h"

#include "engine/query.h"

struct stage {               /* what only memory knows */
    struct live_inbox inbox; /* of every institution */
    bool in_flight;
    struct live_session sessions[4]; /* by epoch */
    size_t session_count;
    struct live live;
};

static inline size_t stage_sessions_after(void *user, uint64_t epoch, struct live_session *out, size_t room)
{
    const struct stage *stage = user;
    size_t count = 0;

    for (size_t i = 0; i < stage->session_count && count < room; i++)
        if (stage->sessions[i].epoch > epoch)
            out[count++] = stage->sessions[i];
    return count;
}

static inline struct live_inbox stage_inbox(void *user, uint32_t institution)
{
    (void)institution;
    return ((struct stage *)user)->inbox;
}

static inline bool stage_in_flight(void *user, struct inbox_ref ref)
{
    (void)ref;
    return ((struct stage *)user)->in_flight;
}

static inline void stage_init(struct stage *stage)
{
    *stage = (struct stage){.live = {.user = stage,
                                     .inbox = stage_inbox,
                                     .in_flight = stage_in_flight,
                                     .sessions_after = stage_sessions_after,
                                     .broker_version = "0.1"}};
}

static inline Referral__Reply *ask_full(struct district *d, struct stage *stage, const char *who,
                                        const char *acting_for, Referral__Kind kind, struct bytes body)
{
    struct store_txn *txn = district_read(d);
    struct question question = {.key = district_key(d, who).data,
                                .kind = kind,
                                .body = body,
                                .request = 7,
                                .acting_for = acting_for,
                                .language = "zh",
                                .now = d->now};
    struct bytes reply = query_answer(txn, &d->turn, &question, &stage->live);
    enum refusal refusal;
    Referral__Reply *said;

    cr_assert_eq(store_failure(txn), 0);
    said =
        (Referral__Reply *)wire_unpack(&referral__reply__descriptor, arena_copy(&d->keep, reply), &d->keep, &refusal);
    store_read_end(txn);
    cr_assert_not_null(said);
    cr_assert_eq(said->request, 7);
    return said;
}

/* "": answered. */
static inline const char *ask_said(struct district *d, const char *who, Referral__Kind kind, const void *body)
{
    struct stage stage;

    stage_init(&stage);
    return district_said(d, ask_full(d, &stage, who, NULL, kind, wire_pack(body, &d->keep)));
}

static inline void *ask_on(struct district *d, struct stage *stage, const char *who, Referral__Kind kind,
                           const void *body)
{
    Referral__Reply *reply = ask_full(d, stage, who, NULL, kind, wire_pack(body, &d->keep));
    enum refusal refusal;

    district_assert_said(d, reply, "");
    return wire_unpack(kind_info(kind)->result, binary_bytes(reply->result), &d->keep, &refusal);
}

/* The result; asserts that there is one. */
static inline void *ask(struct district *d, const char *who, Referral__Kind kind, const void *body)
{
    struct stage stage;

    stage_init(&stage);
    return ask_on(d, &stage, who, kind, body);
}

static inline Referral__ReferralQuery about(char *referral)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;

    query.referral_id = referral;
    return query;
}
