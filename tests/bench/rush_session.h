/* rush_session.h - one session with a broker, over a curve_link, with one request under way: what proto/README.md
 * tells, for loads.
 *
 * Says HELLO, sends a command or query, reads its reply; whatever else the broker says is passed over. */
#pragma once
#include <referral/wire.pb-c.h>

#include "curve_link.h"

struct rush_session; /* opaque */

/* Connects and waits for WELCOME. The name is told in HELLO. */
struct rush_session *rush_session_open(const char *endpoint, const struct curve_keys *keys, const char *name);
void rush_session_close(struct rush_session *session);
int rush_session_fd(const struct rush_session *session);
/* Sends `body`, a message of the kind's type. `message_id` of a query: NULL. */
void rush_session_ask(struct rush_session *session, Referral__Kind kind, const char *message_id,
                      const ProtobufCMessage *body);
/* Reads what has arrived; the reply to what was asked, to be freed by referral__reply__free_unpacked, or NULL: not
 * yet. */
Referral__Reply *rush_session_reply(struct rush_session *session);
/* The same, waiting for it. */
Referral__Reply *rush_session_wait(struct rush_session *session);
