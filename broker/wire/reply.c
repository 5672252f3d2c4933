/* reply.c - refusals as the protocol says them: code, rule, field, both texts (F2, P4). Nothing here quotes a value (P1). */
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

static void append(Referral__Reply *reply, Referral__Refusal **more, size_t count, struct arena *arena)
{
    size_t total = reply->n_refusals + count;
    Referral__Refusal **all = arena_alloc(arena, total * sizeof *all);

    if (reply->n_refusals != 0)
        memcpy(all, reply->refusals, reply->n_refusals * sizeof *all);
    memcpy(all + reply->n_refusals, more, count * sizeof *all);
    reply->refusals = all;
    reply->n_refusals = total;
}

void reply_add_findings(Referral__Reply *reply, const struct findings *findings, struct arena *arena)
{
    Referral__Refusal *messages[FINDINGS_MAX];

    for (size_t i = 0; i < findings->count; i++)
        messages[i] = refusal_message(&findings->list[i], arena);
    if (findings->count != 0)
        append(reply, messages, findings->count, arena);
}

void reply_add_refusal(Referral__Reply *reply, enum refusal refusal, uint32_t retry_after_ms, struct arena *arena)
{
    struct finding finding = {.refusal = refusal};
    Referral__Refusal *message = refusal_message(&finding, arena);

    message->has_retry_after_ms = retry_after_ms != 0;
    message->retry_after_ms = retry_after_ms;
    append(reply, &message, 1, arena);
}
