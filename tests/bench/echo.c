/* echo.c - referral-echo: the other ceiling - the same clients and frames over CURVE with nothing behind them: no
 * store, no rules.
 *
 * One thread and one ROUTER, as in the broker. HELLO is welcomed (its client name says which institution speaks), a
 * SUBMIT is answered and its sheet handed to the receiver that its reference names, an ACK is forgotten. Whatever has
 * come is read before anything is said, so frames fill under load as the broker's do. Prints "endpoint=..." and
 * "key=..." when it is ready; ends with its input. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zmq.h>

#include "wire/wire.h"

#define ARENA_BYTES     (1UL << 30)
#define ARENA_KEEP      (8UL << 20)
#define PEERS_MAX       64
#define PEER_ID_SIZE    5
#define NAME_SIZE       8
#define BURST           512
#define SAID_MAX        65536
#define WINDOW          256
#define REFERENCE_PLACE 2 /* in a sheet, whose first field the sender reference is: "B-<sender>-<receiver>-..." */
#define RECEIVER_PLACE  (REFERENCE_PLACE + 5)
#define NOBODY          (-1)

struct peer {
    uint8_t id[PEER_ID_SIZE];
    char name[NAME_SIZE];
    bool is_writing;
};

struct said { /* one envelope for one peer */
    int peer;
    Referral__Kind kind;
    struct bytes body;
};

struct echo {
    void *router;
    struct arena arena;
    struct peer peers[PEERS_MAX];
    int peer_count;
    struct said said[SAID_MAX];
    size_t said_count;
    struct frame_writer writers[PEERS_MAX];
    uint64_t deliveries;
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "referral-echo: %s: %s\n", what, zmq_strerror(errno));
    exit(1);
}

static inline void must(bool fine, const char *what)
{
    if (!fine)
        fail(what);
}

static int peer_by_id(struct echo *echo, const uint8_t id[PEER_ID_SIZE])
{
    for (int i = 0; i < echo->peer_count; i++)
        if (memcmp(echo->peers[i].id, id, PEER_ID_SIZE) == 0)
            return i;
    must(echo->peer_count < PEERS_MAX, "too many peers");
    memcpy(echo->peers[echo->peer_count].id, id, PEER_ID_SIZE);
    must(frame_writer_init(&echo->writers[echo->peer_count]) == 0, "memory");
    return echo->peer_count++;
}

/* The newest connection of that name. */
static int peer_by_name(const struct echo *echo, const char *name)
{
    for (int i = echo->peer_count - 1; i >= 0; i--)
        if (strcmp(echo->peers[i].name, name) == 0)
            return i;
    return NOBODY;
}

static void say(struct echo *echo, int peer, Referral__Kind kind, const ProtobufCMessage *body)
{
    must(echo->said_count < SAID_MAX, "more to say than fits");
    echo->said[echo->said_count++] = (struct said){peer, kind, wire_pack(body, &echo->arena)};
}

/* ---- What was heard ---------------------------------------------------------------------------------------------------------- */

static void hear_hello(struct echo *echo, int peer, ProtobufCBinaryData body)
{
    Referral__Hello *hello = referral__hello__unpack(NULL, body.len, body.data);
    Referral__Welcome welcome = REFERRAL__WELCOME__INIT;
    char store_id[] = "00000000000000000000000000000000";
    if (hello == NULL || hello->client_name == NULL)
        fail("a HELLO without a name");
    snprintf(echo->peers[peer].name, NAME_SIZE, "%s", hello->client_name);
    referral__hello__free_unpacked(hello, NULL);
    welcome.institution = echo->peers[peer].name;
    welcome.store_id = store_id;
    welcome.has_session = welcome.has_incarnation = welcome.has_window = true;
    welcome.session = (uint64_t)peer + 1;
    welcome.incarnation = 1;
    welcome.window = WINDOW;
    say(echo, peer, REFERRAL__KIND__WELCOME, &welcome.base);
}

static void deliver(struct echo *echo, ProtobufCBinaryData sheet, char *referral_id)
{
    Referral__Delivery delivery = REFERRAL__DELIVERY__INIT;
    uint8_t id[19] = {0};
    char name[NAME_SIZE] = "";
    must(sheet.len > RECEIVER_PLACE + 2, "not a sheet of the load");
    snprintf(name, sizeof name, "BR%c%c", sheet.data[RECEIVER_PLACE], sheet.data[RECEIVER_PLACE + 1]);
    int receiver = peer_by_name(echo, name);
    if (receiver == NOBODY)
        return;
    memcpy(id, &echo->deliveries, sizeof echo->deliveries);
    echo->deliveries++;
    delivery.has_delivery_id = delivery.has_lane = delivery.has_attempt = delivery.has_kind = delivery.has_body = true;
    delivery.delivery_id = (ProtobufCBinaryData){.data = id, .len = sizeof id};
    delivery.lane = REFERRAL__PRIORITY__ROUTINE;
    delivery.attempt = 1;
    delivery.kind = REFERRAL__DELIVERY_KIND__SHEET;
    delivery.referral_id = referral_id;
    delivery.body = sheet;
    say(echo, receiver, REFERRAL__KIND__DELIVERY, &delivery.base);
}

static void hear_submit(struct echo *echo, int peer, const Referral__Envelope *envelope)
{
    char referral_id[] = "bench-a1b2c3-1234567-12";
    Referral__Reply reply = REFERRAL__REPLY__INIT;
    reply.has_request = true;
    reply.request = envelope->request;
    reply.referral_id = referral_id;
    say(echo, peer, REFERRAL__KIND__REPLY, &reply.base);
    deliver(echo, envelope->body, referral_id);
}

static void hear_frame(struct echo *echo, int peer, struct bytes bytes)
{
    struct frame frame;
    must(frame_open(bytes, &frame) == REFUSED_NOT, "a bad frame");
    for (size_t i = 0; i < frame.count; i++) {
        struct findings findings = {.count = 0};
        uint64_t request;
        const Referral__Envelope *envelope = frame_envelope(&frame, i, &echo->arena, &findings, &request);
        must(envelope != NULL, "a bad envelope");
        if (envelope->kind == REFERRAL__KIND__HELLO)
            hear_hello(echo, peer, envelope->body);
        else if (envelope->kind == REFERRAL__KIND__SUBMIT)
            hear_submit(echo, peer, envelope);
    }
}

/* ---- In and out -------------------------------------------------------------------------------------------------------------- */

static bool hear(struct echo *echo)
{
    zmq_msg_t id, payload;
    zmq_msg_init(&id);
    if (zmq_msg_recv(&id, echo->router, ZMQ_DONTWAIT) < 0)
        return false;
    zmq_msg_init(&payload);
    must(zmq_msg_recv(&payload, echo->router, ZMQ_DONTWAIT) >= 0, "a message in one part");
    int peer = peer_by_id(echo, zmq_msg_data(&id));
    hear_frame(echo, peer, bytes_of(zmq_msg_data(&payload), zmq_msg_size(&payload)));
    zmq_msg_close(&payload);
    zmq_msg_close(&id);
    return true;
}

static void send_frame(struct echo *echo, int peer)
{
    struct bytes frame = frame_writer_bytes(&echo->writers[peer]);
    if (zmq_send(echo->router, echo->peers[peer].id, PEER_ID_SIZE, ZMQ_SNDMORE) >= 0) /* else the peer is gone */
        must(zmq_send(echo->router, frame.data, frame.size, 0) >= 0, "send");
    echo->peers[peer].is_writing = false;
}

static void speak(struct echo *echo)
{
    for (size_t i = 0; i < echo->said_count; i++) {
        const struct said *said = &echo->said[i];
        struct frame_writer *writer = &echo->writers[said->peer];
        if (!echo->peers[said->peer].is_writing)
            frame_writer_reset(writer, (uint64_t)said->peer + 1);
        if (!frame_writer_add(writer, said->kind, said->body)) {
            send_frame(echo, said->peer);
            frame_writer_reset(writer, (uint64_t)said->peer + 1);
            frame_writer_add(writer, said->kind, said->body);
        }
        echo->peers[said->peer].is_writing = true;
    }
    for (int peer = 0; peer < echo->peer_count; peer++)
        if (echo->peers[peer].is_writing)
            send_frame(echo, peer);
    echo->said_count = 0;
}

static void run(struct echo *echo)
{
    zmq_pollitem_t items[2] = {{.socket = echo->router, .events = ZMQ_POLLIN},
                               {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};
    while (items[1].revents == 0) {
        zmq_poll(items, 2, -1);
        for (int i = 0; i < BURST && hear(echo); i++) {
        }
        speak(echo);
        arena_reset(&echo->arena, ARENA_KEEP);
    }
}

static void open_router(struct echo *echo, void *context)
{
    static const int on = 1, off = 0;
    static const int64_t frame_bytes_max = LIMIT_FRAME_BYTES + 64;
    char public_key[41], secret_key[41], endpoint[256], hex[65];
    uint8_t key[32];
    size_t size = sizeof endpoint;
    echo->router = zmq_socket(context, ZMQ_ROUTER);
    must(echo->router != NULL && zmq_curve_keypair(public_key, secret_key) == 0, "socket");
    must(zmq_setsockopt(echo->router, ZMQ_CURVE_SERVER, &on, sizeof on) == 0 &&
             zmq_setsockopt(echo->router, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key) == 0 &&
             zmq_setsockopt(echo->router, ZMQ_ROUTER_MANDATORY, &on, sizeof on) == 0 &&
             zmq_setsockopt(echo->router, ZMQ_LINGER, &off, sizeof off) == 0 &&
             zmq_setsockopt(echo->router, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) == 0 &&
             zmq_bind(echo->router, "tcp://127.0.0.1:*") == 0 &&
             zmq_getsockopt(echo->router, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0,
         "bind");
    zmq_z85_decode(key, public_key);
    hex_encode(hex, bytes_of(key, sizeof key));
    printf("endpoint=%s\nkey=%s\n", endpoint, hex);
    fflush(stdout);
}

int main(void)
{
    struct echo *echo = calloc(1, sizeof *echo);
    void *context = zmq_ctx_new();
    must(echo != NULL && context != NULL && arena_open(&echo->arena, ARENA_BYTES) == 0, "memory");
    prctl(PR_SET_PDEATHSIG, 9); /* never outlives the benchmark */
    open_router(echo, context);
    run(echo);
    zmq_close(echo->router);
    zmq_ctx_term(context);
    for (int i = 0; i < echo->peer_count; i++)
        frame_writer_fini(&echo->writers[i]);
    arena_close(&echo->arena);
    free(echo);
    return 0;
}
