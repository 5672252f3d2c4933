/* waker.h - when a client wants to run: a timer and a wake-up, both behind the client's one epoll descriptor.
 *
 * Times are milliseconds of CLOCK_MONOTONIC. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct waker {
    int timer_fd, wake_fd;
    int64_t armed_ms; /* the timer goes off then; it never lies behind the next thing to do */
    bool is_woken;    /* there is something to do now */
};

int64_t waker_clock_ms(void);
/* False: errno says why. waker_fini is due in either case. */
bool waker_init(struct waker *waker, int epoll_fd);
void waker_fini(struct waker *waker);
/* Something is to be done now: the descriptor becomes readable. */
void waker_now(struct waker *waker);
/* A round begins: what it was woken for is being done. */
void waker_begin(struct waker *waker);
/* A round ends: the next thing is due then (WIRELINK_NEVER: nothing is). */
void waker_end(struct waker *waker, int64_t due_ms, int64_t now_ms);
/* Until the descriptor becomes readable by itself; 0: it is; -1: it will not. */
int waker_timeout_ms(const struct waker *waker);
