/* conversation.h - what a client says and hears, and when: the state behind <referral/client.h>.
 *
 * A connection comes up; HELLO goes out; WELCOME makes the session live. From then on frames go out as long as the
 * connection takes them: acknowledgements and credit first, then requests within the window. When the connection
 * breaks, or the broker answers NO_SESSION, what was sent and not answered is queued again and goes out in the next
 * session: queries always, commands only to the same store and incarnation (D1). */
#pragma once
#include "intake.h"
#include "outframe.h"
#include "requests.h"
#include "waker.h"

enum session_state {
    SESSION_NONE,     /* no connection */
    SESSION_GREETING, /* HELLO goes out, or has gone */
    SESSION_LIVE
};

struct referral_client {
    struct wirelink link;
    struct requests requests;
    struct intake intake;

    enum session_state session;
    uint64_t epoch; /* of the session, from WELCOME */
    bool hello_due, ping_due, pong_due;
    int64_t greeted_ms, heard_ms, said_ms, pinged_ms;
    int64_t wondered_ms;        /* when a ping was first due since something was heard; 0: none */
    Referral__Welcome *welcome; /* owned: the last one; NULL before the first */
    struct outframe frame;

    int epoll_fd;
    struct waker waker;
    bool is_processing, is_closing;
    enum referral_status failure; /* of this round: a lack of memory */

    char *name, *version, *language; /* owned */
    uint32_t request_timeout_ms;
    void (*on_delivery)(struct referral_client *client, void *user, const Referral__Delivery *delivery);
    void (*on_link)(struct referral_client *client, void *user, enum referral_link link, enum referral_trouble trouble);
    void *user;
};

/* A request's answer where somebody waits for it, instead of a callback. */
struct answer {
    bool is_done;
    enum referral_status status;
    Referral__Reply *reply; /* owned by the waiting */
};

/* Receives frames, a bounded number, and acts on their envelopes. */
void conversation_hear(struct referral_client *client, int64_t now_ms);
/* Connections that come and go; greeting, silence, and requests whose time is up. */
void conversation_tend(struct referral_client *client, int64_t now_ms);
/* Sends what there is to say, as far as the connection takes it. */
void conversation_speak(struct referral_client *client, int64_t now_ms);
/* When there is something to do next, even if nothing arrives. */
int64_t conversation_due_ms(const struct referral_client *client);
/* Ends a request: its callback or its waiting caller gets `status`. Takes `reply`. */
void conversation_finish(struct referral_client *client, struct request *request, enum referral_status status,
                         Referral__Reply *reply);
