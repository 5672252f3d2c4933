/* connect.h - where the broker is and who we are: options, the file of --config, the environment, a configuration file
 * at home. */
#pragma once
#include <referral/client.h>

#include "ctl.h"

/* A client with a session. `credit`: deliveries that may be unacknowledged; 0: none wanted. EXIT_OK, else
 * complained. */
int connect_open(const struct ctl *ctl, uint32_t credit, struct referral_client **ret_client);
/* Complains of a status that is neither OK nor REFUSED, and gives the exit code. `message_id`: of the command, or
 * NULL. */
int connect_failure(const struct ctl *ctl, const struct referral_client *client, enum referral_status status,
                    const char *message_id);
/* What --help says of environment and files. */
void connect_help(const struct ctl *ctl);
