/* help.h - what --help prints, all of it from the tables. */
#pragma once
#include "ctl.h"

/* Of the run's verb; NULL: of the whole program. */
void help_print(const struct ctl *ctl, const struct verb *verb);
