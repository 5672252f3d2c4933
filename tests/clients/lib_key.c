/* Key files: what is kept secret, and what is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <referral/key.h>

static char folder[] = "/tmp/lib-key-XXXXXX";
static char path[64];

static void setup(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/key", folder);
}

static void teardown(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(key, .init = setup, .fini = teardown);

static void write_file(const char *text, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

Test(key, t5_what_is_saved_is_loaded_and_nobody_else_may_read_it)
{
    struct referral_key made, loaded;
    uint8_t public_key[REFERRAL_KEY_SIZE];
    struct stat status;
    cr_assert(referral_key_generate(&made) == 0);
    cr_assert(referral_key_save(path, &made) == 0);
    cr_assert(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    cr_assert(referral_key_load(path, &loaded) == 0);
    cr_assert(memcmp(&made, &loaded, sizeof made) == 0);
    cr_assert(referral_key_load_public(path, public_key) == 0);
    cr_assert(memcmp(public_key, made.public_key, sizeof public_key) == 0);
}

Test(key, t5_two_keys_differ)
{
    struct referral_key a, b;
    cr_assert(referral_key_generate(&a) == 0 && referral_key_generate(&b) == 0);
    cr_assert(memcmp(&a, &b, sizeof a) != 0);
}

Test(key, t5_a_key_is_never_written_over)
{
    struct referral_key key;
    cr_assert(referral_key_generate(&key) == 0);
    cr_assert(referral_key_save(path, &key) == 0);
    cr_assert(referral_key_save(path, &key) == -EEXIST);
    cr_assert(referral_key_save_public(path, key.public_key) == -EEXIST);
}

Test(key, p1_a_secret_that_others_may_read_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0620, 0601};
    struct referral_key key, loaded;
    cr_assert(referral_key_generate(&key) == 0);
    cr_assert(referral_key_save(path, &key) == 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        chmod(path, modes[i]);
        cr_assert(referral_key_load(path, &loaded) == -EACCES, "mode %o", (unsigned)modes[i]);
        cr_assert(referral_key_load_public(path, loaded.public_key) == 0, "mode %o", (unsigned)modes[i]);
    }
    cr_assert(referral_key_load("/tmp/no-such-key-file", &loaded) == -ENOENT);
    cr_assert(referral_key_load("/tmp", &loaded) < 0);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(key, t5_a_file_of_another_form_is_no_key)
{
    static const char *const texts[] = {
        "",
        "public = " HEX64 "\n",
        "secret = " HEX64 "\n",
        "public = " HEX64 "\nsecret = " HEX64 "\n", /* they do not belong together */
        "public = 0123\nsecret = " HEX64 "\n",
        "public = " HEX64 "0\nsecret = " HEX64 "\n",
        "public " HEX64 "\nsecret = " HEX64 "\n",
        "public = " HEX64 "\npublic = " HEX64 "\nsecret = " HEX64 "\n",
        "public = " HEX64 "\nsecret = " HEX64 "\nother = 1\n",
        "public = g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nsecret = " HEX64 "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct referral_key loaded;
        write_file(texts[i], 0600);
        cr_assert(referral_key_load(path, &loaded) == -EINVAL, "row %zu", i);
    }
}

Test(key, t5_remarks_blanks_and_line_ends_do_not_matter)
{
    struct referral_key key, loaded;
    char public_hex[REFERRAL_KEY_HEX_SIZE], secret_hex[REFERRAL_KEY_HEX_SIZE], text[512];
    cr_assert(referral_key_generate(&key) == 0);
    referral_key_to_hex(key.public_key, public_hex);
    referral_key_to_hex(key.secret_key, secret_hex);
    snprintf(text, sizeof text, "# T07\r\n\r\n  secret=%s\t\r\n# and\n\npublic   =   %s", secret_hex, public_hex);
    write_file(text, 0600);
    cr_assert(referral_key_load(path, &loaded) == 0);
    cr_assert(memcmp(&key, &loaded, sizeof key) == 0);
}

Test(key, t5_a_public_key_alone_is_for_everybody)
{
    struct referral_key key, loaded;
    struct stat status;
    cr_assert(referral_key_generate(&key) == 0);
    cr_assert(referral_key_save_public(path, key.public_key) == 0);
    cr_assert(stat(path, &status) == 0 && (status.st_mode & 0400) != 0);
    cr_assert(referral_key_load_public(path, loaded.public_key) == 0);
    cr_assert(memcmp(loaded.public_key, key.public_key, REFERRAL_KEY_SIZE) == 0);
    chmod(path, 0600);
    cr_assert(referral_key_load(path, &loaded) == -EINVAL);
}
