/* backoff.h - when a failed delivery is tried again, and when it is given up (D4, D5). Pure. */
#pragma once
#include "base/instant.h"

#define BACKOFF_GIVE_UP_ATTEMPTS 12

/* Milliseconds to wait after `failed` failed attempts (from 1): 5 s, 15 s, 1 min, 5 min, then 15 min. */
int64_t backoff_ms(uint32_t failed);
/* D5: dead after 12 failed attempts while the receiver acknowledged something else since the first of them. A receiver
 * that acknowledged nothing since is down: never dead. */
bool backoff_is_dead(uint32_t failed, struct instant first_failed_at, struct instant receiver_last_ack_at);
