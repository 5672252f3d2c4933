/* ops_check.h - the names of the checks, for help and completion. */
#pragma once
#include "ctl.h"

/* NULL: there is none of this number. */
const char *ops_check_name(size_t i);
/* Each with its default thresholds and what it looks at. */
void ops_check_help(const struct ctl *ctl);
