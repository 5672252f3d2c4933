/* help.h - what --help prints, all of it from the tables. */
#pragma once
#include "ctl.h"

/* The one line of how a verb is called. */
void help_usage(const struct ctl *ctl, const struct verb *verb, FILE *out);
/* Of this verb; NULL: of the whole program. */
void help_print(const struct ctl *ctl, const struct verb *verb);

struct exit_info {
    enum exit_code code;
    const char *zh, *en;
};
const struct exit_info *exit_codes(size_t *ret_count);
/* "EMERGENCY, URGENT" - what a field of this verb's body may say, where that is one of a few codes; NULL: anything. To
 * be freed. */
char *help_choices(const struct verb *verb, const char *path);
