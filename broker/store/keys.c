/* keys.c - one small file: WrappedKeys of record.proto, its two keys under the host's key (XChaCha20-Poly1305). */
#include "store/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.pb-c.h"

#define KEYS_SCHEMA   1
#define KEYS_FILE_MAX 512
#define KEY_ID_FIRST  1

struct masters { /* what is wrapped */
    uint8_t data[crypto_kdf_KEYBYTES], index[crypto_kdf_KEYBYTES];
};

#define WRAPPED_SIZE (sizeof(struct masters) + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define NONCE_SIZE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

/* The number of each derived key is for ever. */
enum subkey { SUBKEY_SEAL = 1, SUBKEY_NONCE = 2, SUBKEY_TAG = 3, SUBKEY_HASH = 4 };

static void derive(uint8_t *out, size_t size, enum subkey number, const uint8_t *master)
{
    crypto_kdf_derive_from_key(out, size, (uint64_t)number, "referral", master);
}

static void derive_all(struct keys *keys, const struct masters *masters)
{
    derive(keys->seal, sizeof(keys->seal), SUBKEY_SEAL, masters->data);
    derive(keys->nonce, sizeof(keys->nonce), SUBKEY_NONCE, masters->data);
    derive(keys->tag, sizeof(keys->tag), SUBKEY_TAG, masters->index);
    derive(keys->hash, sizeof(keys->hash), SUBKEY_HASH, masters->index);
}

/* What is said of the keys in the open must not be changed either. */
static void associated(uint8_t out[8], uint32_t schema, uint32_t key_id)
{
    put_be32(out, schema);
    put_be32(out + 4, key_id);
}

static int keys_path(char path[PATH_MAX], const char *directory)
{
    return snprintf(path, PATH_MAX, "%s/" KEYS_FILE, directory) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int file_write_new(const char *directory, struct bytes content)
{
    char path[PATH_MAX];
    int failure = keys_path(path, directory);

    if (failure != 0)
        return failure;

    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;

    ssize_t written = write(fd, content.data, content.size);

    if (written < 0 || fsync(fd) != 0)
        failure = -errno;
    else if ((size_t)written != content.size)
        failure = -ENOSPC;
    if (close(fd) != 0 && failure == 0)
        failure = -errno;
    if (failure != 0)
        unlink(path);
    return failure;
}

static int file_read(const char *directory, uint8_t content[KEYS_FILE_MAX], size_t *ret_size)
{
    char path[PATH_MAX];
    int failure = keys_path(path, directory);

    if (failure != 0)
        return failure;

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;

    struct stat status;
    ssize_t size = read(fd, content, KEYS_FILE_MAX);

    if (size < 0 || fstat(fd, &status) != 0)
        failure = -errno;
    else if ((status.st_mode & 077) != 0)
        failure = -EPERM;
    else
        *ret_size = (size_t)size;
    close(fd);
    return failure;
}

int keys_create(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE])
{
    struct masters masters;
    uint8_t nonce[NONCE_SIZE], wrapped[WRAPPED_SIZE], about[8], content[KEYS_FILE_MAX];

    crypto_kdf_keygen(masters.data);
    crypto_kdf_keygen(masters.index);
    randombytes_buf(nonce, sizeof(nonce));
    associated(about, KEYS_SCHEMA, KEY_ID_FIRST);
    crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped, NULL, (const uint8_t *)&masters, sizeof(masters), about,
                                               sizeof(about), NULL, nonce, host_key);
    sodium_memzero(&masters, sizeof(masters));

    Record__WrappedKeys file = RECORD__WRAPPED_KEYS__INIT;

    file.has_schema = file.has_key_id = file.has_nonce = file.has_wrapped = true;
    file.schema = KEYS_SCHEMA;
    file.key_id = KEY_ID_FIRST;
    file.nonce = (ProtobufCBinaryData){.len = sizeof(nonce), .data = nonce};
    file.wrapped = (ProtobufCBinaryData){.len = sizeof(wrapped), .data = wrapped};
    return file_write_new(directory, bytes_of(content, record__wrapped_keys__pack(&file, content)));
}

static int unwrap(const Record__WrappedKeys *file, const uint8_t *host_key, struct keys *ret_keys)
{
    struct masters masters;
    uint8_t about[8];

    if (file->schema > KEYS_SCHEMA)
        return -EPROTO;
    if (file->nonce.len != NONCE_SIZE || file->wrapped.len != WRAPPED_SIZE || file->key_id > UINT8_MAX)
        return -EACCES;
    associated(about, file->schema, file->key_id);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)&masters, NULL, NULL, file->wrapped.data,
                                                   file->wrapped.len, about, sizeof(about), file->nonce.data,
                                                   host_key) != 0)
        return -EACCES;
    ret_keys->key_id = (uint8_t)file->key_id;
    derive_all(ret_keys, &masters);
    sodium_memzero(&masters, sizeof(masters));
    return 0;
}

int keys_load(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], struct keys *ret_keys)
{
    uint8_t content[KEYS_FILE_MAX];
    size_t size = 0;
    int failure = file_read(directory, content, &size);

    if (failure != 0)
        return failure;

    Record__WrappedKeys *file = record__wrapped_keys__unpack(NULL, size, content);

    if (file == NULL)
        return -EACCES;
    failure = unwrap(file, host_key, ret_keys);
    record__wrapped_keys__free_unpacked(file, NULL);
    return failure;
}

int keys_copy(const char *from_directory, const char *to_directory)
{
    uint8_t content[KEYS_FILE_MAX];
    size_t size = 0;
    int failure = file_read(from_directory, content, &size);

    return failure != 0 ? failure : file_write_new(to_directory, bytes_of(content, size));
}

int keys_compare(const char *one_directory, const char *other_directory)
{
    uint8_t one[KEYS_FILE_MAX], other[KEYS_FILE_MAX];
    size_t one_size = 0, other_size = 0;
    int failure = file_read(one_directory, one, &one_size);

    if (failure == 0)
        failure = file_read(other_directory, other, &other_size);
    if (failure != 0)
        return failure;
    return bytes_equal(bytes_of(one, one_size), bytes_of(other, other_size)) ? 0 : -EEXIST;
}
