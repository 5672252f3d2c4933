/* Requests of libreferral: asked once, answered once, sent again only where that has one effect (D1). */
#include <criterion/criterion.h>
#include <string.h>

#include "peer.h"

static struct peer peer;
static struct referral_client *client;
static const char *address[2];
static Referral__Reply *reply;

static void setup(void)
{
    peer_open(&peer);
    address[0] = peer.endpoint;
}

static void teardown(void)
{
    referral_reply_free(reply);
    referral_close(client);
    peer_close(&peer);
}

TestSuite(request, .init = setup, .fini = teardown);

static void open_client(void)
{
    struct referral_options options = peer_options(&peer, address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
}

static enum referral_status call(Referral__Kind kind, uint32_t timeout_ms)
{
    struct referral_request request = {.kind = kind, .body = "body", .body_size = 4, .timeout_ms = timeout_ms};
    return referral_call(client, &request, &reply);
}

static const char *refused_code(void)
{
    return reply != NULL && reply->n_refusals > 0 ? reply->refusals[0]->code : "";
}

static void answer(struct peer *broker, Referral__Kind kind)
{
    struct said said = peer_hear(broker, kind);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

/* ---- Answers --------------------------------------------------------------------------------------------------------------- */

static void accepts(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    assert(strlen(said.envelope->message_id) == 26 && strcmp(said.envelope->acting_for, "V1") == 0);
    assert(said.envelope->body.len == 4 && memcmp(said.envelope->body.data, "body", 4) == 0);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

Test(request, d2_an_accepted_command_brings_its_reply)
{
    open_client();
    peer_run(&peer, accepts);
    struct referral_request request = {
        .kind = REFERRAL__KIND__SUBMIT, .acting_for = "V1", .body = "body", .body_size = 4};
    cr_assert(referral_call(client, &request, &reply) == REFERRAL_OK);
    cr_assert_str_eq(reply->referral_id, "bd-1-4711-1");
    cr_assert_str_eq(referral_welcome(client)->institution, "T07");
    cr_assert(referral_unanswered(client) == 0);
    peer_join(&peer);
}

static void refuses(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    peer_refuse(broker, said.envelope->request, "INBOX_FULL", 60000);
    said_free(said);
}

Test(request, d6_a_full_inbox_is_reported_with_its_retry_time)
{
    open_client();
    peer_run(&peer, refuses);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_REFUSED);
    cr_assert_str_eq(refused_code(), "INBOX_FULL");
    cr_assert(reply->refusals[0]->retry_after_ms == 60000);
    peer_join(&peer);
}

static void is_busy_then_accepts(struct peer *broker)
{
    static const char *const codes[] = {"BUSY", "DRAINING", "FAILED"};
    peer_welcome(broker, "a", 1);
    struct said first = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        peer_refuse(broker, first.envelope->request, codes[i], 1);
        struct said again = peer_hear(broker, REFERRAL__KIND__SUBMIT);
        assert(again.bytes.len == first.bytes.len && memcmp(again.bytes.data, first.bytes.data, first.bytes.len) == 0);
        said_free(again);
    }
    peer_accept(broker, first.envelope->request);
    said_free(first);
}

Test(request, d6_busy_draining_and_failed_are_asked_again_with_the_same_bytes)
{
    open_client();
    peer_run(&peer, is_busy_then_accepts);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OK);
    cr_assert(reply != NULL && reply->n_refusals == 0);
    peer_join(&peer);
}

static void stays_busy(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    peer_refuse(broker, said.envelope->request, "BUSY", 60000);
    said_free(said);
}

Test(request, d6_busy_to_the_end_is_a_refusal_and_not_a_doubt)
{
    open_client();
    peer_run(&peer, stays_busy);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 300) == REFERRAL_REFUSED);
    cr_assert_str_eq(refused_code(), "BUSY");
    peer_join(&peer);
}

/* ---- Time is up ------------------------------------------------------------------------------------------------------------ */

static void says_nothing(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    said_free(peer_hear(broker, REFERRAL__KIND__SUBMIT));
}

Test(request, d1_what_was_sent_and_not_answered_is_a_doubt)
{
    open_client();
    peer_run(&peer, says_nothing);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 200) == REFERRAL_TIMEOUT);
    cr_assert(reply == NULL);
    peer_join(&peer);
}

Test(request, d1_what_was_never_sent_was_not_done)
{
    open_client(); /* nobody answers HELLO */
    cr_assert(call(REFERRAL__KIND__SUBMIT, 200) == REFERRAL_DISCONNECTED);
    cr_assert(referral_connect(client, 1) == REFERRAL_DISCONNECTED);
    cr_assert(referral_welcome(client) == NULL);
}

/* ---- Sent again ------------------------------------------------------------------------------------------------------------ */

static uint32_t second_incarnation;
static const char *second_store;

static void dies_in_between(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said first = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    peer_restart(broker);
    peer_welcome(broker, second_store, second_incarnation);
    if (strcmp(second_store, "a") == 0 && second_incarnation == 1) {
        struct said again = peer_hear(broker, REFERRAL__KIND__SUBMIT);
        assert(again.bytes.len == first.bytes.len && memcmp(again.bytes.data, first.bytes.data, first.bytes.len) == 0);
        peer_accept(broker, again.envelope->request);
        said_free(again);
    } else {
        answer(broker, REFERRAL__KIND__GET_STATUS); /* the next question, and not the old command */
    }
    said_free(first);
}

Test(request, d1_a_lost_answer_is_asked_for_with_the_same_id_and_bytes)
{
    second_store = "a";
    second_incarnation = 1;
    open_client();
    peer_run(&peer, dies_in_between);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OK);
    peer_join(&peer);
}

Test(request, d1_another_store_never_gets_what_the_first_may_have_done)
{
    second_store = "b";
    second_incarnation = 1;
    open_client();
    peer_run(&peer, dies_in_between);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OTHER_STORE);
    cr_assert(call(REFERRAL__KIND__GET_STATUS, 0) == REFERRAL_OK);
    peer_join(&peer);
}

Test(request, d1_a_restored_store_never_gets_what_it_may_have_forgotten)
{
    second_store = "a";
    second_incarnation = 2;
    open_client();
    peer_run(&peer, dies_in_between);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OTHER_STORE);
    cr_assert(call(REFERRAL__KIND__GET_STATUS, 0) == REFERRAL_OK);
    peer_join(&peer);
}

static void dies_over_a_question(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    said_free(peer_hear(broker, REFERRAL__KIND__GET_STATUS));
    peer_restart(broker);
    peer_welcome(broker, "b", 7);
    answer(broker, REFERRAL__KIND__GET_STATUS);
}

Test(request, d1_a_question_is_asked_again_of_any_store)
{
    open_client();
    peer_run(&peer, dies_over_a_question);
    cr_assert(call(REFERRAL__KIND__GET_STATUS, 0) == REFERRAL_OK);
    peer_join(&peer);
}

static void forgets_the_session(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said first = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    peer_say(broker, REFERRAL__KIND__NO_SESSION, NULL);
    peer_welcome(broker, "a", 1);
    answer(broker, REFERRAL__KIND__SUBMIT);
    said_free(first);
}

Test(request, d1_no_session_is_answered_with_hello_and_the_request_again)
{
    open_client();
    peer_run(&peer, forgets_the_session);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OK);
    peer_join(&peer);
}

static void says_goodbye(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    said_free(peer_hear(broker, REFERRAL__KIND__SUBMIT));
    Referral__Goodbye goodbye = REFERRAL__GOODBYE__INIT;
    goodbye.reason = (char *)"drain";
    goodbye.has_retry_after_ms = true;
    goodbye.retry_after_ms = 1;
    peer_say(broker, REFERRAL__KIND__GOODBYE, &goodbye.base);
    peer_welcome(broker, "a", 1);
    answer(broker, REFERRAL__KIND__SUBMIT);
}

Test(request, d1_after_goodbye_the_client_comes_back_with_what_is_unanswered)
{
    open_client();
    peer_run(&peer, says_goodbye);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OK);
    peer_join(&peer);
}

static void falls_silent(struct peer *broker)
{
    broker->ping_interval_ms = 50;
    broker->answers_pings = false;
    peer_welcome(broker, "a", 1);
    said_free(peer_hear(broker, REFERRAL__KIND__SUBMIT));
    said_free(peer_hear(broker, REFERRAL__KIND__PING));
    broker->ping_interval_ms = 0;
    peer_welcome(broker, "a", 1);
    answer(broker, REFERRAL__KIND__SUBMIT);
}

Test(request, d1_a_silent_broker_is_pinged_then_left_and_asked_again)
{
    open_client();
    peer_run(&peer, falls_silent);
    cr_assert(call(REFERRAL__KIND__SUBMIT, 0) == REFERRAL_OK);
    peer_join(&peer);
}

/* ---- The window and the frame ---------------------------------------------------------------------------------------------- */

static size_t answered;

static void count_answer(struct referral_client *asker, void *user, enum referral_status status,
                         const Referral__Reply *given)
{
    (void)asker;
    cr_assert(status == REFERRAL_OK && given != NULL);
    cr_assert(*(size_t *)user == answered); /* in the order asked */
    answered++;
}

static void send_many(size_t count)
{
    static size_t numbers[1000];
    for (size_t i = 0; i < count; i++) {
        struct referral_request request = {.kind = REFERRAL__KIND__SUBMIT, .body = "body", .body_size = 4};
        numbers[i] = i;
        cr_assert(referral_send(client, &request, count_answer, &numbers[i]) == REFERRAL_OK);
    }
}

static void has_a_small_window(struct peer *broker)
{
    broker->window = 3;
    peer_welcome(broker, "a", 1);
    uint64_t unanswered[3];
    for (size_t i = 0; i < 3; i++) {
        struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
        unanswered[i] = said.envelope->request;
        said_free(said);
    }
    assert(peer_hears_nothing(broker, 100));
    for (size_t i = 0; i < 7; i++) {
        peer_accept(broker, unanswered[i % 3]);
        struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
        unanswered[i % 3] = said.envelope->request;
        said_free(said);
    }
    for (size_t i = 7; i < 10; i++)
        peer_accept(broker, unanswered[i % 3]);
}

Test(request, d6_beyond_the_window_requests_wait_their_turn)
{
    open_client();
    peer_run(&peer, has_a_small_window);
    send_many(10);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(answered == 10);
    peer_join(&peer);
}

static void counts_frames(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    size_t before = broker->frames_heard;
    for (size_t i = 0; i < 200; i++)
        answer(broker, REFERRAL__KIND__SUBMIT);
    assert(broker->frames_heard - before < 20);
}

Test(request, what_is_queued_together_travels_together)
{
    open_client();
    cr_assert(referral_unanswered(client) == 0);
    send_many(200);
    cr_assert(referral_unanswered(client) == 200);
    peer_run(&peer, counts_frames);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(answered == 200);
    peer_join(&peer);
}

static enum referral_status ended_with;

static void note_end(struct referral_client *asker, void *user, enum referral_status status,
                     const Referral__Reply *given)
{
    (void)user;
    ended_with = status;
    cr_assert(given == NULL);
    struct referral_request request = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_send(asker, &request, NULL, NULL) == REFERRAL_CLOSED);
}

Test(request, d1_closing_ends_every_request)
{
    open_client();
    struct referral_request request = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_send(client, &request, note_end, NULL) == REFERRAL_OK);
    referral_close(client);
    client = NULL;
    cr_assert(ended_with == REFERRAL_CLOSED);
}

/* ---- Arguments ------------------------------------------------------------------------------------------------------------- */

Test(request, what_cannot_be_meant_is_never_sent)
{
    open_client();
    static uint8_t large[LIMIT_ENVELOPE_BYTES];
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    const struct {
        struct referral_request request;
        enum referral_status status;
    } rows[] = {
        {{.kind = REFERRAL__KIND__HELLO}, REFERRAL_BAD_ARGUMENT},
        {{.kind = REFERRAL__KIND__ACK}, REFERRAL_BAD_ARGUMENT},
        {{.kind = (Referral__Kind)0}, REFERRAL_BAD_ARGUMENT},
        {{.kind = (Referral__Kind)1000}, REFERRAL_BAD_ARGUMENT},
        {{.kind = REFERRAL__KIND__SUBMIT, .message = &sheet.base, .body = "x", .body_size = 1}, REFERRAL_BAD_ARGUMENT},
        {{.kind = REFERRAL__KIND__SUBMIT, .body_size = 1}, REFERRAL_BAD_ARGUMENT},
        {{.kind = REFERRAL__KIND__GET_STATUS, .message_id = "m1"}, REFERRAL_BAD_ARGUMENT},
        {{.kind = REFERRAL__KIND__SUBMIT, .body = large, .body_size = sizeof large}, REFERRAL_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert(referral_call(client, &rows[i].request, NULL) == rows[i].status, "row %zu", i);
        cr_assert(referral_send(client, &rows[i].request, NULL, NULL) == rows[i].status, "row %zu", i);
    }
    cr_assert(referral_unanswered(client) == 0);
}

Test(request, options_that_cannot_be_meant_open_nothing)
{
    struct referral_options good = peer_options(&peer, address), options = good;
    options.address_count = 0;
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_ARGUMENT);
    options = good;
    memset(options.server_key, 0, sizeof options.server_key);
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_ARGUMENT);
    options = good;
    memset(&options.key, 0, sizeof options.key);
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_ARGUMENT);
    options = good;
    options.credit = LIMIT_CREDIT + 1;
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_ARGUMENT);
    options = good;
    options.client_version = "a version of more than sixty-four characters is not what HELLO may say";
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_ARGUMENT);
    options = good;
    options.key_file = "/tmp/no-such-key-file";
    cr_assert(referral_open(&options, &client) == REFERRAL_BAD_KEY_FILE);
    cr_assert(client == NULL);
}

Test(request, d1_message_ids_are_ulids_in_order)
{
    char before[REFERRAL_MESSAGE_ID_SIZE] = "", id[REFERRAL_MESSAGE_ID_SIZE];
    for (size_t i = 0; i < 10000; i++) {
        referral_message_id(id);
        cr_assert(strlen(id) == 26 && strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26 && id[0] <= '7');
        cr_assert(strcmp(before, id) < 0);
        memcpy(before, id, sizeof id);
    }
}
