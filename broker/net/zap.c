/* zap.c - one REP socket on the well-known name; each question is answered at once, within the loop. */
#include "net/zap.h"
#include "net/pump.h"
#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_PARTS    7
#define KEY_SIZE     32
#define USER_ID_SIZE (2 * KEY_SIZE + 1)

struct zap {
    void *socket;
    struct pump *pump;
    zap_admits admits;
    void *user;
    uint64_t refused;
};

/* RFC 27: version, request id, domain, address, routing id, mechanism, credentials; for CURVE these are the client's
 * public key. */
enum part { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIALS };

struct question {
    zmq_msg_t parts[ZAP_PARTS];
    size_t count; /* parts received, also those beyond the seventh */
};

static struct bytes part_bytes(struct question *question, enum part part)
{
    return bytes_of(zmq_msg_data(&question->parts[part]), zmq_msg_size(&question->parts[part]));
}

static bool part_is(struct question *question, enum part part, const char *text)
{
    return bytes_equal(part_bytes(question, part), bytes_text(text));
}

/* The size of the whole message, or -errno. Every part is read, since REP must have read all before it answers. */
static ssize_t question_receive(void *socket, struct question *question)
{
    size_t size = 0;
    bool more = true;
    for (question->count = 0; more; question->count++) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0)
            return -errno;
        size += zmq_msg_size(&part);
        more = zmq_msg_more(&part);
        if (question->count < ZAP_PARTS) {
            zmq_msg_init(&question->parts[question->count]);
            zmq_msg_move(&question->parts[question->count], &part);
        }
        zmq_msg_close(&part);
    }
    return (ssize_t)size;
}

static void question_release(struct question *question)
{
    for (size_t i = 0; i < question->count && i < ZAP_PARTS; i++)
        zmq_msg_close(&question->parts[i]);
}

static bool question_is_ours(struct question *question)
{
    return question->count == ZAP_PARTS && part_is(question, VERSION, "1.0") && part_is(question, DOMAIN, ZAP_DOMAIN) &&
           part_is(question, MECHANISM, "CURVE") && part_bytes(question, CREDENTIALS).size == KEY_SIZE;
}

static void answer(void *socket, struct bytes request_id, bool admitted, const char *user_id)
{
    const struct bytes parts[] = {
        bytes_text("1.0"),
        request_id,
        bytes_text(admitted ? "200" : "400"),
        bytes_text(admitted ? "OK" : "refused"),
        bytes_text(user_id),
        bytes_of(NULL, 0),
    };
    const size_t count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < count; i++)
        zmq_send(socket, parts[i].data, parts[i].size, ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0));
}

static ssize_t zap_receive(void *user)
{
    struct zap *zap = user;
    struct question question;
    ssize_t size = question_receive(zap->socket, &question);
    if (size < 0)
        return size;
    char user_id[USER_ID_SIZE] = "";
    bool admitted = question_is_ours(&question) &&
                    zap->admits(zap->user, part_bytes(&question, CREDENTIALS).data, part_bytes(&question, ADDRESS));
    if (admitted)
        hex_encode(user_id, part_bytes(&question, CREDENTIALS));
    else
        zap->refused++;
    struct bytes request_id = question.count > REQUEST_ID ? part_bytes(&question, REQUEST_ID) : bytes_of(NULL, 0);
    answer(zap->socket, request_id, admitted, user_id);
    question_release(&question);
    return size;
}

int zap_open(struct event_base *base, void *zmq_context, zap_admits admits, void *user, struct zap **ret_zap)
{
    static const int linger = 0;
    struct zap *zap = calloc(1, sizeof *zap);
    if (!zap)
        return -ENOMEM;
    zap->admits = admits;
    zap->user = user;
    zap->socket = zmq_socket(zmq_context, ZMQ_REP);
    int rc = 0;
    if (!zap->socket || zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) < 0 ||
        zmq_bind(zap->socket, ZAP_ENDPOINT) < 0)
        rc = -errno;
    if (rc == 0)
        rc = pump_open(base, zap->socket, (struct pump_calls){.user = zap, .receive = zap_receive}, &zap->pump);
    if (rc < 0) {
        zap_close(zap);
        return rc;
    }
    *ret_zap = zap;
    return 0;
}

void zap_close(struct zap *zap)
{
    if (!zap)
        return;
    pump_close(zap->pump);
    if (zap->socket)
        zmq_close(zap->socket);
    free(zap);
}

uint64_t zap_refused(const struct zap *zap)
{
    return zap->refused;
}
