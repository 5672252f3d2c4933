/* load.h - the load generator's parts: a plan, a board that all threads see, and the parties, each with its own key and
 * connection. */
#pragma once
#include <stdatomic.h>
#include <stdio.h>

#include "ledger.h"
#include "sheets.h"

#define SENDERS_MAX   16
#define RECEIVERS_MAX 16
#define LANES         3

struct plan {
    const char *address, *keys; /* keys: a folder with BS00.key ... and BR00.key ... */
    uint8_t server_key[REFERRAL_KEY_SIZE];
    unsigned senders, receivers;
    unsigned first_receiver; /* of those that are sent to or that receive: BR<first> ... */
    unsigned in_flight;      /* trips under way, of all senders together */
    uint32_t count;          /* trips to make; 0: until stopped */
    uint32_t per_second;     /* 0: the next trip begins when one has ended; else by the clock, come what may */
    uint32_t credit;         /* of each receiver */
    bool one_way;            /* submit only: a trip ends with its answer */
    const char *ledger;      /* a folder; with it all three lanes are used; NULL: none */
};

/* Shared by all threads; what one party writes and others read lies apart. */
struct sender_board {
    _Alignas(64) atomic_uint acked; /* trips whose delivery a receiver has acknowledged */
    _Alignas(64) atomic_uint answered;
    int wake_fd; /* an eventfd: some were acknowledged */
};

struct times { /* of one trip, in microseconds from the start of all; 0: not yet */
    uint32_t due, answered, acked;
};

struct board {
    const struct plan *plan;
    struct sender_board senders[SENDERS_MAX];
    atomic_uint received[RECEIVERS_MAX]; /* deliveries acknowledged, of whatever origin */
    _Atomic int64_t first_received_ns;   /* wall clock; 0: none yet */
    atomic_bool stopping;                /* no new trips; senders end when all theirs have ended */
    int close_fd;                        /* readable for ever once receivers are to end */
    int64_t start_ns;                    /* monotonic */
    struct times *times;                 /* `count` of them; NULL where nobody asks */
};

int64_t monotonic_ns(void);
int64_t wall_ns(void);
uint32_t board_us(const struct board *board); /* since the start */

struct sender {
    struct board *board;
    unsigned index;
    struct referral_client *client;
    struct ledger ledger;
    struct sheet_form forms[RECEIVERS_MAX][LANES];
    uint32_t next;           /* how many trips were begun */
    uint32_t sent, answered; /* since this program began */
};
/* Opens the client and prepares the sheets; exits with a message on failure, as everything here does. */
void sender_open(struct sender *sender, struct board *board, unsigned index);
void *sender_run(void *user); /* a struct sender */

struct receiver {
    struct board *board;
    unsigned index; /* from 0, whatever the plan's first_receiver */
    struct referral_client *client;
    struct ledger ledger;
    unsigned touched; /* a bit for each sender that is to be woken */
};
void receiver_open(struct receiver *receiver, struct board *board, unsigned index);
void *receiver_run(void *user); /* a struct receiver */

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
