/* check.h - verifying, for whoever has more than one store to look at. */
#pragma once
#include <jansson.h>

#include "ctl.h"
#include "store/store.h"

/* The store that `options` open, read only, from its first row to the last; options->error is needed. Says what was
 * found; as JSON in members of `document`. Without one: says only what is wrong. EXIT_OK, or complained. Damaged pages
 * can crash it: offline_run. */
int check_verify(const struct ctl *ctl, const struct store_options *options, json_t *document);
