#include "base/utf8.h"
#include "conversation.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define REQUEST_TIMEOUT_MS 30000
#define CLOSE_LINGER_MS    1000
#define ACK_DELAY_MS       10 /* longest wait of an acknowledgement for company */

/* ---- Rounds ------------------------------------------------------------------------------------------------------------------ */

/* Something is to be done now; inside of a round, that round does it. */
static void wake(struct referral_client *client)
{
    if (!client->is_processing)
        waker_now(&client->waker);
}

/* A round ends. Whatever came in meanwhile gave no edge of its own (sends eat edges): ask, and come again at once. */
static void settle(struct referral_client *client, int64_t now_ms)
{
    bool more = (wirelink_events(&client->link) & ZMQ_POLLIN) != 0;
    waker_end(&client->waker, more ? now_ms : conversation_due_ms(client), now_ms);
}

int referral_fd(const struct referral_client *client)
{
    return client->epoll_fd;
}

int referral_next_timeout_ms(const struct referral_client *client)
{
    return waker_timeout_ms(&client->waker);
}

enum referral_status referral_process(struct referral_client *client)
{
    assert(!client->is_processing); /* callbacks neither process nor wait */
    client->is_processing = true;
    client->failure = REFERRAL_OK;
    int64_t now_ms = waker_clock_ms();
    waker_begin(&client->waker);
    conversation_hear(client, now_ms);
    conversation_tend(client, now_ms);
    conversation_speak(client, now_ms);
    settle(client, now_ms);
    client->is_processing = false;
    return client->failure;
}

/* Processes until `is_done` says so: true; false when `until_ms` has come. */
static bool wait_until(struct referral_client *client, bool (*is_done)(const struct referral_client *, const void *),
                       const void *what, int64_t until_ms)
{
    for (;;) {
        referral_process(client);
        if (is_done(client, what))
            return true;
        int64_t left_ms = until_ms - waker_clock_ms();
        if (left_ms <= 0)
            return false;
        struct pollfd fd = {.fd = client->epoll_fd, .events = POLLIN};
        poll(&fd, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
    }
}

/* ---- Open and close ------------------------------------------------------------------------------------------------------- */

static bool copy_text(char **ret_copy, const char *text, const char *otherwise)
{
    *ret_copy = strdup(text != NULL ? text : otherwise);
    return *ret_copy != NULL;
}

static enum referral_status options_copy(struct referral_client *client, const struct referral_options *options)
{
    client->request_timeout_ms = options->request_timeout_ms != 0 ? options->request_timeout_ms : REQUEST_TIMEOUT_MS;
    client->on_delivery = options->on_delivery;
    client->on_link = options->on_link;
    client->user = options->user;
    return copy_text(&client->name, options->client_name, "libreferral") &&
                   copy_text(&client->version, options->client_version, REFERRAL_VERSION) &&
                   copy_text(&client->language, options->language, "zh")
               ? REFERRAL_OK
               : REFERRAL_NO_MEMORY;
}

static enum referral_status descriptors_open(struct referral_client *client)
{
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll_fd < 0 || !waker_init(&client->waker, client->epoll_fd))
        return REFERRAL_SYSTEM;
    waker_now(&client->waker); /* the first round connects */
    return REFERRAL_OK;
}

static enum referral_status wirelink_open(struct referral_client *client, const struct referral_options *options)
{
    struct referral_key key = options->key;
    if (options->key_file != NULL && referral_key_load(options->key_file, &key) != 0)
        return REFERRAL_BAD_KEY_FILE;
    enum referral_status status = wirelink_init(&client->link, options, &key, client->epoll_fd);
    sodium_memzero(&key, sizeof key);
    return status;
}

static void client_free(struct referral_client *client, int linger_ms)
{
    wirelink_fini(&client->link, linger_ms);
    intake_fini(&client->intake);
    referral__welcome__free_unpacked(client->welcome, NULL);
    waker_fini(&client->waker);
    if (client->epoll_fd >= 0)
        close(client->epoll_fd);
    free(client->name);
    free(client->version);
    free(client->language);
    free(client);
}

static bool fits(const char *text, size_t most)
{
    return text == NULL || strlen(text) <= most;
}

static bool options_are_meant(const struct referral_options *options)
{
    bool has_key = options->key_file != NULL || !sodium_is_zero(options->key.secret_key, REFERRAL_KEY_SIZE);
    return options->addresses != NULL && options->address_count > 0 && has_key &&
           !sodium_is_zero(options->server_key, REFERRAL_KEY_SIZE) && options->credit <= LIMIT_CREDIT &&
           fits(options->client_name, LIMIT_NAME_BYTES) && fits(options->client_version, LIMIT_ID_BYTES) &&
           fits(options->language, LIMIT_ID_BYTES);
}

enum referral_status referral_open(const struct referral_options *options, struct referral_client **ret_client)
{
    if (sodium_init() < 0)
        return REFERRAL_SYSTEM;
    if (!options_are_meant(options))
        return REFERRAL_BAD_ARGUMENT;
    struct referral_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return REFERRAL_NO_MEMORY;
    client->epoll_fd = client->waker.timer_fd = client->waker.wake_fd = -1;
    requests_init(&client->requests);
    intake_init(&client->intake, options->credit);
    enum referral_status status = options_copy(client, options);
    if (status == REFERRAL_OK)
        status = descriptors_open(client);
    if (status == REFERRAL_OK)
        status = wirelink_open(client, options);
    if (status != REFERRAL_OK) {
        int error = errno;
        client_free(client, 0);
        errno = error;
        return status;
    }
    *ret_client = client;
    return REFERRAL_OK;
}

static void say_goodbye(struct referral_client *client)
{
    conversation_speak(client, waker_clock_ms());
    if (client->session == SESSION_LIVE && (wirelink_events(&client->link) & ZMQ_POLLOUT) != 0) {
        Referral__Goodbye goodbye = REFERRAL__GOODBYE__INIT;
        goodbye.reason = (char *)(uintptr_t) "bye";
        outframe_init(&client->frame, client->epoch);
        if (outframe_say(&client->frame, REFERRAL__KIND__GOODBYE, &goodbye.base))
            outframe_send(&client->frame, &client->link);
    }
}

void referral_close(struct referral_client *client)
{
    if (client == NULL)
        return;
    assert(!client->is_processing);
    client->is_processing = client->is_closing = true;
    say_goodbye(client);
    for (struct request *request = NULL; (request = requests_any(&client->requests)) != NULL;)
        conversation_finish(client, request, REFERRAL_CLOSED, NULL);
    client_free(client, CLOSE_LINGER_MS);
}

/* ---- The connection ------------------------------------------------------------------------------------------------------- */

enum referral_link referral_link_now(const struct referral_client *client)
{
    return client->session == SESSION_LIVE ? REFERRAL_LINK_READY : REFERRAL_LINK_DOWN;
}

enum referral_trouble referral_trouble_now(const struct referral_client *client)
{
    return client->link.trouble;
}

const Referral__Welcome *referral_welcome(const struct referral_client *client)
{
    return client->welcome;
}

static bool is_live(const struct referral_client *client, const void *what)
{
    (void)what;
    return client->session == SESSION_LIVE;
}

enum referral_status referral_connect(struct referral_client *client, uint32_t timeout_ms)
{
    return wait_until(client, is_live, NULL, waker_clock_ms() + timeout_ms) ? REFERRAL_OK : REFERRAL_DISCONNECTED;
}

/* ---- Requests ------------------------------------------------------------------------------------------------------------- */

static enum referral_status ask(struct referral_client *client, const struct referral_request *request,
                                struct request **ret_request)
{
    if (client->is_closing)
        return REFERRAL_CLOSED;
    uint32_t timeout_ms = request->timeout_ms != 0 ? request->timeout_ms : client->request_timeout_ms;
    return requests_add(&client->requests, request, waker_clock_ms() + timeout_ms, ret_request);
}

enum referral_status referral_send(struct referral_client *client, const struct referral_request *request,
                                   void (*on_reply)(struct referral_client *client, void *user,
                                                    enum referral_status status, const Referral__Reply *reply),
                                   void *user)
{
    struct request *added = NULL;
    enum referral_status status = ask(client, request, &added);
    if (status == REFERRAL_OK) {
        added->on_reply = on_reply;
        added->user = user;
        wake(client);
    }
    return status;
}

static bool is_answered(const struct referral_client *client, const void *what)
{
    (void)client;
    return ((const struct answer *)what)->is_done;
}

enum referral_status referral_call(struct referral_client *client, const struct referral_request *request,
                                   Referral__Reply **ret_reply)
{
    struct request *added = NULL;
    enum referral_status status = ask(client, request, &added);
    if (status != REFERRAL_OK)
        return status;
    struct answer answer = {0};
    added->answer = &answer;
    wait_until(client, is_answered, &answer, WIRELINK_NEVER); /* the request's own deadline ends it */
    if (ret_reply != NULL && answer.reply != NULL)
        *ret_reply = answer.reply;
    else
        referral_reply_free(answer.reply);
    return answer.status;
}

size_t referral_unanswered(const struct referral_client *client)
{
    return client->requests.count;
}

void referral_reply_free(Referral__Reply *reply)
{
    referral__reply__free_unpacked(reply, NULL);
}

/* ---- Deliveries ----------------------------------------------------------------------------------------------------------- */

enum referral_status referral_grant(struct referral_client *client, uint32_t add)
{
    if (!intake_grant(&client->intake, add))
        return REFERRAL_BAD_ARGUMENT;
    wake(client);
    return REFERRAL_OK;
}

static bool has_waiting(const struct referral_client *client, const void *what)
{
    (void)what;
    return client->intake.waiting != NULL;
}

enum referral_status referral_receive(struct referral_client *client, uint32_t timeout_ms,
                                      Referral__Delivery **ret_delivery)
{
    if (client->on_delivery != NULL)
        return REFERRAL_BAD_ARGUMENT;
    if (waker_timeout_ms(&client->waker) == 0)
        referral_process(client); /* however much waits here: the broker wants to hear of us */
    if (client->intake.waiting == NULL && !wait_until(client, has_waiting, NULL, waker_clock_ms() + timeout_ms))
        return client->session == SESSION_LIVE ? REFERRAL_TIMEOUT : REFERRAL_DISCONNECTED;
    *ret_delivery = intake_take(&client->intake);
    return REFERRAL_OK;
}

void referral_delivery_free(Referral__Delivery *delivery)
{
    referral__delivery__free_unpacked(delivery, NULL);
}

/* Acknowledgements want company: they wait for the end of the round, or, where deliveries are received one by one, for
 * the last of those that came together, but not for long. */
static void let_go(struct referral_client *client)
{
    if (client->is_processing)
        return;
    if (client->on_delivery != NULL) {
        wake(client);
        return;
    }
    int64_t now_ms = waker_clock_ms();
    if (client->intake.waiting == NULL || now_ms >= client->said_ms + ACK_DELAY_MS) {
        client->is_processing = true;
        conversation_speak(client, now_ms);
        settle(client, now_ms);
        client->is_processing = false;
    }
}

static bool id_is_meant(ProtobufCBinaryData delivery_id)
{
    return delivery_id.data != NULL && delivery_id.len > 0 && delivery_id.len <= LIMIT_ID_BYTES;
}

enum referral_status referral_ack(struct referral_client *client, ProtobufCBinaryData delivery_id)
{
    if (!id_is_meant(delivery_id))
        return REFERRAL_BAD_ARGUMENT;
    enum referral_status status = intake_ack(&client->intake, delivery_id);
    if (status == REFERRAL_OK)
        let_go(client);
    return status;
}

/* Nobody hears of a NACK that the broker refuses, so no text may be the reason. */
enum referral_status referral_nack(struct referral_client *client, ProtobufCBinaryData delivery_id,
                                   Referral__NackCode code, const char *text)
{
    if (!id_is_meant(delivery_id) || !fits(text, LIMIT_LINE_BYTES) ||
        protobuf_c_enum_descriptor_get_value(&referral__nack_code__descriptor, (int)code) == NULL)
        return REFERRAL_BAD_ARGUMENT;
    const char *told = text != NULL && text_check(bytes_text(text)) == TEXT_OK ? text : NULL;
    enum referral_status status = intake_nack(&client->intake, delivery_id, code, told);
    if (status == REFERRAL_OK)
        let_go(client);
    return status;
}

static bool is_quiet(const struct referral_client *client, const void *what)
{
    (void)what;
    return client->requests.count == 0 && !intake_wants(&client->intake);
}

enum referral_status referral_flush(struct referral_client *client, uint32_t timeout_ms)
{
    if (wait_until(client, is_quiet, NULL, waker_clock_ms() + timeout_ms))
        return REFERRAL_OK;
    return client->session == SESSION_LIVE ? REFERRAL_TIMEOUT : REFERRAL_DISCONNECTED;
}
