/* bounds.h - how long a field may be, by its name: one table, told in proto/README.md. Sizes in bytes, counts in
 * entries.
 *
 * The names are those of all messages of the protocol; a name of no row has the default of its type. */
#pragma once
#include <stddef.h>

#include "rules/refusal.h"

struct field_bound {
    const char *name;
    size_t bound;
};

size_t bound_of_text(const char *name);                            /* default: LIMIT_LINE_BYTES */
enum refusal bound_text_fault(const char *name, const char *text); /* NOT refused, TOO_LONG or BAD_TEXT */
size_t bound_of_bytes(const char *name);                           /* default: LIMIT_NAME_BYTES */
size_t bound_of_entries(const char *name);                         /* default: LIMIT_REPEATED */

/* All rows, sorted by name; for the tests. */
const struct field_bound *field_bounds(size_t *ret_count);
