/* backup.c - a secretstream of two files behind a small head. */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/durable.h"
#include "store/internal.h"

#define SCHEMA     1
#define MAGIC      "RFBACKUP"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HEAD_MAX   512
#define PIECE      (256U << 10)
#define DIRTY_MAX  (1U << 20) /* written and not on its way to the disk */
#define SIZE       4
#define STREAM     crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define TAGGED     crypto_secretstream_xchacha20poly1305_ABYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define STREAM_KEY crypto_secretstream_xchacha20poly1305_KEYBYTES
#define MESSAGE    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define FINAL      crypto_secretstream_xchacha20poly1305_TAG_FINAL

/* One file on its way in or out; the first failure stays. */
struct stream {
    int fd;
    const char *name; /* of the backup */
    char *error;
    int failure;
    size_t dirty;
    crypto_secretstream_xchacha20poly1305_state state;
    struct {
        uint8_t bytes[MAGIC_SIZE + SIZE + HEAD_MAX];
        size_t size;
    } head; /* with what stands before it */
    struct {
        uint8_t nonce[NONCE_SIZE], key[STREAM_KEY + crypto_aead_xchacha20poly1305_ietf_ABYTES], header[STREAM];
    } sealing;
    uint8_t plain[PIECE], sealed[SIZE + PIECE + TAGGED]; /* behind its size */
};

static void fail(struct stream *stream, int failure, const char *name, const char *what)
{
    if (stream->failure != 0)
        return;
    stream->failure = failure;
    if (stream->error != NULL)
        snprintf(stream->error, STORE_ERROR_SIZE, "%s: %s", name, what);
}

static void fail_errno(struct stream *stream, const char *name)
{
    fail(stream, -errno, name, strerror(errno));
}

/* ---- Files ---- */

/* A file of gigabytes that goes to the disk at its end keeps a running broker's commits waiting behind it: so it goes
 * little by little. What cannot be hurried here is synced there all the same. */
static void keep_clean(struct stream *stream, int fd, size_t written)
{
    stream->dirty += written;
    if (stream->dirty < DIRTY_MAX)
        return;
    stream->dirty = 0;
    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

static void write_all(struct stream *stream, int fd, const char *name, const uint8_t *data, size_t size)
{
    while (stream->failure == 0 && size > 0) {
        ssize_t written = write(fd, data, size);

        if (written < 0 && errno != EINTR)
            fail_errno(stream, name);
        if (written > 0) {
            keep_clean(stream, fd, (size_t)written);
            data += written;
            size -= (size_t)written;
        }
    }
}

/* As much as there is, up to `size`. */
static size_t read_some(struct stream *stream, int fd, const char *name, uint8_t *data, size_t size)
{
    size_t length = 0;

    while (stream->failure == 0 && length < size) {
        ssize_t got = read(fd, data + length, size - length);

        if (got == 0)
            break;
        if (got > 0)
            length += (size_t)got;
        else if (errno != EINTR)
            fail_errno(stream, name);
    }
    return length;
}

static int file_new(struct stream *stream, const char *name)
{
    int fd = stream->failure != 0 ? -1 : open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && stream->failure == 0)
        fail_errno(stream, name);
    return fd;
}

static int file_old(struct stream *stream, const char *name)
{
    int fd = stream->failure != 0 ? -1 : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && stream->failure == 0)
        fail_errno(stream, name);
    return fd;
}

/* On disk, or failed. */
static void file_end(struct stream *stream, int fd, const char *name)
{
    if (fd < 0)
        return;
    if (stream->failure == 0 && fsync(fd) != 0)
        fail_errno(stream, name);
    close(fd);
}

/* The names in this folder are on disk, or it has failed. */
static void names_end(struct stream *stream, const char *directory)
{
    int failure = stream->failure != 0 ? 0 : durable_names(directory);

    if (failure != 0)
        fail(stream, failure, directory, strerror(-failure));
}

static void name_end(struct stream *stream)
{
    int failure = stream->failure != 0 ? 0 : durable_name(stream->name);

    if (failure != 0)
        fail(stream, failure, stream->name, strerror(-failure));
}

static void path_in(struct stream *stream, char path[PATH_MAX], const char *directory, const char *file)
{
    if (snprintf(path, PATH_MAX, "%s/%s", directory, file) >= PATH_MAX)
        fail(stream, -ENAMETOOLONG, directory, "the name is too long");
}

static struct stream *stream_new(const char *name, char *error)
{
    struct stream *stream = sodium_init() < 0 ? NULL : calloc(1, sizeof(*stream));

    if (stream == NULL) {
        if (error != NULL)
            snprintf(error, STORE_ERROR_SIZE, "%s: out of memory", name);
        return NULL;
    }
    stream->fd = -1;
    stream->name = name;
    stream->error = error;
    return stream;
}

static int stream_free(struct stream *stream)
{
    int failure = stream->failure;

    if (stream->fd >= 0)
        close(stream->fd);
    sodium_memzero(&stream->state, sizeof(stream->state));
    sodium_memzero(stream->plain, sizeof(stream->plain));
    free(stream);
    return failure;
}

/* ---- Keys ---- */

/* The host's key has other work, too: here it is only what another is derived of. */
static void wrapping_key(const uint8_t *key, uint8_t ret_key[BACKUP_KEY_SIZE])
{
    crypto_kdf_derive_from_key(ret_key, BACKUP_KEY_SIZE, 1, "rfbackup", key);
}

static void begin_sealing(struct stream *stream, const uint8_t *key)
{
    uint8_t wrapping[BACKUP_KEY_SIZE], fresh[STREAM_KEY];

    wrapping_key(key, wrapping);
    crypto_secretstream_xchacha20poly1305_keygen(fresh);
    randombytes_buf(stream->sealing.nonce, sizeof(stream->sealing.nonce));
    crypto_aead_xchacha20poly1305_ietf_encrypt(stream->sealing.key, NULL, fresh, sizeof(fresh), stream->head.bytes,
                                               stream->head.size, NULL, stream->sealing.nonce, wrapping);
    crypto_secretstream_xchacha20poly1305_init_push(&stream->state, stream->sealing.header, fresh);
    sodium_memzero(wrapping, sizeof(wrapping));
    sodium_memzero(fresh, sizeof(fresh));
}

static void begin_opening(struct stream *stream, const uint8_t *key)
{
    uint8_t wrapping[BACKUP_KEY_SIZE], fresh[STREAM_KEY] = {0};

    wrapping_key(key, wrapping);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(fresh, NULL, NULL, stream->sealing.key, sizeof(stream->sealing.key),
                                                   stream->head.bytes, stream->head.size, stream->sealing.nonce,
                                                   wrapping) != 0)
        fail(stream, -EACCES, stream->name, "was not sealed by this key, or its head is damaged");
    else if (crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, stream->sealing.header, fresh) != 0)
        fail(stream, -EBADMSG, stream->name, "is damaged: its stream does not begin");
    sodium_memzero(wrapping, sizeof(wrapping));
    sodium_memzero(fresh, sizeof(fresh));
}

/* ---- The head ---- */

static int about_store(const struct store_options *copy, struct backup_about *ret_about)
{
    struct store_options options = *copy;
    struct store *store = NULL;

    options.read_only = true;

    int failure = store_open(&options, &store);

    if (failure != 0)
        return failure;

    const struct store_identity *identity = store_identity(store);
    struct store_mark mark = store_mark(store);

    *ret_about = (struct backup_about){.incarnation = identity->incarnation, .index = mark.index, .time = mark.time};
    memcpy(ret_about->store_id, identity->store_id, sizeof(ret_about->store_id));
    memcpy(ret_about->short_name, identity->short_name, sizeof(ret_about->short_name));
    store_close(store);
    return 0;
}

static void head_make(struct stream *stream, struct backup_about *about)
{
    Record__Backup head = RECORD__BACKUP__INIT;
    uint8_t *at = stream->head.bytes + MAGIC_SIZE + SIZE;

    head.has_schema = head.has_store_id = head.has_incarnation = head.has_index = head.has_time_ms = true;
    head.schema = SCHEMA;
    head.store_id = (ProtobufCBinaryData){.len = sizeof(about->store_id), .data = about->store_id};
    head.short_name = about->short_name;
    head.incarnation = about->incarnation;
    head.index = about->index;
    head.time_ms = about->time.ms;

    size_t size = record__backup__pack(&head, at); /* far below HEAD_MAX: every field has a bound */

    memcpy(stream->head.bytes, MAGIC, MAGIC_SIZE);
    put_be32(stream->head.bytes + MAGIC_SIZE, (uint32_t)size);
    stream->head.size = MAGIC_SIZE + SIZE + size;
}

static bool head_is_whole(const Record__Backup *head)
{
    return head != NULL && head->store_id.len == sizeof(((struct backup_about *)NULL)->store_id) &&
           head->short_name != NULL && strlen(head->short_name) <= STORE_NAME_MAX;
}

static void head_parse(struct stream *stream, const uint8_t *data, size_t size, struct backup_about *ret_about)
{
    Record__Backup *head;

    errno = 0;
    head = record__backup__unpack(NULL, size, data);
    if (head == NULL && errno == ENOMEM) {
        fail_errno(stream, stream->name);
    } else if (head != NULL && head->schema > SCHEMA) {
        fail(stream, -EPROTO, stream->name, "was written by a newer version");
    } else if (!head_is_whole(head)) {
        fail(stream, -EPROTO, stream->name, "is no backup of referrald, or its head is damaged");
    } else {
        *ret_about =
            (struct backup_about){.incarnation = head->incarnation, .index = head->index, .time = {head->time_ms}};
        memcpy(ret_about->store_id, head->store_id.data, sizeof(ret_about->store_id));
        snprintf(ret_about->short_name, sizeof(ret_about->short_name), "%s", head->short_name);
    }
    record__backup__free_unpacked(head, NULL);
}

/* Opens the file and reads up to the stream's first message. */
static void head_read(struct stream *stream, struct backup_about *ret_about)
{
    uint8_t *at = stream->head.bytes;

    stream->fd = file_old(stream, stream->name);

    size_t size = read_some(stream, stream->fd, stream->name, at, MAGIC_SIZE + SIZE);
    bool is_ours = size == MAGIC_SIZE + SIZE && memcmp(at, MAGIC, MAGIC_SIZE) == 0;
    size_t rest = is_ours ? get_be32(at + MAGIC_SIZE) : 0;

    if (!is_ours || rest > HEAD_MAX) {
        fail(stream, -EPROTO, stream->name, "is no backup of referrald, or its head is damaged");
        return;
    }
    stream->head.size = size + read_some(stream, stream->fd, stream->name, at + size, rest);
    if (stream->head.size != size + rest || read_some(stream, stream->fd, stream->name, (uint8_t *)&stream->sealing,
                                                      sizeof(stream->sealing)) != sizeof(stream->sealing))
        fail(stream, -EBADMSG, stream->name, "is cut off");
    else
        head_parse(stream, at + size, rest, ret_about);
}

/* ---- Sealing ---- */

static void push(struct stream *stream, size_t size, uint8_t tag)
{
    put_be32(stream->sealed, (uint32_t)size);
    crypto_secretstream_xchacha20poly1305_push(&stream->state, stream->sealed + SIZE, NULL, stream->plain, size,
                                               stream->sealed, SIZE, tag);
    write_all(stream, stream->fd, stream->name, stream->sealed, SIZE + size + TAGGED);
}

static void push_file(struct stream *stream, const char *directory, const char *file)
{
    char path[PATH_MAX];
    size_t size;

    path_in(stream, path, directory, file);

    int fd = file_old(stream, path);

    while (stream->failure == 0 && (size = read_some(stream, fd, path, stream->plain, PIECE)) > 0)
        push(stream, size, MESSAGE);
    if (fd >= 0)
        close(fd);
}

static void seal(struct stream *stream, struct backup_about *about, const uint8_t *key, const char *directory)
{
    head_make(stream, about);
    begin_sealing(stream, key);
    stream->fd = file_new(stream, stream->name);
    write_all(stream, stream->fd, stream->name, stream->head.bytes, stream->head.size);
    write_all(stream, stream->fd, stream->name, (uint8_t *)&stream->sealing, sizeof(stream->sealing));
    push_file(stream, directory, KEYS_FILE);
    push_file(stream, directory, STORE_DATA_FILE);
    if (stream->failure == 0)
        push(stream, 0, FINAL);

    bool is_ours = stream->fd >= 0;

    file_end(stream, stream->fd, stream->name);
    stream->fd = -1;
    name_end(stream);
    if (stream->failure != 0 && is_ours)
        unlink(stream->name);
}

int backup_seal(const struct store_options *copy, const uint8_t *key, const char *file)
{
    struct backup_about about;
    int failure = about_store(copy, &about);

    if (failure != 0)
        return failure;

    struct stream *stream = stream_new(file, copy->error);

    if (stream == NULL)
        return -ENOMEM;
    seal(stream, &about, key, copy->directory);
    return stream_free(stream);
}

/* ---- Unsealing ---- */

int backup_read_about(const char *file, struct backup_about *ret_about, char *error)
{
    struct stream *stream = stream_new(file, error);

    if (stream == NULL)
        return -ENOMEM;
    head_read(stream, ret_about);
    return stream_free(stream);
}

/* The next message, into stream->plain; false: failed. */
static bool pull(struct stream *stream, size_t *ret_size, uint8_t *ret_tag)
{
    uint8_t *sealed = stream->sealed + SIZE;
    size_t head = read_some(stream, stream->fd, stream->name, stream->sealed, SIZE);
    size_t size = head == SIZE ? get_be32(stream->sealed) : 0;

    if (size > PIECE)
        fail(stream, -EBADMSG, stream->name, "is damaged: it is not what was sealed");
    else if (read_some(stream, stream->fd, stream->name, sealed, size + TAGGED) != size + TAGGED)
        fail(stream, -EBADMSG, stream->name, "is cut off");
    else if (crypto_secretstream_xchacha20poly1305_pull(&stream->state, stream->plain, NULL, ret_tag, sealed,
                                                        size + TAGGED, stream->sealed, SIZE) != 0)
        fail(stream, -EBADMSG, stream->name, "is damaged: it is not what was sealed");
    *ret_size = size;
    return stream->failure == 0;
}

static void pull_files(struct stream *stream, int keys, const char *keys_path, int data, const char *data_path)
{
    size_t size = 0;
    uint8_t tag = MESSAGE, more;

    if (pull(stream, &size, &tag))
        write_all(stream, keys, keys_path, stream->plain, size);
    while (tag != FINAL && pull(stream, &size, &tag))
        write_all(stream, data, data_path, stream->plain, size);
    if (stream->failure == 0 && read_some(stream, stream->fd, stream->name, &more, 1) != 0)
        fail(stream, -EBADMSG, stream->name, "is damaged: something stands behind its end");
}

static void unseal(struct stream *stream, const char *directory)
{
    char keys_path[PATH_MAX] = "", data_path[PATH_MAX] = "";

    path_in(stream, keys_path, directory, KEYS_FILE);
    path_in(stream, data_path, directory, STORE_DATA_FILE);

    int keys = file_new(stream, keys_path), data = file_new(stream, data_path);

    if (stream->failure == 0)
        pull_files(stream, keys, keys_path, data, data_path);
    file_end(stream, keys, keys_path);
    file_end(stream, data, data_path);
    names_end(stream, directory);
    if (stream->failure != 0 && keys >= 0)
        unlink(keys_path);
    if (stream->failure != 0 && data >= 0)
        unlink(data_path);
}

int backup_unseal(const char *file, const uint8_t *key, const char *directory, char *error)
{
    struct backup_about about;
    struct stream *stream = stream_new(file, error);

    if (stream == NULL)
        return -ENOMEM;
    head_read(stream, &about);
    if (stream->failure == 0)
        begin_opening(stream, key);
    if (stream->failure == 0)
        unseal(stream, directory);
    return stream_free(stream);
}
