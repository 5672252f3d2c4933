#include "conversation.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define FRAMES_A_ROUND      64
#define GREETING_MS         10000 /* from HELLO to WELCOME */
#define REST_DEFAULT_MS     500   /* after a refusal for now that names no time */
#define GOODBYE_WAIT_MAX_MS 60000

static int64_t ping_interval_ms(const struct referral_client *client)
{
    return client->welcome != NULL && client->welcome->ping_interval_ms != 0 ? client->welcome->ping_interval_ms
                                                                             : DEFAULT_PING_INTERVAL_MS;
}

static size_t window(const struct referral_client *client)
{
    return client->welcome->window != 0 ? client->welcome->window : LIMIT_WINDOW;
}

void conversation_finish(struct referral_client *client, struct request *request, enum referral_status status,
                         Referral__Reply *reply)
{
    struct request ended = *request;
    requests_remove(&client->requests, request);
    referral_reply_free(ended.excuse != reply ? ended.excuse : NULL);
    if (ended.answer != NULL) {
        *ended.answer = (struct answer){.is_done = true, .status = status, .reply = reply};
        return;
    }
    if (ended.on_reply != NULL)
        ended.on_reply(client, ended.user, status, reply);
    referral_reply_free(reply);
}

/* ---- Sessions begin and end ------------------------------------------------------------------------------------------------ */

static void tell_link(struct referral_client *client, enum referral_link link)
{
    if (client->on_link != NULL)
        client->on_link(client, client->user, link, client->link.trouble);
}

static void session_end(struct referral_client *client, enum session_state next)
{
    bool was_live = client->session == SESSION_LIVE;
    client->session = next;
    client->epoch = 0;
    client->ping_due = client->pong_due = false;
    if (was_live) {
        requests_requeue(&client->requests);
        intake_session_lost(&client->intake);
        tell_link(client, REFERRAL_LINK_DOWN);
    }
}

static void session_greet(struct referral_client *client, int64_t now_ms)
{
    session_end(client, SESSION_GREETING);
    client->hello_due = true;
    client->greeted_ms = now_ms;
}

static void connection_end(struct referral_client *client, enum referral_trouble trouble, int64_t wait_ms,
                           int64_t now_ms)
{
    wirelink_drop(&client->link, trouble, wait_ms, now_ms);
    session_end(client, SESSION_NONE);
}

static bool is_same_store(const Referral__Welcome *a, const Referral__Welcome *b)
{
    return strcmp(a->store_id, b->store_id) == 0 && a->incarnation == b->incarnation;
}

static void session_begin(struct referral_client *client, Referral__Welcome *welcome, int64_t now_ms)
{
    bool is_same = client->welcome == NULL || is_same_store(client->welcome, welcome);
    referral__welcome__free_unpacked(client->welcome, NULL);
    client->welcome = welcome;
    client->session = SESSION_LIVE;
    client->epoch = welcome->session;
    client->said_ms = client->heard_ms = client->pinged_ms = now_ms;
    client->wondered_ms = 0;
    client->link.trouble = REFERRAL_TROUBLE_NONE;
    wirelink_settle(&client->link);
    /* What another store, or an older copy of this one, may have done is not for us to repeat: it would be done
     * twice. */
    for (struct request *request = NULL; !is_same && (request = requests_doubtful(&client->requests)) != NULL;)
        conversation_finish(client, request, REFERRAL_OTHER_STORE, NULL);
    tell_link(client, REFERRAL_LINK_READY);
}

/* ---- What the broker says -------------------------------------------------------------------------------------------------- */

struct heard {        /* one envelope */
    uint64_t session; /* of its frame; 0: none */
    ProtobufCBinaryData body;
    int64_t now_ms;
};

static void hear_welcome(struct referral_client *client, struct heard heard)
{
    Referral__Welcome *welcome = referral__welcome__unpack(NULL, heard.body.len, heard.body.data);
    bool is_fit = client->session == SESSION_GREETING && !client->hello_due && welcome != NULL &&
                  welcome->session != 0 && welcome->store_id != NULL;
    if (is_fit)
        session_begin(client, welcome, heard.now_ms);
    else if (welcome != NULL)
        referral__welcome__free_unpacked(welcome, NULL);
}

static void hear_ping(struct referral_client *client, struct heard heard)
{
    (void)heard;
    client->pong_due = client->session == SESSION_LIVE;
}

static void hear_no_session(struct referral_client *client, struct heard heard)
{
    /* One that answers a frame of an older session on this connection comes before the WELCOME of the new one. */
    if (client->session == SESSION_LIVE) {
        client->link.trouble = REFERRAL_TROUBLE_LOST;
        session_greet(client, heard.now_ms);
    }
}

static void hear_goodbye(struct referral_client *client, struct heard heard)
{
    Referral__Goodbye *goodbye = referral__goodbye__unpack(NULL, heard.body.len, heard.body.data);
    int64_t wait_ms = 0;
    enum referral_trouble trouble = REFERRAL_TROUBLE_GOODBYE;
    if (goodbye != NULL) {
        wait_ms = goodbye->retry_after_ms < GOODBYE_WAIT_MAX_MS ? goodbye->retry_after_ms : GOODBYE_WAIT_MAX_MS;
        if (goodbye->reason != NULL && strncmp(goodbye->reason, "key", 3) == 0)
            trouble = REFERRAL_TROUBLE_KEY_REFUSED;
        referral__goodbye__free_unpacked(goodbye, NULL);
    }
    connection_end(client, trouble, wait_ms, heard.now_ms);
}

/* BUSY, DRAINING and FAILED say: nothing was done, try again. */
static bool is_for_now(const Referral__Reply *reply)
{
    static const char *const codes[] = {"BUSY", "DRAINING", "FAILED"};
    if (reply->n_refusals != 1 || reply->refusals[0]->code == NULL)
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(reply->refusals[0]->code, codes[i]) == 0)
            return true;
    return false;
}

/* What is refused outside of any session, while we greet. */
static bool is_about_hello(const struct referral_client *client, struct heard heard, const Referral__Reply *reply)
{
    return client->session == SESSION_GREETING && heard.session == 0 && reply != NULL && reply->request == 0 &&
           reply->n_refusals > 0;
}

static void hear_reply(struct referral_client *client, struct heard heard)
{
    Referral__Reply *reply = referral__reply__unpack(NULL, heard.body.len, heard.body.data);
    struct request *request = reply != NULL ? requests_find(&client->requests, reply->request) : NULL;
    bool is_now = request != NULL && is_for_now(reply);
    if (is_about_hello(client, heard, reply))
        connection_end(client, REFERRAL_TROUBLE_HELLO_REFUSED, 0, heard.now_ms);
    if (request == NULL || (is_now && !request->is_sent)) {
        referral_reply_free(reply); /* its time was up, or it goes out again anyway */
    } else if (is_now) {
        int64_t rest_ms = reply->refusals[0]->retry_after_ms;
        requests_rest(&client->requests, request, reply, heard.now_ms + (rest_ms != 0 ? rest_ms : REST_DEFAULT_MS));
    } else {
        conversation_finish(client, request, reply->n_refusals > 0 ? REFERRAL_REFUSED : REFERRAL_OK, reply);
    }
}

/* A delivery of an earlier session has gone back to the inbox and comes again in this one. */
static bool is_of_this_session(const struct referral_client *client, struct heard heard)
{
    return client->session == SESSION_LIVE && (heard.session == 0 || heard.session == client->epoch);
}

static void hear_delivery(struct referral_client *client, struct heard heard)
{
    Referral__Delivery *delivery = referral__delivery__unpack(NULL, heard.body.len, heard.body.data);
    if (delivery == NULL)
        return;
    size_t id_size = delivery->delivery_id.len;
    if (!is_of_this_session(client, heard) || id_size == 0 || id_size > LIMIT_ID_BYTES) {
        referral_delivery_free(delivery);
        return;
    }
    enum referral_status status = intake_arrived(&client->intake, delivery->delivery_id);
    if (status == REFERRAL_OK && client->on_delivery == NULL) {
        status = intake_keep(&client->intake, delivery);
    } else {
        if (status == REFERRAL_OK)
            client->on_delivery(client, client->user, delivery);
        referral_delivery_free(delivery);
    }
    if (status != REFERRAL_OK)
        client->failure = status; /* not acknowledged: it comes again */
}

static const struct hearing {
    Referral__Kind kind;
    void (*hear)(struct referral_client *client, struct heard heard);
} hearings[] = {
    {REFERRAL__KIND__REPLY, hear_reply},     {REFERRAL__KIND__DELIVERY, hear_delivery},
    {REFERRAL__KIND__PING, hear_ping},       {REFERRAL__KIND__WELCOME, hear_welcome},
    {REFERRAL__KIND__GOODBYE, hear_goodbye}, {REFERRAL__KIND__NO_SESSION, hear_no_session},
};

/* Kinds of a newer broker, and PONG, mean nothing more than that it lives. */
static void hear_envelope(struct referral_client *client, uint64_t session, ProtobufCBinaryData bytes, int64_t now_ms)
{
    Referral__Envelope *envelope = referral__envelope__unpack(NULL, bytes.len, bytes.data);
    if (envelope == NULL)
        return;
    for (size_t i = 0; i < sizeof hearings / sizeof *hearings; i++) {
        if (hearings[i].kind == envelope->kind) {
            struct heard heard = {.session = session, .body = envelope->body, .now_ms = now_ms};
            hearings[i].hear(client, heard);
            break;
        }
    }
    referral__envelope__free_unpacked(envelope, NULL);
}

void conversation_hear(struct referral_client *client, int64_t now_ms)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (int i = 0; i < FRAMES_A_ROUND && wirelink_receive(&client->link, &message); i++) {
        Referral__Frame *frame = referral__frame__unpack(NULL, zmq_msg_size(&message), zmq_msg_data(&message));
        client->heard_ms = now_ms;
        client->wondered_ms = 0;
        for (size_t k = 0; frame != NULL && k < frame->n_envelopes; k++)
            hear_envelope(client, frame->session, frame->envelopes[k], now_ms);
        referral__frame__free_unpacked(frame, NULL);
    }
    zmq_msg_close(&message);
}

/* ---- What time does -------------------------------------------------------------------------------------------------------- */

/* A ping goes out when either side has been still for an interval. */
static int64_t ping_due_ms(const struct referral_client *client)
{
    int64_t stillest = client->said_ms < client->heard_ms ? client->said_ms : client->heard_ms;
    return (stillest > client->pinged_ms ? stillest : client->pinged_ms) + ping_interval_ms(client);
}

/* A broker that takes nothing is silent too: it is wondered at from when the ping should leave, not from when it
 * can. */
static void ping_when_due(struct referral_client *client, int64_t now_ms)
{
    if (client->session == SESSION_LIVE && now_ms >= ping_due_ms(client)) {
        client->ping_due = true;
        client->pinged_ms = now_ms;
        client->wondered_ms = client->wondered_ms != 0 ? client->wondered_ms : now_ms;
    }
}

/* Nothing heard for two intervals after a ping. Counted from the ping: a program that was busy elsewhere for a while is
 * not told that the broker was silent. */
static int64_t silent_due_ms(const struct referral_client *client)
{
    return client->wondered_ms != 0 ? client->wondered_ms + 2 * ping_interval_ms(client) : WIRELINK_NEVER;
}

static void expire(struct referral_client *client, struct request *request)
{
    bool may_be_done = request->is_sent || request->is_doubtful;
    Referral__Reply *excuse = may_be_done ? NULL : request->excuse;
    enum referral_status status = may_be_done      ? REFERRAL_TIMEOUT
                                  : excuse != NULL ? REFERRAL_REFUSED
                                                   : REFERRAL_DISCONNECTED;
    conversation_finish(client, request, status, excuse);
}

void conversation_tend(struct referral_client *client, int64_t now_ms)
{
    enum wirelink_change change = wirelink_step(&client->link, now_ms);
    if (change == WIRELINK_LOST)
        session_end(client, SESSION_NONE);
    else if (change == WIRELINK_UP)
        session_greet(client, now_ms);
    bool greets_in_vain = client->session == SESSION_GREETING && now_ms >= client->greeted_ms + GREETING_MS;
    bool is_silent = client->session == SESSION_LIVE && now_ms >= silent_due_ms(client);
    if (greets_in_vain || is_silent)
        connection_end(client, REFERRAL_TROUBLE_SILENT, 0, now_ms);
    ping_when_due(client, now_ms);
    for (struct request *request = NULL; (request = requests_expired(&client->requests, now_ms)) != NULL;)
        expire(client, request);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t conversation_due_ms(const struct referral_client *client)
{
    int64_t due = earlier(client->requests.soonest_ms, client->link.due_ms);
    if (client->session == SESSION_GREETING)
        due = earlier(due, client->greeted_ms + GREETING_MS);
    else if (client->session == SESSION_LIVE)
        due = earlier(due, earlier(ping_due_ms(client), silent_due_ms(client)));
    return due;
}

/* ---- What the client says -------------------------------------------------------------------------------------------------- */

static void say_acks(struct referral_client *client, struct outframe *frame)
{
    struct intake *intake = &client->intake;
    if (intake->ack_count == 0)
        return;
    ProtobufCBinaryData ids[LIMIT_ACK_IDS];
    size_t count = intake->ack_count < LIMIT_ACK_IDS ? intake->ack_count : LIMIT_ACK_IDS;
    for (size_t i = 0; i < count; i++)
        ids[i] = (ProtobufCBinaryData){.len = intake->acks[i].size, .data = intake->acks[i].id};
    Referral__Ack ack = REFERRAL__ACK__INIT;
    ack.n_delivery_ids = count;
    ack.delivery_ids = ids;
    if (outframe_say(frame, REFERRAL__KIND__ACK, &ack.base))
        intake_acks_left(intake, count);
}

static void say_credit(struct referral_client *client, struct outframe *frame)
{
    Referral__Credit credit = REFERRAL__CREDIT__INIT;
    credit.has_add = true;
    credit.add = client->intake.to_grant;
    if (credit.add > 0 && outframe_say(frame, REFERRAL__KIND__CREDIT, &credit.base))
        client->intake.to_grant = 0;
}

static void say_hello(struct referral_client *client, struct outframe *frame)
{
    Referral__Hello hello = REFERRAL__HELLO__INIT;
    hello.client_name = client->name;
    hello.client_version = client->version;
    hello.language = client->language;
    client->hello_due = !outframe_say(frame, REFERRAL__KIND__HELLO, &hello.base);
}

static void say_signs_of_life(struct referral_client *client, struct outframe *frame)
{
    if (client->pong_due && outframe_say(frame, REFERRAL__KIND__PONG, NULL))
        client->pong_due = false;
    if (client->ping_due && outframe_say(frame, REFERRAL__KIND__PING, NULL))
        client->ping_due = false;
}

/* Refused deliveries leave the list with the frame that carries them: after a failed send they come again by
 * themselves. */
static size_t say_nacks(struct referral_client *client, struct outframe *frame)
{
    size_t count = 0;
    struct note *note = NULL;
    DL_FOREACH(client->intake.nacks, note)
    {
        if (!outframe_has_room(frame, note->size))
            break;
        outframe_add(frame, note->envelope, note->size);
        count++;
    }
    return count;
}

static void free_nacks(struct referral_client *client, size_t count)
{
    for (; count > 0; count--) {
        struct note *note = client->intake.nacks;
        DL_DELETE(client->intake.nacks, note);
        free(note);
    }
}

static void say_requests(struct referral_client *client, struct outframe *frame)
{
    struct requests *requests = &client->requests;
    for (struct request *next = NULL; (next = requests->queued) != NULL;) {
        if (requests->sent_count >= window(client) || !outframe_has_room(frame, next->size))
            return;
        outframe_add(frame, next->envelope, next->size);
        requests_sent(requests, next);
    }
}

/* One frame; false: there was nothing to say, or the connection took nothing. */
static bool say_frame(struct referral_client *client, int64_t now_ms)
{
    struct outframe *frame = &client->frame;
    size_t nacks = 0;
    outframe_init(frame, client->epoch);
    if (client->session == SESSION_GREETING && client->hello_due) {
        say_hello(client, frame);
    } else if (client->session == SESSION_LIVE) {
        say_signs_of_life(client, frame);
        say_acks(client, frame);
        nacks = say_nacks(client, frame);
        say_credit(client, frame);
        say_requests(client, frame);
    }
    if (frame->count == 0)
        return false;
    bool sent = outframe_send(frame, &client->link);
    free_nacks(client, nacks);
    if (!sent)
        connection_end(client, REFERRAL_TROUBLE_LOST, 0, now_ms);
    client->said_ms = now_ms;
    return sent;
}

void conversation_speak(struct referral_client *client, int64_t now_ms)
{
    while ((wirelink_events(&client->link) & ZMQ_POLLOUT) != 0 && say_frame(client, now_ms)) {
    }
}
