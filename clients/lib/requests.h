/* requests.h - what was asked and is not answered yet: queued, sent, or resting after BUSY.
 *
 * A request keeps its packed envelope until it is answered, so that it can be sent again byte for byte (D1). Three
 * lists, each in order: `queued` waits for the window or a session, `sent` is in this session's hands, `resting` waits
 * out a retry time. Times are milliseconds of a monotonic clock. */
#pragma once
#include <uthash.h>

#include <referral/client.h>

struct answer;

struct request {
    struct request *prev, *next; /* in one of the three lists */
    UT_hash_handle hh;           /* by number */
    uint64_t number;
    bool is_command;
    bool is_sent;     /* in `sent` */
    bool is_doubtful; /* a session died while it was sent: it may have been done */
    int64_t deadline_ms, rest_until_ms;
    Referral__Reply *excuse; /* owned: the last BUSY, DRAINING or FAILED */
    struct answer *answer;   /* of a caller that waits; else ... */
    void (*on_reply)(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply);
    void *user;
    size_t size;
    uint8_t envelope[];
};

struct requests {
    struct request *queued, *sent, *resting; /* utlist */
    struct request *by_number;               /* uthash */
    size_t count, sent_count;
    uint64_t last_number;
    int64_t soonest_ms; /* no deadline and no rest ends before this */
};

void requests_init(struct requests *requests);
/* Packs and queues. OK with the request; BAD_ARGUMENT, TOO_LARGE or NO_MEMORY. */
enum referral_status requests_add(struct requests *requests, const struct referral_request *asked, int64_t deadline_ms,
                                  struct request **ret_request);
struct request *requests_find(struct requests *requests, uint64_t number); /* NULL: not, or no longer, asked */
/* The first in the queue leaves for the session. */
void requests_sent(struct requests *requests, struct request *request);
/* It was refused for now: again at `until_ms`. Takes `excuse`. */
void requests_rest(struct requests *requests, struct request *request, Referral__Reply *excuse, int64_t until_ms);
/* The session died: everything sent is queued again, in its old order and before what waits. */
void requests_requeue(struct requests *requests);
/* Takes it out of all lists and frees it; the excuse is the caller's then. */
void requests_remove(struct requests *requests, struct request *request);
/* Brings back those that have rested, and gives one whose time is up, or NULL; call until NULL. */
struct request *requests_expired(struct requests *requests, int64_t now_ms);
/* A command that may have been done by another store, or NULL. */
struct request *requests_doubtful(struct requests *requests);
struct request *requests_any(struct requests *requests);
