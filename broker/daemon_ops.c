/* daemon_ops.c - what operators see over local HTTP: the measuring that goes on all the time, and the view that is made
 * when somebody asks.
 *
 * A view is collected in small steps between turns, and lasts a second: however many ask, and however often, that is
 * what it costs. */
#include "daemon_inside.h"
#include "net/ops_http.h"
#include "net/ops_pages.h"
#include "net/ops_view.h"
#include "sys/journal.h"
#include "sys/notify.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VIEW_MS      1000
#define BUSY_MS      1 /* while turns are wanted, they have the loop between two steps */
#define RECENT_TICKS 60
#define SLOW_TURN_US 1000000

struct daemon_ops {
    struct ops_http *http; /* NULL: off */
    struct ops_pages *pages;
    struct event *collect;
    struct overview overview;
    struct ops_view view;
    char store_id[2 * sizeof((struct store_identity *)0)->store_id + 1];
    bool is_collecting;
    int64_t shown_ms; /* when the view was shown; 0: never */

    struct histogram turn_us, sampled_us; /* all; as of the last sample */
    struct histogram recent_from, next_recent_from;
    struct turn_counters sampled;
    struct ops_sample samples[OPS_HISTORY]; /* a ring */
    size_t sample_count;                    /* ever */
};

/* ---- Measuring ---- */

struct stopwatch daemon_ops_start(const struct daemon *daemon)
{
    return (struct stopwatch){.turns = turn_counters(daemon->turn).turns, .us = clock_boot_us()};
}

void daemon_ops_stop(struct daemon *daemon, const struct stopwatch *watch)
{
    if (turn_counters(daemon->turn).turns != watch->turns) {
        int64_t us = clock_boot_us() - watch->us;
        histogram_add(&daemon->ops->turn_us, (uint64_t)us);
        if (us >= SLOW_TURN_US) {
            journal(JOURNAL_turn_slow, "ms=%lld turn=%llu", (long long)us / 1000,
                    (unsigned long long)store_mark(daemon->store).index);
        }
    }
}

static void take_sample(struct daemon_ops *ops, const struct turn_counters *now)
{
    struct histogram second = histogram_between(&ops->sampled_us, &ops->turn_us);
    ops->samples[ops->sample_count++ % OPS_HISTORY] = (struct ops_sample){
        .commands = (uint32_t)(now->commands - ops->sampled.commands),
        .deliveries = (uint32_t)(now->deliveries - ops->sampled.deliveries),
        .acks = (uint32_t)(now->acks - ops->sampled.acks),
        .turns = (uint32_t)histogram_count(&second),
        .p99_us = histogram_quantile_us(&second, 990),
    };
    ops->sampled = *now;
    ops->sampled_us = ops->turn_us;
}

void daemon_ops_tick(struct daemon *daemon)
{
    struct daemon_ops *ops = daemon->ops;
    struct turn_counters now = turn_counters(daemon->turn);
    take_sample(ops, &now);
    if (ops->sample_count % RECENT_TICKS == 0) {
        ops->recent_from = ops->next_recent_from;
        ops->next_recent_from = ops->turn_us;
    }
    struct histogram recent = histogram_between(&ops->recent_from, &ops->turn_us);
    turn_note_latency(daemon->turn, histogram_quantile_us(&recent, 500), histogram_quantile_us(&recent, 990));
}

uint32_t daemon_ops_recent_p99_us(const struct daemon *daemon)
{
    struct histogram recent = histogram_between(&daemon->ops->recent_from, &daemon->ops->turn_us);
    return histogram_quantile_us(&recent, 990);
}

/* ---- The view ---- */

static void copy_history(struct ops_view *view, const struct daemon_ops *ops)
{
    size_t count = ops->sample_count < OPS_HISTORY ? ops->sample_count : OPS_HISTORY;
    for (size_t i = 0; i < count; i++)
        view->history[i] = ops->samples[(ops->sample_count - count + i) % OPS_HISTORY];
    view->history_count = count;
}

static void fill_view(struct daemon *daemon, bool is_readable)
{
    struct daemon_ops *ops = daemon->ops;
    struct ops_view *view = &ops->view;
    view->at = daemon_now(daemon).now;
    view->time_held = daemon->clock.held;
    view->is_draining = turn_is_draining(daemon->turn);
    view->is_serving = daemon->serving && !daemon->stopping && !view->is_draining;
    view->is_readable = is_readable;
    if (store_room(daemon->store, &view->room) < 0)
        view->is_readable = false;
    view->turns = turn_counters(daemon->turn);
    view->turn_us = ops->turn_us;
    view->recent_us = histogram_between(&ops->recent_from, &ops->turn_us);
    view->keys_refused = zap_refused(daemon->zap);
    view->port_dropped = zmq_port_dropped(daemon->port);
    view->crowded_out = zmq_port_crowded_out(daemon->port);
    view->edges_missed = zmq_port_missed(daemon->port);
    view->connections = zmq_port_connections(daemon->port);
    view->data_key = store_newest_key(daemon->store);
    view->reseal_rows_left = daemon->reseal.rows_left;
    copy_history(view, ops);
}

/* -1: nothing waits. */
static int64_t oldest_ms(const struct overview *overview, struct instant now)
{
    int64_t oldest = -1;
    for (size_t i = 0; i < overview->destination_count; i++) {
        struct instant at = overview->destinations[i].oldest_at;
        if (instant_is_set(at) && now.ms - at.ms > oldest)
            oldest = now.ms - at.ms;
    }
    return oldest;
}

static void tell_status(const struct daemon *daemon)
{
    const struct ops_view *view = &daemon->ops->view;
    char line[NOTIFY_LINE_SIZE];
    if (!daemon->serving || daemon->stopping)
        return;
    notify_health_line(
        &(struct notify_health){
            .state = turn_is_draining(daemon->turn) ? "draining"
                     : view->time_held              ? "ready, time held"
                                                    : "ready",
            .waiting = daemon->ops->overview.totals.waiting,
            .oldest_ms = oldest_ms(&daemon->ops->overview, view->at),
            .p99_us = histogram_quantile_us(&view->recent_us, 990),
        },
        line);
    notify_status(line);
}

static void show(struct daemon *daemon, bool is_readable)
{
    struct daemon_ops *ops = daemon->ops;
    fill_view(daemon, is_readable);
    ops->is_collecting = false;
    ops->shown_ms = clock_boot_ms();
    if (is_readable)
        overview_alarm(&ops->overview, daemon->turn);
    tell_status(daemon);
    if (ops->http) {
        ops->view.http = ops_http_counters(ops->http);
        ops_pages_show(ops->pages, &ops->view);
        ops_http_ready(ops->http);
    }
}

static void collect_after(struct daemon_ops *ops, int ms)
{
    struct timeval delay = {.tv_usec = ms * 1000L};
    event_add(ops->collect, &delay);
}

static void on_collect(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = user;
    struct daemon_ops *ops = daemon->ops;
    struct turn_clock clock = daemon_now(daemon);
    int rc = overview_step(&ops->overview, daemon->store, daemon->turn, &daemon->arena, clock);
    if (rc > 0) {
        collect_after(ops, turn_wants(daemon->turn, clock) ? BUSY_MS : 0);
        return;
    }
    if (rc < 0) {
        journal(JOURNAL_status_unread, "%s", store_error(daemon->store));
        overview_begin(&ops->overview);
    }
    show(daemon, rc == 0);
}

static bool is_fresh(void *user)
{
    struct daemon_ops *ops = ((struct daemon *)user)->ops;
    if (ops->shown_ms != 0 && clock_boot_ms() - ops->shown_ms < VIEW_MS)
        return true;
    if (!ops->is_collecting) {
        ops->is_collecting = true;
        overview_begin(&ops->overview);
        collect_after(ops, 0);
    }
    return false;
}

void daemon_ops_tell(struct daemon *daemon)
{
    is_fresh(daemon); /* what is collected now is told when it is whole */
}

/* ---- Life ---- */

int daemon_ops_open(struct daemon *daemon)
{
    daemon->ops = calloc(1, sizeof *daemon->ops);
    if (!daemon->ops)
        return -ENOMEM;
    daemon->ops->collect = event_new(daemon->base, -1, 0, on_collect, daemon);
    return daemon->ops->collect ? overview_open(&daemon->ops->overview) : -ENOMEM;
}

/* What does not change while the process lives. */
static void begin_view(struct daemon *daemon)
{
    struct daemon_ops *ops = daemon->ops;
    const struct store_identity *identity = store_identity(daemon->store);
    hex_encode(ops->store_id, bytes_of(identity->store_id, sizeof identity->store_id));
    ops->view = (struct ops_view){
        .started_at = daemon_now(daemon).now,
        .version = REFERRALD_VERSION,
        .short_name = identity->short_name,
        .store_id = ops->store_id,
        .endpoint = zmq_port_endpoint(daemon->port),
        .incarnation = identity->incarnation,
        .test_time = identity->test_time,
        .overview = &ops->overview,
    };
}

int daemon_ops_listen(struct daemon *daemon)
{
    struct daemon_ops *ops = daemon->ops;
    if (!daemon->config->http_listen)
        return 0;
    const struct ops_pages_options pages = {.user = daemon, .is_fresh = is_fresh};
    if (ops_pages_open(&pages, &ops->pages) < 0)
        return -ENOMEM;
    begin_view(daemon);
    const struct ops_http_options options = {
        .base = daemon->base,
        .listen = daemon->config->http_listen,
        .user = ops->pages,
        .answer = ops_pages_answer,
    };
    int rc = ops_http_open(&options, &ops->http);
    if (rc == 0)
        journal(JOURNAL_http, "address=%s", ops_http_address(ops->http));
    return rc;
}

void daemon_ops_close(struct daemon *daemon)
{
    struct daemon_ops *ops = daemon->ops;
    if (!ops)
        return;
    ops_http_close(ops->http);
    ops_pages_close(ops->pages);
    if (ops->collect)
        event_free(ops->collect);
    overview_close(&ops->overview);
    free(ops);
}
