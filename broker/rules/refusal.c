/* refusal.c - the table of codes, and the list of what one command violates. */
#include "rules/refusal.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *code, *rule, *zh, *en;
} texts[REFUSAL_COUNT] = {
    [REFUSED_NOT] = {"", "", "", ""},
#define X(name, rule, zh, en) [REFUSED_##name] = {#name, rule, zh, en},
#include "rules/refusal.def"
#undef X
};

const char *refusal_code(enum refusal refusal)
{
    assert(refusal < REFUSAL_COUNT);
    return texts[refusal].code;
}

const char *refusal_rule(enum refusal refusal)
{
    assert(refusal < REFUSAL_COUNT);
    return texts[refusal].rule;
}

const char *refusal_zh(enum refusal refusal)
{
    assert(refusal < REFUSAL_COUNT);
    return texts[refusal].zh;
}

const char *refusal_en(enum refusal refusal)
{
    assert(refusal < REFUSAL_COUNT);
    return texts[refusal].en;
}

void findings_add(struct findings *findings, enum refusal refusal, const char *field)
{
    findings_add_named(findings, refusal, NULL, field, NULL, NULL);
}

void findings_add_named(struct findings *findings, enum refusal refusal, const char *rule, const char *field,
                        const char *name_zh, const char *name_en)
{
    assert(refusal > REFUSED_NOT && refusal < REFUSAL_COUNT);
    if (findings->count == FINDINGS_MAX)
        return;

    struct finding *finding = &findings->list[findings->count++];
    size_t size = field == NULL ? 0 : strlen(field);

    assert(size < FIELD_PATH_SIZE);
    finding->refusal = refusal;
    finding->rule = rule;
    finding->name_zh = name_zh;
    finding->name_en = name_en;
    if (size != 0)
        memcpy(finding->field, field, size);
    finding->field[size] = '\0';
}
