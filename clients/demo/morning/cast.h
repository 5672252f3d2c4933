/* cast.h - who plays in the morning: read from the broker's registry, given keys by its operator, and patients by
 * us. */
#pragma once
#include "morning.h"

/* Connects the operator, reads hospitals, centres and teams, registers a key for each desk. False: said why on
 * stderr. */
bool cast_read(struct morning *morning);
/* Who wants what of whom: the same patients every time. Needs the sessions of the day. */
void cast_patients(struct morning *morning);
