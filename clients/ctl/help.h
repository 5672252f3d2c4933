/* help.h - what --help prints, all of it from the tables. */
#pragma once
#include "ctl.h"

/* The one line of how a verb is called. */
void help_usage(const struct ctl *ctl, const struct verb *verb, FILE *out);
/* Of this verb; NULL: of the whole program. */
void help_print(const struct ctl *ctl, const struct verb *verb);
