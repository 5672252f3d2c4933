/* ops_metrics.h - /metrics: a view as Prometheus reads it. Names, types and help come from one table, ops_metrics.def.
 *
 * Labels are bounded: lanes, codes of alarms, the ids of the OPS_DESTINATIONS_MAX destinations that were registered
 * first; of the reserve, today and tomorrow of RESERVE_ROWS_MAX hospitals and classes. */
#pragma once
#include "net/ops_text.h"
#include "net/ops_view.h"

void ops_metrics_render(const struct ops_view *view, struct ops_text *text);
