/* query_service.c - counts for the monthly service report, a slice of a hospital's referrals at a time: nobody's data,
 * so that observers may ask too (P2). Whoever asks adds the slices up. */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/service_count.h"

static void say_moment(struct asking *asking, const Referral__ServiceQuery *query, Referral__ServiceFacts *facts)
{
    struct store_mark mark = store_mark(store_of(asking->work.txn));

    if (query->has_as_of_index) {
        FIELD_SET(facts, index, query->as_of_index);
        FIELD_SET(facts, at_ms, query->as_of_ms);
        return;
    }
    FIELD_SET(facts, index, mark.index);
    FIELD_SET(facts, at_ms, mark.time.ms);
    FIELD_SET(facts, digest, binary_copy(asking->work.arena, bytes_of(mark.digest, sizeof mark.digest)));
}

ProtobufCMessage *query_service_facts(struct asking *asking)
{
    const Referral__ServiceQuery *query = (const Referral__ServiceQuery *)asking->work.body;
    Referral__ServiceFacts *facts = asking_message(asking, &referral__service_facts__descriptor);
    const char *hospital = asking_institution(asking, query->hospital, "hospital");
    struct id at = life_id_of(query->cursor);
    struct service_range range;

    if (hospital == NULL)
        return NULL;
    if (!query->has_from_ms || !query->has_to_ms || query->from_ms >= query->to_ms)
        return asking_refuse(asking, REFUSED_BAD_ORDER, "to_ms");
    if (query->has_as_of_index != query->has_as_of_ms)
        return asking_refuse(asking, REFUSED_MISSING, query->has_as_of_index ? "as_of_ms" : "as_of_index");
    say_moment(asking, query, facts);
    range = (struct service_range){.hospital = asking_number_of(asking, hospital),
                                   .from = instant_of(query->from_ms),
                                   .to = instant_of(query->to_ms),
                                   .as_of_index = facts->index,
                                   .as_of = instant_of(facts->at_ms)};
    if (service_count(asking->work.txn, &range, &at, facts))
        FIELD_SET(facts, next, life_id_bytes(&asking->work, at));
    return &facts->base;
}
