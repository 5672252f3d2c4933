/* ops_http.c - connections: a head is read, an answer is written, the peer closes; each with a deadline. */
#include "net/ops_http.h"
#include "net/ops_head.h"
#include "net/ops_listen.h"
#include "net/zmq_port.h"
#include <assert.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REST_MAX    (2 << 20) /* read and forgotten behind a head; who sends more is not listening */
#define ACCEPTS     16        /* at a time: those that were let in are read before more are */
#define OTHER_FILES 64

#define NO_DESCRIPTOR_MS 1000

enum state { READING, WAITING /* for what to answer */, WRITING, LINGERING };

struct connection {
    struct ops_http *http;
    struct bufferevent *stream;
    struct event *deadline;
    enum state state;
    bool peer_has_ended;
    size_t rest; /* bytes read behind the head */
    int status;  /* what its head was judged to be */
    char target[OPS_TARGET_MAX + 1];
};

struct ops_http {
    struct ops_http_options options;
    struct evconnlistener *listener;
    struct event *listen_again, *pulse;
    uint32_t max_connections, accepted;                  /* accepted: since connections were read last */
    struct connection *connections[OPS_CONNECTIONS_MAX]; /* counters.open of them, the oldest first */
    struct ops_http_counters counters;
    char address[OPS_ADDRESS_SIZE];
};

/* ---- The end of a connection ---- */

static void end(struct connection *connection)
{
    struct ops_http *http = connection->http;
    uint32_t i = 0;
    while (http->connections[i] != connection)
        i++;
    http->counters.open--;
    memmove(&http->connections[i], &http->connections[i + 1], (http->counters.open - i) * sizeof http->connections[i]);
    event_free(connection->deadline);
    bufferevent_free(connection->stream);
    free(connection);
}

static void set_deadline(struct connection *connection, int ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L};
    event_add(connection->deadline, &delay);
}

/* Closing while the peer still sends would make the kernel throw away what the peer has not read yet. */
static void linger(struct connection *connection)
{
    if (connection->peer_has_ended) {
        end(connection);
        return;
    }
    connection->state = LINGERING;
    shutdown(bufferevent_getfd(connection->stream), SHUT_WR);
    set_deadline(connection, OPS_LINGER_MS);
}

/* ---- Answers ---- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* Nothing of a page may come from elsewhere, and nobody may frame it or keep it. */
static void write_head(struct evbuffer *out, int status, const char *type, size_t size)
{
    evbuffer_add_printf(
        out,
        "HTTP/1.1 %d %s\r\n"
        "Content-Type: %s\r\n"
        "Content-Length: %zu\r\n"
        "%s"
        "Cache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
        "data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Connection: close\r\n\r\n",
        status, reason_of(status), type ? type : "text/plain; charset=utf-8", size,
        status == 405 ? "Allow: GET\r\n" : "");
}

static void write_answer(struct connection *connection, const struct ops_answer *answer)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    struct ops_http_counters *counters = &connection->http->counters;
    const char *reason = reason_of(answer->status);
    write_head(out, answer->status, answer->type, answer->body ? evbuffer_get_length(answer->body) : strlen(reason));
    if (answer->body)
        evbuffer_add_buffer_reference(out, answer->body);
    else
        evbuffer_add(out, reason, strlen(reason));
    *(answer->status == 200 ? &counters->answered : &counters->refused) += 1;
    connection->state = WRITING;
    evbuffer_drain(in, evbuffer_get_length(in)); /* lets more in, which is forgotten */
}

static void refuse(struct connection *connection, int status)
{
    const struct ops_answer answer = {.status = status};
    write_answer(connection, &answer);
}

/* With what was judged of its head, or with what the owner knows; else it goes on waiting. */
static void answer(struct connection *connection)
{
    const struct ops_http_options *options = &connection->http->options;
    struct ops_answer known = {.status = connection->status};
    static const struct timeval pulse = {0, OPS_PULSE_MS * 1000L};
    if (connection->status == OPS_HEAD_GOOD && !options->answer(options->user, connection->target, &known))
        return;
    write_answer(connection, &known);
    event_add(connection->http->pulse, &pulse);
}

static void answer_all(struct ops_http *http)
{
    for (uint32_t i = 0; i < http->counters.open; i++)
        if (http->connections[i]->state == WAITING)
            answer(http->connections[i]);
}

/* Within a pulse one waits for its end: so who asks in a loop asks a hundred times a second, and leaves the loop to the
 * work. */
static bool is_quiet(const struct ops_http *http)
{
    return !event_pending(http->pulse, EV_TIMEOUT, NULL);
}

static void on_pulse(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    answer_all(user);
}

void ops_http_ready(struct ops_http *http)
{
    if (is_quiet(http))
        answer_all(http);
}

/* ---- Reading ---- */

/* What comes behind a head has no meaning; it is read, once there is an answer, so that this can be heard. */
static void forget_rest(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    connection->rest += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (connection->rest > REST_MAX)
        end(connection);
}

static void read_head(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    size_t size = evbuffer_get_length(in);
    struct bytes target, head = bytes_of(evbuffer_pullup(in, -1), size);
    int status = ops_head_judge(head, &target);
    if (status == OPS_HEAD_MORE)
        return;
    if (status == OPS_HEAD_GOOD && target.size > OPS_TARGET_MAX)
        status = 404;
    if (status == OPS_HEAD_GOOD)
        memcpy(connection->target, target.data, target.size);
    set_deadline(connection, OPS_ANSWER_MS);
    connection->status = status;
    connection->state = WAITING;
    if (is_quiet(connection->http))
        answer(connection);
}

static void on_read(struct bufferevent *stream, void *user)
{
    (void)stream;
    struct connection *connection = user;
    if (connection->state == READING)
        read_head(connection);
    else if (connection->state != WAITING)
        forget_rest(connection);
}

/* Called when all was written. */
static void on_write(struct bufferevent *stream, void *user)
{
    (void)stream;
    struct connection *connection = user;
    if (connection->state == WRITING)
        linger(connection);
}

/* A peer that has said all it will may still listen; one that said half a head has said nothing. */
static void on_event(struct bufferevent *stream, short what, void *user)
{
    (void)stream;
    struct connection *connection = user;
    connection->peer_has_ended = true;
    if (!(what & BEV_EVENT_EOF) || connection->state == READING || connection->state == LINGERING)
        end(connection);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct connection *connection = user;
    enum state state = connection->state;
    connection->http->counters.late += state != LINGERING;
    if (state == READING || state == WAITING) {
        set_deadline(connection, OPS_LINGER_MS);
        refuse(connection, state == READING ? 408 : 503);
    } else {
        end(connection);
    }
}

/* ---- Accepting ---- */

static struct connection *oldest(const struct ops_http *http, enum state state)
{
    for (uint32_t i = 0; i < http->counters.open; i++)
        if (http->connections[i]->state == state)
            return http->connections[i];
    return NULL;
}

/* Those that were answered have had their time, those that have not asked yet had time to ask; else the oldest. */
static void make_room(struct ops_http *http)
{
    struct connection *chosen = oldest(http, LINGERING);
    if (!chosen)
        chosen = oldest(http, READING);
    http->counters.displaced++;
    end(chosen ? chosen : http->connections[0]);
}

static void drop_event(struct event *event)
{
    if (event)
        event_free(event);
}

static struct connection *connection_new(struct ops_http *http, evutil_socket_t fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    struct bufferevent *stream = bufferevent_socket_new(http->options.base, fd, BEV_OPT_CLOSE_ON_FREE);
    struct event *deadline = connection ? event_new(http->options.base, -1, 0, on_deadline, connection) : NULL;
    if (!connection || !stream || !deadline) {
        free(connection);
        drop_event(deadline);
        if (stream)
            bufferevent_free(stream);
        else
            evutil_closesocket(fd);
        return NULL;
    }
    *connection = (struct connection){.http = http, .stream = stream, .deadline = deadline};
    return connection;
}

static void pause_listening(struct ops_http *http, int ms)
{
    struct timeval pause = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L};
    evconnlistener_disable(http->listener);
    event_add(http->listen_again, &pause);
}

static void on_listen_again(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct ops_http *http = user;
    http->accepted = 0;
    evconnlistener_enable(http->listener);
}

/* Without a free descriptor the listener would be told of the same connection for ever. */
static void on_accept_failed(struct evconnlistener *listener, void *user)
{
    (void)listener;
    pause_listening(user, NO_DESCRIPTOR_MS);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
                      void *user)
{
    (void)listener;
    (void)address;
    (void)size;
    struct ops_http *http = user;
    if (http->counters.open == http->max_connections)
        make_room(http);
    if (++http->accepted == ACCEPTS)
        pause_listening(http, 0);
    struct connection *connection = connection_new(http, fd);
    if (!connection)
        return;
    http->connections[http->counters.open++] = connection;
    bufferevent_setcb(connection->stream, on_read, on_write, on_event, connection);
    bufferevent_setwatermark(connection->stream, EV_READ, 0, OPS_HEAD_BYTES_MAX);
    set_deadline(connection, OPS_HEAD_MS);
    bufferevent_enable(connection->stream, EV_READ);
}

/* ---- Life ---- */

/* As many as are left when clients have taken all they may. */
static uint32_t bound(void)
{
    static const rlim_t others = PORT_CONNECTIONS_MAX + OTHER_FILES;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur < others + OPS_CONNECTIONS_FEW)
        return OPS_CONNECTIONS_FEW;
    return files.rlim_cur - others < OPS_CONNECTIONS_MAX ? (uint32_t)(files.rlim_cur - others) : OPS_CONNECTIONS_MAX;
}

static int start(struct ops_http *http)
{
    http->max_connections = bound();
    int fd = ops_listen(http->options.listen, http->address);
    if (fd < 0)
        return fd;
    http->listener =
        evconnlistener_new(http->options.base, on_accept, http, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    http->listen_again = event_new(http->options.base, -1, 0, on_listen_again, http);
    http->pulse = event_new(http->options.base, -1, 0, on_pulse, http);
    if (!http->listener)
        close(fd);
    if (!http->listener || !http->listen_again || !http->pulse)
        return -ENOMEM;
    evconnlistener_set_error_cb(http->listener, on_accept_failed);
    return 0;
}

int ops_http_open(const struct ops_http_options *options, struct ops_http **ret_http)
{
    struct ops_http *http = calloc(1, sizeof *http);
    if (!http)
        return -ENOMEM;
    http->options = *options;
    int rc = start(http);
    if (rc < 0) {
        ops_http_close(http);
        return rc;
    }
    *ret_http = http;
    return 0;
}

void ops_http_close(struct ops_http *http)
{
    if (!http)
        return;
    while (http->counters.open > 0)
        end(http->connections[http->counters.open - 1]);
    if (http->listener) {
        evconnlistener_free(http->listener);
        ops_listen_end(http->address);
    }
    drop_event(http->listen_again);
    drop_event(http->pulse);
    free(http);
}

const char *ops_http_address(const struct ops_http *http)
{
    return http->address;
}

struct ops_http_counters ops_http_counters(const struct ops_http *http)
{
    return http->counters;
}
