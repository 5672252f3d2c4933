/* reply.c - refusals as the protocol says them: code, rule, field, both texts (F2, P4). Nothing here quotes a value
 * (P1). */
#include "wire/wire.h"

/* Protobuf-c wants texts it may change; nobody does, but texts of tables are copied all the same. */
static Referral__Refusal *refusal_message(const struct finding *finding, struct arena *arena)
{
    Referral__Refusal *message = arena_alloc(arena, sizeof *message);
    const char *rule = finding->rule == NULL ? refusal_rule(finding->refusal) : finding->rule;
    const char *zh = refusal_zh(finding->refusal), *en = refusal_en(finding->refusal);

    referral__refusal__init(message);
    message->code = arena_text(arena, refusal_code(finding->refusal));
    message->rule = arena_text(arena, rule);
    message->field = finding->field[0] == '\0' ? NULL : arena_text(arena, finding->field);
    message->text_zh =
        finding->name_zh == NULL ? arena_text(arena, zh) : arena_format(arena, "%s:%s", finding->name_zh, zh);
    message->text_en =
        finding->name_en == NULL ? arena_text(arena, en) : arena_format(arena, "%s %s", finding->name_en, en);
    return message;
}

/* Room for `count` more refusals behind those there are. */
static void make_room(Referral__Reply *reply, size_t count, struct arena *arena)
{
    Referral__Refusal **all = arena_alloc(arena, (reply->n_refusals + count) * sizeof(void *));

    for (size_t i = 0; i < reply->n_refusals; i++)
        all[i] = reply->refusals[i];
    reply->refusals = all;
}

void reply_add_findings(Referral__Reply *reply, const struct findings *findings, struct arena *arena)
{
    make_room(reply, findings->count, arena);
    for (size_t i = 0; i < findings->count; i++)
        reply->refusals[reply->n_refusals++] = refusal_message(&findings->list[i], arena);
}

void reply_add_refusal(Referral__Reply *reply, enum refusal refusal, uint32_t retry_after_ms, struct arena *arena)
{
    struct finding finding = {.refusal = refusal};
    Referral__Refusal *message = refusal_message(&finding, arena);

    message->has_retry_after_ms = retry_after_ms != 0;
    message->retry_after_ms = retry_after_ms;
    make_room(reply, 1, arena);
    reply->refusals[reply->n_refusals++] = message;
}
