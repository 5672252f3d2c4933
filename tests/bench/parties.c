/* parties.c - senders and receivers: one thread, one key, one CURVE connection each. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "load.h"

#define WINDOW             256U   /* no sender has more unanswered requests than the broker's window */
#define REQUEST_TIMEOUT_MS 300000 /* the broker may be away for a while */
#define IDLE_MS            1000

struct trip { /* a request on its way */
    struct sender *sender;
    uint32_t number;
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
};

static struct referral_client *
open_client(const struct board *board, const char *institution, uint32_t credit,
            void (*on_delivery)(struct referral_client *, void *, const Referral__Delivery *), void *user)
{
    char key_file[4096];
    struct referral_client *client = NULL;
    struct referral_options options = {
        .addresses = &board->plan->address,
        .address_count = 1,
        .key_file = key_file,
        .client_name = institution, /* the echo has no registry to look the key up in */
        .request_timeout_ms = REQUEST_TIMEOUT_MS,
        .credit = credit,
        .on_delivery = on_delivery,
        .user = user,
    };
    snprintf(key_file, sizeof key_file, "%s/%s.key", board->plan->keys, institution);
    memcpy(options.server_key, board->plan->server_key, sizeof options.server_key);
    enum referral_status status = referral_open(&options, &client);
    if (status != REFERRAL_OK)
        fail("%s: %s", institution, referral_status_text(status, "en"));
    return client;
}

/* ---- Senders ----------------------------------------------------------------------------------------------------------------- */

/* Everything about a trip follows from its number, so that a sender that was killed sends the same again. */
static unsigned receiver_of(const struct plan *plan, uint32_t number)
{
    return (number / plan->senders + number) % plan->receivers;
}

static Referral__Priority lane_of(const struct plan *plan, uint32_t number)
{
    if (plan->ledger == NULL || number % 8 != 0)
        return REFERRAL__PRIORITY__ROUTINE;
    return number % 64 == 0 ? REFERRAL__PRIORITY__EMERGENCY : REFERRAL__PRIORITY__URGENT;
}

void sender_open(struct sender *sender, struct board *board, unsigned index)
{
    const struct plan *plan = board->plan;
    char id[PARTY_ID_SIZE];
    sender->board = board;
    sender->index = index;
    sheet_sender_id(id, index);
    if (ledger_open(&sender->ledger, plan->ledger, id) != 0)
        fail("%s/%s: %s", plan->ledger, id, strerror(errno));
    board->senders[index].wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (unsigned receiver = 0; receiver < plan->receivers; receiver++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            struct sheet_parties parties = {
                .sender = index, .receiver = plan->first_receiver + receiver, .lane = (Referral__Priority)(lane + 1)};
            sheet_form_make(&sender->forms[receiver][lane], parties);
        }
    }
    sender->client = open_client(board, id, 0, NULL, NULL);
}

static void on_reply(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply)
{
    (void)client;
    struct trip *trip = user;
    struct sender *sender = trip->sender;
    if (status == REFERRAL_REFUSED)
        fail("refused: %s %s", reply->refusals[0]->code, reply->refusals[0]->field ? reply->refusals[0]->field : "");
    else if (status != REFERRAL_OK)
        fail("not answered: %s", referral_status_text(status, "en"));
    ledger_done(&sender->ledger, trip->number, trip->message_id, reply->referral_id);
    if (sender->board->times != NULL)
        sender->board->times[trip->number].answered = board_us(sender->board);
    sender->answered++;
    atomic_store_explicit(&sender->board->senders[sender->index].answered, sender->answered, memory_order_relaxed);
    free(trip);
}

static void send_trip(struct sender *sender, uint32_t number, const char *message_id)
{
    const struct plan *plan = sender->board->plan;
    struct sheet_form *form = &sender->forms[receiver_of(plan, number)][lane_of(plan, number) - 1];
    struct trip *trip = malloc(sizeof *trip);
    if (trip == NULL)
        fail("out of memory");
    *trip = (struct trip){.sender = sender, .number = number};
    memcpy(trip->message_id, message_id, sizeof trip->message_id);
    sheet_fill(form, number);
    struct referral_request request = {
        .kind = REFERRAL__KIND__SUBMIT, .message_id = trip->message_id, .body = form->bytes, .body_size = form->size};
    enum referral_status status = referral_send(sender->client, &request, on_reply, trip);
    if (status != REFERRAL_OK)
        fail("cannot send: %s", referral_status_text(status, "en"));
    sender->sent++;
}

static uint32_t number_of(const struct sender *sender, uint32_t trip)
{
    return trip * sender->board->plan->senders + sender->index;
}

static void begin_trip(struct sender *sender)
{
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
    uint32_t number = number_of(sender, sender->next++);
    referral_message_id(message_id);
    ledger_send(&sender->ledger, number, message_id);
    send_trip(sender, number, message_id);
}

/* What an earlier life sent and saw no answer to goes out again under its old message id; the trips go on after it. */
static void resume(struct sender *sender)
{
    for (size_t i = 0; i < sender->ledger.count; i++) {
        const struct ledger_entry *entry = &sender->ledger.entries[i];
        sender->next = entry->number / sender->board->plan->senders + 1;
        if (!entry->is_done)
            send_trip(sender, entry->number, entry->message_id);
    }
}

/* Of trips: sent, and not yet both answered and acknowledged. */
static uint32_t in_flight(const struct sender *sender)
{
    uint32_t acked = atomic_load_explicit(&sender->board->senders[sender->index].acked, memory_order_acquire);
    bool is_lagging = !sender->board->plan->one_way && (int32_t)(acked - sender->answered) < 0;
    return sender->sent - (is_lagging ? acked : sender->answered);
}

/* With fewer trips in flight than senders, the first ones make them all. */
static uint32_t share_of(const struct plan *plan, unsigned index)
{
    uint32_t share = plan->in_flight / plan->senders + (index < plan->in_flight % plan->senders);
    return share < WINDOW ? share : WINDOW;
}

static bool is_spent(const struct sender *sender)
{
    const struct plan *plan = sender->board->plan;
    bool is_counted_out = plan->count != 0 && number_of(sender, sender->next) >= plan->count;
    return is_counted_out || atomic_load_explicit(&sender->board->stopping, memory_order_relaxed);
}

static void begin_as_they_end(struct sender *sender)
{
    while (!is_spent(sender) && in_flight(sender) < share_of(sender->board->plan, sender->index))
        begin_trip(sender);
}

/* When the next trip is due, in microseconds from the start. */
static uint32_t next_due_us(const struct sender *sender)
{
    return (uint32_t)((uint64_t)number_of(sender, sender->next) * 1000000 / sender->board->plan->per_second) + 1;
}

static void begin_as_they_are_due(struct sender *sender)
{
    while (!is_spent(sender) && next_due_us(sender) <= board_us(sender->board)) {
        sender->board->times[number_of(sender, sender->next)].due = next_due_us(sender);
        begin_trip(sender);
    }
}

static struct timespec patience(const struct sender *sender)
{
    int64_t wait_us = (int64_t)IDLE_MS * 1000;
    if (sender->board->plan->per_second != 0 && !is_spent(sender)) {
        int64_t left_us = (int64_t)next_due_us(sender) - board_us(sender->board);
        wait_us = left_us < 0 ? 0 : left_us < wait_us ? left_us : wait_us;
    }
    return (struct timespec){.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
}

static void say_progress(const struct sender *sender, uint32_t answered_before)
{
    if (sender->ledger.fd >= 0 && sender->answered != answered_before)
        printf("answered %u\n", sender->answered - answered_before);
}

void *sender_run(void *user)
{
    struct sender *sender = user;
    struct sender_board *board = &sender->board->senders[sender->index];
    struct pollfd fds[2] = {{.fd = referral_fd(sender->client), .events = POLLIN},
                            {.fd = board->wake_fd, .events = POLLIN}};
    resume(sender);
    while (!is_spent(sender) || in_flight(sender) != 0) {
        uint32_t answered_before = sender->answered;
        uint64_t woken;
        if (sender->board->plan->per_second != 0)
            begin_as_they_are_due(sender);
        else
            begin_as_they_end(sender);
        struct timespec wait = patience(sender);
        ppoll(fds, 2, &wait, NULL);
        if (fds[1].revents != 0 && read(board->wake_fd, &woken, sizeof woken) < 0)
            continue;
        referral_process(sender->client);
        say_progress(sender, answered_before);
    }
    referral_close(sender->client);
    ledger_close(&sender->ledger);
    return NULL;
}

/* ---- Receivers --------------------------------------------------------------------------------------------------------------- */

static void note_trip(struct receiver *receiver, const Referral__Delivery *delivery)
{
    struct board *board = receiver->board;
    struct sheet_origin origin;
    if (!delivery->has_body || !sheet_read(delivery->body, &origin) || origin.sender >= board->plan->senders)
        return;
    ledger_got(&receiver->ledger, origin.number, delivery);
    if (board->times != NULL && origin.number < board->plan->count)
        board->times[origin.number].acked = board_us(board);
    atomic_fetch_add_explicit(&board->senders[origin.sender].acked, 1, memory_order_release);
    receiver->touched |= 1U << origin.sender;
}

static void on_delivery(struct referral_client *client, void *user, const Referral__Delivery *delivery)
{
    struct receiver *receiver = user;
    int64_t none = 0;
    if (atomic_load_explicit(&receiver->board->first_received_ns, memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&receiver->board->first_received_ns, &none, wall_ns());
    note_trip(receiver, delivery);
    if (referral_ack(client, delivery->delivery_id) != REFERRAL_OK)
        fail("a delivery cannot be acknowledged");
    atomic_fetch_add_explicit(&receiver->board->received[receiver->index], 1, memory_order_relaxed);
}

void receiver_open(struct receiver *receiver, struct board *board, unsigned index)
{
    char id[PARTY_ID_SIZE];
    *receiver = (struct receiver){.board = board, .index = index};
    sheet_receiver_id(id, board->plan->first_receiver + index);
    if (ledger_open(&receiver->ledger, board->plan->ledger, id) != 0)
        fail("%s/%s: %s", board->plan->ledger, id, strerror(errno));
    receiver->client = open_client(board, id, board->plan->credit, on_delivery, receiver);
}

/* The acknowledgements of a round have left with it; one wake-up for each sender, not for each trip. */
static void wake_senders(struct receiver *receiver)
{
    static const uint64_t one = 1;
    for (unsigned i = 0; i < receiver->board->plan->senders; i++)
        if (receiver->touched >> i & 1 && write(receiver->board->senders[i].wake_fd, &one, sizeof one) < 0)
            fail("a sender cannot be woken: %s", strerror(errno));
    receiver->touched = 0;
}

void *receiver_run(void *user)
{
    struct receiver *receiver = user;
    struct pollfd fds[2] = {{.fd = referral_fd(receiver->client), .events = POLLIN},
                            {.fd = receiver->board->close_fd, .events = POLLIN}};
    while (fds[1].revents == 0) {
        poll(fds, 2, IDLE_MS);
        referral_process(receiver->client);
        wake_senders(receiver);
    }
    referral_close(receiver->client);
    ledger_close(&receiver->ledger);
    return NULL;
}
