/* count.h - what the desks were told, counted, and held against what the broker shows. */
#pragma once
#include "morning.h"

/* Refusals with this code. */
unsigned count_refused(const struct morning *morning, const char *code);
/* Codes that no request of the morning should be answered with; each is told. */
unsigned count_unexpected(const struct morning *morning);
/* Places that two patients have. */
unsigned count_sold_twice(struct morning *morning);
/* Does each session of tomorrow, as last looked at, show what the desks were told, channel by channel? */
bool sessions_agree(struct morning *morning);
