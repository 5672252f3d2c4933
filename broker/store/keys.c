/* keys.c - one small file: WrappedKeys of record.proto, its keys under the host's key (XChaCha20-Poly1305). */
#include "store/keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "record.pb-c.h"
#include "store/keys_file.h"

#define SCHEMA_FIRST 1 /* one data key, and no file before this one */
#define SCHEMA       2
#define MASTER_SIZE  ((size_t)crypto_kdf_KEYBYTES)
#define NONCE_SIZE   ((size_t)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
#define MAC_SIZE     ((size_t)crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define FORMER_MAX   (500 * NONCE_SIZE)
#define WRAPPED_MAX  ((KEYS_DATA_MAX + 1) * MASTER_SIZE + MAC_SIZE)

/* What is wrapped: the data keys in order, then the index key. On guarded pages. */
struct masters {
    uint32_t data_count;
    uint8_t bytes[(KEYS_DATA_MAX + 1) * crypto_kdf_KEYBYTES];
};

/* What is said in the open. */
struct about {
    size_t former_size;
    uint8_t former[FORMER_MAX]; /* nonces of the files before this one, in order: a nonce is no file's but its own */
};

/* The number of each derived key is for ever. */
enum subkey { SUBKEY_SEAL = 1, SUBKEY_NONCE = 2, SUBKEY_TAG = 3, SUBKEY_HASH = 4, SUBKEY_SIGN = 5 };

const struct data_key *keys_data(const struct keys *keys, uint32_t number)
{
    return number >= KEYS_FIRST && number <= keys->newest ? &keys->data[number - KEYS_FIRST] : NULL;
}

bool keys_include(const struct keys *later, const struct keys *earlier)
{
    return later->newest >= earlier->newest && sodium_memcmp(later->tag, earlier->tag, sizeof(later->tag)) == 0 &&
           sodium_memcmp(later->hash, earlier->hash, sizeof(later->hash)) == 0 &&
           sodium_memcmp(later->data, earlier->data, earlier->newest * sizeof(later->data[0])) == 0;
}

/* ---- Keys of keys ---- */

static void derive(uint8_t *out, size_t size, enum subkey number, const uint8_t *master)
{
    crypto_kdf_derive_from_key(out, size, (uint64_t)number, "referral", master);
}

static void derive_all(struct keys *keys, const struct masters *masters)
{
    const uint8_t *master = masters->bytes;

    for (uint32_t i = 0; i < masters->data_count; i++, master += MASTER_SIZE) {
        derive(keys->data[i].seal, sizeof(keys->data[i].seal), SUBKEY_SEAL, master);
        derive(keys->data[i].nonce, sizeof(keys->data[i].nonce), SUBKEY_NONCE, master);
    }
    derive(keys->tag, sizeof(keys->tag), SUBKEY_TAG, master);
    derive(keys->hash, sizeof(keys->hash), SUBKEY_HASH, master);
    derive(keys->sign, sizeof(keys->sign), SUBKEY_SIGN, master);
    keys->newest = masters->data_count;
}

/* ---- The file ---- */

/* What is said of the keys in the open must not be changed either. Returns its size. */
static size_t associated(uint8_t out[8 + FORMER_MAX], uint32_t schema, uint32_t newest, struct bytes former)
{
    put_be32(out, schema);
    put_be32(out + 4, newest);
    if (former.size > 0)
        memcpy(out + 8, former.data, former.size);
    return 8 + former.size;
}

static void wrap(const struct masters *masters, struct about *about, const uint8_t *host_key,
                 struct keys_file *ret_file)
{
    uint8_t nonce[NONCE_SIZE], wrapped[WRAPPED_MAX], open[8 + FORMER_MAX];
    size_t size = (masters->data_count + 1) * MASTER_SIZE;
    Record__WrappedKeys file = RECORD__WRAPPED_KEYS__INIT;

    file.has_schema = file.has_key_id = file.has_nonce = file.has_wrapped = true;
    file.schema = masters->data_count == 1 && about->former_size == 0 ? SCHEMA_FIRST : SCHEMA;
    file.key_id = masters->data_count;
    file.has_former = about->former_size > 0;
    file.former = (ProtobufCBinaryData){.len = about->former_size, .data = about->former};
    randombytes_buf(nonce, sizeof(nonce));
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        wrapped, NULL, masters->bytes, size, open,
        associated(open, file.schema, file.key_id, bytes_of(about->former, about->former_size)), NULL, nonce, host_key);
    file.nonce = (ProtobufCBinaryData){.len = sizeof(nonce), .data = nonce};
    file.wrapped = (ProtobufCBinaryData){.len = size + MAC_SIZE, .data = wrapped};
    ret_file->size = record__wrapped_keys__pack(&file, ret_file->content);
}

static bool is_whole(const Record__WrappedKeys *file)
{
    return file->nonce.len == NONCE_SIZE && file->key_id >= KEYS_FIRST && file->key_id <= KEYS_DATA_MAX &&
           file->wrapped.len == (file->key_id + 1) * MASTER_SIZE + MAC_SIZE && file->former.len <= FORMER_MAX &&
           file->former.len % NONCE_SIZE == 0;
}

static int unwrap(const Record__WrappedKeys *file, const uint8_t *host_key, struct masters *ret_masters)
{
    uint8_t open[8 + FORMER_MAX];

    if (file->schema > SCHEMA)
        return -EPROTO;
    if (!is_whole(file) ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            ret_masters->bytes, NULL, NULL, file->wrapped.data, file->wrapped.len, open,
            associated(open, file->schema, file->key_id, bytes_of(file->former.data, file->former.len)),
            file->nonce.data, host_key) != 0)
        return -EACCES;
    ret_masters->data_count = file->key_id;
    return 0;
}

/* -EACCES: it is damaged. Nobody who lacks memory is told that it were. */
static int parse(const struct keys_file *file, Record__WrappedKeys **ret_file)
{
    errno = 0;
    *ret_file = record__wrapped_keys__unpack(NULL, file->size, file->content);
    return *ret_file != NULL ? 0 : errno == ENOMEM ? -ENOMEM : -EACCES;
}

/* A page that cannot be had is no key that cannot be read. */
static struct masters *masters_new(void)
{
    return sodium_malloc(sizeof(struct masters));
}

int keys_load(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], struct keys *ret_keys)
{
    struct keys_file content;
    Record__WrappedKeys *file = NULL;
    int failure = keys_file_read(directory, &content);

    if (failure == 0)
        failure = parse(&content, &file);
    if (failure != 0)
        return failure;

    struct masters *masters = masters_new();

    failure = masters == NULL ? -ENOMEM : unwrap(file, host_key, masters);
    if (failure == 0)
        derive_all(ret_keys, masters);
    sodium_free(masters);
    record__wrapped_keys__free_unpacked(file, NULL);
    return failure;
}

int keys_create(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE])
{
    struct about about = {.former_size = 0};
    struct keys_file content;
    struct masters *masters = masters_new();

    if (masters == NULL)
        return -ENOMEM;
    masters->data_count = 1;
    randombytes_buf(masters->bytes, 2 * MASTER_SIZE);
    wrap(masters, &about, host_key, &content);
    sodium_free(masters);
    return keys_file_write(directory, &content, false);
}

/* ---- Changes ---- */

/* The index key moves up. */
static int add_data_key(struct masters *masters)
{
    uint8_t *index = masters->bytes + masters->data_count * MASTER_SIZE;

    if (masters->data_count == KEYS_DATA_MAX)
        return -EOVERFLOW;
    memcpy(index + MASTER_SIZE, index, MASTER_SIZE);
    randombytes_buf(index, MASTER_SIZE);
    masters->data_count++;
    return 0;
}

/* The next file names this one, too. */
static int follow(const Record__WrappedKeys *file, struct about *ret_about)
{
    if (file->former.len + NONCE_SIZE > FORMER_MAX)
        return -EOVERFLOW;
    if (file->former.len > 0)
        memcpy(ret_about->former, file->former.data, file->former.len);
    memcpy(ret_about->former + file->former.len, file->nonce.data, NONCE_SIZE);
    ret_about->former_size = file->former.len + NONCE_SIZE;
    return 0;
}

/* Writes the next file: with another data key where `adds`, wrapped by `new_host_key`. */
static int change_locked(const char *directory, const uint8_t *host_key, const uint8_t *new_host_key, bool adds,
                         struct masters *masters)
{
    struct keys_file content;
    struct about about;
    Record__WrappedKeys *file = NULL;
    int failure = keys_file_read(directory, &content);

    if (failure == 0)
        failure = parse(&content, &file);
    if (failure != 0)
        return failure;
    failure = unwrap(file, host_key, masters);
    if (failure == 0)
        failure = follow(file, &about);
    if (failure == 0 && adds)
        failure = add_data_key(masters);
    record__wrapped_keys__free_unpacked(file, NULL);
    if (failure != 0)
        return failure;
    wrap(masters, &about, new_host_key, &content);
    return keys_file_write(directory, &content, true);
}

static int change(const char *directory, const uint8_t *host_key, const uint8_t *new_host_key, bool adds,
                  uint32_t *ret_newest)
{
    struct masters *masters = masters_new();
    int lock = -1, failure = masters == NULL ? -ENOMEM : keys_file_lock(directory, &lock);

    if (failure == 0)
        failure = change_locked(directory, host_key, new_host_key, adds, masters);
    if (failure == 0)
        *ret_newest = masters->data_count;
    if (lock >= 0)
        close(lock);
    sodium_free(masters);
    return failure;
}

int keys_add(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], uint32_t *ret_number)
{
    return change(directory, host_key, host_key, true, ret_number);
}

int keys_rewrap(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE],
                const uint8_t new_host_key[KEYS_HOST_SIZE])
{
    uint32_t newest;

    return change(directory, host_key, new_host_key, false, &newest);
}

/* ---- Copies ---- */

int keys_copy(const char *from_directory, const char *to_directory)
{
    struct keys_file content;
    int failure = keys_file_read(from_directory, &content);

    return failure != 0 ? failure : keys_file_write(to_directory, &content, false);
}

static bool has_followed(const Record__WrappedKeys *later, const Record__WrappedKeys *earlier)
{
    for (size_t at = 0; at < later->former.len; at += NONCE_SIZE)
        if (memcmp(later->former.data + at, earlier->nonce.data, NONCE_SIZE) == 0)
            return true;
    return false;
}

/* What the file that is there has to do with ours. */
static int compare(const struct keys_file *ours, const struct keys_file *theirs, bool *ret_replaces)
{
    Record__WrappedKeys *our = NULL, *their = NULL;
    int failure;

    *ret_replaces = false;
    if (bytes_equal(bytes_of(ours->content, ours->size), bytes_of(theirs->content, theirs->size)))
        return 0;
    failure = parse(ours, &our);
    if (failure == 0)
        failure = parse(theirs, &their);
    if (failure == 0 && is_whole(our) && is_whole(their)) {
        *ret_replaces = has_followed(our, their);
        failure = *ret_replaces || has_followed(their, our) ? 0 : -EEXIST;
    } else if (failure != -ENOMEM) {
        failure = -EEXIST;
    }
    record__wrapped_keys__free_unpacked(our, NULL);
    record__wrapped_keys__free_unpacked(their, NULL);
    return failure;
}

static int read_copy(const char *directory, bool is_private, struct keys_file *ret_file)
{
    int failure = keys_file_read(directory, ret_file);

    return failure == -EPERM && !is_private ? 0 : failure;
}

static int bring(const char *from_directory, const char *to_directory, bool is_private)
{
    struct keys_file ours, theirs;
    bool replaces = false;
    int failure = read_copy(from_directory, is_private, &ours);

    if (failure != 0)
        return failure;
    failure = read_copy(to_directory, is_private, &theirs);
    if (failure == -ENOENT)
        return keys_file_write(to_directory, &ours, false);
    if (failure == 0)
        failure = compare(&ours, &theirs, &replaces);
    return failure == 0 && replaces ? keys_file_write(to_directory, &ours, true) : failure;
}

int keys_bring(const char *from_directory, const char *to_directory)
{
    return bring(from_directory, to_directory, true);
}

int keys_back_up(const char *from_directory, const char *to_directory)
{
    return bring(from_directory, to_directory, false);
}
