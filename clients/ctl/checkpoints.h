/* checkpoints.h - a store held against a checkpoint that was kept elsewhere (P3). */
#pragma once
#include "ctl.h"
#include "store/store.h"

/* Does the store's chain pass through the checkpoint in `path`, signed by --public-key where that is given? Says what
 * it found. EXIT_OK, EXIT_CHECK_FAILED, or EXIT_BAD_FILE for a file that is no checkpoint of this store. */
int checkpoint_verify_run(const struct ctl *ctl, const struct store_options *options, const char *path);
