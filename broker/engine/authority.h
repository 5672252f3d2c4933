/* authority.h - who may do what: one table, roles x commands x own or other institution (section 3 of the issue: P2,
 * T5). */
#pragma once
#include "wire.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scope { SCOPE_OWN = 1, SCOPE_OTHER = 2 }; /* own: of the actor's institution, or of a referral it is a party of */

struct authority { /* one row: this kind is open to any of `roles` (bits 1 << Role) for these scopes */
    Referral__Kind kind;
    uint32_t own_roles;
    uint32_t other_roles;
};

const struct authority *authority_rows(size_t *ret_count);
bool authority_allows(Referral__Kind kind, uint32_t roles, enum scope scope);
/* A role that may use this kind at all, whatever the scope. */
bool authority_allows_any(Referral__Kind kind, uint32_t roles);
