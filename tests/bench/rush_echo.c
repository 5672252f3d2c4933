/* rush_echo.c - the rush against referral-echo: the ceiling of a broker, frames over CURVE with nothing behind them.
 *
 * Every ask is answered as granted, and nothing is sold. Address: ENDPOINT KEY, as referral-echo prints them. */
#include <stdio.h>
#include <stdlib.h>

#include <referral/place.pb-c.h>

#include "rush.h"
#include "rush_session.h"

struct server {
    uint32_t clients;
    struct rush_session *sessions[RUSH_CLIENTS_MAX];
};

struct server *server_open(const struct rush_plan *plan)
{
    struct server *server = calloc(1, sizeof *server);
    char endpoint[64], key[REFERRAL_KEY_HEX_SIZE], name[8];
    struct curve_keys keys;
    if (server == NULL || sscanf(plan->server, "%63s %64s", endpoint, key) != 2 ||
        !referral_key_from_hex(key, keys.server))
        rush_fail("%s: not ENDPOINT KEY", plan->server);
    server->clients = plan->clients;
    for (uint32_t i = 0; i < plan->clients; i++) {
        if (referral_key_generate(&keys.own) != 0)
            rush_fail("no key");
        snprintf(name, sizeof name, "C%u", i % 1000);
        server->sessions[i] = rush_session_open(endpoint, &keys, name);
    }
    return server;
}

void server_close(struct server *server)
{
    for (uint32_t i = 0; i < server->clients; i++)
        rush_session_close(server->sessions[i]);
    free(server);
}

int server_fd(const struct server *server, uint32_t client)
{
    return rush_session_fd(server->sessions[client]);
}

/* What a booking is asked with, in the envelope of a kind that the echo answers. */
void server_ask(struct server *server, const struct rush_ask *ask)
{
    char resource[16];
    Referral__TakePlace take = REFERRAL__TAKE_PLACE__INIT;
    Referral__PoolRef pool = REFERRAL__POOL_REF__INIT;
    snprintf(resource, sizeof resource, "S%u", ask->session);
    take.pool = &pool;
    pool.hospital = (char[]){"BR00"};
    pool.department = (char[]){"NK"};
    pool.resource = resource;
    pool.date = (char[]){"2030-01-01"};
    take.has_channel = true;
    take.channel = ask->family ? REFERRAL__CHANNEL__FAMILY_DOCTOR : REFERRAL__CHANNEL__GENERAL;
    take.reference = (char *)(uintptr_t)ask->message_id;
    rush_session_ask(server->sessions[ask->client], REFERRAL__KIND__SUBMIT, ask->message_id, &take.base);
}

enum rush_answer server_answer(struct server *server, uint32_t client)
{
    Referral__Reply *reply = rush_session_reply(server->sessions[client]);
    if (reply == NULL)
        return RUSH_NOT_YET;
    referral__reply__free_unpacked(reply, NULL);
    return RUSH_GRANTED;
}

bool server_sold(struct server *server, const struct rush_plan *plan, struct rush_sold *ret_sold)
{
    (void)server;
    (void)plan;
    (void)ret_sold;
    return false;
}
