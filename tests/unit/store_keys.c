/* store_keys.c - the file of keys: what is added stays, another host key opens the same, and what is not right is
 * refused (P1). */
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#include "record.pb-c.h"
#include "store/keys.h"
#include "store_fixture.h"

struct folder {
    char one[64], other[64];
    uint8_t host[KEYS_HOST_SIZE], new_host[KEYS_HOST_SIZE];
};

static void folder_init(struct folder *folder)
{
    *folder = (struct folder){.one = SCRATCH "/store-keys-XXXXXX", .other = SCRATCH "/store-keys-XXXXXX"};
    cr_assert(sodium_init() >= 0);
    cr_assert_not_null(mkdtemp(folder->one));
    cr_assert_not_null(mkdtemp(folder->other));
    memset(folder->host, 7, sizeof(folder->host));
    memset(folder->new_host, 8, sizeof(folder->new_host));
    cr_assert_eq(keys_create(folder->one, folder->host), 0);
}

static void folder_fini(struct folder *folder)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf %s %s", folder->one, folder->other);
    cr_assert_eq(system(command), 0);
}

static struct keys *load(const char *directory, const uint8_t *host)
{
    struct keys *keys = sodium_malloc(sizeof(*keys));

    cr_assert_not_null(keys);
    cr_assert_eq(keys_load(directory, host, keys), 0);
    return keys;
}

static int load_fails(const char *directory, const uint8_t *host)
{
    struct keys *keys = sodium_malloc(sizeof(*keys));
    int failure = keys_load(directory, host, keys);

    sodium_free(keys);
    return failure;
}

static void path_of(char path[128], const char *directory)
{
    snprintf(path, 128, "%s/" KEYS_FILE, directory);
}

static size_t file_get(const char *directory, uint8_t *bytes, size_t room)
{
    char path[128];

    path_of(path, directory);

    FILE *file = fopen(path, "rb");

    cr_assert_not_null(file);

    size_t size = fread(bytes, 1, room, file);

    fclose(file);
    return size;
}

static void file_put(const char *directory, const uint8_t *bytes, size_t size)
{
    char path[128];

    path_of(path, directory);

    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

Test(store_keys, p1_a_key_that_is_added_comes_to_those_that_are_there)
{
    struct folder folder;
    uint32_t number = 0;

    folder_init(&folder);

    struct keys *first = load(folder.one, folder.host);

    cr_assert_eq(first->newest, 1);
    cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);
    cr_assert_eq(number, 2);

    struct keys *second = load(folder.one, folder.host);

    cr_assert_eq(second->newest, 2);
    cr_assert(keys_include(second, first));
    cr_assert_not(keys_include(first, second));
    cr_assert_eq(memcmp(second->sign, first->sign, sizeof(first->sign)), 0);
    cr_assert_neq(memcmp(keys_data(second, 2), keys_data(second, 1), sizeof(struct data_key)), 0);
    cr_assert_null(keys_data(first, 2));
    cr_assert_null(keys_data(first, 0));
    sodium_free(first);
    sodium_free(second);
    folder_fini(&folder);
}

Test(store_keys, p1_there_are_255_and_no_more)
{
    struct folder folder;
    uint32_t number = 0;

    folder_init(&folder);

    struct keys *first = load(folder.one, folder.host);

    for (uint32_t i = 2; i <= KEYS_DATA_MAX; i++) {
        cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);
        cr_assert_eq(number, i);
    }
    cr_assert_eq(keys_add(folder.one, folder.host, &number), -EOVERFLOW);
    cr_assert_eq(number, KEYS_DATA_MAX);

    struct keys *all = load(folder.one, folder.host);

    cr_assert_eq(all->newest, KEYS_DATA_MAX);
    cr_assert(keys_include(all, first));
    sodium_free(all);
    sodium_free(first);
    folder_fini(&folder);
}

Test(store_keys, p1_another_host_key_opens_the_same_keys_and_the_old_one_no_more)
{
    struct folder folder;
    uint32_t number;

    folder_init(&folder);
    cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);

    struct keys *before = load(folder.one, folder.host);

    cr_assert_eq(keys_rewrap(folder.one, folder.new_host, folder.host), -EACCES);
    cr_assert_eq(keys_rewrap(folder.one, folder.host, folder.new_host), 0);

    struct keys *after = load(folder.one, folder.new_host);

    cr_assert(keys_include(after, before) && keys_include(before, after));
    cr_assert_eq(load_fails(folder.one, folder.host), -EACCES);
    cr_assert_eq(keys_add(folder.one, folder.host, &number), -EACCES);
    sodium_free(before);
    sodium_free(after);
    folder_fini(&folder);
}

/* Each byte of it matters, those in the open too. */
Test(store_keys, p1_a_file_that_is_changed_anywhere_or_cut_off_does_not_open)
{
    struct folder folder;
    uint32_t number;
    uint8_t bytes[4096];

    folder_init(&folder);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);

    size_t size = file_get(folder.one, bytes, sizeof(bytes));

    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1;
        file_put(folder.one, bytes, size);
        cr_assert(load_fails(folder.one, folder.host) < 0, "byte %zu", at);
        bytes[at] ^= 1;
        file_put(folder.one, bytes, at);
        cr_assert(load_fails(folder.one, folder.host) < 0, "cut off at %zu", at);
    }
    file_put(folder.one, bytes, size);
    cr_assert_eq(load_fails(folder.one, folder.host), 0);
    folder_fini(&folder);
}

/* Parts that cannot belong to each other are not even tried. */
Test(store_keys, p1_a_file_whose_parts_do_not_fit_each_other_does_not_open)
{
    static uint8_t room[600 * 24], packed[2 * sizeof(room)];
    struct folder folder;
    uint8_t bytes[4096];

    folder_init(&folder);

    size_t size = file_get(folder.one, bytes, sizeof(bytes));
    Record__WrappedKeys *file = record__wrapped_keys__unpack(NULL, size, bytes);

    cr_assert_not_null(file);
    for (int i = 0; i < 7; i++) {
        Record__WrappedKeys changed = *file;

        changed.nonce.len -= i == 0;
        changed.key_id = i == 1 ? 0 : i == 2 ? KEYS_DATA_MAX + 1 : changed.key_id;
        changed.wrapped.len -= i == 3;
        changed.has_former = i == 4 || i == 5;
        changed.former = (ProtobufCBinaryData){.len = i == 4 ? sizeof(room) : 23, .data = room};
        changed.schema = i == 6 ? 3 : changed.schema;
        file_put(folder.one, packed, record__wrapped_keys__pack(&changed, packed));
        cr_assert_eq(load_fails(folder.one, folder.host), i == 6 ? -EPROTO : -EACCES, "change %d", i);
        cr_assert_eq(keys_bring(folder.one, folder.other), i == 0 ? 0 : -EEXIST, "change %d", i);
    }
    record__wrapped_keys__free_unpacked(file, NULL);
    folder_fini(&folder);
}

/* The file names those before it, so that a copy knows it for its own; there is an end to that. */
Test(store_keys, p1_a_file_follows_500_others_and_no_more)
{
    struct folder folder;
    uint32_t number = 0;

    folder_init(&folder);
    cr_assert_eq(keys_bring(folder.one, folder.other), 0);
    for (int i = 0; i < 500; i++)
        cr_assert_eq(keys_rewrap(folder.one, folder.host, folder.host), 0, "%d", i);
    cr_assert_eq(keys_rewrap(folder.one, folder.host, folder.new_host), -EOVERFLOW);
    cr_assert_eq(keys_add(folder.one, folder.host, &number), -EOVERFLOW);
    cr_assert_eq(load_fails(folder.one, folder.host), 0, "what is there goes on");
    cr_assert_eq(keys_bring(folder.one, folder.other), 0, "the first of them is known");
    folder_fini(&folder);
}

Test(store_keys, p1_keys_are_included_when_all_of_them_are)
{
    struct folder folder;
    struct keys *keys, *other;

    folder_init(&folder);
    keys = load(folder.one, folder.host);
    other = load(folder.one, folder.host);
    cr_assert(keys_include(other, keys));
    for (int i = 0; i < 3; i++) {
        uint8_t *byte = i == 0 ? other->tag : i == 1 ? other->hash : other->data[0].seal;

        *byte ^= 1;
        cr_assert_not(keys_include(other, keys), "%d", i);
        *byte ^= 1;
    }
    sodium_free(keys);
    sodium_free(other);
    folder_fini(&folder);
}

Test(store_keys, p1_what_was_copied_follows_and_never_goes_back)
{
    struct folder folder;
    uint32_t number;
    uint8_t first[4096], second[4096], found[4096];

    folder_init(&folder);
    cr_assert_eq(keys_bring(folder.one, folder.other), 0);

    size_t first_size = file_get(folder.other, first, sizeof(first));

    cr_assert_eq(keys_copy(folder.one, folder.other), -EEXIST);
    cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);
    cr_assert_eq(keys_rewrap(folder.one, folder.host, folder.new_host), 0);
    cr_assert_eq(keys_bring(folder.one, folder.other), 0);

    size_t second_size = file_get(folder.other, second, sizeof(second));

    cr_assert_eq(load_fails(folder.other, folder.new_host), 0);

    /* The store came back from an older backup: the copy still opens all that it did. */
    file_put(folder.one, first, first_size);
    cr_assert_eq(keys_bring(folder.one, folder.other), 0);
    cr_assert_eq(file_get(folder.other, found, sizeof(found)), second_size);
    cr_assert_eq(memcmp(found, second, second_size), 0);

    /* And had a key of the same number made that is another one. */
    cr_assert_eq(keys_add(folder.one, folder.host, &number), 0);
    cr_assert_eq(keys_bring(folder.one, folder.other), -EEXIST);
    cr_assert_eq(file_get(folder.other, found, sizeof(found)), second_size);
    cr_assert_eq(memcmp(found, second, second_size), 0);
    folder_fini(&folder);
}

Test(store_keys, p1_another_stores_keys_are_not_replaced)
{
    struct folder folder;

    folder_init(&folder);
    cr_assert_eq(keys_create(folder.other, folder.host), 0);
    cr_assert_eq(keys_bring(folder.one, folder.other), -EEXIST);
    file_put(folder.other, (const uint8_t *)"", 0);
    cr_assert_eq(keys_bring(folder.one, folder.other), -EEXIST, "what cannot be read may be another's");
    folder_fini(&folder);
}
