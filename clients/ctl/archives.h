/* archives.h - the archive of finished referrals, against the store they are of. */
#pragma once
#include <jansson.h>

#include "ctl.h"
#include "store/store.h"

/* Checks it and says what was found; as JSON in members of `document`. EXIT_OK, EXIT_CHECK_FAILED, or what keeps it
 * from being checked, complained of. */
int archive_verify_run(const struct ctl *ctl, const struct store_options *options, const char *directory,
                       json_t *document);
