/* desk.c - see desk.h. */
#include "desk.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "patient.h"

#define CREDIT 64 /* deliveries that a desk has in hand at most */

struct asked { /* a request on its way */
    struct desk *desk;
    struct patient *patient;
    void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted);
};

static void on_reply(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply)
{
    (void)client;
    struct asked *asked = user;
    asked->desk->morning->unanswered--;
    asked->on_answer(asked->patient, reply, status == REFERRAL_OK);
    free(asked);
}

void desk_ask(struct desk *desk, Referral__Kind kind, const ProtobufCMessage *message, struct patient *patient,
              void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted))
{
    struct asked *asked = malloc(sizeof *asked);
    if (asked == NULL)
        abort();
    *asked = (struct asked){.desk = desk, .patient = patient, .on_answer = on_answer};
    struct referral_request request = {.kind = kind, .message = message};
    desk->morning->unanswered++;
    enum referral_status status = referral_send(desk->client, &request, on_reply, asked);
    if (status != REFERRAL_OK)
        on_reply(desk->client, asked, status, NULL);
}

/* ---- Connections ------------------------------------------------------------------------------------------------------- */

static void on_link(struct referral_client *client, void *user, enum referral_link link, enum referral_trouble trouble)
{
    (void)client, (void)trouble;
    struct desk *desk = user;
    desk->linked = link == REFERRAL_LINK_READY;
}

static void on_delivery(struct referral_client *client, void *user, const Referral__Delivery *delivery)
{
    struct desk *desk = user;
    if (delivery->kind == REFERRAL__DELIVERY_KIND__SHEET) {
        desk->morning->sheets++;
    } else {
        Referral__Notice *notice = referral__notice__unpack(NULL, delivery->body.len, delivery->body.data);
        if (notice == NULL)
            abort();
        patient_hears(desk->morning, desk, notice);
        referral__notice__free_unpacked(notice, NULL);
    }
    referral_ack(client, delivery->delivery_id);
}

/* A house has one system that takes its inbox, whichever of its teams sits there: so notices come in their order.
 * Schedulers only book. */
static bool takes_inbox(const struct desk *desk)
{
    const struct desk *first = desk->morning->desks;
    while (first->kind != desk->kind || strcmp(first->house->id, desk->house->id) != 0)
        first++;
    return desk->kind != DESK_SCHEDULER && first == desk;
}

static bool open_desk(struct desk *desk)
{
    const struct morning *morning = desk->morning;
    struct referral_options options = {.addresses = &morning->address,
                                       .address_count = 1,
                                       .key = desk->key,
                                       .client_name = "referral-morning",
                                       .on_link = on_link,
                                       .user = desk};
    memcpy(options.server_key, morning->server_key, sizeof options.server_key);
    if (takes_inbox(desk)) {
        options.credit = CREDIT;
        options.on_delivery = on_delivery;
    }
    return referral_open(&options, &desk->client) == REFERRAL_OK;
}

static bool all_linked(const struct morning *morning, const void *user)
{
    (void)user;
    for (size_t i = 0; i < DESKS; i++)
        if (!morning->desks[i].linked)
            return false;
    return true;
}

bool desks_open(struct morning *morning)
{
    for (size_t i = 0; i < DESKS; i++)
        if (!open_desk(&morning->desks[i]))
            return false;
    return desks_until(morning, all_linked, NULL);
}

void desks_close(struct morning *morning)
{
    for (size_t i = 0; i < DESKS; i++)
        referral_close(morning->desks[i].client);
    referral_close(morning->operator);
}

/* ---- The loop ---------------------------------------------------------------------------------------------------------- */

/* Takes the steps that are due; real milliseconds until the next one, at most `timeout_ms`. */
static int take_steps(struct morning *morning, int timeout_ms)
{
    int64_t now = real_ms(), next = now + timeout_ms;
    for (size_t i = 0; i < PATIENTS; i++) {
        struct patient *patient = &morning->patients[i];
        if (patient->step_at_ms == 0)
            continue;
        if (patient->step_at_ms <= now) {
            patient->step_at_ms = 0;
            patient->step(patient);
        } else if (patient->step_at_ms < next) {
            next = patient->step_at_ms;
        }
    }
    return (int)(next - now);
}

void desks_serve(struct morning *morning, int timeout_ms)
{
    struct pollfd polled[DESKS];
    int wait_ms = take_steps(morning, timeout_ms);
    for (size_t i = 0; i < DESKS; i++)
        polled[i] = (struct pollfd){.fd = referral_fd(morning->desks[i].client), .events = POLLIN};
    if (poll(polled, DESKS, wait_ms) <= 0)
        return;
    for (size_t i = 0; i < DESKS; i++)
        if (polled[i].revents != 0)
            referral_process(morning->desks[i].client);
}

bool desks_until(struct morning *morning, bool (*done)(const struct morning *morning, const void *user),
                 const void *user)
{
    int64_t end = real_ms() + MORNING_PATIENCE_MS;
    while (!done(morning, user)) {
        if (real_ms() >= end)
            return false;
        desks_serve(morning, 50);
    }
    return true;
}

static bool is_quiet(const struct morning *morning, const void *user)
{
    (void)user;
    for (size_t i = 0; i < PATIENTS; i++)
        if (morning->patients[i].step_at_ms != 0)
            return false;
    return morning->unanswered == 0;
}

bool desks_until_quiet(struct morning *morning)
{
    return desks_until(morning, is_quiet, NULL);
}
