/* scripts.h - what a broker does while something fails: those of crash/, and others. */
#pragma once
#include "crash/scripts.h"

extern const struct script fault_scripts[];
extern const size_t fault_script_count;
/* What a script that was left in its midst still holds. */
void fault_script_end(void);
