/* config.c - libconfuse reads the file's form; config_keys.c says what each key may hold. Every value comes as text, so
 * that one check serves all keys and every refusal is told alike. */
#include "sys/config.h"
#include "base/spelling.h"
#include "sys/config_keys.h"
#include "sys/config_text.h"
#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

/* A list is validated after each of its values and once more at its end. What was seen of an option stands in its
 * comment, of which libconfuse makes nothing: how many values, or that it is complete. */
static bool is_given_again(const struct key *key, cfg_opt_t *opt)
{
    const char *seen = cfg_opt_getcomment(opt), *complete = "complete";
    char count[16];
    if (seen && (key->kind != KEY_ENDPOINTS || strcmp(seen, complete) == 0))
        return true;
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
    bool good = key->kind != KEY_ENDPOINTS || (count >= key->min && count <= key->max);
    for (unsigned i = 0; good && i < count; i++)
        good = key_takes(key, cfg_opt_getnstr(opt, i));
    if (!good)
        cfg_error(cfg, "key '%s': must be %s (%s)", key->name, key->range, key->help);
    return good ? 0 : -1;
}

/* The one value libconfuse does not ask about; it stands on no line any more. */
static bool is_empty_list(cfg_t *cfg, const struct key *key)
{
    return key->kind == KEY_ENDPOINTS && cfg_size(cfg, key->name) == 0;
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
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* libconfuse hands its error function nothing of ours, but the top section, which has no title: there the first error
 * travels. */
__attribute__((format(printf, 2, 0))) static void keep_error(cfg_t *cfg, const char *format, va_list arguments)
{
    char text[CONFIG_ERROR_SIZE];
    if (cfg->title)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    explain_unknown(text, sizeof text);
    make_line(text);
    int length = cfg->line > 0 ? asprintf(&cfg->title, "%d: %s", cfg->line, text) : asprintf(&cfg->title, " %s", text);
    if (length < 0)
        cfg->title = NULL;
}

static char **list_copy(cfg_t *cfg, const struct key *key)
{
    unsigned count = cfg_size(cfg, key->name);
    char **list = calloc(count + 1, sizeof *list);
    for (unsigned i = 0; list && i < count; i++)
        list[i] = strdup(cfg_getnstr(cfg, key->name, i));
    return list;
}

/* Values were checked as they were read; defaults are good by the test of the table. */
static void config_take(struct config *config, cfg_t *cfg, const struct key *key)
{
    void *field = (char *)config + key->offset;
    const char *text = key->kind == KEY_ENDPOINTS ? NULL : cfg_getstr(cfg, key->name);
    uint64_t number = 0;
    switch (key->kind) {
    case KEY_PATH:
    case KEY_LEVEL:
        *(char **)field = strdup(text);
        break;
    case KEY_OPTIONAL_PATH:
    case KEY_LOCAL:
        *(char **)field = text[0] == '\0' ? NULL : strdup(text);
        break;
    case KEY_NUMBER:
        key_number(key, text, &number);
        *(uint32_t *)field = (uint32_t)number;
        break;
    case KEY_SIZE:
        key_number(key, text, (uint64_t *)field);
        break;
    case KEY_ENDPOINTS:
        *(char ***)field = list_copy(cfg, key);
        break;
    }
}

static cfg_t *config_parser(void)
{
    cfg_opt_t options[KEY_COUNT + 1];
    for (size_t i = 0; i < KEY_COUNT; i++) {
        cfg_opt_t text = CFG_STR(config_keys[i].name, config_keys[i].initial, CFGF_NONE);
        cfg_opt_t list = CFG_STR_LIST(config_keys[i].name, (char *)(uintptr_t)config_keys[i].initial, CFGF_NONE);
        options[i] = config_keys[i].kind == KEY_ENDPOINTS ? list : text;
    }
    options[KEY_COUNT] = (cfg_opt_t)CFG_END();
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    for (size_t i = 0; cfg && i < KEY_COUNT; i++)
        cfg_set_validate_func(cfg, config_keys[i].name, validate);
    if (cfg)
        cfg_set_error_function(cfg, keep_error);
    return cfg;
}

/* Parses `text`; the values are taken only where all of them are good. */
static int config_parse(const char *path, const char *text, struct config *config, char *error, size_t error_size)
{
    cfg_t *cfg = config_parser();
    int rc = cfg ? 0 : -ENOMEM;
    if (cfg && cfg_parse_buf(cfg, text) != CFG_SUCCESS)
        rc = -EINVAL;
    for (size_t i = 0; rc == 0 && i < KEY_COUNT; i++) {
        if (is_empty_list(cfg, &config_keys[i])) {
            cfg->line = 0;
            rc = validate(cfg, cfg_getopt(cfg, config_keys[i].name)) < 0 ? -EINVAL : 0;
        } else {
            config_take(config, cfg, &config_keys[i]);
        }
    }
    if (rc < 0)
        snprintf(error, error_size, "%s:%s", path, cfg && cfg->title ? cfg->title : " cannot be parsed");
    if (cfg)
        cfg_free(cfg);
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
    for (char **endpoint = config->endpoints; endpoint && *endpoint; endpoint++)
        free(*endpoint);
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
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void dump_value(FILE *out, const struct key *key, const void *field)
{
    switch (key->kind) {
    case KEY_PATH:
    case KEY_OPTIONAL_PATH:
    case KEY_LEVEL:
    case KEY_LOCAL:
        dump_text(out, *(char *const *)field);
        break;
    case KEY_NUMBER:
        fprintf(out, "%" PRIu32, *(const uint32_t *)field);
        break;
    case KEY_SIZE:
        fprintf(out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case KEY_ENDPOINTS:
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
        fprintf(out, "# %s: %s\n%s = ", config_keys[i].help, config_keys[i].range, config_keys[i].name);
        dump_value(out, &config_keys[i], (const char *)config + config_keys[i].offset);
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
    const struct key *key = &config_keys[index];
    const void *one = (const char *)a + key->offset, *other = (const char *)b + key->offset;
    switch (key->kind) {
    case KEY_PATH:
    case KEY_OPTIONAL_PATH:
    case KEY_LEVEL:
    case KEY_LOCAL:
        return texts_equal(*(char *const *)one, *(char *const *)other);
    case KEY_NUMBER:
        return *(const uint32_t *)one == *(const uint32_t *)other;
    case KEY_SIZE:
        return *(const uint64_t *)one == *(const uint64_t *)other;
    case KEY_ENDPOINTS:
        return lists_equal(*(char **const *)one, *(char **const *)other);
    }
    return false;
}

void config_help(FILE *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        fprintf(out, "  %-18s %s\n  %18s %s; default %s\n", config_keys[i].name, config_keys[i].help, "",
                config_keys[i].range, config_keys[i].initial[0] ? config_keys[i].initial : "none");
    }
}

bool config_key(size_t index, struct config_key *ret_key)
{
    if (index >= KEY_COUNT)
        return false;
    const struct key *key = &config_keys[index];
    *ret_key = (struct config_key){key->name, key->range, key->initial, key->help};
    return true;
}
