/* init.c - makes what a new broker needs: store, keys, the operator's place in the registry, an example configuration.
 *
 * Nothing is overwritten: every file is looked for before the first is made. What a failure leaves is removed again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <referral/key.h>

#include "engine/registry.h"
#include "handlers.h"
#include "moment.h"
#include "query.pb-c.h"
#include "rules/identity.h"
#include "store/checkpoint.h"
#include "store/durable.h"
#include "store/rows.h"
#include "store/store.h"
#include "sys/config.h"
#include "table.h"
#include "wire/wire.h"

#define FOUNDING_ARENA (16U << 20)
#define FOUNDING_TURN  1

enum file { HOST_KEY, SERVER_KEY, SERVER_PUBLIC, OPERATOR_KEY, BROKER_CONF, CLIENT_CONF, FILE_COUNT };
static const char *const file_names[FILE_COUNT] = {
    [HOST_KEY] = "host.key",         [SERVER_KEY] = "server.key",      [SERVER_PUBLIC] = "server.pub",
    [OPERATOR_KEY] = "operator.key", [BROKER_CONF] = "referrald.conf", [CLIENT_CONF] = "referralctl.conf",
};

struct founding {
    const struct ctl *ctl;
    const char *name, *institution, *institution_name, *listen;
    char store[PATH_MAX], keys[PATH_MAX], paths[FILE_COUNT][PATH_MAX];
    uint8_t host_key[STORE_HOST_KEY_SIZE], checkpoint_key[CHECKPOINT_KEY_SIZE];
    struct referral_key server, operator;
    bool made[FILE_COUNT];
    bool keeps_conf; /* a configuration was there: it stays */
};

static int fault(const struct founding *founding, const char *what, int failure)
{
    ctl_complain(founding->ctl, "%s: %s", what, strerror(-failure));
    return failure == -EEXIST ? EXIT_REFUSED : EXIT_BAD_FILE;
}

/* As the broker takes it of others: what it could not read later is not founded. */
static bool is_name(const char *name)
{
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    struct findings findings = {0};
    char text[LIMIT_NAME_BYTES + 2]; /* one that is cut here is too long still */

    snprintf(text, sizeof text, "%s", name);
    institution.name = text;
    wire_check(&institution.base, false, &findings);
    return findings.count == 0 && name[0] != '\0';
}

static bool take_options(struct ctl *ctl, struct founding *founding)
{
    static const char *const needed[] = {"store", "name", "institution", "keys"};

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (ctl_option(ctl, needed[i]) == NULL) {
            ctl_complain(ctl, ctl_say(ctl, "缺少选项 --%s", "option --%s is missing"), needed[i]);
            return false;
        }
    founding->name = ctl_option(ctl, "name");
    founding->institution = ctl_option(ctl, "institution");
    if (!identity_is_institution_id(founding->institution) || identity_is_reserved(founding->institution)) {
        ctl_complain(ctl, "%s",
                     ctl_say(ctl,
                             "--institution 应为 1 至 64 个字符: A-Z a-z 0-9 . _ : -, 且不是 broker, clock, operator",
                             "--institution is 1 to 64 of A-Z a-z 0-9 . _ : -, and not broker, clock or operator"));
        return false;
    }
    founding->institution_name = ctl_option(ctl, "institution-name");
    if (founding->institution_name == NULL)
        founding->institution_name = founding->institution;
    if (!is_name(founding->institution_name)) {
        ctl_complain(ctl,
                     ctl_say(ctl, "--institution-name 应为 1 至 %d 字节的 UTF-8 文本, 无控制字符",
                             "--institution-name is 1 to %d bytes of UTF-8, without control characters"),
                     LIMIT_NAME_BYTES);
        return false;
    }
    founding->listen = ctl_option(ctl, "listen");
    if (founding->listen == NULL)
        founding->listen = "tcp://*:5570";
    return true;
}

/* The directory, made where it is absent, by its absolute name: configurations outlive the directory we stand in. */
static int directory_of(const struct founding *founding, const char *path, char ret_absolute[PATH_MAX])
{
    int failure = durable_folder(path);

    if (failure != 0)
        return fault(founding, path, failure);
    if (realpath(path, ret_absolute) == NULL)
        return fault(founding, path, -errno);
    return EXIT_OK;
}

static int find_places(struct founding *founding)
{
    int result = directory_of(founding, ctl_option(founding->ctl, "keys"), founding->keys);

    for (int i = 0; result == EXIT_OK && i < FILE_COUNT; i++) {
        if (snprintf(founding->paths[i], PATH_MAX, "%s/%s", founding->keys, file_names[i]) >= PATH_MAX)
            return fault(founding, founding->keys, -ENAMETOOLONG);

        bool exists = access(founding->paths[i], F_OK) == 0;

        if (exists && i == BROKER_CONF)
            founding->keeps_conf = true;
        else if (exists)
            return fault(founding, founding->paths[i], -EEXIST);
    }
    return result == EXIT_OK ? directory_of(founding, ctl_option(founding->ctl, "store"), founding->store) : result;
}

static FILE *file_new(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    return fd < 0 ? NULL : fdopen(fd, "w");
}

static int file_done(FILE *file)
{
    int failure = fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : -errno;

    return fclose(file) == 0 || failure != 0 ? failure : -errno;
}

static int save_host_key(struct founding *founding)
{
    char hex[2 * STORE_HOST_KEY_SIZE + 1];
    FILE *file = file_new(founding->paths[HOST_KEY], 0600);

    if (file == NULL)
        return -errno;
    founding->made[HOST_KEY] = true;
    hex_encode(hex, bytes_of(founding->host_key, sizeof founding->host_key));
    fprintf(file,
            "# wraps the keys of the store; without it the store cannot be read: keep a copy elsewhere\nkey = %s\n",
            hex);
    sodium_memzero(hex, sizeof hex);

    int failure = file_done(file);

    return failure == 0 ? durable_name(founding->paths[HOST_KEY]) : failure;
}

static int save_keys(struct founding *founding)
{
    int failure;

    randombytes_buf(founding->host_key, sizeof founding->host_key);
    failure = save_host_key(founding);
    if (failure != 0)
        return fault(founding, founding->paths[HOST_KEY], failure);

    const struct {
        enum file file;
        struct referral_key *key;
    } pairs[] = {{SERVER_KEY, &founding->server}, {OPERATOR_KEY, &founding->operator} };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        failure = referral_key_generate(pairs[i].key);
        if (failure == 0)
            failure = referral_key_save(founding->paths[pairs[i].file], pairs[i].key);
        if (failure != 0)
            return fault(founding, founding->paths[pairs[i].file], failure);
        founding->made[pairs[i].file] = true;
    }
    failure = referral_key_save_public(founding->paths[SERVER_PUBLIC], founding->server.public_key);
    founding->made[SERVER_PUBLIC] = failure == 0;
    return failure == 0 ? EXIT_OK : fault(founding, founding->paths[SERVER_PUBLIC], failure);
}

/* P3: the audit begins with who founded the store. */
static void audit_founding(const struct founding *founding, struct store_txn *txn, struct instant now)
{
    char subject[LIMIT_ID_BYTES + 1];
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;

    snprintf(subject, sizeof subject, "%s", founding->institution);
    row.has_index = row.has_at_ms = row.has_kind = true;
    row.index = FOUNDING_TURN;
    row.at_ms = now.ms;
    row.institution = row.subject = subject;
    row.kind = REFERRAL__KIND__ADD_KEY;
    audit_add(txn, wire_pack(&row.base, store_arena(txn)));
}

/* The first turn of the store: the operator's institution and key. */
static int found(struct founding *founding, struct store *store, struct instant now)
{
    struct store_turn turn = {.index = FOUNDING_TURN, .time = now};
    struct store_txn *txn = NULL;
    struct arena arena;
    int failure = arena_open(&arena, FOUNDING_ARENA);

    if (failure != 0)
        return failure;
    failure = store_turn_begin(store, &arena, &txn);
    if (failure == 0) {
        failure =
            registry_found(txn, founding->institution, founding->institution_name, founding->operator.public_key, now);
        if (failure == 0) {
            audit_founding(founding, txn, now);
            failure = store_turn_end(txn, &turn);
        } else {
            store_turn_abort(txn);
        }
    }
    arena_close(&arena);
    return failure;
}

static int make_store(struct founding *founding)
{
    char error[STORE_ERROR_SIZE] = "";
    struct store_options options = {.directory = founding->store, .host_key = founding->host_key, .error = error};
    bool test_time = ctl_has(founding->ctl, "test-time");
    struct instant now =
        instant_of(test_time ? 1 : moment_now()); /* C2: time only goes forward, so a test's starts early */
    struct store *store = NULL;
    int failure = store_create(&options, founding->name, now, test_time);

    if (failure == 0)
        failure = store_open(&options, &store);
    if (failure == 0) {
        failure = found(founding, store, now);
        checkpoint_public_key(store, founding->checkpoint_key);
        if (failure != 0)
            snprintf(error, sizeof error, "%s", store_error(store));
    }
    store_close(store);
    if (failure == 0)
        return EXIT_OK;
    if (error[0] != '\0')
        ctl_complain(founding->ctl, "%s", error);
    else
        ctl_complain(founding->ctl, "%s: %s", founding->store, strerror(-failure));
    return failure == -EEXIST ? EXIT_REFUSED : failure == -EINVAL ? EXIT_USAGE : EXIT_BAD_FILE;
}

/* The broker's own reader fills in what we do not say, and its own writer explains each key. */
static int complete_broker_conf(const struct founding *founding)
{
    char error[CONFIG_ERROR_SIZE];
    struct config config;
    FILE *file;

    if (config_load(founding->paths[BROKER_CONF], &config, error, sizeof error) != 0) {
        ctl_complain(founding->ctl, "%s", error);
        return EXIT_USAGE;
    }
    file = fopen(founding->paths[BROKER_CONF], "we");
    if (file != NULL)
        config_dump(&config, file);
    config_fini(&config);

    int failure = file == NULL ? -errno : file_done(file);

    return failure == 0 ? EXIT_OK : fault(founding, founding->paths[BROKER_CONF], failure);
}

static int save_broker_conf(struct founding *founding)
{
    FILE *file = founding->keeps_conf ? NULL : file_new(founding->paths[BROKER_CONF], 0644);

    if (founding->keeps_conf)
        return EXIT_OK;
    if (file == NULL)
        return fault(founding, founding->paths[BROKER_CONF], -errno);
    founding->made[BROKER_CONF] = true;
    fprintf(file, "store_directory = \"%s\"\nhost_key_file = \"%s\"\nserver_key_file = \"%s\"\nendpoints = {\"%s\"}\n",
            founding->store, founding->paths[HOST_KEY], founding->paths[SERVER_KEY], founding->listen);

    int failure = file_done(file);

    return failure == 0 ? complete_broker_conf(founding) : fault(founding, founding->paths[BROKER_CONF], failure);
}

/* An address to connect to is one to listen on with a host in it. */
static int save_client_conf(struct founding *founding)
{
    const char *any = strstr(founding->listen, "*:");
    FILE *file = file_new(founding->paths[CLIENT_CONF], 0644);

    if (file == NULL)
        return fault(founding, founding->paths[CLIENT_CONF], -errno);
    founding->made[CLIENT_CONF] = true;
    if (any != NULL)
        fprintf(file, "address = \"%.*s127.0.0.1:%s\"\n", (int)(any - founding->listen), founding->listen, any + 2);
    else
        fprintf(file, "address = \"%s\"\n", founding->listen);
    fprintf(file, "server_key = \"%s\"\nkey = \"%s\"\n", founding->paths[SERVER_PUBLIC], founding->paths[OPERATOR_KEY]);

    int failure = file_done(file);

    return failure == 0 ? EXIT_OK : fault(founding, founding->paths[CLIENT_CONF], failure);
}

static void undo(const struct founding *founding)
{
    for (int i = 0; i < FILE_COUNT; i++)
        if (founding->made[i])
            unlink(founding->paths[i]);
}

static void print(const struct founding *founding)
{
    const struct {
        enum file file;
        const char *zh, *en;
    } lines[] = {
        {HOST_KEY, "主机密钥(请另存一份)", "host key: keep a copy elsewhere"},
        {SERVER_KEY, "服务器密钥", "the broker's key"},
        {SERVER_PUBLIC, "服务器公钥(交给各机构)", "its public key, for every client"},
        {OPERATOR_KEY, "运维密钥", "the operator's key"},
        {BROKER_CONF, founding->keeps_conf ? "服务配置(原有, 未改动)" : "服务配置: referrald --config",
         founding->keeps_conf ? "configuration that was there: not changed" : "configuration: referrald --config"},
        {CLIENT_CONF, "客户端配置: referralctl --config", "configuration: referralctl --config"},
    };
    const struct ctl *ctl = founding->ctl;
    char key[2 * CHECKPOINT_KEY_SIZE + 1];

    hex_encode(key, bytes_of(founding->checkpoint_key, sizeof founding->checkpoint_key));
    if (ctl->json) {
        json_t *json = json_pack("{s:s, s:s}", "store", founding->store, "checkpoint_key", key);

        for (int i = 0; i < FILE_COUNT; i++)
            json_object_set_new(json, file_names[i], json_string(founding->paths[i]));
        table_json(ctl, json);
        json_decref(json);
        return;
    }
    int width = (int)strlen(founding->store);

    for (int i = 0; i < FILE_COUNT; i++)
        width = (int)strlen(founding->paths[i]) > width ? (int)strlen(founding->paths[i]) : width;
    fprintf(ctl->out, "%-*s  %s\n", width, founding->store, ctl_say(ctl, "数据库", "the store"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(ctl->out, "%-*s  %s\n", width, founding->paths[lines[i].file], ctl_say(ctl, lines[i].zh, lines[i].en));
    fprintf(ctl->out, "%s  %s\n", key,
            ctl_say(ctl, "审计检查点的公钥(请另存他处)", "public key of audit checkpoints: keep it elsewhere"));
}

/* What a configuration that was there says otherwise than we were told. */
static void tell_of_kept_conf(const struct founding *founding)
{
    const char *path = founding->paths[BROKER_CONF];
    char error[CONFIG_ERROR_SIZE], real[PATH_MAX];
    struct config config;

    if (config_load(path, &config, error, sizeof error) != 0) {
        ctl_complain(founding->ctl, "%s", error);
        return;
    }

    const struct {
        const char *key, *kept, *given;
    } rows[] = {
        {"store_directory", config.store_directory, founding->store},
        {"host_key_file", config.host_key_file, founding->paths[HOST_KEY]},
        {"server_key_file", config.server_key_file, founding->paths[SERVER_KEY]},
        {"endpoints", config.endpoints[0], ctl_option(founding->ctl, "listen")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *kept = realpath(rows[i].kept, real) == NULL ? rows[i].kept : real;

        if (rows[i].given != NULL && strcmp(kept, rows[i].given) != 0)
            ctl_complain(founding->ctl,
                         ctl_say(founding->ctl, "%s 未改动: 其中 %s 为 %s, 而不是 %s",
                                 "%s was not changed: its %s is %s, not %s"),
                         path, rows[i].key, rows[i].kept, rows[i].given);
    }
    config_fini(&config);
}

int init_run(struct ctl *ctl)
{
    struct founding founding = {.ctl = ctl};
    int result = take_options(ctl, &founding) ? EXIT_OK : EXIT_USAGE;

    if (result == EXIT_OK)
        result = find_places(&founding);
    if (result == EXIT_OK)
        result = save_keys(&founding);
    if (result == EXIT_OK)
        result = save_broker_conf(&founding);
    if (result == EXIT_OK)
        result = save_client_conf(&founding);
    if (result == EXIT_OK)
        result = make_store(&founding);
    if (result == EXIT_OK)
        print(&founding);
    else
        undo(&founding);
    if (result == EXIT_OK && founding.keeps_conf)
        tell_of_kept_conf(&founding);
    sodium_memzero(&founding.host_key, sizeof founding.host_key);
    sodium_memzero(&founding.server, sizeof founding.server);
    sodium_memzero(&founding.operator, sizeof founding.operator);
    return result;
}

int keygen_run(struct ctl *ctl)
{
    const char *path = ctl->arguments[0];
    char hex[REFERRAL_KEY_HEX_SIZE];
    struct referral_key key;
    int failure = referral_key_generate(&key);

    if (failure == 0)
        failure = referral_key_save(path, &key);
    sodium_memzero(key.secret_key, sizeof key.secret_key);
    if (failure != 0) {
        ctl_complain(ctl, "%s: %s", path, strerror(-failure));
        return failure == -EEXIST ? EXIT_REFUSED : EXIT_BAD_FILE;
    }
    referral_key_to_hex(key.public_key, hex);
    if (ctl->json) {
        json_t *json = json_pack("{s:s, s:s}", "file", path, "public_key", hex);

        table_json(ctl, json);
        json_decref(json);
    } else {
        fprintf(ctl->out, "%s\n", hex);
    }
    return EXIT_OK;
}
