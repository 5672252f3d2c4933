/* alarm_info.h - what each code of an alarm means, how bad it is and what to do (P4): the table alarm.def. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct alarm_info {
    const char *code, *level; /* "warning" or "critical" */
    const char *text_zh, *text_en, *todo_zh, *todo_en;
};
size_t alarm_info_count(void);
const struct alarm_info *alarm_info(size_t i); /* sorted by code */
bool alarm_info_is_known(const char *code);
/* Of a code that the table does not have, such as one of a newer version: a warning that says its code. Lives in
 * `arena`. */
const struct alarm_info *alarm_info_of(struct arena *arena, const char *code);
bool alarm_is_critical(const struct alarm_info *info);
/* What is the matter, with what was known when it was raised; NULL: nothing. Lives in `arena`. */
char *alarm_text(struct arena *arena, const struct alarm_info *info, bool zh, const char *detail);
#define ALARM_RUNBOOK "/runbook/" /* and the code: its page, over the broker's own HTTP */
