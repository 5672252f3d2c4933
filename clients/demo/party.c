/* party.c - see party.h. */
#include "party.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct party {
    const struct party_identity *identity;
    int fd;
    struct referral_client *client; /* NULL while disconnected */
};

struct asked { /* a request on its way */
    struct party *party;
    uint64_t tag;
};

bool pipe_put(int fd, const void *head, size_t head_size, const void *body, size_t size)
{
    const void *parts[] = {head, body};
    const size_t sizes[] = {head_size, size};
    for (size_t i = 0; i < 2; i++) {
        for (size_t done = 0; done < sizes[i];) {
            ssize_t n = write(fd, (const char *)parts[i] + done, sizes[i] - done);
            if (n <= 0)
                return false;
            done += (size_t)n;
        }
    }
    return true;
}

bool pipe_get(int fd, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)data + done, size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static void tell(struct party *party, const struct report *what, const ProtobufCMessage *message)
{
    struct report report = *what;
    uint8_t *body = NULL;
    if (message != NULL) {
        report.size = protobuf_c_message_get_packed_size(message);
        body = malloc(report.size + 1);
        if (body == NULL)
            abort();
        protobuf_c_message_pack(message, body);
    }
    pipe_put(party->fd, &report, sizeof report, body, report.size);
    free(body);
}

static void on_link(struct referral_client *client, void *user, enum referral_link link, enum referral_trouble trouble)
{
    (void)client, (void)trouble;
    struct report report = {.kind = REPORT_LINK, .up = link == REFERRAL_LINK_READY};
    tell(user, &report, NULL);
}

static void on_delivery(struct referral_client *client, void *user, const Referral__Delivery *delivery)
{
    struct report report = {.kind = REPORT_DELIVERY};
    tell(user, &report, &delivery->base);
    referral_ack(client, delivery->delivery_id);
}

static void on_reply(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply)
{
    (void)client;
    struct asked *asked = user;
    struct report report = {.kind = REPORT_REPLY, .status = status, .tag = asked->tag};
    tell(asked->party, &report, reply == NULL ? NULL : &reply->base);
    free(asked);
}

static void party_connect(struct party *party, uint32_t credit)
{
    const struct party_identity *identity = party->identity;
    struct referral_options options = {
        .addresses = &identity->address,
        .address_count = 1,
        .key_file = identity->key_file,
        .client_name = "referral-demo",
        .credit = credit,
        .on_delivery = on_delivery,
        .on_link = on_link,
        .user = party,
    };
    memcpy(options.server_key, identity->server_key, sizeof options.server_key);
    if (referral_open(&options, &party->client) != REFERRAL_OK)
        party->client = NULL;
}

static void party_ask(struct party *party, const struct order *order, const void *body)
{
    struct asked *asked = malloc(sizeof *asked);
    if (asked == NULL)
        abort();
    *asked = (struct asked){.party = party, .tag = order->tag};
    struct referral_request request = {
        .kind = order->request,
        .message_id = order->message_id[0] ? order->message_id : NULL,
        .body = body,
        .body_size = order->size,
    };
    enum referral_status status =
        party->client == NULL ? REFERRAL_DISCONNECTED : referral_send(party->client, &request, on_reply, asked);
    if (status != REFERRAL_OK)
        on_reply(NULL, asked, status, NULL);
}

/* False: it is over. */
static bool party_obey(struct party *party)
{
    struct order order;
    if (!pipe_get(party->fd, &order, sizeof order) || order.kind == ORDER_QUIT)
        return false;
    uint8_t *body = malloc(order.size + 1);
    if (body == NULL || !pipe_get(party->fd, body, order.size)) {
        free(body);
        return false;
    }
    if (order.kind == ORDER_CONNECT && party->client == NULL) {
        party_connect(party, order.credit);
    } else if (order.kind == ORDER_DISCONNECT) {
        referral_close(party->client);
        party->client = NULL;
    } else if (order.kind == ORDER_ASK) {
        party_ask(party, &order, body);
    }
    free(body);
    return true;
}

int party_run(const struct party_identity *identity, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the demonstration */
    struct party party = {.identity = identity, .fd = fd};
    for (bool going = true; going;) {
        struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
        if (party.client != NULL)
            polled[1].fd = referral_fd(party.client);
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[1].revents != 0)
            referral_process(party.client);
        if (polled[0].revents != 0)
            going = party_obey(&party);
    }
    referral_close(party.client);
    return 0;
}
