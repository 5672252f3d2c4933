/* client.h - libreferral: speak to a referrald as one institution, in C.
 *
 * One client is one connected key, and so one institution. It connects by itself, reconnects by itself, and keeps two
 * promises apart: a *request* is answered once or fails with a status that says whether it may have been done; a
 * *delivery* comes at least once, and stays in the broker's inbox until it is acknowledged (rules D1 to D5; the
 * conversation is told in proto/README.md, which is installed as PROTOCOL.md).
 *
 * Two ways to use it, of which a client uses either at any time:
 *   blocking      referral_connect, referral_call, referral_receive, referral_flush wait until they are done or their time is up;
 *   event loop    watch referral_fd() for reading, call referral_process() when it is readable; answers come as callbacks.
 *
 * While it holds a session a client must be heard every ping interval (WELCOME; 10 s): call one of these functions at
 * least that often, or the broker takes back what is in hand and delivers it again; the session is then renewed by
 * itself.
 *
 * One thread a client: no function of one client may run beside another one of the same client. Clients share nothing,
 * so each thread may have its own. Callbacks run inside referral_process, referral_close and the blocking functions,
 * on_link inside referral_ack and referral_nack too; they may send, acknowledge and grant, but neither process, nor
 * block, nor close.
 *
 * Only referral_close and the *_free functions end what they are given; all other arguments are borrowed for the length
 * of the call. Messages are the generated protobuf-c structures of the .proto files.
 *
 * A client has threads of its own, which take no signals and do not outlive fork(2): the child neither uses nor closes
 * it, but ends or executes another program, to which none of its descriptors pass. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <referral/limits.h>
#include <referral/place.pb-c.h>
#include <referral/query.pb-c.h>
#include <referral/referral.pb-c.h>
#include <referral/registry.pb-c.h>
#include <referral/wire.pb-c.h>

#include <referral/key.h>

#ifdef __cplusplus
extern "C" {
#endif

struct referral_client; /* opaque */

enum referral_status {
    REFERRAL_OK = 0,
    REFERRAL_REFUSED,      /* nothing was done; the reply's refusals name code, rule, field, both texts */
    REFERRAL_TIMEOUT,      /* sent, not answered: a command may have been done; ask again, same message id */
    REFERRAL_DISCONNECTED, /* no session (or room in the window) in time: never sent, nothing was done */
    REFERRAL_OTHER_STORE,  /* unanswered when another or a restored store came: look, then decide */
    REFERRAL_CLOSED,       /* the client was closed before the answer: as REFERRAL_TIMEOUT */
    REFERRAL_TOO_LARGE,    /* beyond LIMIT_ENVELOPE_BYTES; nothing was sent */
    REFERRAL_BAD_ARGUMENT, /* cannot be meant; nothing was sent */
    REFERRAL_BAD_KEY_FILE, /* not readable, not of the form of key.h, or readable by others */
    REFERRAL_NO_MEMORY,
    REFERRAL_SYSTEM,     /* the system refused a socket or descriptor: see errno */
    REFERRAL_UNREADABLE, /* answered, and done if it was a command; but the result is not what its kind promises */
};

/* "REFUSED"; one line for people, in Chinese where `language` begins with "zh", else in English. Static texts. */
const char *referral_status_name(enum referral_status status);
const char *referral_status_text(enum referral_status status, const char *language);

/* ---- The connection ------------------------------------------------------------------------------------------------------- */

enum referral_link {
    REFERRAL_LINK_DOWN,  /* waiting to try again, connecting, or greeting */
    REFERRAL_LINK_READY, /* WELCOME came: there is a session */
};

/* Why the link is down, or was last. */
enum referral_trouble {
    REFERRAL_TROUBLE_NONE,
    REFERRAL_TROUBLE_UNREACHABLE, /* nobody listens there, or the network is down */
    REFERRAL_TROUBLE_HANDSHAKE,   /* somebody listens, but CURVE failed: wrong server key, or no referrald */
    REFERRAL_TROUBLE_KEY_REFUSED, /* the broker does not know this client's key, or has revoked it */
    REFERRAL_TROUBLE_SILENT,      /* connected, but no answer for three ping intervals */
    REFERRAL_TROUBLE_LOST,        /* the connection broke */
    REFERRAL_TROUBLE_GOODBYE,     /* the broker said GOODBYE: it stops, or we were too slow */
    /* it does not take our HELLO: another version of the protocol, or client_name or -version is no UTF-8 */
    REFERRAL_TROUBLE_HELLO_REFUSED,
};
/* One line for people; static. */
const char *referral_trouble_text(enum referral_trouble trouble, const char *language);

struct referral_options {         /* zeroed fields take the default; everything is copied */
    const char *const *addresses; /* ZeroMQ endpoints of one broker, such as "tcp://10.1.2.3:5570"; tried in turn */
    size_t address_count;         /* at least 1 */
    uint8_t server_key[REFERRAL_KEY_SIZE]; /* the broker's public key */
    const char *key_file;                  /* this client's key pair (see key.h); or NULL and ... */
    struct referral_key key;               /* ... the pair itself */
    const char *client_name;               /* told in HELLO, for the operators; default "libreferral" */
    const char *client_version;            /* told in HELLO; default: the library's */
    const char *language;                  /* "zh" or "en": of sentences for people; default "zh" */
    uint32_t request_timeout_ms;           /* for requests that name none; default 30,000 */
    uint32_t credit;                       /* deliveries that may be unacknowledged (D4); default 0: none */

    /* Called for each delivery; `delivery` lives until the callback returns. Without it deliveries wait for
     * referral_receive. */
    void (*on_delivery)(struct referral_client *client, void *user, const Referral__Delivery *delivery);
    /* Called when a session begins (READY) and ends (DOWN, with the trouble). May be NULL. */
    void (*on_link)(struct referral_client *client, void *user, enum referral_link link, enum referral_trouble trouble);
    void *user; /* handed to both */
};

/* Makes a client and begins to connect; does not wait for the broker.
 * OK with *ret_client, to be closed by referral_close; else BAD_ARGUMENT, BAD_KEY_FILE, NO_MEMORY or SYSTEM. */
enum referral_status referral_open(const struct referral_options *options, struct referral_client **ret_client);
/* Hands what is queued to the network (waiting at most a second for it to take it), says GOODBYE, and frees everything.
 * Callbacks of unanswered requests are called with REFERRAL_CLOSED. NULL is fine. */
void referral_close(struct referral_client *client);

/* Waits at most `timeout_ms` for a session: OK, or DISCONNECTED (see referral_trouble_now). */
enum referral_status referral_connect(struct referral_client *client, uint32_t timeout_ms);
enum referral_link referral_link_now(const struct referral_client *client);
enum referral_trouble referral_trouble_now(const struct referral_client *client);
/* What the broker said of itself and of this key: institution, roles, store, window, time-outs. Borrowed until the next
 * function that may process; NULL before the first WELCOME, the last one known while the link is down. */
const Referral__Welcome *referral_welcome(const struct referral_client *client);

/* ---- Requests -------------------------------------------------------------------------------------------------------------- */

/* One command or query. A command is remembered by the broker under its message id: sent again with the same id and the
 * same body it has one effect and gets the original answer (D1). The library does so by itself when a connection
 * breaks, as long as WELCOME shows the same store and incarnation; a program that must survive its own crash stores id
 * and body before it sends, and does not send again by itself what is older than thirty days: the broker may have
 * forgotten it, and would do it anew. Whoever wants to ask again after TIMEOUT or CLOSED makes the id himself, by
 * referral_message_id: nobody learns one that the library made. */
struct referral_request {
    Referral__Kind kind;    /* a command or a query, as wire.proto lists them */
    const char *message_id; /* of a command, at most LIMIT_ID_BYTES; NULL: the library makes one. Queries: NULL */
    const char *acting_for; /* the institution this one acts for by delegation (T5); NULL: for itself */
    const ProtobufCMessage *message; /* the body, such as &sheet.base; or NULL and ... */
    const void *body;                /* ... its bytes, sent as they are; ... */
    size_t body_size;                /* ... NULL and 0: an empty body */
    uint32_t timeout_ms;             /* from now; 0: the option's */
};

/* Sends and waits. While there is no session, waits for one; beyond the broker's window, waits its turn. The refusals
 * BUSY, DRAINING and FAILED mean that nothing was done and are tried again, after the time they name, until the time is
 * up. OK or REFUSED with *ret_reply, to be freed by referral_reply_free; any other status leaves *ret_reply as it was.
 * `ret_reply` may be NULL. */
enum referral_status referral_call(struct referral_client *client, const struct referral_request *request,
                                   Referral__Reply **ret_reply);
/* As referral_call, but returns at once: OK means that `on_reply` will be called exactly once, with the status
 * referral_call would return and, for OK and REFUSED, a reply that lives until the callback returns (else NULL). Any
 * other status: never called. Requests are packed together into frames; they leave with the next referral_process,
 * which referral_fd() calls for. */
enum referral_status referral_send(struct referral_client *client, const struct referral_request *request,
                                   void (*on_reply)(struct referral_client *client, void *user,
                                                    enum referral_status status, const Referral__Reply *reply),
                                   void *user);
/* Requests sent or queued and not yet answered. */
size_t referral_unanswered(const struct referral_client *client);
void referral_reply_free(Referral__Reply *reply); /* NULL is fine */

/* A new message id: a ULID (26 characters and NUL), in order of time; the form the broker stores cheapest. */
#define REFERRAL_MESSAGE_ID_SIZE 27
void referral_message_id(char ret_id[REFERRAL_MESSAGE_ID_SIZE]);

/* Submits a referral sheet: referral_call with SUBMIT. `message_id` and `ret_reply` as there. */
enum referral_status referral_submit(struct referral_client *client, const char *message_id,
                                     const Referral__Sheet *sheet, Referral__Reply **ret_reply);
/* Asks: referral_call with a query kind. On OK *ret_view is the unpacked result, whose type follows from the kind:
 * GET_REFERRAL gives a Referral__ReferralView and so on, as wire.proto lists beside each kind; free it by
 * protobuf_c_message_free_unpacked. SHOW_PAYLOAD, a command with a result, may be asked here too. On REFUSED *ret_reply
 * (may be NULL: not wanted) says why. `query` NULL asks with an empty body. */
enum referral_status referral_query(struct referral_client *client, Referral__Kind kind, const ProtobufCMessage *query,
                                    ProtobufCMessage **ret_view, Referral__Reply **ret_reply);

/* One event of a referral's life (section 4 of the rules). 0 and NULL mean absent; which fields an event needs stands
 * in referral.proto beside each, and the broker says what is missing. What it has no room for, attachments and further
 * diagnoses, is said by referral_call with a Referral__Event. */
struct referral_act {
    Referral__EventType type; /* such as REFERRAL__EVENT_TYPE__EVENT_ACCEPT */
    const char *referral_id;
    const char *message_id;  /* NULL: made by the library */
    const char *acting_for;  /* T5; NULL: for itself */
    const char *person_name; /* who acted */
    const char *person_phone;
    Referral__Reason reason; /* reject, redirect, cancel, request-cancel, void, cancel-booking, leave-list, no-show */
    const char *text;        /* request-info, supply-info; else a remark */
    int64_t occurred_at_ms;  /* arrive; start, no-show, report; milliseconds since 1970 UTC */
    const Referral__Sheet *sheet;   /* amend: the whole new sheet */
    const char *receiver;           /* redirect */
    const char *department;         /* redirect */
    const Referral__Place *place;   /* book, move */
    const char *diagnosis;          /* report, close: text of the (first) diagnosis */
    const char *diagnosis_icd10;    /* report, close: its code, or NULL */
    const char *treatment;          /* report, close */
    Referral__CloseCode close_code; /* close */
    bool agreed;                    /* answer-cancel: may it be cancelled? */
    uint32_t timeout_ms;            /* 0: the option's */
};

/* Acknowledge, accept, reject ... : referral_call with EVENT. `ret_reply` as there. */
enum referral_status referral_act(struct referral_client *client, const struct referral_act *act,
                                  Referral__Reply **ret_reply);

/* ---- Deliveries ------------------------------------------------------------------------------------------------------------ */

/* Lets `add` more deliveries be unacknowledged (D4). The library gives credit back by itself for each delivery
 * acknowledged or refused, and grants all of it again after a reconnect: the sum of the option and of all grants is
 * what may be in hand. */
enum referral_status referral_grant(struct referral_client *client, uint32_t add);
/* Waits at most `timeout_ms` for a delivery: OK with *ret_delivery, to be freed by referral_delivery_free after it was
 * acknowledged or refused; TIMEOUT, or DISCONNECTED where there is no session either. Not with on_delivery:
 * BAD_ARGUMENT. Of those that wait here a higher lane goes first (D3), but none before an earlier one of its referral.
 * When the connection breaks they are dropped, since the broker delivers them again. */
enum referral_status referral_receive(struct referral_client *client, uint32_t timeout_ms,
                                      Referral__Delivery **ret_delivery);
void referral_delivery_free(Referral__Delivery *delivery); /* NULL is fine */

/* The message is in safe hands: it leaves the inbox. Acknowledgements are collected while more deliveries wait and
 * leave with the next frame; there is no answer. One that gets lost with a connection brings the message again: be
 * ready to receive a message twice, and acknowledge it again. What came again while it was worked on, and still waits
 * for referral_receive, goes with it. */
enum referral_status referral_ack(struct referral_client *client, ProtobufCBinaryData delivery_id);
/* It could not be taken. NACK_RETRY: again after the back-off; the other codes are for ever, and the message moves to
 * the dead letters (D5). `text`, at most LIMIT_LINE_BYTES, is kept with a dead letter for the operators; no patient data
 * in it; may be NULL. One that is no text of the protocol's (UTF-8 cut in the middle, a carriage return) is left out. A
 * code that is none of wire.proto's is BAD_ARGUMENT. */
enum referral_status referral_nack(struct referral_client *client, ProtobufCBinaryData delivery_id,
                                   Referral__NackCode code, const char *text);
/* Waits at most `timeout_ms` until all requests are answered and all acknowledgements handed to the network: OK,
 * TIMEOUT or DISCONNECTED. */
enum referral_status referral_flush(struct referral_client *client, uint32_t timeout_ms);

/* ---- Inside an event loop ---------------------------------------------------------------------------------------------------- */

/* A descriptor that is readable whenever referral_process has something to do, time-outs and pings included; the same
 * one for the client's whole life, level-triggered, to be watched for reading only and never read. */
int referral_fd(const struct referral_client *client);
/* Receives, calls back, sends, keeps the session; a bounded piece of work (the descriptor stays readable if there is
 * more), never blocking. OK, or NO_MEMORY where a delivery had to be left to its next coming; the client stays
 * usable. */
enum referral_status referral_process(struct referral_client *client);
/* For loops that would rather pass a time-out to poll(2): milliseconds until referral_process has something to do even
 * if nothing arrives; 0: now; -1: never. Watching the descriptor suffices. */
int referral_next_timeout_ms(const struct referral_client *client);

#ifdef __cplusplus
}
#endif
