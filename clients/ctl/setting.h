/* setting.h - settings as people write and read them: "2h" instead of 7200000 ms, "8G" instead of 8589934592 bytes. */
#pragma once
#include <jansson.h>

#include "ctl.h"

#define SETTING_TEXT_SIZE 32

/* What a person wrote as the value of the setting `name`, as the number the broker takes: in `buffer`. Any other text
 * is itself. */
const char *setting_from_text(const char *name, const char *text, char buffer[SETTING_TEXT_SIZE]);
/* And back, in the largest unit that loses nothing. */
const char *setting_to_text(const char *name, const char *value, char buffer[SETTING_TEXT_SIZE]);

/* `rows`, a list of Setting objects: values with units, help in the reader's language. */
void setting_rows_for_people(json_t *rows, bool zh);
/* Every setting with its range and default, for --help. */
void setting_help(const struct ctl *ctl);
