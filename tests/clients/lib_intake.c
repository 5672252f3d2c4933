/* Deliveries of libreferral: credit, acknowledgements, sessions that end (D3, D4). */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "peer.h"

static struct peer peer;
static struct referral_client *client;
static const char *address[1];

static void setup(void)
{
    peer_open(&peer);
    address[0] = peer.endpoint;
}

static void teardown(void)
{
    referral_close(client);
    peer_close(&peer);
}

TestSuite(intake, .init = setup, .fini = teardown);

static void open_client(uint32_t credit)
{
    struct referral_options options = peer_options(&peer, address);
    options.credit = credit;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
}

static Referral__Delivery *receive(void)
{
    Referral__Delivery *delivery = NULL;
    cr_assert(referral_receive(client, PEER_PATIENCE_MS, &delivery) == REFERRAL_OK);
    return delivery;
}

static ProtobufCBinaryData id_of(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
}

static void receive_and_ack(const char *expected)
{
    Referral__Delivery *delivery = receive();
    cr_assert(delivery->delivery_id.len == strlen(expected) &&
              memcmp(delivery->delivery_id.data, expected, strlen(expected)) == 0);
    cr_assert(referral_ack(client, delivery->delivery_id) == REFERRAL_OK);
    referral_delivery_free(delivery);
}

static uint32_t hear_credit(struct peer *broker)
{
    struct said said = peer_hear(broker, REFERRAL__KIND__CREDIT);
    Referral__Credit *credit = referral__credit__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    uint32_t add = credit->add;
    referral__credit__free_unpacked(credit, NULL);
    said_free(said);
    return add;
}

/* The ids of an ACK, each of one character, as a text. */
static void hear_acks(struct peer *broker, const char *expected)
{
    struct said said = peer_hear(broker, REFERRAL__KIND__ACK);
    Referral__Ack *ack = referral__ack__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    assert(ack->n_delivery_ids == strlen(expected));
    for (size_t i = 0; i < ack->n_delivery_ids; i++)
        assert(ack->delivery_ids[i].len == 1 && ack->delivery_ids[i].data[0] == (uint8_t)expected[i]);
    referral__ack__free_unpacked(ack, NULL);
    said_free(said);
}

static void delivers_one(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 5);
    peer_deliver(broker, "1", 1);
    hear_acks(broker, "1");
    assert(hear_credit(broker) == 1);
    hear_acks(broker, "1"); /* again, and no credit with it: the next credit is the user's own */
    assert(hear_credit(broker) == 2);
}

Test(intake, d4_credit_comes_back_once_for_each_delivery)
{
    open_client(5);
    peer_run(&peer, delivers_one);
    receive_and_ack("1");
    cr_assert(referral_ack(client, id_of("1")) == REFERRAL_OK);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(referral_grant(client, 2) == REFERRAL_OK);
    cr_assert(referral_grant(client, LIMIT_CREDIT) == REFERRAL_BAD_ARGUMENT);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

static void refused_once(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 1);
    peer_deliver(broker, "1", 3);
    struct said said = peer_hear(broker, REFERRAL__KIND__NACK);
    Referral__Nack *nack = referral__nack__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    assert(nack->code == REFERRAL__NACK_CODE__NACK_UNREADABLE && strcmp(nack->text, "no such form") == 0);
    assert(nack->delivery_id.len == 1 && nack->delivery_id.data[0] == '1');
    referral__nack__free_unpacked(nack, NULL);
    said_free(said);
    assert(hear_credit(broker) == 1);
}

Test(intake, d5_a_refused_delivery_gives_its_credit_back_too)
{
    open_client(1);
    peer_run(&peer, refused_once);
    Referral__Delivery *delivery = receive();
    cr_assert(delivery->attempt == 3);
    cr_assert(referral_nack(client, delivery->delivery_id, REFERRAL__NACK_CODE__NACK_UNREADABLE, "no such form") ==
              REFERRAL_OK);
    referral_delivery_free(delivery);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

static const char *const unfit_texts[] = {
    "cut in the middle: \xe6\x82", "overlong: \xc0\x80",      "a surrogate: \xed\xa0\x80",
    "beyond: \xf4\x90\x80\x80",    "lines of a terminal\r\n", "U+0085: \xc2\x85",
    "U+2028: \xe2\x80\xa8",        "U+202E: \xe2\x80\xae",    "U+FEFF: \xef\xbb\xbf"};
#define UNFIT_TEXTS (sizeof unfit_texts / sizeof *unfit_texts)
static const char fit_text[] = "格式不符\n\t\xf0\x9f\x8f\xa5 \xc3\xa9";

static void hears_the_refusals_without_their_texts(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    for (size_t i = 0; i <= UNFIT_TEXTS; i++) {
        struct said said = peer_hear(broker, REFERRAL__KIND__NACK);
        Referral__Nack *nack = referral__nack__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
        assert(nack->code == REFERRAL__NACK_CODE__NACK_UNREADABLE);
        assert(i < UNFIT_TEXTS ? nack->text == NULL : strcmp(nack->text, fit_text) == 0);
        referral__nack__free_unpacked(nack, NULL);
        said_free(said);
    }
}

Test(intake, d5_a_refusal_gets_through_whatever_its_text_is)
{
    open_client(1);
    peer_run(&peer, hears_the_refusals_without_their_texts);
    for (size_t i = 0; i < UNFIT_TEXTS; i++)
        cr_assert(referral_nack(client, id_of("1"), REFERRAL__NACK_CODE__NACK_UNREADABLE, unfit_texts[i]) ==
                  REFERRAL_OK);
    cr_assert(referral_nack(client, id_of("1"), REFERRAL__NACK_CODE__NACK_UNREADABLE, fit_text) == REFERRAL_OK);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

Test(intake, d5_a_refusal_without_a_code_cannot_be_meant)
{
    open_client(1);
    cr_assert(referral_nack(client, id_of("1"), (Referral__NackCode)0, NULL) == REFERRAL_BAD_ARGUMENT);
    cr_assert(referral_nack(client, id_of("1"), (Referral__NackCode)5, NULL) == REFERRAL_BAD_ARGUMENT);
}

static void delivers_the_same_twice(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 2);
    peer_deliver(broker, "1", 1);
    peer_deliver(broker, "1", 2);
    assert(hear_credit(broker) == 1); /* for the one that came while the first was in hand */
    hear_acks(broker, "1");
    assert(hear_credit(broker) == 1);
}

Test(intake, d4_a_redelivery_while_in_hand_costs_no_credit)
{
    open_client(2);
    peer_run(&peer, delivers_the_same_twice);
    Referral__Delivery *first = receive(), *second = receive();
    cr_assert(first->attempt == 1 && second->attempt == 2);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(referral_ack(client, second->delivery_id) == REFERRAL_OK);
    referral_delivery_free(first);
    referral_delivery_free(second);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

/* Asks something: what the script delivers before it answers is here then. */
static void let_them_come(void)
{
    struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_call(client, &question, NULL) == REFERRAL_OK);
}

static void accept_question(struct peer *broker)
{
    struct said said = peer_hear(broker, REFERRAL__KIND__GET_STATUS);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

static void hear_refused(struct peer *broker)
{
    said_free(peer_hear(broker, REFERRAL__KIND__NACK));
}

/* In as many grants as the deliveries came in rounds. */
static void hear_credits(struct peer *broker, uint32_t sum)
{
    uint32_t heard = 0;
    while (heard < sum)
        heard += hear_credit(broker);
    assert(heard == sum);
}

static void delivers_again_what_waits(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 8);
    peer_deliver(broker, "1", 1);
    peer_deliver(broker, "2", 1);
    peer_deliver(broker, "1", 2);
    peer_deliver(broker, "2", 2);
    peer_deliver(broker, "1", 3);
    peer_deliver(broker, "3", 1);
    accept_question(broker);
    hear_credits(broker, 3); /* for those that came again */
    hear_acks(broker, "1");
    assert(hear_credit(broker) == 1);
    hear_refused(broker);
    assert(hear_credit(broker) == 1);
    hear_acks(broker, "3");
    assert(hear_credit(broker) == 1);
}

/* Whoever takes longer than the ack time-out has copies waiting behind what it works on. */
Test(intake, d4_what_is_acknowledged_is_not_handed_over_again)
{
    open_client(8);
    peer_run(&peer, delivers_again_what_waits);
    let_them_come();
    receive_and_ack("1");
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    Referral__Delivery *second = receive();
    cr_assert(second->delivery_id.data[0] == '2' && second->attempt == 1);
    cr_assert(referral_nack(client, second->delivery_id, REFERRAL__NACK_CODE__NACK_RETRY, NULL) == REFERRAL_OK);
    referral_delivery_free(second);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    receive_and_ack("3");
    Referral__Delivery *none = NULL;
    cr_assert(referral_receive(client, 0, &none) == REFERRAL_TIMEOUT && none == NULL);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

static void delivers_an_emergency_last(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 8);
    peer_deliver_in(broker, REFERRAL__PRIORITY__ROUTINE, "bd-1", "1", 1);
    peer_deliver_in(broker, REFERRAL__PRIORITY__ROUTINE, "bd-2", "2", 1);
    peer_deliver_in(broker, REFERRAL__PRIORITY__URGENT, "bd-3", "u", 1);
    peer_deliver_in(broker, REFERRAL__PRIORITY__EMERGENCY, "bd-4", "e", 1);
    peer_deliver_in(broker, REFERRAL__PRIORITY__URGENT, "bd-5", "v", 1);
    peer_deliver_in(broker, REFERRAL__PRIORITY__URGENT, "bd-2", "w", 1);
    accept_question(broker);
}

/* To whoever is slow: what came later and is more urgent does not wait behind the rest. */
Test(intake, d3_of_what_waits_the_higher_lane_goes_first)
{
    open_client(8);
    peer_run(&peer, delivers_an_emergency_last);
    let_them_come();
    receive_and_ack("e");
    receive_and_ack("u");
    receive_and_ack("v");
    receive_and_ack("1");
    receive_and_ack("2");
    receive_and_ack("w"); /* the story of one referral is told in its order */
    peer_join(&peer);
}

#define HOARD 16

static atomic_bool heard;

static void delivers_more_than_can_be_read(struct peer *broker)
{
    broker->ping_interval_ms = 200;
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == HOARD);
    for (char id[] = "a"; id[0] < 'a' + HOARD; id[0]++)
        peer_deliver(broker, id, 1);
    accept_question(broker);
    said_free(peer_hear(broker, REFERRAL__KIND__PING));
    heard = true;
}

/* One message after the other, acknowledged together at the end: nothing else is called in the meantime. */
Test(intake, d4_a_session_is_kept_while_messages_wait_to_be_read)
{
    open_client(HOARD);
    peer_run(&peer, delivers_more_than_can_be_read);
    let_them_come();
    for (int i = 0; i < HOARD && !heard; i++) {
        Referral__Delivery *delivery = NULL;
        poll(NULL, 0, referral_next_timeout_ms(client));
        referral_receive(client, 0, &delivery);
        referral_delivery_free(delivery);
    }
    peer_join(&peer);
}

static void dies_with_deliveries_out(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 4);
    peer_deliver(broker, "1", 1);
    peer_deliver(broker, "2", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__GET_STATUS); /* the client holds 1, and 2 waits inside */
    said_free(said);
    peer_restart(broker);
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 4); /* all of it anew */
    said = peer_hear(broker, REFERRAL__KIND__GET_STATUS);
    peer_accept(broker, said.envelope->request);
    said_free(said);
    hear_acks(broker, "1"); /* of the old session: counts, and gives no credit */
    peer_deliver(broker, "2", 1);
    hear_acks(broker, "2");
    assert(hear_credit(broker) == 1);
}

Test(intake, d4_a_new_session_has_all_its_credit_and_gets_again_what_nobody_had_seen)
{
    open_client(4);
    peer_run(&peer, dies_with_deliveries_out);
    Referral__Delivery *held = receive();
    struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_call(client, &question, NULL) == REFERRAL_OK);
    cr_assert(referral_ack(client, held->delivery_id) == REFERRAL_OK);
    referral_delivery_free(held);
    receive_and_ack("2");
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

static size_t taken;

static void take(struct referral_client *consumer, void *user, const Referral__Delivery *delivery)
{
    cr_assert(user == &taken);
    cr_assert(referral_ack(consumer, delivery->delivery_id) == REFERRAL_OK);
    taken++;
}

static void speaks_for_a_dead_session(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 1);
    peer_say(broker, REFERRAL__KIND__NO_SESSION, NULL);
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 1);
    broker->epoch--;
    peer_deliver(broker, "1", 1);
    broker->epoch++;
    peer_deliver(broker, "2", 1);
    hear_acks(broker, "2");
}

Test(intake, d4_a_delivery_of_a_session_that_ended_is_left_to_the_next)
{
    struct referral_options options = peer_options(&peer, address);
    options.credit = 1;
    options.on_delivery = take;
    options.user = &taken;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    Referral__Delivery *none = NULL;
    cr_assert(referral_receive(client, 0, &none) == REFERRAL_BAD_ARGUMENT);
    peer_run(&peer, speaks_for_a_dead_session);
    while (taken == 0)
        cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

/* ---- A foreign event loop --------------------------------------------------------------------------------------------------- */

#define EXCHANGES 500

static size_t answered;

static void echoes(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    assert(hear_credit(broker) == 1);
    for (size_t i = 0; i < EXCHANGES; i++) {
        struct said said = peer_hear(broker, REFERRAL__KIND__GET_STATUS);
        peer_accept(broker, said.envelope->request);
        said_free(said);
        peer_deliver(broker, "1", 1);
        hear_acks(broker, "1");
        assert(hear_credit(broker) == 1);
    }
}

static void count(struct referral_client *asker, void *user, enum referral_status status, const Referral__Reply *reply)
{
    (void)asker;
    (void)user;
    cr_assert(status == REFERRAL_OK && reply != NULL);
    answered++;
}

/* Nothing but the descriptor says when: an edge that got lost would end the wait. */
Test(intake, the_descriptor_alone_drives_a_foreign_loop)
{
    struct referral_options options = peer_options(&peer, address);
    options.credit = 1;
    options.on_delivery = take;
    options.user = &taken;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, echoes);
    struct pollfd fd = {.fd = referral_fd(client), .events = POLLIN};
    for (size_t asked = 0; answered < EXCHANGES || taken < EXCHANGES;) {
        if (asked == answered && asked == taken && asked < EXCHANGES) {
            struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
            cr_assert(referral_send(client, &question, count, NULL) == REFERRAL_OK);
            asked++;
        }
        cr_assert(poll(&fd, 1, PEER_PATIENCE_MS) == 1, "asked %zu answered %zu taken %zu", asked, answered, taken);
        cr_assert(fd.fd == referral_fd(client));
        cr_assert(referral_process(client) == REFERRAL_OK);
    }
    cr_assert(referral_next_timeout_ms(client) >= 0);
    peer_join(&peer);
}

/* Each time once the client has seen its WELCOME: it asks something then. */
static void goes_away_and_comes_back(struct peer *broker)
{
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            peer_restart(broker);
        peer_welcome(broker, "a", 1);
        said_free(peer_hear(broker, REFERRAL__KIND__GET_STATUS));
    }
}

static char links[16];

static void note_link(struct referral_client *observer, void *user, enum referral_link link,
                      enum referral_trouble trouble)
{
    (void)user;
    cr_assert(trouble == (link == REFERRAL_LINK_READY ? REFERRAL_TROUBLE_NONE : REFERRAL_TROUBLE_LOST), "%s: %s", links,
              referral_trouble_text(trouble, "en"));
    size_t count = strlen(links);
    cr_assert(count + 1 < sizeof links);
    links[count] = link == REFERRAL_LINK_READY ? 'R' : 'D';
    struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
    if (strlen(links) == 1) /* unanswered, it is asked again in each session */
        cr_assert(referral_send(observer, &question, NULL, NULL) == REFERRAL_OK);
}

Test(intake, the_descriptor_alone_brings_a_lost_connection_back)
{
    struct referral_options options = peer_options(&peer, address);
    options.on_link = note_link;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, goes_away_and_comes_back);
    struct pollfd fd = {.fd = referral_fd(client), .events = POLLIN};
    while (strlen(links) < 5) {
        cr_assert(poll(&fd, 1, PEER_PATIENCE_MS) == 1);
        cr_assert(referral_process(client) == REFERRAL_OK);
    }
    cr_assert_str_eq(links, "RDRDR");
    peer_join(&peer);
}
