/* curve_link.c - see curve_link.h. The handshake is CurveZMQ's: HELLO, WELCOME, INITIATE, READY; what follows are
 * MESSAGEs. */
#include "curve_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "rush.h"

#define FLAG_LONG       2
#define FLAG_COMMAND    4
#define PART_COMMAND    2 /* within the box */
#define PING_HEAD       7
#define SHORT_HEAD_SIZE 2
#define LONG_HEAD_SIZE  9

#define GREETING_SIZE 64
#define NONCE_SIZE    crypto_box_NONCEBYTES
#define SHORT_NONCE   8 /* of it: what travels in most commands */
#define LONG_NONCE    16
#define MAC_SIZE      crypto_box_MACBYTES
#define COOKIE_SIZE   96
#define MESSAGE_HEAD  (8 + SHORT_NONCE) /* "\7MESSAGE" and the nonce */
#define BUFFER_SIZE   65536

struct curve_link {
    int fd;
    uint64_t nonce;
    uint8_t short_public[REFERRAL_KEY_SIZE], short_secret[REFERRAL_KEY_SIZE];
    uint8_t shared[crypto_box_BEFORENMBYTES]; /* with the server's short key */
    uint8_t in[BUFFER_SIZE], out[BUFFER_SIZE], plain[BUFFER_SIZE];
    size_t in_from, in_to; /* what was read and not yet taken */
};

/* ---- Bytes and frames ---------------------------------------------------------------------------------------------------------- */

static void put_u64(uint8_t to[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t from[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return value;
}

static void send_all(const struct curve_link *link, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(link->fd, data, size, MSG_NOSIGNAL);
        if (sent < 0)
            rush_fail("the server takes nothing: %s", strerror(errno));
        data += sent;
        size -= (size_t)sent;
    }
}

void curve_link_fill(struct curve_link *link)
{
    memmove(link->in, link->in + link->in_from, link->in_to - link->in_from);
    link->in_to -= link->in_from;
    link->in_from = 0;
    ssize_t got = recv(link->fd, link->in + link->in_to, BUFFER_SIZE - link->in_to, 0);
    if (got <= 0)
        rush_fail("the server ended the connection, or sends more than is expected");
    link->in_to += (size_t)got;
}

/* Writes the head of a frame; its size. */
static size_t put_head(uint8_t head[LONG_HEAD_SIZE], uint8_t flags, size_t body_size)
{
    if (body_size <= UINT8_MAX) {
        head[0] = flags;
        head[1] = (uint8_t)body_size;
        return SHORT_HEAD_SIZE;
    }
    head[0] = flags | FLAG_LONG;
    put_u64(head + 1, body_size);
    return LONG_HEAD_SIZE;
}

/* The body of the next whole frame of what was read, or NULL. */
static const uint8_t *next_frame(struct curve_link *link, size_t *ret_size)
{
    const uint8_t *at = link->in + link->in_from;
    size_t have = link->in_to - link->in_from;
    size_t head = have > 0 && (at[0] & FLAG_LONG) != 0 ? LONG_HEAD_SIZE : SHORT_HEAD_SIZE;
    if (have < head)
        return NULL;
    uint64_t size = head == LONG_HEAD_SIZE ? get_u64(at + 1) : at[1];
    if (have - head < size)
        return NULL;
    link->in_from += head + size;
    *ret_size = size;
    return at + head;
}

static void nonce_make(uint8_t ret_nonce[NONCE_SIZE], const char *prefix, const uint8_t *rest)
{
    size_t size = strlen(prefix);
    memcpy(ret_nonce, prefix, size);
    memcpy(ret_nonce + size, rest, NONCE_SIZE - size);
}

/* ---- The handshake ------------------------------------------------------------------------------------------------------------- */

static void say(const struct curve_link *link, const uint8_t *body, size_t size)
{
    uint8_t head[LONG_HEAD_SIZE];
    send_all(link, head, put_head(head, FLAG_COMMAND, size));
    send_all(link, body, size);
}

static const uint8_t *hear(struct curve_link *link, const char *name, size_t size_min, size_t *ret_size)
{
    const uint8_t *frame;
    while ((frame = next_frame(link, ret_size)) == NULL)
        curve_link_fill(link);
    if (*ret_size < size_min || memcmp(frame, name, strlen(name)) != 0)
        rush_fail("the handshake failed before %s", name + 1);
    return frame;
}

static void must(int failure)
{
    if (failure != 0)
        rush_fail("a bad key, or another server's");
}

static void greet(struct curve_link *link)
{
    static const uint8_t greeting[GREETING_SIZE] = {0xff, [9] = 0x7f, [10] = 3, [11] = 1, [12] = 'C',
                                                    'U',  'R',        'V',      'E'};
    send_all(link, greeting, sizeof greeting);
    while (link->in_to < GREETING_SIZE)
        curve_link_fill(link);
    link->in_from = GREETING_SIZE;
}

/* Name, version, padding, short key, nonce, 64 sealed zeros. */
static void say_hello(struct curve_link *link, const struct curve_keys *keys)
{
    static const uint8_t zeros[64];
    uint8_t body[200] = "\5HELLO\1", nonce[NONCE_SIZE];
    memcpy(body + 80, link->short_public, REFERRAL_KEY_SIZE);
    put_u64(body + 112, link->nonce++);
    nonce_make(nonce, "CurveZMQHELLO---", body + 112);
    must(crypto_box_easy(body + 120, zeros, sizeof zeros, nonce, keys->server, link->short_secret));
    say(link, body, sizeof body);
}

struct welcome {
    uint8_t server_short[REFERRAL_KEY_SIZE], cookie[COOKIE_SIZE];
};

static void hear_welcome(struct curve_link *link, const struct curve_keys *keys, struct welcome *ret_welcome)
{
    uint8_t nonce[NONCE_SIZE];
    size_t size;
    const uint8_t *frame = hear(link, "\7WELCOME", 8 + LONG_NONCE + MAC_SIZE + sizeof *ret_welcome, &size);
    nonce_make(nonce, "WELCOME-", frame + 8);
    must(crypto_box_open_easy((uint8_t *)ret_welcome, frame + 8 + LONG_NONCE, MAC_SIZE + sizeof *ret_welcome, nonce,
                              keys->server, link->short_secret));
}

/* The long key vouches for the short one: that is what says who connects. */
static void vouch(const struct curve_link *link, const struct curve_keys *keys, const struct welcome *welcome,
                  uint8_t ret_vouch[LONG_NONCE + MAC_SIZE + 2 * REFERRAL_KEY_SIZE])
{
    uint8_t vouched[2 * REFERRAL_KEY_SIZE], nonce[NONCE_SIZE];
    randombytes_buf(ret_vouch, LONG_NONCE);
    memcpy(vouched, link->short_public, REFERRAL_KEY_SIZE);
    memcpy(vouched + REFERRAL_KEY_SIZE, keys->server, REFERRAL_KEY_SIZE);
    nonce_make(nonce, "VOUCH---", ret_vouch);
    must(crypto_box_easy(ret_vouch + LONG_NONCE, vouched, sizeof vouched, nonce, welcome->server_short,
                         keys->own.secret_key));
}

static void initiate(struct curve_link *link, const struct curve_keys *keys, const struct welcome *welcome)
{
    static const uint8_t metadata[] = "\13Socket-Type\0\0\0\6DEALER\10Identity\0\0\0"; /* its NUL is the fourth */
    struct {
        uint8_t key[REFERRAL_KEY_SIZE], vouch[LONG_NONCE + MAC_SIZE + 2 * REFERRAL_KEY_SIZE], metadata[sizeof metadata];
    } plain;
    struct {
        uint8_t name[9], cookie[COOKIE_SIZE], nonce[SHORT_NONCE], sealed[MAC_SIZE + sizeof plain];
    } body;
    uint8_t nonce[NONCE_SIZE];
    memcpy(plain.key, keys->own.public_key, REFERRAL_KEY_SIZE);
    vouch(link, keys, welcome, plain.vouch);
    memcpy(plain.metadata, metadata, sizeof metadata);
    memcpy(body.name, "\10INITIATE", sizeof body.name);
    memcpy(body.cookie, welcome->cookie, COOKIE_SIZE);
    put_u64(body.nonce, link->nonce++);
    nonce_make(nonce, "CurveZMQINITIATE", body.nonce);
    must(crypto_box_easy_afternm(body.sealed, (const uint8_t *)&plain, sizeof plain, nonce, link->shared));
    say(link, (const uint8_t *)&body, sizeof body);
}

static void shake_hands(struct curve_link *link, const struct curve_keys *keys)
{
    struct welcome welcome;
    size_t size;
    crypto_box_keypair(link->short_public, link->short_secret);
    link->nonce = 1;
    greet(link);
    say_hello(link, keys);
    hear_welcome(link, keys, &welcome);
    must(crypto_box_beforenm(link->shared, welcome.server_short, link->short_secret));
    initiate(link, keys, &welcome);
    hear(link, "\5READY", 6 + SHORT_NONCE + MAC_SIZE, &size);
}

/* ---- Contract ------------------------------------------------------------------------------------------------------------------ */

static struct sockaddr_in address_of(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN];
    uint16_t port;
    if (sscanf(endpoint, "tcp://%15[0-9.]:%hu", host, &port) != 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1)
        rush_fail("%s: not tcp://A.B.C.D:PORT", endpoint);
    address.sin_port = htons(port);
    return address;
}

struct curve_link *curve_link_open(const char *endpoint, const struct curve_keys *keys)
{
    static const int on = 1;
    struct sockaddr_in address = address_of(endpoint);
    struct curve_link *link = calloc(1, sizeof *link);
    if (link == NULL || sodium_init() < 0)
        rush_fail("out of memory");
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        rush_fail("%s: %s", endpoint, strerror(errno));
    shake_hands(link, keys);
    return link;
}

void curve_link_close(struct curve_link *link)
{
    close(link->fd);
    free(link);
}

int curve_link_fd(const struct curve_link *link)
{
    return link->fd;
}

/* One part: its flags, then what it says. */
static void send_part(struct curve_link *link, uint8_t flags, const void *data, size_t size)
{
    uint8_t *at = link->out, nonce[NONCE_SIZE];
    if (LONG_HEAD_SIZE + MESSAGE_HEAD + MAC_SIZE + 1 + size > BUFFER_SIZE)
        rush_fail("a message too large");
    at += put_head(at, 0, MESSAGE_HEAD + MAC_SIZE + 1 + size);
    memcpy(at, "\7MESSAGE", 8);
    put_u64(at + 8, link->nonce++);
    nonce_make(nonce, "CurveZMQMESSAGEC", at + 8);
    memmove(link->plain + 1, data, size);
    link->plain[0] = flags;
    at += MESSAGE_HEAD;
    must(crypto_box_easy_afternm(at, link->plain, 1 + size, nonce, link->shared));
    at += MAC_SIZE + 1 + size;
    send_all(link, link->out, (size_t)(at - link->out));
}

void curve_link_send(struct curve_link *link, const void *data, size_t size)
{
    send_part(link, 0, data, size);
}

/* The server asks whether we are there: "\4PING", two bytes of time to live, a context that goes back with "\4PONG". */
static void answer_command(struct curve_link *link, uint8_t *command, size_t size)
{
    if (size >= PING_HEAD && memcmp(command, "\4PING", 5) == 0) {
        memcpy(command + 2, "\4PONG", 5);
        send_part(link, PART_COMMAND, command + 2, size - 2);
    }
}

/* The next part, opened into `plain`, its flags first: its size, 0: there is none. */
static size_t next_part(struct curve_link *link)
{
    uint8_t nonce[NONCE_SIZE];
    size_t size;
    const uint8_t *frame = next_frame(link, &size);
    if (frame == NULL)
        return 0;
    if (size < MESSAGE_HEAD + MAC_SIZE + 1 || memcmp(frame, "\7MESSAGE", 8) != 0)
        rush_fail("not a message");
    nonce_make(nonce, "CurveZMQMESSAGES", frame + 8);
    must(crypto_box_open_easy_afternm(link->plain, frame + MESSAGE_HEAD, size - MESSAGE_HEAD, nonce, link->shared));
    return size - MESSAGE_HEAD - MAC_SIZE;
}

size_t curve_link_next(struct curve_link *link, const uint8_t **ret_data)
{
    size_t size;
    while ((size = next_part(link)) != 0 && (link->plain[0] & PART_COMMAND) != 0)
        answer_command(link, link->plain + 1, size - 1);
    *ret_data = link->plain + 1;
    return size == 0 ? 0 : size - 1;
}
