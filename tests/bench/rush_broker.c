/* rush_broker.c - the rush against the broker: BOOK_PLACE over CURVE, for family doctors' patients and for the
 * hospital's own.
 *
 * Every third client is a township centre, which books for referrals of its team: each granted ask uses one up, for a
 * patient has one place of a class. They are submitted before the clock starts. The others are schedulers of the
 * hospital, who book under a number of their own. Address: as in rush_places.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rush.h"
#include "rush_places.h"
#include "sheets.h"

#define FIRST_DAY     8 /* from today on: the reserve is not released meanwhile */
#define DAYS          14
#define REFERRAL_SIZE 64

struct centre { /* whose referrals a family client books for */
    char (*referrals)[REFERRAL_SIZE];
    uint32_t count, next; /* the next one has no place yet */
};

struct server {
    uint32_t clients;
    struct rush_session *sessions[RUSH_CLIENTS_MAX];
    struct centre centres[RUSH_CLIENTS_MAX]; /* of family clients */
    char dates[DAYS][16];
};

static bool is_family(uint32_t client)
{
    return client % 3 == 0;
}

static struct rush_place place_of(const struct server *server, uint32_t session)
{
    struct rush_place place = {.hospital = "BR00", .department = "NK"};
    snprintf(place.resource, sizeof place.resource, "S%u", session);
    memcpy(place.date, server->dates[session % DAYS], sizeof place.date);
    return place;
}

/* ---- Before the clock starts --------------------------------------------------------------------------------------------------- */

static void connect_all(struct server *server, const char *address, bool families)
{
    char key[16];
    for (uint32_t client = 0; client < server->clients; client++) {
        if (is_family(client) == families) {
            snprintf(key, sizeof key, families ? "BS%02u" : "RG%02u", families ? client / 3 : client);
            server->sessions[client] = rush_places_connect(address, key);
        }
    }
}

/* Schedulers side by side, so that a commit is one of many sessions. */
static void publish_all(struct server *server, const struct rush_plan *plan)
{
    uint32_t asked = 0;
    char message_id[RUSH_MESSAGE_ID_SIZE];
    while (asked < plan->sessions) {
        uint32_t from = asked;
        for (uint32_t client = 0; client < server->clients && asked < plan->sessions; client++) {
            if (!is_family(client)) {
                const struct rush_place place = place_of(server, plan->first_session + asked);
                snprintf(message_id, sizeof message_id, "01PVT%021u", plan->first_session + asked++);
                rush_places_publish(server->sessions[client], &place, message_id, plan->capacity, plan->reserve_bp);
            }
        }
        for (uint32_t client = 0; from < asked; client++) {
            if (!is_family(client)) {
                referral__reply__free_unpacked(rush_places_accepted(server->sessions[client], "publishing"), NULL);
                from++;
            }
        }
    }
}

static void submit(struct rush_session *session, struct sheet_form *form, uint32_t number)
{
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
    Referral__Sheet *sheet;
    sheet_fill(form, number);
    sheet = referral__sheet__unpack(NULL, form->size, form->bytes);
    referral_message_id(message_id);
    rush_session_ask(session, REFERRAL__KIND__SUBMIT, message_id, &sheet->base);
    referral__sheet__free_unpacked(sheet, NULL);
}

static void keep_referral(struct centre *centre, struct rush_session *session)
{
    Referral__Reply *reply = rush_places_accepted(session, "submitting");
    snprintf(centre->referrals[centre->count++], REFERRAL_SIZE, "%s", reply->referral_id);
    referral__reply__free_unpacked(reply, NULL);
}

/* One a round from each centre. Half as many again as its share of all places. */
static void refer_all(struct server *server, const struct rush_plan *plan)
{
    uint32_t each = plan->sessions * plan->capacity * 3 / (2 * plan->clients) + 32;
    uint32_t number = plan->first_session * plan->asks_each; /* of a patient, never twice */
    struct sheet_form *forms = calloc(plan->clients, sizeof *forms);
    for (uint32_t client = 0; client < plan->clients; client += 3) {
        char team[16];
        struct centre *centre = &server->centres[client];
        snprintf(team, sizeof team, "BS%02u-T1", client / 3);
        sheet_form_make(&forms[client], (struct sheet_parties){
                                            .sender = client / 3, .lane = REFERRAL__PRIORITY__ROUTINE, .team = team});
        centre->referrals = calloc(each, sizeof *centre->referrals);
    }
    for (uint32_t i = 0; i < each; i++) {
        for (uint32_t client = 0; client < plan->clients; client += 3)
            submit(server->sessions[client], &forms[client], number++);
        for (uint32_t client = 0; client < plan->clients; client += 3)
            keep_referral(&server->centres[client], server->sessions[client]);
    }
    free(forms);
}

struct server *server_open(const struct rush_plan *plan)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        rush_fail("out of memory");
    server->clients = plan->clients;
    for (unsigned i = 0; i < DAYS; i++)
        rush_date(server->dates[i], FIRST_DAY + i);
    connect_all(server, plan->server, true);
    refer_all(server, plan);
    connect_all(server, plan->server, false); /* not before: a broker gives up who is silent */
    publish_all(server, plan);
    return server;
}

void server_close(struct server *server)
{
    for (uint32_t i = 0; i < server->clients; i++) {
        rush_session_close(server->sessions[i]);
        free(server->centres[i].referrals);
    }
    free(server);
}

/* ---- The rush ------------------------------------------------------------------------------------------------------------------ */

int server_fd(const struct server *server, uint32_t client)
{
    return rush_session_fd(server->sessions[client]);
}

static char *next_referral(struct server *server, uint32_t client)
{
    struct centre *centre = &server->centres[client];
    if (centre->next == centre->count)
        rush_fail("centre %u has no referral left", client / 3);
    return centre->referrals[centre->next];
}

void server_ask(struct server *server, const struct rush_ask *ask)
{
    const struct rush_place place = place_of(server, ask->session);
    Referral__TakePlace take = REFERRAL__TAKE_PLACE__INIT;
    Referral__PoolRef pool;
    rush_places_name(&place, &pool);
    take.pool = &pool;
    take.has_channel = true;
    take.channel = ask->family ? REFERRAL__CHANNEL__FAMILY_DOCTOR : REFERRAL__CHANNEL__GENERAL;
    if (ask->family)
        take.referral_id = next_referral(server, ask->client);
    else
        take.reference = (char *)(uintptr_t)ask->message_id;
    rush_session_ask(server->sessions[ask->client], REFERRAL__KIND__BOOK_PLACE, ask->message_id, &take.base);
}

/* A refusal for want of places is an answer; any other says that the rush was badly prepared. */
static void check_refusal(const Referral__Refusal *refusal)
{
    static const char *const wanted[] = {"NO_FREE", "RESERVED", "GENERAL_CLOSED"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (strcmp(refusal->code, wanted[i]) == 0)
            return;
    rush_fail("refused: %s %s", refusal->code, refusal->field == NULL ? "" : refusal->field);
}

enum rush_answer server_answer(struct server *server, uint32_t client)
{
    Referral__Reply *reply = rush_session_reply(server->sessions[client]);
    if (reply == NULL)
        return RUSH_NOT_YET;
    bool granted = reply->n_refusals == 0;
    if (!granted)
        check_refusal(reply->refusals[0]);
    server->centres[client].next += granted && is_family(client);
    referral__reply__free_unpacked(reply, NULL);
    return granted ? RUSH_GRANTED : RUSH_REFUSED;
}

/* ---- What was sold ------------------------------------------------------------------------------------------------------------- */

static uint32_t count_bookings(const Referral__PoolView *view)
{
    uint32_t count = 0;
    for (size_t i = 0; i < view->n_units; i++) {
        const Referral__UnitView *unit = view->units[i];
        count += unit->booking_id != NULL && unit->booking_state == REFERRAL__BOOKING_STATE__PLACE_BOOKED;
    }
    return count;
}

static Referral__Reply *list_pool(struct rush_session *scheduler, const struct rush_place *place)
{
    Referral__PoolQuery query = REFERRAL__POOL_QUERY__INIT;
    Referral__PoolRef ref;
    rush_places_name(place, &ref);
    query.hospital = ref.hospital;
    query.has_class_ = query.has_units = query.units = true;
    query.class_ = ref.class_;
    query.department = ref.department;
    query.resource = ref.resource;
    query.first_date = query.last_date = ref.date;
    rush_session_ask(scheduler, REFERRAL__KIND__LIST_POOLS, NULL, &query.base);
    return rush_places_accepted(scheduler, "looking at what was sold");
}

/* Each unit that is taken has a booking of its own, since everybody asked for one. */
bool server_sold(struct server *server, const struct rush_plan *plan, struct rush_sold *ret_sold)
{
    struct rush_session *scheduler = server->sessions[1];
    for (uint32_t i = 0; i < plan->sessions; i++) {
        const struct rush_place place = place_of(server, plan->first_session + i);
        Referral__Reply *reply = list_pool(scheduler, &place);
        Referral__PoolList *list = referral__pool_list__unpack(NULL, reply->result.len, reply->result.data);
        if (list == NULL || list->n_pools != 1)
            rush_fail("session %u is not there", plan->first_session + i);
        const Referral__PoolView *view = list->pools[0];
        ret_sold[i] = (struct rush_sold){
            .general = (uint32_t)view->general, .family = (uint32_t)view->family, .bookings = count_bookings(view)};
        referral__pool_list__free_unpacked(list, NULL);
        referral__reply__free_unpacked(reply, NULL);
    }
    return true;
}
