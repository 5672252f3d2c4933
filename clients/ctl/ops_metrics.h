/* ops_metrics.h - facts as Prometheus text (for a textfile collector), under the names of the broker's own /metrics
 * where it has them. */
#pragma once
#include "ops.h"

void ops_metrics_facts(FILE *out, const struct ops_facts *facts);
void ops_metrics_queues(FILE *out, const struct ops_facts *facts);
void ops_metrics_alarms(FILE *out, const struct ops_facts *facts);
/* Sessions of each institution. */
void ops_metrics_sessions(FILE *out, const json_t *sessions);
