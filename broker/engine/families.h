/* families.h - the handlers that engine.c dispatches to, a file for each family. Each returns true, or false when it refused. */
#pragma once
#include "engine/work.h"

bool submit_apply(struct work *work);       /* submit.c: T, F, L5; a child that names its parent also returns it */
bool event_apply(struct work *work);        /* event.c: section 4 */
bool show_apply_payload(struct work *work); /* show.c: P2, P3 */
/* The same command again (D1): the payload of before, without a second effect. */
bool show_payload_again(struct work *work, uint32_t sheet_version);
bool clockwork_apply(struct work *work); /* clockwork.c: at most CLOCK_ROWS_PER_TURN due rows in order (C3, L4) */
