/* print_path.h - is what --print names a member of the answer? Seen before anything is sent: a slip would print
 * nothing. */
#pragma once
#include "ctl.h"

/* False: complained. Of answers that no message of the protocol describes, nothing is known here. */
bool print_path_check(const struct ctl *ctl);
