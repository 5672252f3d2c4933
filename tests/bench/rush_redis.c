/* rush_redis.c - the rush against Redis: a script takes the place, and writes down the booking and the message id.
 *
 * Redis runs one script at a time, so the rule needs no lock. `appendfsync always` syncs its log once for all scripts
 * of a round of its loop, before it sends their answers. Address: HOST:PORT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "rush.h"

#define SHA1_HEX_SIZE 41
#define KEY_SIZE      64

struct server {
    uint32_t clients;
    char take[SHA1_HEX_SIZE]; /* the script, as Redis calls it */
    redisContext *connections[RUSH_CLIENTS_MAX];
};

/* Keys: the session, its bookings, the message id, which is kept for 30 days (D1). Arguments: message id, channel,
 * number of places. */
static const char take_script[] =
    "local before = redis.call('GET', KEYS[3])\n"
    "if before then return tonumber(before) end\n"
    "local session = redis.call('HMGET', KEYS[1], 'capacity', 'reserve_bp', 'general', 'family')\n"
    "local capacity, reserve_bp = tonumber(session[1]), tonumber(session[2])\n"
    "local general, family, n = tonumber(session[3]), tonumber(session[4]), tonumber(ARGV[3])\n"
    "local kept = 0\n"
    "if ARGV[2] == 'general' then\n"
    "    kept = math.max(0, math.floor((capacity * reserve_bp + 9999) / 10000) - family)\n"
    "end\n"
    "if general + family + n + kept > capacity then return 0 end\n"
    "redis.call('HINCRBY', KEYS[1], ARGV[2], n)\n"
    "redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])\n"
    "redis.call('SET', KEYS[3], n, 'EX', 2592000)\n"
    "return n\n";

static void session_keys(char ret_session[KEY_SIZE], char ret_bookings[KEY_SIZE], uint32_t session)
{
    snprintf(ret_session, KEY_SIZE, "session:%u", session);
    snprintf(ret_bookings, KEY_SIZE, "bookings:%u", session);
}

static redisReply *checked(redisContext *connection, redisReply *reply)
{
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        rush_fail("Redis: %s", reply == NULL ? connection->errstr : reply->str);
    return reply;
}

static redisContext *connect_one(const char *address)
{
    char host[KEY_SIZE];
    int port;
    if (sscanf(address, "%63[^:]:%d", host, &port) != 2)
        rush_fail("%s: not HOST:PORT", address);
    redisContext *connection = redisConnect(host, port);
    if (connection == NULL || connection->err != 0)
        rush_fail("Redis: %s", connection == NULL ? "out of memory" : connection->errstr);
    return connection;
}

static void publish(redisContext *connection, const struct rush_plan *plan)
{
    char session[KEY_SIZE], bookings[KEY_SIZE];
    void *reply;
    for (uint32_t i = 0; i < plan->sessions; i++) {
        session_keys(session, bookings, plan->first_session + i);
        redisAppendCommand(connection, "HSET %s capacity %u reserve_bp %u general 0 family 0", session, plan->capacity,
                           plan->reserve_bp);
    }
    for (uint32_t i = 0; i < plan->sessions; i++) {
        reply = NULL;
        redisGetReply(connection, &reply);
        freeReplyObject(checked(connection, reply));
    }
}

struct server *server_open(const struct rush_plan *plan)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        rush_fail("out of memory");
    server->clients = plan->clients;
    for (uint32_t i = 0; i < plan->clients; i++)
        server->connections[i] = connect_one(plan->server);
    redisContext *first = server->connections[0];
    redisReply *reply = checked(first, redisCommand(first, "SCRIPT LOAD %s", take_script));
    snprintf(server->take, sizeof server->take, "%s", reply->str);
    freeReplyObject(reply);
    publish(first, plan);
    return server;
}

void server_close(struct server *server)
{
    for (uint32_t i = 0; i < server->clients; i++)
        redisFree(server->connections[i]);
    free(server);
}

int server_fd(const struct server *server, uint32_t client)
{
    return server->connections[client]->fd;
}

void server_ask(struct server *server, const struct rush_ask *ask)
{
    redisContext *connection = server->connections[ask->client];
    char session[KEY_SIZE], bookings[KEY_SIZE], message[KEY_SIZE];
    session_keys(session, bookings, ask->session);
    snprintf(message, sizeof message, "message:%u:%s", ask->client, ask->message_id);
    const char *arguments[] = {
        "EVALSHA", server->take, "3", session, bookings, message, ask->message_id, ask->family ? "family" : "general",
        "1"};
    int done = 0;
    redisAppendCommandArgv(connection, sizeof arguments / sizeof arguments[0], arguments, NULL);
    while (done == 0)
        if (redisBufferWrite(connection, &done) != REDIS_OK)
            rush_fail("Redis: %s", connection->errstr);
}

enum rush_answer server_answer(struct server *server, uint32_t client)
{
    redisContext *connection = server->connections[client];
    void *reply = NULL;
    if (redisBufferRead(connection) != REDIS_OK || redisGetReplyFromReader(connection, &reply) != REDIS_OK)
        rush_fail("Redis: %s", connection->errstr);
    if (reply == NULL)
        return RUSH_NOT_YET;
    bool granted = checked(connection, reply)->integer != 0;
    freeReplyObject(reply);
    return granted ? RUSH_GRANTED : RUSH_REFUSED;
}

bool server_sold(struct server *server, const struct rush_plan *plan, struct rush_sold *ret_sold)
{
    redisContext *connection = server->connections[0];
    char key[KEY_SIZE], bookings[KEY_SIZE];
    for (uint32_t i = 0; i < plan->sessions; i++) {
        session_keys(key, bookings, plan->first_session + i);
        redisReply *counts = checked(connection, redisCommand(connection, "HMGET %s general family", key));
        redisReply *records = checked(connection, redisCommand(connection, "HLEN %s", bookings));
        ret_sold[i] = (struct rush_sold){.general = (uint32_t)strtoul(counts->element[0]->str, NULL, 10),
                                         .family = (uint32_t)strtoul(counts->element[1]->str, NULL, 10),
                                         .bookings = (uint32_t)records->integer};
        freeReplyObject(counts);
        freeReplyObject(records);
    }
    return true;
}
