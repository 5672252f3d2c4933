/* daemon_loop.c - the loop: frames become turns, time becomes turns, and between turns what can wait is done. */
#include "daemon_inside.h"
#include "store/search.h"
#include "sys/journal.h"
#include "sys/notify.h"
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

/* So many turns before the loop serves its other events again. */
#define TURNS_A_BREATH 16
#define TICK_MS        1000
#define TEST_CLOCK_MS  100 /* in test time the clock is a file, which may move while nothing else happens */

/* A larger chunk touches each page of the index for more of its rows, and holds up longer whoever speaks meanwhile. */
#define SEARCH_ROWS      4000
#define SEARCH_ROWS_BUSY 400 /* while there are turns: a millisecond or so */
#define SEARCH_AFTER_MS  500 /* referrals of that long are indexed together: each chunk is a commit of its own ... */
#define SEARCH_BUSY_MS   10  /* ... and while there are turns, they have the loop between two chunks */
#define SEARCH_FAILED_MS 60000

#define RESEAL_AFTER_MS 1000
#define RESEAL_BUSY_MS  10

#define ARCHIVE_AFTER_MS 1000 /* the first look */
#define FORGET_AFTER_MS  2000
#define STEP_BUSY_MS     20

#define PORT_REPORT_TICKS 60
#define TELL_TICKS        10  /* what the log left out, and the status line */
#define CROWD             128 /* connections that end within a second or so */

#define STILL_MS 2000 /* twice a tick */

#define DRAIN_MS       2000
#define DRAIN_RETRY_MS 3000 /* clients come back after that */

static void after(struct event *timer, int64_t ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(timer, &delay);
}

static void schedule(struct daemon *daemon)
{
    int64_t wait_ms = turn_wait_ms(daemon->turn, daemon_now(daemon));
    if (daemon->config->test_clock_file && (wait_ms < 0 || wait_ms > TEST_CLOCK_MS))
        wait_ms = TEST_CLOCK_MS;
    if (wait_ms >= 0)
        after(daemon->turn_timer, wait_ms);
    else
        event_del(daemon->turn_timer);
}

/* A lasting failure: nobody is told anything any more, and what was accepted is on disk. */
static void fail(struct daemon *daemon, int failure)
{
    journal(JOURNAL_store_failed, "%s (%s)", store_error(daemon->store), strerror(-failure));
    daemon->failed = true;
    event_base_loopbreak(daemon->base);
}

/* Before anything is done with this time. A doubt goes to disk with the first turn that holds something back (C4).
 * Where the process stood still, nobody was silent: what was said meanwhile is yet to be read. */
static struct turn_clock note_awake(struct daemon *daemon)
{
    struct turn_clock clock = daemon_now(daemon);
    daemon_time_watch(daemon);
    int64_t still_ms = clock.mono_ms - daemon->awake_ms;
    if (daemon->awake_ms != 0 && still_ms > STILL_MS) {
        journal(JOURNAL_stood_still, "ms=%lld", (long long)still_ms);
        turn_stood_still(daemon->turn, still_ms);
    }
    daemon->awake_ms = clock.mono_ms;
    return clock;
}

static void run_turn(struct daemon *daemon)
{
    struct stopwatch watch = daemon_ops_start(daemon);
    int failure = turn_run(daemon->turn, note_awake(daemon));
    daemon_ops_stop(daemon, &watch);
    if (failure < 0 && !daemon->failed)
        fail(daemon, failure);
}

static void index_soon(struct daemon *daemon)
{
    if (turn_counters(daemon->turn).turns != daemon->searched_turns &&
        !event_pending(daemon->search_timer, EV_TIMEOUT, NULL))
        after(daemon->search_timer, SEARCH_AFTER_MS);
}

static void run_turns(struct daemon *daemon)
{
    for (int i = 0; i < TURNS_A_BREATH && !daemon->failed && turn_wants(daemon->turn, daemon_now(daemon)); i++)
        run_turn(daemon);
    daemon_time_watch(daemon);
    index_soon(daemon);
    schedule(daemon);
}

/* What the timer was set for may be something turn_wants does not speak of, such as offering output again. */
static void on_turn_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    if (!daemon->failed) {
        run_turn(daemon);
        run_turns(daemon);
    }
}

int daemon_send(void *user, uint64_t peer, struct bytes frame)
{
    struct daemon *daemon = user;
    return zmq_port_send(daemon->port, peer, frame);
}

void daemon_drop(void *user, uint64_t peer)
{
    struct daemon *daemon = user;
    zmq_port_drop(daemon->port, peer);
}

void daemon_on_frame(void *user, uint64_t peer, const uint8_t public_key[32], struct bytes frame)
{
    struct daemon *daemon = user;
    struct stopwatch watch = daemon_ops_start(daemon);
    turn_receive(daemon->turn, peer, public_key, frame, note_awake(daemon));
    daemon_ops_stop(daemon, &watch);
}

void daemon_on_lost(void *user, uint64_t peer)
{
    struct daemon *daemon = user;
    turn_peer_lost(daemon->turn, peer);
}

void daemon_on_burst_end(void *user)
{
    struct daemon *daemon = user;
    if (!daemon->failed)
        run_turns(daemon);
}

/* ---- Between turns ---- */

/* A failure here costs speed of queries only: they scan what is not indexed. */
static void on_search_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    uint64_t turns = turn_counters(daemon->turn).turns;
    bool is_busy = turns != daemon->chunk_turns;
    int rows = is_busy ? SEARCH_ROWS_BUSY : SEARCH_ROWS;
    uint64_t left_out = search_left_out(daemon->store);
    int indexed = search_advance(daemon->store, &daemon->arena, (uint32_t)rows);
    arena_reset(&daemon->arena, 0);
    if (indexed == -EBADMSG || search_left_out(daemon->store) != left_out)
        daemon_on_news(daemon, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    daemon->chunk_turns = turns;
    if (indexed < 0) {
        journal(JOURNAL_index_failed, "the search index waits: %s", store_error(daemon->store));
        after(daemon->search_timer, SEARCH_FAILED_MS);
    } else if (indexed == rows) {
        after(daemon->search_timer, is_busy ? SEARCH_BUSY_MS : 0);
    } else {
        daemon->searched_turns = turns;
    }
}

/* A step of what makes turns of its own. Whoever waits is served first. */
static void run_step(struct daemon *daemon, struct event *timer, int64_t (*step)(struct daemon *))
{
    if (turn_wants(daemon->turn, daemon_now(daemon))) {
        after(timer, STEP_BUSY_MS);
        return;
    }
    int64_t wait_ms = step(daemon);
    run_turns(daemon);
    after(timer, wait_ms);
}

static void on_archive_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    run_step(daemon, daemon->archive_timer, daemon_archive_step);
}

static void on_forget_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    run_step(daemon, daemon->forget_timer, daemon_forget_step);
}

static void on_reseal_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    int64_t wait_ms = daemon_reseal_step(daemon);
    bool is_busy = turn_wants(daemon->turn, daemon_now(daemon));
    if (wait_ms >= 0)
        after(daemon->reseal_timer, is_busy && wait_ms < RESEAL_BUSY_MS ? RESEAL_BUSY_MS : wait_ms);
}

/* What a crowd of strangers cost goes back to the system when it has left. */
static void watch_crowd(struct daemon *daemon)
{
    size_t open = zmq_port_connections(daemon->port);
    if (open + CROWD < daemon->most_connections) {
        malloc_trim(0);
        daemon->most_connections = open;
    } else if (open > daemon->most_connections) {
        daemon->most_connections = open;
    }
}

/* P3: what never became a command is counted; the log has one line a minute of it at most. */
static void report_port(struct daemon *daemon)
{
    struct port_counters now = {zap_refused(daemon->zap), zmq_port_dropped(daemon->port),
                                zmq_port_crowded_out(daemon->port), zmq_port_missed(daemon->port)};
    struct port_counters *then = &daemon->reported;
    if (daemon->ticks++ % PORT_REPORT_TICKS != 0 || memcmp(&now, then, sizeof now) == 0)
        return;
    journal(JOURNAL_port, "keys_refused=%llu frames_dropped=%llu crowded_out=%llu edges_missed=%llu",
            (unsigned long long)(now.keys_refused - then->keys_refused),
            (unsigned long long)(now.frames_dropped - then->frames_dropped),
            (unsigned long long)(now.crowded_out - then->crowded_out),
            (unsigned long long)(now.edges_missed - then->edges_missed));
    *then = now;
}

/* The watchdog is fed from here, once the turns that were due are done: a turn that hangs starves it as a loop that
 * stands still does. */
static void on_tick(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    note_awake(daemon);
    watch_crowd(daemon);
    daemon_alarms_watch(daemon);
    report_port(daemon);
    run_turns(daemon);
    if (!daemon->failed)
        notify_watchdog();
    daemon_ops_tick(daemon);
    if (daemon->ticks % TELL_TICKS == 2) { /* at the first tick, too */
        journal_report();
        daemon_ops_tell(daemon);
    }
}

/* ---- Signals ---- */

static void on_stop(evutil_socket_t number, short what, void *user)
{
    (void)what;
    struct daemon *daemon = user;
    journal(JOURNAL_stopping, "got %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
    daemon->stopping = true;
    event_base_loopbreak(daemon->base);
}

static void on_reload(evutil_socket_t number, short what, void *user)
{
    (void)number;
    (void)what;
    struct daemon *daemon = user;
    daemon_reload(daemon);
    after(daemon->archive_timer, 0);
    after(daemon->forget_timer, 0);
    after(daemon->reseal_timer, 0);
}

static void on_clock(evutil_socket_t number, short what, void *user)
{
    (void)number;
    (void)what;
    run_turns(user);
}

int daemon_loop_open(struct daemon *daemon)
{
    static const struct {
        int number;
        event_callback_fn call;
    } signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_clock}};
    static_assert(sizeof signals / sizeof signals[0] == DAEMON_SIGNALS, "room for each");
    for (size_t i = 0; i < DAEMON_SIGNALS; i++) {
        daemon->signals[i] = evsignal_new(daemon->base, signals[i].number, signals[i].call, daemon);
        if (!daemon->signals[i] || event_add(daemon->signals[i], NULL) < 0)
            return -ENOMEM;
    }
    daemon->turn_timer = event_new(daemon->base, -1, 0, on_turn_timer, daemon);
    daemon->search_timer = event_new(daemon->base, -1, 0, on_search_timer, daemon);
    daemon->archive_timer = event_new(daemon->base, -1, 0, on_archive_timer, daemon);
    daemon->forget_timer = event_new(daemon->base, -1, 0, on_forget_timer, daemon);
    daemon->reseal_timer = event_new(daemon->base, -1, 0, on_reseal_timer, daemon);
    daemon->tick = event_new(daemon->base, -1, EV_PERSIST, on_tick, daemon);
    if (!daemon->turn_timer || !daemon->search_timer || !daemon->archive_timer || !daemon->forget_timer ||
        !daemon->reseal_timer || !daemon->tick)
        return -ENOMEM;
    after(daemon->tick, TICK_MS);
    daemon->ticks = 1; /* the first report is for the first minute */
    after(daemon->archive_timer, ARCHIVE_AFTER_MS);
    forgetter_init(&daemon->forgetter, daemon->store, daemon->turn, &daemon->arena);
    after(daemon->forget_timer, FORGET_AFTER_MS);
    after(daemon->reseal_timer, RESEAL_AFTER_MS);
    after(daemon->search_timer, SEARCH_AFTER_MS); /* what was accepted before the last stop */
    return 0;
}

static void drop_event(struct event *event)
{
    if (event)
        event_free(event);
}

void daemon_loop_close(struct daemon *daemon)
{
    for (size_t i = 0; i < DAEMON_SIGNALS; i++)
        drop_event(daemon->signals[i]);
    drop_event(daemon->turn_timer);
    drop_event(daemon->search_timer);
    drop_event(daemon->archive_timer);
    drop_event(daemon->forget_timer);
    drop_event(daemon->reseal_timer);
    drop_event(daemon->tick);
}

/* What was received is finished, then everybody is told to come back; the port sends that while it closes. */
static void drain(struct daemon *daemon)
{
    int64_t limit_ms = clock_boot_ms() + DRAIN_MS;
    zmq_port_pause(daemon->port);
    turn_hurry(daemon->turn);
    while (!daemon->failed && clock_boot_ms() < limit_ms && turn_wants(daemon->turn, daemon_now(daemon)))
        run_turn(daemon);
    turn_drain(daemon->turn, DRAIN_RETRY_MS);
}

enum daemon_exit daemon_run(struct daemon *daemon)
{
    run_turns(daemon);
    if (!daemon->failed && !daemon->stopping) {
        daemon->serving = true;
        notify_ready("ready");
        journal(JOURNAL_ready, "endpoint=%s store=%s incarnation=%u turn=%llu", zmq_port_endpoint(daemon->port),
                store_identity(daemon->store)->short_name, store_identity(daemon->store)->incarnation,
                (unsigned long long)store_mark(daemon->store).index);
        event_base_dispatch(daemon->base);
    }
    notify_stopping();
    if (!daemon->failed)
        drain(daemon);
    int failure = daemon->failed ? 0 : store_flush(daemon->store);
    if (failure < 0)
        fail(daemon, failure);
    if (!daemon->failed) {
        journal_report();
        journal(JOURNAL_stopped, "turn=%llu", (unsigned long long)store_mark(daemon->store).index);
    }
    return daemon->failed ? DAEMON_FAILED : DAEMON_STOPPED;
}
