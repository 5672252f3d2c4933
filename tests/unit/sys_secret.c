/* sys_secret.c - key files are refused unless they are the daemon's own secret. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/config.h"

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static char directory[64], path[96];
static char error[CONFIG_ERROR_SIZE];
static uint8_t key[32];

static void set_up(void)
{
    strcpy(directory, "/tmp/referrald-secret.XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/host.key", directory);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(path);
    rmdir(directory);
}

TestSuite(secret, .init = set_up, .fini = tear_down);

static void write_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

static int read_key(const char *name)
{
    memset(key, 0xee, sizeof key);
    return config_read_secret(path, name, key, error, sizeof error);
}

static bool key_is_untouched(void)
{
    for (size_t i = 0; i < sizeof key; i++) {
        if (key[i] != 0xee) {
            return false;
        }
    }
    return true;
}

Test(secret, a_key_is_read_by_its_name)
{
    write_file("# made by referralctl init\n\npublic = " DIGITS "\nsecret = ff112233445566778899aabbccddeeff"
               "00112233445566778899aabbccddeeff\n",
               0600);
    error[0] = '\0';
    cr_assert_eq(read_key("public"), 0, "%s", error);
    cr_assert_eq(error[0], '\0', "nothing is wrong: %s", error);
    cr_assert_eq(key[0], 0x00);
    cr_assert_eq(key[31], 0xff);
    cr_assert_eq(read_key("secret"), 0, "%s", error);
    cr_assert_eq(key[0], 0xff);
    cr_assert_eq(read_key("key"), -EINVAL);
    cr_assert(key_is_untouched());
}

Test(secret, a_file_of_mode_400_without_a_last_line_feed_is_fine)
{
    write_file("key=" DIGITS, 0400);
    cr_assert_eq(read_key("key"), -EINVAL, "spaces around the sign are part of the form");
    write_file("", 0600);
    write_file("key = " DIGITS, 0400);
    cr_assert_eq(read_key("key"), 0, "%s", error);
}

Test(secret, what_group_or_others_may_touch_is_refused_and_the_line_says_chmod_600)
{
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0660, 0666, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file("key = " DIGITS "\n", modes[i]);
        cr_assert_eq(read_key("key"), -EACCES, "mode %o", (unsigned)modes[i]);
        cr_assert(strstr(error, path) && strstr(error, "chmod 600"), "%s", error);
        cr_assert(key_is_untouched());
    }
}

Test(secret, a_missing_file_names_the_command_that_makes_it)
{
    cr_assert_eq(read_key("key"), -ENOENT);
    cr_assert(strstr(error, path) && strstr(error, "referralctl init"), "%s", error);
}

Test(secret, what_is_no_regular_file_is_refused)
{
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(read_key("key"), -EINVAL);
    cr_assert(strstr(error, "regular"), "%s", error);
    rmdir(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(read_key("key"), -EINVAL);
    cr_assert(strstr(error, "regular"), "%s", error);
}

Test(secret, a_key_of_the_wrong_form_is_refused_and_p1_not_shown)
{
    static const char *const texts[] = {
        "",
        "key\n",
        "key =\n",
        "key = abcd\n",
        "key = " DIGITS "00\n",
        "key = " DIGITS " more\n",
        "key = zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
        "keys = " DIGITS "\n",
        DIGITS "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(texts[i], 0600);
        cr_assert_eq(read_key("key"), -EINVAL, "row %zu", i);
        cr_assert(strstr(error, path) && !strstr(error, "0011"), "%s", error);
        cr_assert(key_is_untouched());
    }
}

Test(secret, a_file_far_too_large_is_refused)
{
    char *text = calloc(1, 100001);
    memset(text, '\n', 100000);
    write_file(text, 0600);
    cr_assert_eq(read_key("key"), -EINVAL);
    cr_assert(strstr(error, "large"), "%s", error);
    free(text);
}
