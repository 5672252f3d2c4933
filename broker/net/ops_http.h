/* ops_http.h - the read-only local HTTP of operators: one small GET a connection, answered and closed.
 *
 * There is no HTTP library behind this. What libevent's server accepts (heads without limit, bare LF, NUL, two Hosts,
 * bodies, connections without number, time counted by the byte) would need a filter that reads the whole head before
 * it; with the head read and judged (ops_head.h), what is left of HTTP is a status line.
 *
 * Whoever is slow is let go: the whole head within OPS_HEAD_MS, the whole answer taken within OPS_ANSWER_MS after it.
 * When there are too many, the oldest unfinished connection makes room for the new one, so that slow ones lock nobody
 * out. Whoever asks in a loop is answered once in OPS_PULSE_MS, so that looking takes nothing from the work. One
 * thread. */
#pragma once
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define OPS_CONNECTIONS_MAX 1024
#define OPS_CONNECTIONS_FEW 32 /* where file descriptors (RLIMIT_NOFILE) are few */
#define OPS_HEAD_MS         5000
#define OPS_ANSWER_MS       3000
#define OPS_LINGER_MS                                                                                                  \
    1000 /* after an answer, for the peer to close: what it still sends must not destroy what was answered */
#define OPS_PULSE_MS   10 /* answers leave in pulses, if one follows the other */
#define OPS_TARGET_MAX 64

struct ops_http;

struct ops_answer {
    int status;
    const char *type;      /* media type; NULL: plain text */
    struct evbuffer *body; /* borrowed for the call; shared then, not copied. NULL: the name of the status */
};

struct ops_http_options {
    struct event_base *base;
    const char *listen; /* "127.0.0.1:5571", "[::1]:5571", port 0 for any free one; "unix:/run/referrald/ops.sock" */
    void *user;
    /* What to answer to this path and query; false: not known yet, ops_http_ready will be called. */
    bool (*answer)(void *user, const char *target, struct ops_answer *ret_answer);
};
/* 0; -EINVAL: no address of this machine's own; else why it cannot be bound. */
int ops_http_open(const struct ops_http_options *options, struct ops_http **ret_http);
void ops_http_close(struct ops_http *http); /* NULL is fine */
/* Those that wait ask again. */
void ops_http_ready(struct ops_http *http);
/* As in the options, with the real port. */
const char *ops_http_address(const struct ops_http *http);

struct ops_http_counters {
    uint64_t answered, refused, late, displaced; /* 200s; other statuses; let go as too slow; let go to make room */
    uint32_t open;
};
struct ops_http_counters ops_http_counters(const struct ops_http *http);
