/* audit.h - what the audit record of a turn says of its commands (P3). Never a string that a partner chose, but ids of
 * institutions and referrals (P1). */
#pragma once
#include "engine/work.h"

/* An accepted command: who, what, about whom, and the digest of its body. */
void audit_accepted(struct work *work);
/* A refused one of a known key: the first of a key and code at once, further ones within the minute are counted.
 * Refusals for lack of room or pace are counters elsewhere. */
void audit_refused(struct work *work);
/* The minute is over: what was counted becomes one row. `subject` is that of the due row. */
void audit_summarise(struct work *work, struct bytes subject);
