/* refusal.h - someone asked for what the rules forbid: ordinary data that becomes a reply (F2, L1, P4).
 *
 * One table (refusal.def) names each code, its rule and both texts. */
#pragma once
#include <stddef.h>

enum refusal {
    REFUSED_NOT = 0, /* not refused */
#define X(name, rule, zh, en) REFUSED_##name,
#include "rules/refusal.def"
#undef X
    REFUSAL_COUNT
};

/* "NO_CONTACT", "T2", texts. */
const char *refusal_code(enum refusal refusal);
const char *refusal_rule(enum refusal refusal);
const char *refusal_zh(enum refusal refusal);
const char *refusal_en(enum refusal refusal);

/* All violations of one command, in the order found (F2); beyond FINDINGS_MAX, the first of them. */
#define FINDINGS_MAX    64
#define FIELD_PATH_SIZE 64
struct finding {
    enum refusal refusal;
    const char *rule;              /* more exact than the code's own; NULL: the code's */
    char field[FIELD_PATH_SIZE];   /* "patient.id_value", "diagnoses[0].icd10"; "" for the whole */
    const char *name_zh, *name_en; /* of the field, static; NULL: none */
};
struct findings {
    size_t count;
    struct finding list[FINDINGS_MAX];
};
void findings_add(struct findings *findings, enum refusal refusal, const char *field);
void findings_add_named(struct findings *findings, enum refusal refusal, const char *rule, const char *field,
                        const char *name_zh, const char *name_en);
