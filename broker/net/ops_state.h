/* ops_state.h - the state of the broker in one sentence, Chinese and English (P4): the worst that is true, and whom to
 * call. */
#pragma once
#include "net/ops_text.h"
#include "net/ops_view.h"

enum ops_level { OPS_LEVEL_OK, OPS_LEVEL_WARNING, OPS_LEVEL_CRITICAL };
const char *ops_level_name(enum ops_level level); /* "ok", "warning", "critical" */

/* Adds both sentences to the texts. */
enum ops_level ops_state_render(const struct ops_view *view, struct ops_text *zh, struct ops_text *en);
