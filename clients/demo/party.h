/* party.h - the information system of one institution, as a process of its own with its own key and its own CURVE
 * connection.
 *
 * The stage (its parent) gives orders through a socket pair and hears what happens: a thin adapter, as a real HIS would
 * run one. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include <referral/client.h>

struct party_identity {
    const char *address;
    uint8_t server_key[REFERRAL_KEY_SIZE];
    const char *key_file;
};

enum order_kind {
    ORDER_CONNECT, /* open the connection, with `credit` */
    ORDER_DISCONNECT,
    ORDER_ASK, /* send `request`, a command or query, with the body that follows */
    ORDER_QUIT,
};
struct order { /* followed by `size` bytes of body */
    enum order_kind kind;
    Referral__Kind request;
    uint64_t tag; /* comes back with the reply */
    uint32_t credit;
    char message_id[LIMIT_ID_BYTES + 1];
    size_t size;
};

enum report_kind {
    REPORT_LINK,     /* `up` says which way */
    REPORT_REPLY,    /* a serialised Reply follows, where there is one */
    REPORT_DELIVERY, /* a serialised Delivery follows; it is acknowledged already */
};
struct report { /* followed by `size` bytes */
    enum report_kind kind;
    bool up;
    enum referral_status status;
    uint64_t tag;
    size_t size;
};

/* Runs in the child until ORDER_QUIT or until the stage is gone; returns its exit code. */
int party_run(const struct party_identity *identity, int fd);
/* One message over the socket pair; false when the other side is gone. */
bool pipe_put(int fd, const void *head, size_t head_size, const void *body, size_t size);
bool pipe_get(int fd, void *data, size_t size);
