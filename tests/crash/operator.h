/* operator.h - referralctl beside the running broker, recorded as the broker is. */
#pragma once
#include "story/world_inside.h"

#define OPERATOR_ARGUMENTS_MOST 16

/* A verb with its arguments, ended by NULL; the store and its host key are given besides. Its exit code. */
int operator_runs(struct world *w, const char *const arguments[]);
/* Reads "key = HEX" as the command wrote it; false: the file is not there, or has none. */
bool operator_read_key(const char *path, uint8_t ret_key[STORE_HOST_KEY_SIZE]);
/* A folder with all that is in it, if it is there. */
void operator_removes(const char *directory);
