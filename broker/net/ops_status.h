/* ops_status.h - /status.json: all of a view for pages and scripts.
 *
 * Members are only ever added; `format` rises if one changes its meaning. Times are milliseconds since 1970 of the
 * broker's own time, null where there is none; destinations stand in order of urgency (overview.h), at most
 * OPS_DESTINATIONS_MAX of them. `reserve` has a row for each hospital and class with a pool on one of its `dates`, and
 * in it a member a date, null where there is no pool (reserve_board.h names the numbers); it is as of its own `at_ms`,
 * null before it was counted for the first time. */
#pragma once
#include "net/ops_text.h"
#include "net/ops_view.h"

#define OPS_STATUS_FORMAT 1

void ops_status_render(const struct ops_view *view, struct ops_text *text);
