/* quarantine.h - a command that ended the broker is not applied again (D2): its sender would repeat it for ever, and
 * everybody else would wait.
 *
 * Each command of a client is named in the store's page (store/suspect.h) while it is applied. After an unclean end the
 * daemon says which one it was; that is a row here, an alarm, and a refusal for whoever sends the same command again,
 * until an operator releases it. */
#pragma once
#include "engine/work.h"
#include "store/suspect.h"

/* Around the applying of one command; where it has a digest, that is made already. */
void quarantine_begin(struct work *work);
void quarantine_end(struct work *work);
/* Refuses the command at hand if it is one of those. */
bool quarantine_admits(struct work *work);
bool quarantine_apply_culprit(struct work *work); /* Internal QUARANTINE */
bool quarantine_apply_release(struct work *work); /* RELEASE_COMMAND */
