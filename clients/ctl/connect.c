/* connect.c - one table says where each of the three things to know comes from: what stands nearest to the command
 * wins. */
#include "connect.h"

#include <confuse.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define SYSTEM_FILE       "/etc/referrald/referralctl.conf" /* where `init` writes it with the keys */
#define DEFAULT_TIMEOUT_S 10
#define TIMEOUT_MAX_S     86400
#define ADDRESSES_MAX     16

enum place { ADDRESS, SERVER_KEY, KEY_FILE, PLACE_COUNT };

static const struct {
    const char *option, *variable, *key; /* on the command line, in the environment, in the file */
} places[PLACE_COUNT] = {
    [ADDRESS] = {"address", "REFERRALD_ADDRESS", "address"},
    [SERVER_KEY] = {"server-key", "REFERRALD_SERVER_KEY", "server_key"},
    [KEY_FILE] = {"key", "REFERRALD_KEY", "key"},
};

struct where { /* owned texts */
    char *text[PLACE_COUNT];
};

static void where_fini(struct where *where)
{
    for (size_t i = 0; i < PLACE_COUNT; i++)
        free(where->text[i]);
}

/* NULL: there is none. To be freed. */
static char *file_path(const struct ctl *ctl)
{
    const char *given = ctl_option(ctl, "config"), *home = getenv("HOME");
    char *own = NULL;

    if (given != NULL)
        return strdup(given);
    if (home != NULL && asprintf(&own, "%s/.config/referralctl.conf", home) > 0 && access(own, F_OK) == 0)
        return own;
    free(own);
    return access(SYSTEM_FILE, F_OK) == 0 ? strdup(SYSTEM_FILE) : NULL;
}

static void file_error(cfg_t *cfg, const char *format, va_list arguments)
{
    fprintf(stderr, "referralctl: %s:%d: ", cfg->filename == NULL ? "" : cfg->filename, cfg->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

static bool read_file(const struct ctl *ctl, struct where *where)
{
    char *path = file_path(ctl);
    cfg_opt_t keys[] = {CFG_STR("address", NULL, CFGF_NONE), CFG_STR("server_key", NULL, CFGF_NONE),
                        CFG_STR("key", NULL, CFGF_NONE), CFG_END()};
    cfg_t *cfg;
    int result;

    if (path == NULL)
        return true;
    cfg = cfg_init(keys, CFGF_NONE);
    cfg_set_error_function(cfg, file_error);
    result = cfg_parse(cfg, path);
    if (result == CFG_FILE_ERROR)
        ctl_complain(ctl, ctl_say(ctl, "%s: 无法读取配置文件", "%s: the configuration file cannot be read"), path);
    for (size_t i = 0; result == CFG_SUCCESS && i < PLACE_COUNT; i++) {
        const char *text = cfg_getstr(cfg, places[i].key);

        if (text != NULL)
            where->text[i] = strdup(text);
    }
    cfg_free(cfg);
    free(path);
    return result == CFG_SUCCESS;
}

/* An option; else the file that --config names; else the environment; else a file of ours. NULL: nobody says. */
static const char *text_of(const struct ctl *ctl, enum place place, const char *in_file)
{
    const char *option = ctl_option(ctl, places[place].option), *variable = getenv(places[place].variable);

    if (option != NULL)
        return option;
    if (in_file != NULL && ctl_has(ctl, "config"))
        return in_file;
    return variable != NULL && variable[0] != '\0' ? variable : in_file;
}

static int where_find(const struct ctl *ctl, struct where *where)
{
    if (!read_file(ctl, where))
        return EXIT_BAD_FILE;
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        const char *text = text_of(ctl, (enum place)i, where->text[i]);

        if (text == NULL) {
            ctl_complain(
                ctl,
                ctl_say(ctl, "不知道 --%s: 请在命令行, 环境变量 %s 或配置文件中给出",
                        "--%s is not known: give it here, as %s in the environment, or in a configuration file"),
                places[i].option, places[i].variable);
            return EXIT_USAGE;
        }

        char *own = strdup(text);

        free(where->text[i]);
        where->text[i] = own;
        if (own == NULL)
            return connect_failure(ctl, NULL, REFERRAL_NO_MEMORY, NULL);
    }
    return EXIT_OK;
}

static int read_server_key(const struct ctl *ctl, const char *text, uint8_t *ret_key)
{
    if (referral_key_from_hex(text, ret_key) || referral_key_load_public(text, ret_key) == 0)
        return EXIT_OK;
    ctl_complain(ctl, ctl_say(ctl, "%s: 不是服务器公钥", "%s: not a server key, neither in hex nor as a file"), text);
    return EXIT_BAD_FILE;
}

/* Seconds, with a fraction if need be. */
static bool read_timeout(const struct ctl *ctl, uint32_t *ret_ms)
{
    const char *text = ctl_option(ctl, "timeout");
    char *end = NULL;
    double seconds = text == NULL ? DEFAULT_TIMEOUT_S : strtod(text, &end);

    if (text != NULL && (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= TIMEOUT_MAX_S))) {
        ctl_complain(ctl, ctl_say(ctl, "--timeout 应为 0.001 至 %d 秒", "--timeout must be 0.001 to %d seconds"),
                     TIMEOUT_MAX_S);
        return false;
    }
    *ret_ms = (uint32_t)(seconds * 1000);
    return true;
}

/* Waits in pieces, so that there is progress to show. A broker that does not know our key will not learn it by our
 * waiting. */
static enum referral_status wait_for_session(const struct ctl *ctl, struct referral_client *client, uint32_t left)
{
    enum referral_status status = REFERRAL_DISCONNECTED;
    struct progress progress;

    progress_begin(&progress, ctl, ctl_say(ctl, "正在连接", "connecting"));
    while (status == REFERRAL_DISCONNECTED && left > 0 &&
           referral_trouble_now(client) != REFERRAL_TROUBLE_KEY_REFUSED) {
        uint32_t piece = left < 500 ? left : 500;

        status = referral_connect(client, piece);
        left -= piece;
        progress_step(&progress, 0, 0);
    }
    progress_end(&progress);
    return status;
}

int connect_failure(const struct ctl *ctl, const struct referral_client *client, enum referral_status status,
                    const char *message_id)
{
    const char *language = ctl->zh ? "zh" : "en";

    if (status == REFERRAL_DISCONNECTED && client != NULL)
        ctl_complain(ctl, "%s: %s", referral_status_text(status, language),
                     referral_trouble_text(referral_trouble_now(client), language));
    else
        ctl_complain(ctl, "%s", referral_status_text(status, language));
    if (message_id != NULL &&
        (status == REFERRAL_TIMEOUT || status == REFERRAL_CLOSED || status == REFERRAL_OTHER_STORE))
        ctl_complain(ctl,
                     ctl_say(ctl, "再次发送请用 --message-id %s, 不会重复生效",
                             "send again with --message-id %s: it has one effect"),
                     message_id);
    if (status == REFERRAL_TOO_LARGE)
        return EXIT_BAD_FILE;
    return status == REFERRAL_BAD_ARGUMENT ? EXIT_USAGE : EXIT_NO_BROKER;
}

/* Our own key, with words for what may be wrong with it. */
static int read_key(const struct ctl *ctl, const char *path, struct referral_key *ret_key)
{
    int failure = referral_key_load(path, ret_key);

    if (failure == 0)
        return EXIT_OK;
    if (failure == -EINVAL)
        ctl_complain(ctl, ctl_say(ctl, "%s: 不是密钥文件", "%s: not a key file"), path);
    else if (failure == -EACCES && access(path, R_OK) == 0)
        ctl_complain(ctl, ctl_say(ctl, "%s: 其他用户可读, 请 chmod 600", "%s: others may read it: chmod 600"), path);
    else
        ctl_complain(ctl, "%s: %s", path, strerror(-failure));
    return EXIT_BAD_FILE;
}

/* Which of what we were given it is about. */
static int no_session(const struct ctl *ctl, const struct where *where, const struct referral_client *client,
                      enum referral_status status)
{
    if (status != REFERRAL_DISCONNECTED)
        return connect_failure(ctl, client, status, NULL);

    enum referral_trouble trouble = referral_trouble_now(client);

    if (trouble == REFERRAL_TROUBLE_NONE)
        ctl_complain(ctl, ctl_say(ctl, "%s: 在 --timeout 时限内未能连接", "%s: no connection within --timeout"),
                     where->text[ADDRESS]);
    else
        ctl_complain(ctl, "%s: %s", where->text[trouble == REFERRAL_TROUBLE_KEY_REFUSED ? KEY_FILE : ADDRESS],
                     referral_trouble_text(trouble, ctl->zh ? "zh" : "en"));
    return EXIT_NO_BROKER;
}

/* Cuts the list apart in place. */
static size_t split_addresses(char *list, const char *ret_addresses[ADDRESSES_MAX])
{
    size_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(list, ", ", &rest); word != NULL && count < ADDRESSES_MAX;
         word = strtok_r(NULL, ", ", &rest))
        ret_addresses[count++] = word;
    return count;
}

static bool addresses_are_meant(const struct ctl *ctl, const struct referral_options *options)
{
    bool meant = options->address_count > 0;

    for (size_t i = 0; i < options->address_count; i++)
        meant = meant && strstr(options->addresses[i], "://") != NULL;
    if (!meant)
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "服务地址应如 tcp://10.1.2.3:5570", "an address looks like tcp://10.1.2.3:5570"));
    return meant;
}

static int open_client(const struct ctl *ctl, const struct where *where, uint32_t credit,
                       struct referral_client **ret_client)
{
    const char *addresses[ADDRESSES_MAX];
    struct referral_options options = {
        .addresses = addresses, .client_name = "referralctl", .language = ctl->zh ? "zh" : "en", .credit = credit};
    struct referral_client *client = NULL;

    if (!read_timeout(ctl, &options.request_timeout_ms))
        return EXIT_USAGE;

    int result = read_server_key(ctl, where->text[SERVER_KEY], options.server_key);

    if (result == EXIT_OK)
        result = read_key(ctl, where->text[KEY_FILE], &options.key);
    if (result != EXIT_OK)
        return result;

    char *list = strdup(where->text[ADDRESS]);

    options.address_count = list == NULL ? 0 : split_addresses(list, addresses);
    if (!addresses_are_meant(ctl, &options)) {
        free(list);
        return EXIT_USAGE;
    }

    enum referral_status status = referral_open(&options, &client);

    sodium_memzero(&options.key, sizeof options.key);
    free(list);
    if (status == REFERRAL_OK)
        status = wait_for_session(ctl, client, options.request_timeout_ms);
    if (status == REFERRAL_OK) {
        *ret_client = client;
        return EXIT_OK;
    }
    result = no_session(ctl, where, client, status);
    referral_close(client);
    return result;
}

int connect_open(const struct ctl *ctl, uint32_t credit, struct referral_client **ret_client)
{
    struct where where = {{NULL}};
    int result = where_find(ctl, &where);

    if (result == EXIT_OK)
        result = open_client(ctl, &where, credit, ret_client);
    where_fini(&where);
    return result;
}

void connect_help(const struct ctl *ctl)
{
    fprintf(ctl->out, "%s\n",
            ctl_say(ctl,
                    "连接信息依次取自: 选项, --config 文件, 环境变量, ~/.config/referralctl.conf 或 " SYSTEM_FILE ":",
                    "Where the broker is comes from options, else the file of --config, else the environment, else "
                    "~/.config/referralctl.conf or " SYSTEM_FILE ":"));
    for (size_t i = 0; i < PLACE_COUNT; i++)
        fprintf(ctl->out, "  --%-12s %-22s %s = \"...\"\n", places[i].option, places[i].variable, places[i].key);
}
