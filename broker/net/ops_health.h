/* ops_health.h - the checks of this broker: one table, graded by what they cost to ask and by what hangs on them.
 *
 *     live     the process answers; if not, restart it
 *     ready    it takes new work; if not, send no traffic
 *     healthy  nothing needs an operator
 *
 * None changes or disturbs anything: all read the view. Each grade includes those before it. */
#pragma once
#include "net/ops_text.h"
#include "net/ops_view.h"

enum ops_grade { OPS_LIVE = 1, OPS_READY, OPS_HEALTHY };

/* True: every check up to this grade is good. The text is "ok" or the names of those that are not; verbose: one line a
 * check. */
bool ops_health_render(const struct ops_view *view, enum ops_grade grade, bool verbose, struct ops_text *text);
