/* config.c - libconfuse reads the file's form; the table says what each key may hold. Every value comes as text, so that one check
 * serves all keys and every refusal is told alike. */
#include "sys/config.h"
#include "base/spelling.h"
#include "proto/limits.h"
#include "sys/config_text.h"
#include "sys/journal.h"
#include <arpa/inet.h>
#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define PATH_BYTES_MAX  4000
#define UNIX_BYTES_MAX  112 /* "unix:" and what a socket's path may hold */

enum kind {
    PATH,
    OPTIONAL_PATH, /* empty: none */
    NUMBER,        /* uint32_t */
    SIZE,          /* uint64_t, bytes; K, M, G, T count in 1024s */
    LEVEL,
    ENDPOINTS,
    LOCAL, /* a loopback address with a port, or a path; empty: none */
};

struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* of its field in struct config */
    const char *initial;
    uint64_t min, max;
    const char *range; /* as people read it */
    const char *help;
};

#define FIELD(name) offsetof(struct config, name)
#define PATH_RANGE  .min = 1, .max = PATH_BYTES_MAX, .range = "a path"

static const struct key keys[] = {
    {.name = "store_directory",
     .kind = PATH,
     .offset = FIELD(store_directory),
     PATH_RANGE,
     .initial = "/var/lib/referrald/store",
     .help = "directory of the store that `referralctl init` made"},
    {.name = "store_map_bytes",
     .kind = SIZE,
     .offset = FIELD(store_map_bytes),
     .min = 16ULL << 20,
     .max = 16ULL << 40,
     .range = "16M to 16T",
     .initial = "64G",
     .help = "the most the store may grow to; address space, not disk"},
    {.name = "archive_directory",
     .kind = OPTIONAL_PATH,
     .offset = FIELD(archive_directory),
     .max = PATH_BYTES_MAX,
     .range = "a path, or empty",
     .initial = "",
     .help = "where finished referrals are archived to, once retention_finished_ms is set; empty: store_directory and "
             "\".archive\""},
    {.name = "host_key_file",
     .kind = PATH,
     .offset = FIELD(host_key_file),
     PATH_RANGE,
     .initial = "/etc/referrald/host.key",
     .help = "key that wraps the keys of the store; readable by the daemon's user only"},
    {.name = "server_key_file",
     .kind = PATH,
     .offset = FIELD(server_key_file),
     PATH_RANGE,
     .initial = "/etc/referrald/server.key",
     .help = "CURVE key pair of the broker; readable by the daemon's user only"},
    {.name = "endpoints",
     .kind = ENDPOINTS,
     .offset = FIELD(endpoints),
     .min = 1,
     .max = 16,
     .range = "1 to 16 of \"tcp://address:port\"",
     .initial = "{\"tcp://*:5570\"}",
     .help = "where clients connect; * is every IPv4 address, [::] every address"},
    {.name = "http_listen",
     .kind = LOCAL,
     .offset = FIELD(http_listen),
     .range = "\"127.0.0.1:port\", \"[::1]:port\", \"unix:/path\", or empty",
     .initial = "",
     .help = "where operators on this machine see health, metrics and status (read-only HTTP); empty: nowhere"},
    {.name = "window",
     .kind = NUMBER,
     .offset = FIELD(window),
     .min = 1,
     .max = 65536,
     .range = "1 to 65536",
     .initial = TEXT(LIMIT_WINDOW),
     .help = "requests of one session that may be unanswered; beyond it BUSY"},
    {.name = "ping_interval_ms",
     .kind = NUMBER,
     .offset = FIELD(ping_interval_ms),
     .min = 500,
     .max = 600000,
     .range = "500 to 600000",
     .initial = TEXT(DEFAULT_PING_INTERVAL_MS),
     .help = "a session silent for three of these is lost"},
    {.name = "log_level",
     .kind = LEVEL,
     .offset = FIELD(log_level),
     .range = "one of error, warning, info, debug",
     .initial = "info",
     .help = "least important line that is logged; read again on SIGHUP"},
    {.name = "test_clock_file",
     .kind = OPTIONAL_PATH,
     .offset = FIELD(test_clock_file),
     .max = PATH_BYTES_MAX,
     .range = "a path, or empty",
     .initial = "",
     .help = "file of the time in ms; only with a store made for test time (C4)"},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* Decimal digits, for a SIZE perhaps one letter after them. */
static bool parse_number(const struct key *key, const char *text, uint64_t *ret_number)
{
    static const char units[] = "KMGT";
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (key->kind == SIZE && *end != '\0') {
        const char *unit = strchr(units, *end++);
        unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 64;
        if (shift == 64 || number > key->max >> shift) {
            return false;
        }
        number <<= shift;
    }
    if (errno != 0 || *end != '\0' || number < key->min || number > key->max) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* "tcp://address:port" with a port of 0 to 65535, or "*" for any free one; whether the address is ours, bind will say. */
static bool is_endpoint(const char *text)
{
    const char *scheme = "tcp://", *colon = strrchr(text, ':');
    if (strncmp(text, scheme, strlen(scheme)) != 0 || colon <= text + strlen(scheme)) {
        return false;
    }
    uint64_t port;
    static const struct key range = {.kind = NUMBER, .max = 65535};
    return strcmp(colon + 1, "*") == 0 || parse_number(&range, colon + 1, &port);
}

/* Reachable from this machine only. */
static bool is_local(const char *text)
{
    static const struct key range = {.kind = NUMBER, .max = 65535};
    const char *path = "unix:/", *colon = strrchr(text, ':');
    char host[sizeof "255.255.255.255"];
    struct in_addr address;
    uint64_t port;
    if (strncmp(text, path, strlen(path)) == 0) {
        return strlen(text) > strlen(path) && strlen(text) <= UNIX_BYTES_MAX;
    }
    if (!colon || (size_t)(colon - text) >= sizeof host || !parse_number(&range, colon + 1, &port)) {
        return text[0] == '\0';
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    return strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool value_is_good(const struct key *key, const char *text)
{
    uint64_t number;
    enum log_level level;
    size_t length = strlen(text);
    switch (key->kind) {
    case PATH:
    case OPTIONAL_PATH:
        return length >= key->min && length <= key->max;
    case NUMBER:
    case SIZE:
        return parse_number(key, text, &number);
    case LEVEL:
        return journal_level_parse(text, &level);
    case ENDPOINTS:
        return is_endpoint(text);
    case LOCAL:
        return is_local(text);
    }
    return false;
}

/* A list is validated after each of its values and once more at its end. What was seen of an option stands in its comment, of which libconfuse
 * makes nothing: how many values, or that it is complete. */
static bool is_given_again(const struct key *key, cfg_opt_t *opt)
{
    const char *seen = cfg_opt_getcomment(opt), *complete = "complete";
    char count[16];
    if (seen && (key->kind != ENDPOINTS || strcmp(seen, complete) == 0)) {
        return true;
    }
    snprintf(count, sizeof count, "%u", cfg_opt_size(opt));
    cfg_opt_setcomment(opt, (char *)(uintptr_t)(seen && strcmp(seen, count) == 0 ? complete : count));
    return false;
}

/* libconfuse calls this for every value it has read; -1 ends the reading. */
static int validate(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct key *key = key_find(cfg_opt_name(opt));
    unsigned count = cfg_opt_size(opt);
    if (is_given_again(key, opt)) {
        cfg_error(cfg, "key '%s': is given twice", key->name);
        return -1;
    }
    bool good = key->kind != ENDPOINTS || (count >= key->min && count <= key->max);
    for (unsigned i = 0; good && i < count; i++) {
        good = value_is_good(key, cfg_opt_getnstr(opt, i));
    }
    if (!good) {
        cfg_error(cfg, "key '%s': must be %s (%s)", key->name, key->range, key->help);
    }
    return good ? 0 : -1;
}

/* The one value libconfuse does not ask about; it stands on no line any more. */
static bool is_empty_list(cfg_t *cfg, const struct key *key)
{
    return key->kind == ENDPOINTS && cfg_size(cfg, key->name) == 0;
}

/* The key that was probably meant; NULL: none is near. */
static const char *key_like(const char *name)
{
    const char *found = NULL;
    struct spelling spelling;
    spelling_init(&spelling, name);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (spelling_is_nearer(&spelling, keys[i].name, strlen(keys[i].name))) {
            found = keys[i].name;
        }
    }
    return found;
}

/* libconfuse says "no such option 'name'": in our words, and with what was probably meant. */
static void explain_unknown(char *text, size_t size)
{
    char name[SPELLING_WORD_MAX + 1];
    if (sscanf(text, "no such option '%" TEXT(SPELLING_WORD_MAX) "[^']'", name) == 1) {
        const char *likely = key_like(name);
        snprintf(text, size, "there is no key '%s'%s%s%s", name, likely ? ": did you mean '" : "; ",
                 likely ? likely : "`referrald --help` names them all", likely ? "'?" : "");
    }
}

/* It quotes the file, whose words may hold line feeds; what is told is one line. */
static void make_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

/* libconfuse hands its error function nothing of ours, but the top section, which has no title: there the first error travels. */
__attribute__((format(printf, 2, 0))) static void keep_error(cfg_t *cfg, const char *format, va_list arguments)
{
    char text[CONFIG_ERROR_SIZE];
    if (cfg->title) {
        return;
    }
    vsnprintf(text, sizeof text, format, arguments);
    explain_unknown(text, sizeof text);
    make_line(text);
    int length = cfg->line > 0 ? asprintf(&cfg->title, "%d: %s", cfg->line, text) : asprintf(&cfg->title, " %s", text);
    if (length < 0) {
        cfg->title = NULL;
    }
}

static char **list_copy(cfg_t *cfg, const struct key *key)
{
    unsigned count = cfg_size(cfg, key->name);
    char **list = calloc(count + 1, sizeof *list);
    for (unsigned i = 0; list && i < count; i++) {
        list[i] = strdup(cfg_getnstr(cfg, key->name, i));
    }
    return list;
}

/* Values were checked as they were read; defaults are good by the test of the table. */
static void config_take(struct config *config, cfg_t *cfg, const struct key *key)
{
    void *field = (char *)config + key->offset;
    const char *text = key->kind == ENDPOINTS ? NULL : cfg_getstr(cfg, key->name);
    uint64_t number = 0;
    switch (key->kind) {
    case PATH:
    case LEVEL:
        *(char **)field = strdup(text);
        break;
    case OPTIONAL_PATH:
    case LOCAL:
        *(char **)field = text[0] == '\0' ? NULL : strdup(text);
        break;
    case NUMBER:
        parse_number(key, text, &number);
        *(uint32_t *)field = (uint32_t)number;
        break;
    case SIZE:
        parse_number(key, text, (uint64_t *)field);
        break;
    case ENDPOINTS:
        *(char ***)field = list_copy(cfg, key);
        break;
    }
}

static cfg_t *config_parser(void)
{
    cfg_opt_t options[KEY_COUNT + 1];
    for (size_t i = 0; i < KEY_COUNT; i++) {
        cfg_opt_t text = CFG_STR(keys[i].name, keys[i].initial, CFGF_NONE);
        cfg_opt_t list = CFG_STR_LIST(keys[i].name, (char *)(uintptr_t)keys[i].initial, CFGF_NONE);
        options[i] = keys[i].kind == ENDPOINTS ? list : text;
    }
    options[KEY_COUNT] = (cfg_opt_t)CFG_END();
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    for (size_t i = 0; cfg && i < KEY_COUNT; i++) {
        cfg_set_validate_func(cfg, keys[i].name, validate);
    }
    if (cfg) {
        cfg_set_error_function(cfg, keep_error);
    }
    return cfg;
}

/* Parses `text`; the values are taken only where all of them are good. */
static int config_parse(const char *path, const char *text, struct config *config, char *error, size_t error_size)
{
    cfg_t *cfg = config_parser();
    int rc = cfg ? 0 : -ENOMEM;
    if (cfg && cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
        rc = -EINVAL;
    }
    for (size_t i = 0; rc == 0 && i < KEY_COUNT; i++) {
        if (is_empty_list(cfg, &keys[i])) {
            cfg->line = 0;
            rc = validate(cfg, cfg_getopt(cfg, keys[i].name)) < 0 ? -EINVAL : 0;
        } else {
            config_take(config, cfg, &keys[i]);
        }
    }
    if (rc < 0) {
        snprintf(error, error_size, "%s:%s", path, cfg && cfg->title ? cfg->title : " cannot be parsed");
    }
    if (cfg) {
        cfg_free(cfg);
    }
    return rc;
}

int config_load(const char *path, struct config *ret_config, char *error, size_t error_size)
{
    memset(ret_config, 0, sizeof *ret_config);
    char *text = NULL;
    int rc = config_text(path, &text);
    if (rc == 0) {
        rc = config_parse(path, text, ret_config, error, error_size);
        free(text);
    } else {
        snprintf(error, error_size, "%s: %s", path, rc == -EINVAL ? "is not a text file" : strerror(-rc));
    }
    return rc;
}

void config_fini(struct config *config)
{
    for (char **endpoint = config->endpoints; endpoint && *endpoint; endpoint++) {
        free(*endpoint);
    }
    free(config->endpoints);
    free(config->store_directory);
    free(config->archive_directory);
    free(config->host_key_file);
    free(config->server_key_file);
    free(config->http_listen);
    free(config->log_level);
    free(config->test_clock_file);
    memset(config, 0, sizeof *config);
}

static void dump_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; text && *text; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void dump_value(FILE *out, const struct key *key, const void *field)
{
    switch (key->kind) {
    case PATH:
    case OPTIONAL_PATH:
    case LEVEL:
    case LOCAL:
        dump_text(out, *(char *const *)field);
        break;
    case NUMBER:
        fprintf(out, "%" PRIu32, *(const uint32_t *)field);
        break;
    case SIZE:
        fprintf(out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case ENDPOINTS:
        for (char **endpoint = *(char **const *)field; *endpoint; endpoint++) {
            fputs(endpoint == *(char **const *)field ? "{" : ", ", out);
            dump_text(out, *endpoint);
        }
        fputc('}', out);
        break;
    }
}

void config_dump(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        fprintf(out, "# %s: %s\n%s = ", keys[i].help, keys[i].range, keys[i].name);
        dump_value(out, &keys[i], (const char *)config + keys[i].offset);
        fputs("\n", out);
    }
}

static bool texts_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool lists_equal(char *const *a, char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return *a == *b; /* both at their end */
}

bool config_key_equals(size_t index, const struct config *a, const struct config *b)
{
    const struct key *key = &keys[index];
    const void *one = (const char *)a + key->offset, *other = (const char *)b + key->offset;
    switch (key->kind) {
    case PATH:
    case OPTIONAL_PATH:
    case LEVEL:
    case LOCAL:
        return texts_equal(*(char *const *)one, *(char *const *)other);
    case NUMBER:
        return *(const uint32_t *)one == *(const uint32_t *)other;
    case SIZE:
        return *(const uint64_t *)one == *(const uint64_t *)other;
    case ENDPOINTS:
        return lists_equal(*(char **const *)one, *(char **const *)other);
    }
    return false;
}

void config_help(FILE *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        fprintf(out, "  %-18s %s\n  %18s %s; default %s\n", keys[i].name, keys[i].help, "", keys[i].range,
                keys[i].initial[0] ? keys[i].initial : "none");
    }
}

bool config_key(size_t index, struct config_key *ret_key)
{
    if (index >= KEY_COUNT) {
        return false;
    }
    const struct key *key = &keys[index];
    *ret_key = (struct config_key){key->name, key->range, key->initial, key->help};
    return true;
}
