/* config_keys.c - one row a key: range, default and help, from which checks, `--help` and the man page are made. */
#include "sys/config_keys.h"
#include "base/spelling.h"
#include "proto/limits.h"
#include "sys/config.h"
#include "sys/journal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define PATH_BYTES_MAX  4000
#define UNIX_BYTES_MAX  112 /* "unix:" and what a socket's path may hold */

#define FIELD(name) offsetof(struct config, name)
#define PATH_RANGE  .min = 1, .max = PATH_BYTES_MAX, .range = "a path"

const struct key config_keys[KEY_COUNT] = {
    {.name = "store_directory",
     .kind = KEY_PATH,
     .offset = FIELD(store_directory),
     PATH_RANGE,
     .initial = "/var/lib/referrald/store",
     .help = "directory of the store that `referralctl init` made"},
    {.name = "store_map_bytes",
     .kind = KEY_SIZE,
     .offset = FIELD(store_map_bytes),
     .min = 16ULL << 20,
     .max = 16ULL << 40,
     .range = "16M to 16T",
     .initial = "64G",
     .help = "the most the store may grow to; address space, not disk"},
    {.name = "archive_directory",
     .kind = KEY_OPTIONAL_PATH,
     .offset = FIELD(archive_directory),
     .max = PATH_BYTES_MAX,
     .range = "a path, or empty",
     .initial = "",
     .help = "where finished referrals are archived to, once retention_finished_ms is set; empty: store_directory and "
             "\".archive\""},
    {.name = "host_key_file",
     .kind = KEY_PATH,
     .offset = FIELD(host_key_file),
     PATH_RANGE,
     .initial = "/etc/referrald/host.key",
     .help = "key that wraps the keys of the store; readable by the daemon's user only"},
    {.name = "server_key_file",
     .kind = KEY_PATH,
     .offset = FIELD(server_key_file),
     PATH_RANGE,
     .initial = "/etc/referrald/server.key",
     .help = "CURVE key pair of the broker; readable by the daemon's user only"},
    {.name = "endpoints",
     .kind = KEY_ENDPOINTS,
     .offset = FIELD(endpoints),
     .min = 1,
     .max = 16,
     .range = "1 to 16 of \"tcp://address:port\"",
     .initial = "{\"tcp://*:5570\"}",
     .help = "where clients connect; * is every IPv4 address, [::] every address"},
    {.name = "http_listen",
     .kind = KEY_LOCAL,
     .offset = FIELD(http_listen),
     .range = "\"127.0.0.1:port\", \"[::1]:port\", \"unix:/path\", or empty",
     .initial = "",
     .help = "where operators on this machine see health, metrics and status (read-only HTTP); empty: nowhere"},
    {.name = "window",
     .kind = KEY_NUMBER,
     .offset = FIELD(window),
     .min = 1,
     .max = 65536,
     .range = "1 to 65536",
     .initial = TEXT(LIMIT_WINDOW),
     .help = "requests of one session that may be unanswered; beyond it BUSY"},
    {.name = "ping_interval_ms",
     .kind = KEY_NUMBER,
     .offset = FIELD(ping_interval_ms),
     .min = 500,
     .max = 600000,
     .range = "500 to 600000",
     .initial = TEXT(DEFAULT_PING_INTERVAL_MS),
     .help = "a session silent for three of these is lost"},
    {.name = "log_level",
     .kind = KEY_LEVEL,
     .offset = FIELD(log_level),
     .range = "one of error, warning, info, debug",
     .initial = "info",
     .help = "least important line that is logged; read again on SIGHUP"},
    {.name = "test_clock_file",
     .kind = KEY_OPTIONAL_PATH,
     .offset = FIELD(test_clock_file),
     .max = PATH_BYTES_MAX,
     .range = "a path, or empty",
     .initial = "",
     .help = "file of the time in ms; only with a store made for test time (C4)"},
};

const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

const char *key_like(const char *name)
{
    const char *found = NULL;
    struct spelling spelling;
    spelling_init(&spelling, name);
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (spelling_is_nearer(&spelling, config_keys[i].name, strlen(config_keys[i].name)))
            found = config_keys[i].name;
    return found;
}

bool key_number(const struct key *key, const char *text, uint64_t *ret_number)
{
    static const char units[] = "KMGT";
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (key->kind == KEY_SIZE && *end != '\0') {
        const char *unit = strchr(units, *end++);
        unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 64;
        if (shift == 64 || number > key->max >> shift)
            return false;
        number <<= shift;
    }
    if (errno != 0 || *end != '\0' || number < key->min || number > key->max)
        return false;
    *ret_number = number;
    return true;
}

/* "tcp://address:port" with a port of 0 to 65535, or "*" for any free one; whether the address is ours, bind will
 * say. */
static bool is_endpoint(const char *text)
{
    const char *scheme = "tcp://", *colon = strrchr(text, ':');
    if (strncmp(text, scheme, strlen(scheme)) != 0 || colon <= text + strlen(scheme))
        return false;
    uint64_t port;
    static const struct key range = {.kind = KEY_NUMBER, .max = 65535};
    return strcmp(colon + 1, "*") == 0 || key_number(&range, colon + 1, &port);
}

/* Reachable from this machine only. */
static bool is_local(const char *text)
{
    static const struct key range = {.kind = KEY_NUMBER, .max = 65535};
    const char *path = "unix:/", *colon = strrchr(text, ':');
    char host[sizeof "255.255.255.255"];
    struct in_addr address;
    uint64_t port;
    if (strncmp(text, path, strlen(path)) == 0)
        return strlen(text) > strlen(path) && strlen(text) <= UNIX_BYTES_MAX;
    if (!colon || (size_t)(colon - text) >= sizeof host || !key_number(&range, colon + 1, &port))
        return text[0] == '\0';
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    return strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

bool key_takes(const struct key *key, const char *text)
{
    uint64_t number;
    enum log_level level;
    size_t length = strlen(text);
    switch (key->kind) {
    case KEY_PATH:
    case KEY_OPTIONAL_PATH:
        return length >= key->min && length <= key->max;
    case KEY_NUMBER:
    case KEY_SIZE:
        return key_number(key, text, &number);
    case KEY_LEVEL:
        return journal_level_parse(text, &level);
    case KEY_ENDPOINTS:
        return is_endpoint(text);
    case KEY_LOCAL:
        return is_local(text);
    }
    return false;
}
