/* curve_link.h - the least client of a CURVE server: ZMTP 3.1 over one TCP connection, without a thread of its own.
 *
 * For loads that share two processors with the server they measure. 64 clients of libreferral in one process are 64
 * threads of ZeroMQ, and each message changes threads four times: the load costs more than the server, and what is
 * measured is the load. On the wire it is a DEALER, one part a message. Sending waits; reading does not. Failures end
 * the program, by rush_fail. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <referral/key.h>

struct curve_link; /* opaque */

struct curve_keys {
    uint8_t server[REFERRAL_KEY_SIZE]; /* public */
    struct referral_key own;
};

/* Connects to "tcp://A.B.C.D:PORT" and shakes hands, which waits. */
struct curve_link *curve_link_open(const char *endpoint, const struct curve_keys *keys);
void curve_link_close(struct curve_link *link);
int curve_link_fd(const struct curve_link *link);
void curve_link_send(struct curve_link *link, const void *data, size_t size);
/* Reads what has arrived, once; waits where nothing has. */
void curve_link_fill(struct curve_link *link);
/* The next whole message of what was read: its size, with *ret_data until the next one is asked for; 0: there is
 * none. */
size_t curve_link_next(struct curve_link *link, const uint8_t **ret_data);
