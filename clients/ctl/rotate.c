/* rotate.c - keys of a store change beside its running broker: a data key more, or another host key.
 *
 * Only the small file of keys is written here. The broker takes a new data key when it reloads or starts, and moves its
 * rows by itself; `--status` counts them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "handlers.h"
#include "offline.h"
#include "store/durable.h"
#include "store/keys.h"
#include "store/reseal.h"
#include "sys/config.h"
#include "table.h"

#define ARENA_BYTES (16UL << 20)

static int fail_keys(const struct ctl *ctl, const char *directory, int failure)
{
    const char *what =
        failure == -EACCES
            ? ctl_say(ctl, "不是由此主机密钥包装, 或已损坏", "was not wrapped by this host key, or is damaged")
        : failure == -EPERM     ? ctl_say(ctl, "他人可读: chmod 600", "others may read it; make it mode 0600")
        : failure == -EPROTO    ? ctl_say(ctl, "来自更新的版本", "was written by a newer version")
        : failure == -EEXIST    ? ctl_say(ctl, "属于另一个库", "is of another store")
        : failure == -EOVERFLOW ? ctl_say(ctl, "已有 255 个数据密钥或更换过 500 次, 不能再加",
                                          "has 255 data keys, or was changed 500 times: there can be no more")
                                : strerror(-failure);

    ctl_complain(ctl, "%s/" KEYS_FILE ": %s", directory, what);
    return failure == -EOVERFLOW || failure == -EEXIST ? EXIT_REFUSED : EXIT_BAD_FILE;
}

/* An archive is read by the keys that lie in it: they follow the store's. */
static int bring_to_archive(const struct ctl *ctl, const struct offline *offline)
{
    char path[FOLDER_PATH_MAX];
    int failure = 0;

    if (folder_path(path, offline->archives, KEYS_FILE) && access(path, F_OK) == 0)
        failure = keys_bring(offline->directory, offline->archives);
    return failure == 0 ? EXIT_OK : fail_keys(ctl, offline->archives, failure);
}

/* ---- A data key more ---- */

static int add(const struct ctl *ctl, const struct offline *offline)
{
    uint32_t number;
    int failure = keys_add(offline->directory, offline->host_key, &number);

    if (failure != 0)
        return fail_keys(ctl, offline->directory, failure);
    if (ctl->json) {
        json_t *json = json_pack("{s:I}", "data_key", (json_int_t)number);

        table_json(ctl, json);
        json_decref(json);
    } else {
        fprintf(ctl->out,
                ctl_say(ctl,
                        "已加数据密钥 %" PRIu32
                        "; 重载服务后启用: systemctl reload referrald; 进度: referralctl rotate --status\n",
                        "data key %" PRIu32
                        " is there; the broker takes it when it reloads: systemctl reload referrald; how far it "
                        "is: referralctl rotate --status\n"),
                number);
    }
    return bring_to_archive(ctl, offline);
}

/* ---- Another host key ---- */

static int write_key(int fd)
{
    uint8_t key[STORE_HOST_KEY_SIZE];
    char hex[2 * STORE_HOST_KEY_SIZE + 1];

    randombytes_buf(key, sizeof key);
    hex_encode(hex, bytes_of(key, sizeof key));

    int failure = dprintf(fd, "key = %s\n", hex) < 0 || fsync(fd) != 0 ? -errno : 0;

    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return failure;
}

/* One that is there stays as it is. */
static int make_key_file(const struct ctl *ctl, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int failure = fd >= 0 ? write_key(fd) : errno == EEXIST ? 0 : -errno;

    if (fd >= 0)
        close(fd);
    if (failure == 0)
        failure = durable_name(path); /* before anything is wrapped by it */
    if (failure == 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s: %s", path, strerror(-failure));
    if (fd >= 0)
        unlink(path);
    return EXIT_BAD_FILE;
}

static int try_key(const struct offline *offline, const uint8_t *host_key)
{
    struct keys *keys = sodium_malloc(sizeof *keys);
    int failure = keys == NULL ? -ENOMEM : keys_load(offline->directory, host_key, keys);

    sodium_free(keys);
    return failure;
}

static int rewrap(const struct ctl *ctl, const struct offline *offline, const char *path)
{
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    char error[CONFIG_ERROR_SIZE];
    int result = make_key_file(ctl, path), failure = 0;

    if (result != EXIT_OK)
        return result;
    if (config_read_secret(path, "key", host_key, error, sizeof error) != 0) {
        ctl_complain(ctl, "%s", error);
        return EXIT_BAD_FILE;
    }
    if (try_key(offline, host_key) != 0) /* else it was done before, and perhaps ended here */
        failure = keys_rewrap(offline->directory, offline->host_key, host_key);
    sodium_memzero(host_key, sizeof host_key);
    if (failure != 0)
        return fail_keys(ctl, offline->directory, failure);
    if (ctl->json) {
        json_t *json = json_pack("{s:s}", "host_key", path);

        table_json(ctl, json);
        json_decref(json);
    } else {
        fprintf(
            ctl->out,
            ctl_say(ctl, "主机密钥现为 %s; 下次启动须用它; 旧备份仍需旧密钥, 请保留\n",
                    "%s is the host key now, and the next start needs it; older backups need the old one: keep it\n"),
            path);
    }
    return bring_to_archive(ctl, offline);
}

static int rotate(const struct ctl *ctl)
{
    const char *new_key = ctl_option(ctl, "host-key-new");
    struct offline offline;
    int result = offline_find(ctl, NULL, &offline);

    if (result == EXIT_OK)
        result = new_key != NULL ? rewrap(ctl, &offline, new_key) : add(ctl, &offline);
    offline_fini(&offline);
    return result;
}

/* ---- How far ---- */

static json_t *rows_json(const uint64_t rows[KEYS_DATA_MAX + 1], uint32_t newest)
{
    json_t *list = json_array();

    for (uint32_t key = KEYS_FIRST; key <= newest; key++)
        json_array_append_new(list,
                              json_pack("{s:I, s:I}", "data_key", (json_int_t)key, "rows", (json_int_t)rows[key]));
    return list;
}

static void print_status(const struct ctl *ctl, const struct reseal_state *state,
                         const uint64_t rows[KEYS_DATA_MAX + 1])
{
    static const char *const zh[] = {"数据密钥", "行数", NULL}, *const en[] = {"data key", "rows", NULL};
    json_t *keys = rows_json(rows, state->key);
    uint64_t left = 0;

    for (uint32_t key = 0; key < state->key; key++)
        left += rows[key];
    if (ctl->json) {
        json_t *json = json_pack("{s:I, s:b, s:I, s:O}", "newest", (json_int_t)state->key, "done", (int)state->is_done,
                                 "rows_left", (json_int_t)left, "keys", keys);

        table_json(ctl, json);
        json_decref(json);
    } else {
        table_plain(ctl, ctl->zh ? zh : en, keys);
        fprintf(ctl->out,
                state->is_done ? ctl_say(ctl, "轮换完成\n", "the rotation is done\n")
                               : ctl_say(ctl, "尚有 %" PRIu64 " 行\n", "%" PRIu64 " rows are left\n"),
                left);
    }
    json_decref(keys);
}

static int show_status(struct ctl *ctl)
{
    uint64_t rows[KEYS_DATA_MAX + 1];
    struct reseal_state state;
    struct store *store = NULL;
    struct arena arena;
    int result = offline_open(ctl, true, &store);

    if (result != EXIT_OK)
        return result;

    int failure = arena_open(&arena, ARENA_BYTES);

    if (failure == 0) {
        failure = reseal_look(store, &arena, &state);
        if (failure == 0)
            failure = reseal_count(store, &arena, rows);
        arena_close(&arena);
    }
    if (failure == 0)
        print_status(ctl, &state, rows);
    else
        result = offline_fail(ctl, failure, store_error(store));
    store_close(store);
    return result;
}

int rotate_run(struct ctl *ctl)
{
    return ctl_has(ctl, "status") ? offline_run(ctl, show_status, ctl_say(ctl, "正在清点", "counting")) : rotate(ctl);
}
