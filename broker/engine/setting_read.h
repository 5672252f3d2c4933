/* setting_read.h - a setting of all, for who runs the machine around the engine and knows none of its rules. */
#pragma once
#include "store/store.h"

/* Between turns. 0, or why it cannot be read; asserts that there is such a number. */
int setting_read(struct store *store, struct arena *arena, const char *name, int64_t *ret_number);
