#include "waker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "wirelink.h"

int64_t waker_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool waker_init(struct waker *waker, int epoll_fd)
{
    *waker = (struct waker){.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                            .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    struct epoll_event event = {.events = EPOLLIN};
    return waker->timer_fd >= 0 && waker->wake_fd >= 0 &&
           epoll_ctl(epoll_fd, EPOLL_CTL_ADD, waker->timer_fd, &event) == 0 &&
           epoll_ctl(epoll_fd, EPOLL_CTL_ADD, waker->wake_fd, &event) == 0;
}

void waker_fini(struct waker *waker)
{
    if (waker->wake_fd >= 0)
        close(waker->wake_fd);
    if (waker->timer_fd >= 0)
        close(waker->timer_fd);
}

static void timer_set(struct waker *waker, int64_t at_ms)
{
    struct itimerspec time = {0}; /* never */
    if (at_ms < WIRELINK_NEVER) {
        time.it_value.tv_sec = at_ms / 1000;
        time.it_value.tv_nsec = at_ms % 1000 * 1000000;
    }
    timerfd_settime(waker->timer_fd, TFD_TIMER_ABSTIME, &time, NULL);
    waker->armed_ms = at_ms;
}

/* A timer that lies in the past would do, at the price of an interrupt. */
void waker_now(struct waker *waker)
{
    if (!waker->is_woken)
        waker->is_woken = eventfd_write(waker->wake_fd, 1) == 0;
}

void waker_begin(struct waker *waker)
{
    eventfd_t count;
    if (waker->is_woken)
        eventfd_read(waker->wake_fd, &count);
    waker->is_woken = false;
}

/* A timer that goes off too early costs a round; it is moved only when it has gone off or would be late. */
void waker_end(struct waker *waker, int64_t due_ms, int64_t now_ms)
{
    if (due_ms <= now_ms)
        waker_now(waker);
    else if (waker->armed_ms <= now_ms || due_ms < waker->armed_ms)
        timer_set(waker, due_ms);
}

int waker_timeout_ms(const struct waker *waker)
{
    if (waker->is_woken)
        return 0;
    if (waker->armed_ms == WIRELINK_NEVER)
        return -1;
    int64_t left_ms = waker->armed_ms - waker_clock_ms();
    return left_ms <= 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}
