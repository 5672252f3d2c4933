/* pump.h - one ZeroMQ socket in the libevent loop (design: measured traps of libzmq).
 *
 * ZMQ_FD tells only of changes, and receiving as well as sending eats them. So the socket's state is read anew after
 * every burst of receives and sends; whoever sends outside of a burst says pump_again. Bursts are bounded, and between
 * two of them the loop serves its other events. A slow timer looks for input that nobody was told of, and counts it:
 * pump_missed must stay 0. */
#pragma once
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PUMP_BURST_MESSAGES 256
#define PUMP_BURST_BYTES    (4 << 20)

struct pump;

struct pump_calls {
    void *user;
    /* Takes one message off the socket: its size, or -EAGAIN where there is none. Any other failure ends the burst. */
    ssize_t (*receive)(void *user);
    /* After each burst; `dry`: the socket holds nothing more at this moment. May be NULL. */
    void (*burst_end)(void *user, bool dry);
};

/* Borrows the socket, which outlives the pump. 0 or a negative errno. */
int pump_open(struct event_base *base, void *socket, struct pump_calls calls, struct pump **ret_pump);
void pump_close(struct pump *pump); /* NULL is fine */
/* Looks at the socket again soon; not from inside other calls of this pump, which do so by themselves. */
void pump_again(struct pump *pump);
/* Receives nothing more. */
void pump_pause(struct pump *pump);
uint64_t pump_missed(const struct pump *pump);
