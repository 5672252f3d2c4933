/* zmq_port.c - frames and connections of one ROUTER socket. */
#include "net/zmq_port.h"
#include "base/alloc.h"
#include "net/connections.h"
#include "net/port_socket.h"
#include "net/pump.h"
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zmq.h>

/* A dropped peer has that long to receive what was sent before, up to twice. */
#define DROP_DELAY_MS 100
#define DROPS_INITIAL 16
#define WATCH_SECONDS 1
#define OTHER_FILES   64

struct drop {
    uint64_t peer;
    bool due;
};

struct zmq_port {
    struct zmq_port_handler handler;
    void *router, *monitor;
    struct pump *frames, *reports;
    struct connections *connections;
    struct event *drop_timer, *watch;
    struct drop *drops;
    size_t drop_count, drop_room;
    uint64_t dropped, crowded_out;
    size_t max_silent, max_spoken, max_connections;
    bool dry, paused;
    char endpoint[PORT_ENDPOINT_SIZE];
};

/* ---- Connections ---- */

static void shut(struct connection_shape shape)
{
    struct stat status;
    if (fstat(shape.fd, &status) == 0 && status.st_ino == shape.inode)
        shutdown(shape.fd, SHUT_RDWR);
}

/* An IPv6 host has a network of 2^64 addresses to itself. */
static void read_address(int fd, uint8_t ret_address[16])
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) < 0)
        return;
    if (peer.any.sa_family == AF_INET) {
        memcpy(ret_address, &peer.ipv4.sin_addr, sizeof peer.ipv4.sin_addr);
    } else if (peer.any.sa_family == AF_INET6) {
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&peer.ipv6.sin6_addr);
        memcpy(ret_address, &peer.ipv6.sin6_addr, is_mapped ? 16 : 8);
    }
}

static void accepted(struct zmq_port *port, int fd)
{
    struct stat status;
    struct connection_shape shape = {.fd = fd};
    read_address(fd, shape.address);
    if (fstat(fd, &status) == 0)
        shape.inode = status.st_ino;
    connections_accepted(port->connections, shape);
    if (connections_excess(port->connections, port->max_silent, port->max_connections, &shape))
        shut(shape);
}

static ssize_t receive_report(void *user)
{
    struct zmq_port *port = user;
    struct port_report report;
    int rc = port_socket_report(port->monitor, &report);
    if (rc < 0)
        return rc;
    if (report.accepted)
        accepted(port, report.fd);
    else
        connections_ended(port->connections, report.fd);
    return 1;
}

/* Peers are lost after their last frame: when the ROUTER holds nothing more. */
static void tell_lost(struct zmq_port *port)
{
    uint64_t peer;
    while (port->dry && connections_reap(port->connections, &peer))
        port->handler.lost(port->handler.user, peer);
}

static void on_reports(void *user, bool dry)
{
    (void)dry;
    struct zmq_port *port = user;
    port->dry = port->paused || !port_socket_has_input(port->router);
    tell_lost(port);
    pump_again(port->frames);
    port->handler.burst_end(port->handler.user);
}

/* Bytes the kernel took from this connection so far; 0 where nobody knows. */
static uint64_t received(struct connection_shape shape)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(shape.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

/* libzmq bounds the size of a part, but not how many parts a message has before its last one. */
static void on_watch(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct zmq_port *port = user;
    if (!port->paused)
        connections_watch(port->connections, PORT_UNHEARD_MAX, received, shut);
}

/* ---- Frames in ---- */

static bool is_dropped(const struct zmq_port *port, uint64_t peer)
{
    for (size_t i = 0; i < port->drop_count; i++)
        if (port->drops[i].peer == peer)
            return true;
    return false;
}

/* Whoever has most gives, so that no key's connections fill the port: there is always room for those that have yet to
 * speak. */
static void thin_out(struct zmq_port *port, uint64_t newcomer)
{
    struct connection_shape shape;
    if (connections_crowd(port->connections, newcomer, port->max_spoken, &shape)) {
        port->crowded_out++;
        shut(shape);
    }
}

static void hear(struct zmq_port *port, const struct port_frame *frame)
{
    if (!connections_heard_again(port->connections, frame->peer)) {
        /* The report of its beginning was sent before its first frame, and must be read before it. */
        while (receive_report(port) >= 0) {
        }
        connections_heard(port->connections, frame->peer, frame->fd, frame->public_key);
        thin_out(port, frame->peer);
    }
    if (!is_dropped(port, frame->peer))
        port->handler.frame(port->handler.user, frame->peer, frame->public_key, frame->payload);
}

static ssize_t receive_frame(void *user)
{
    struct zmq_port *port = user;
    struct port_frame frame;
    int rc = port_socket_receive(port->router, &frame);
    if (rc == -EBADMSG) {
        port->dropped++;
        return 1;
    }
    if (rc < 0)
        return rc;
    ssize_t size = (ssize_t)frame.payload.size;
    hear(port, &frame);
    port_frame_release(&frame);
    return size;
}

static void on_frames(void *user, bool dry)
{
    struct zmq_port *port = user;
    port->dry = dry;
    tell_lost(port);
    port->handler.burst_end(port->handler.user);
}

/* ---- Frames out ---- */

int zmq_port_send(void *port, uint64_t peer, struct bytes frame)
{
    struct zmq_port *self = port;
    if (!connections_knows(self->connections, peer))
        return -EHOSTUNREACH; /* libzmq learns of an end in its own time */
    int rc = port_socket_send(self->router, peer, frame);
    pump_again(self->frames);
    return rc;
}

/* Those asked for since the last tick wait for the next one. */
static void on_drop_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct zmq_port *port = user;
    size_t kept = 0;
    for (size_t i = 0; i < port->drop_count; i++) {
        struct connection_shape shape;
        bool open = connections_shape(port->connections, port->drops[i].peer, &shape);
        if (open && port->drops[i].due)
            shut(shape);
        if (connections_knows(port->connections, port->drops[i].peer))
            port->drops[kept++] = (struct drop){.peer = port->drops[i].peer, .due = true};
    }
    port->drop_count = kept;
    if (kept == 0)
        event_del(port->drop_timer);
}

void zmq_port_drop(void *port, uint64_t peer)
{
    struct zmq_port *self = port;
    if (!connections_knows(self->connections, peer) || is_dropped(port, peer))
        return;
    if (self->drop_count == self->drop_room) {
        self->drop_room = self->drop_room ? 2 * self->drop_room : DROPS_INITIAL;
        self->drops = alloc_grown(self->drops, self->drop_room * sizeof *self->drops);
    }
    self->drops[self->drop_count++] = (struct drop){.peer = peer};
    static const struct timeval delay = {0, DROP_DELAY_MS * 1000L};
    if (!event_pending(self->drop_timer, EV_TIMEOUT, NULL))
        event_add(self->drop_timer, &delay);
}

/* ---- Life ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Without a free descriptor libzmq would try to accept, and fail, for ever; and the store and the log need some too. */
static void set_bounds(struct zmq_port *port)
{
    struct rlimit files;
    size_t room = PORT_CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        room = files.rlim_cur > OTHER_FILES ? files.rlim_cur - OTHER_FILES : 1;
    port->max_connections = least(room, PORT_CONNECTIONS_MAX);
    port->max_silent = least(room / 2, PORT_SILENT_MAX);
    port->max_spoken = port->max_connections - port->max_connections / 8;
}

static int port_prepare(struct zmq_port *port, const struct zmq_port_options *options)
{
    int rc = connections_open(&port->connections);
    if (rc < 0)
        return rc;
    port->drop_timer = event_new(options->base, -1, EV_PERSIST, on_drop_timer, port);
    port->watch = event_new(options->base, -1, EV_PERSIST, on_watch, port);
    static const struct timeval pace = {WATCH_SECONDS, 0};
    if (!port->drop_timer || !port->watch || event_add(port->watch, &pace) < 0)
        return -ENOMEM;
    rc = port_socket_open(options->zmq_context, options->secret_key, options->endpoints, &port->router);
    if (rc == 0)
        rc = port_socket_monitor(options->zmq_context, port->router, &port->monitor);
    return rc;
}

/* Bound last, so that no connection comes before its monitor. */
static int port_start(struct zmq_port *port, const struct zmq_port_options *options)
{
    struct pump_calls reports = {.user = port, .receive = receive_report, .burst_end = on_reports};
    struct pump_calls frames = {.user = port, .receive = receive_frame, .burst_end = on_frames};
    int rc = pump_open(options->base, port->monitor, reports, &port->reports);
    if (rc == 0)
        rc = pump_open(options->base, port->router, frames, &port->frames);
    return rc < 0 ? rc : port_socket_bind(port->router, options->endpoints, options->ret_at, port->endpoint);
}

int zmq_port_open(const struct zmq_port_options *options, struct zmq_port **ret_port)
{
    struct zmq_port *port = calloc(1, sizeof *port);
    if (!port)
        return -ENOMEM;
    port->handler = options->handler;
    set_bounds(port);
    int rc = port_prepare(port, options);
    if (rc == 0)
        rc = port_start(port, options);
    if (rc < 0) {
        zmq_port_close(port);
        return rc;
    }
    *ret_port = port;
    return 0;
}

static void event_drop(struct event *event)
{
    if (event)
        event_free(event);
}

void zmq_port_close(struct zmq_port *port)
{
    if (!port)
        return;
    pump_close(port->frames);
    pump_close(port->reports);
    port_socket_close(port->router, port->monitor, port->paused);
    event_drop(port->drop_timer);
    event_drop(port->watch);
    free(port->drops);
    connections_close(port->connections);
    free(port);
}

void zmq_port_pause(struct zmq_port *port)
{
    port->paused = true;
    pump_pause(port->frames);
}

uint64_t zmq_port_missed(const struct zmq_port *port)
{
    return pump_missed(port->frames) + pump_missed(port->reports);
}

uint64_t zmq_port_dropped(const struct zmq_port *port)
{
    return port->dropped;
}

uint64_t zmq_port_crowded_out(const struct zmq_port *port)
{
    return port->crowded_out;
}

size_t zmq_port_connections(const struct zmq_port *port)
{
    return connections_count(port->connections);
}

const char *zmq_port_endpoint(const struct zmq_port *port)
{
    return port->endpoint;
}
