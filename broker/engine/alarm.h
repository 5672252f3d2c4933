/* alarm.h - conditions an operator must know of: raised once, cleared once (T7, D5, D6, C4). Never patient data. */
#pragma once
#include "engine/work.h"

void alarm_raise(struct work *work, const char *code, const char *subject, const char *detail);
void alarm_clear(struct work *work, const char *code, const char *subject);
const char *alarm_text_zh(const char *code);
const char *alarm_text_en(const char *code);
bool alarm_apply_raise(struct work *work); /* Internal RAISE_ALARM, CLEAR_ALARM */
bool alarm_apply_clear(struct work *work);
