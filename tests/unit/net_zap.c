/* net_zap.c - who may connect: a key the broker knows, over CURVE, in our domain; nobody else (section 3 of the
 * contract: T5, P2). */
#include <errno.h>

#include "net_fixture.h"

static struct net net;

static void set_up(void)
{
    net_open(&net);
}

static void tear_down(void)
{
    net_close(&net);
}

TestSuite(zap, .init = set_up, .fini = tear_down);

/* Waits for how the handshake of a client ends: a ZMQ_EVENT. */
static int handshake_of(void *context, void *dealer, const char *endpoint)
{
    static const int linger = 0;
    int event = 0;
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger);
    zmq_socket_monitor(dealer, "inproc://handshake",
                       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    zmq_connect(monitor, "inproc://handshake");
    cr_assert_eq(zmq_connect(dealer, endpoint), 0);
    net_until(&net, event != 0 || ({
                        uint16_t word = 0;
                        if (zmq_recv(monitor, &word, sizeof word, ZMQ_DONTWAIT) >= 0)
                            event = word;
                        event != 0;
                    }));
    zmq_socket_monitor(dealer, NULL, 0);
    zmq_close(monitor);
    return event;
}

static int handshake_with(const struct key_pair *pair)
{
    void *context = zmq_ctx_new();
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    if (pair) {
        zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, net.server.public_key, 32);
        zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, pair->public_key, 32);
        zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, pair->secret_key, 32);
    }
    int event = handshake_of(context, dealer, zmq_port_endpoint(net.port));
    zmq_close(dealer);
    zmq_ctx_term(context);
    return event;
}

Test(zap, t5_a_known_key_may_connect)
{
    cr_assert_eq(handshake_with(&net.known), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    cr_assert_eq(zap_refused(net.zap), 0);
}

Test(zap, t5_an_unknown_key_is_refused)
{
    struct key_pair unknown = key_pair_new();
    cr_assert_eq(handshake_with(&unknown), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    cr_assert(zap_refused(net.zap) >= 1);
    cr_assert_eq(net.frames, 0);
}

Test(zap, t5_a_known_public_key_without_its_secret_is_nobody)
{
    struct key_pair thief = {.public_key = {0}};
    memcpy(thief.public_key, net.known.public_key, 32);
    memcpy(thief.secret_key, key_pair_new().secret_key, 32);
    cr_assert_neq(handshake_with(&thief), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    cr_assert_eq(zap_refused(net.zap), 0, "CURVE itself refuses, nobody is asked");
}

Test(zap, t5_a_client_without_curve_is_refused_although_every_key_may_come)
{
    net.admit_all = true;
    cr_assert_neq(handshake_with(NULL), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

/* Asks the handler as libzmq would, part by part. */
static void ask(const struct bytes *parts, size_t count, char ret_status[4], char ret_user_id[80])
{
    void *asking = zmq_socket(net.context, ZMQ_REQ);
    char part[80];
    int answered = -1, size;
    cr_assert_eq(zmq_connect(asking, "inproc://zeromq.zap.01"), 0);
    for (size_t i = 0; i < count; i++)
        zmq_send(asking, parts[i].data, parts[i].size, i + 1 < count ? ZMQ_SNDMORE : 0);
    net_until(&net, answered >= 0 || (answered = zmq_recv(asking, part, sizeof part, ZMQ_DONTWAIT)) >= 0);
    cr_assert_eq(answered, 3, "no answer to %zu parts", count);
    cr_assert_eq(memcmp(part, "1.0", 3), 0);
    for (int i = 1; i < 6; i++) {
        size = zmq_recv(asking, part, sizeof part - 1, ZMQ_DONTWAIT);
        cr_assert(size >= 0, "part %d of the answer", i);
        part[size] = '\0';
        if (i == 2)
            strcpy(ret_status, part);
        else if (i == 4)
            strcpy(ret_user_id, part);
    }
    int more;
    zmq_getsockopt(asking, ZMQ_RCVMORE, &more, &(size_t){sizeof more});
    cr_assert_eq(more, 0);
    zmq_close(asking);
}

Test(zap, t5_only_a_question_of_the_exact_form_is_answered_with_200)
{
    const struct bytes good[] = {bytes_text("1.0"),
                                 bytes_text("1"),
                                 bytes_text(ZAP_DOMAIN),
                                 bytes_text("::1"),
                                 bytes_text(""),
                                 bytes_text("CURVE"),
                                 bytes_of(net.known.public_key, 32),
                                 bytes_text("one too many")};
    char status[4], user_id[80], hex[65];
    hex_encode(hex, good[6]);
    ask(good, 7, status, user_id);
    cr_assert_str_eq(status, "200");
    cr_assert_str_eq(user_id, hex, "the User-Id is the key");
    cr_assert_str_eq(net.address, "::1");
    for (size_t count = 1; count <= 8; count++) {
        if (count != 7) {
            ask(good, count, status, user_id);
            cr_assert_str_eq(status, "400", "%zu parts", count);
            cr_assert_str_eq(user_id, "");
        }
    }
    static const struct {
        size_t part;
        const char *text;
    } bad[] = {{0, "1.1"},  {0, ""},      {2, "global"}, {2, ""},     {2, "referrald2"},
               {5, "NULL"}, {5, "PLAIN"}, {5, "curve"},  {6, "short"}};
    net.admit_all = true;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes parts[7];
        memcpy(parts, good, sizeof parts);
        parts[bad[i].part] = bytes_text(bad[i].text);
        ask(parts, 7, status, user_id);
        cr_assert_str_eq(status, "400", "row %zu", i);
        cr_assert_str_eq(user_id, "");
    }
    cr_assert_eq(zap_refused(net.zap), 7 + sizeof bad / sizeof bad[0]);
}

Test(zap, a_second_handler_in_the_context_is_refused)
{
    struct zap *second = NULL;
    cr_assert_eq(zap_open(net.base, net.context, net_admits, &net, &second), -EADDRINUSE);
    cr_assert_null(second);
}

Test(zap, the_self_test_passes_where_strangers_are_refused)
{
    cr_assert_eq(zap_self_test(net.base, net.context, zmq_port_endpoint(net.port), net.server.public_key, 20000), 0);
}

Test(zap, the_self_test_fails_where_strangers_are_admitted)
{
    net.admit_all = true;
    cr_assert_eq(zap_self_test(net.base, net.context, zmq_port_endpoint(net.port), net.server.public_key, 20000),
                 -EPERM);
}

Test(zap, the_self_test_fails_where_nobody_answers_or_the_server_key_is_another)
{
    struct key_pair other = key_pair_new();
    cr_assert_eq(zap_self_test(net.base, net.context, zmq_port_endpoint(net.port), other.public_key, 300), -ETIMEDOUT);
    zap_close(net.zap);
    net.zap = NULL;
    cr_assert_eq(zap_self_test(net.base, net.context, zmq_port_endpoint(net.port), net.server.public_key, 300),
                 -ETIMEDOUT);
}

/* What makes the domain count: a socket of another domain, in the same context, gets nobody in. */
Test(zap, t5_a_socket_of_another_domain_admits_nobody)
{
    static const int yes = 1, enforce_domain = 93, linger = 0;
    char endpoint[256];
    net.admit_all = true;
    void *router = zmq_socket(net.context, ZMQ_ROUTER);
    zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, net.server.secret_key, 32);
    zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, "elsewhere", 9);
    cr_assert_eq(zmq_setsockopt(router, enforce_domain, &yes, sizeof yes), 0, "libzmq lacks this draft option");
    cr_assert_eq(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &(size_t){sizeof endpoint});
    void *context = zmq_ctx_new();
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, net.server.public_key, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, net.known.public_key, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, net.known.secret_key, 32);
    cr_assert_eq(handshake_of(context, dealer, endpoint), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    zmq_close(dealer);
    zmq_ctx_term(context);
    zmq_close(router);
}
