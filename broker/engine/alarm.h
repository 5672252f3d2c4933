/* alarm.h - conditions an operator must know of: raised once, cleared once (T7, D5-D7, C4, Q10). Never patient data.
 *
 * A row stands as long as its condition holds; when it is cleared it becomes a row of the past, which keeps the last
 * ALARM_PAST_MAX of at most ALARM_PAST_DAYS. What a code means is alarm_info.h. */
#pragma once
#include "engine/work.h"

#define ALARM_PAST_MAX  1000
#define ALARM_PAST_DAYS 90

/* The code must be one of the table. A subject longer than a row's key is cut, and told apart from others by a hash.
 * Raising what stands changes nothing, nor does clearing what does not. */
void alarm_raise(struct work *work, const char *code, const char *subject, const char *detail);
void alarm_clear(struct work *work, const char *code, const char *subject);
bool alarm_apply_raise(struct work *work); /* Internal RAISE_ALARM, CLEAR_ALARM */
bool alarm_apply_clear(struct work *work);
