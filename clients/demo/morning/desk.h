/* desk.h - the desks at work: a connection each, one loop for all. */
#pragma once
#include "morning.h"

/* Connects all of them at once. False: not all have a session within the time we are patient. */
bool desks_open(struct morning *morning);
void desks_close(struct morning *morning);

/* Asks for a patient; the answer comes while the desks are served. Refused: `reply` says why; NULL: none came. */
void desk_ask(struct desk *desk, Referral__Kind kind, const ProtobufCMessage *message, struct patient *patient,
              void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted));

/* Hears, answers, and takes the steps of patients that are due, for at most so many real milliseconds. */
void desks_serve(struct morning *morning, int timeout_ms);
/* Until `done`; false: it was not within the time we are patient. */
bool desks_until(struct morning *morning, bool (*done)(const struct morning *morning, const void *user),
                 const void *user);
/* Until nothing asked is unanswered, and no patient has a step to take. */
bool desks_until_quiet(struct morning *morning);
