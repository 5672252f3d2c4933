/* ops_find.h - from a message id or a patient's id to referrals. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"

/* What became of the message of --message (below --from, where it is given): EXIT_OK with a MessageView; else
 * complained or printed. */
int ops_find_message(const struct ctl *ctl, struct referral_client *client, const char *message_id, json_t **ret_view);
/* Asks for the patient's id on the terminal, unseen, or reads it as a line of the input (P1: it never stands in a
 * command line), and finds what may be found for --reason: EXIT_OK with rows; else complained or printed. */
int ops_find_patient(const struct ctl *ctl, struct referral_client *client, json_t **ret_referrals);
