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
    for (size_t i = 0; i < sizeof key; i++)
        if (key[i] != 0xee)
            return false;
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

/* Root could read it, but would leave files of its own in the store; and a chown would lock the daemon out. */
Test(secret, root_is_told_to_become_the_user_whose_file_it_is)
{
    if (geteuid() != 0)
        cr_skip_test("not run: only root may give files away");
    write_file("key = " DIGITS "\n", 0600);
    cr_assert_eq(chown(path, 12345, 12345), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert(strstr(error, "runuser") && !strstr(error, "chown"), "%s", error);
    cr_assert_eq(seteuid(54321), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert_eq(seteuid(0), 0);
    cr_assert(key_is_untouched());
}

/* Nobody but its owner, or root, could have made it what it is. */
Test(secret, anothers_file_is_refused_and_the_line_says_chown)
{
    if (geteuid() != 0)
        cr_skip_test("not run: only root may give files away");
    write_file("key = " DIGITS "\n", 0644);
    cr_assert_eq(chmod(directory, 0755), 0);
    cr_assert_eq(chown(path, 12345, 12345), 0);
    cr_assert_eq(seteuid(54321), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert(strstr(error, "chown"), "%s", error);
    cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chown(path, 0, 0), 0);
    cr_assert_eq(seteuid(54321), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert(strstr(error, "chmod 600"), "root's is whose it may be: %s", error);
    cr_assert_eq(seteuid(0), 0);
    cr_assert(key_is_untouched());
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
        "key is " DIGITS "\n",
        "keys = " DIGITS "\n \t\nkey : " DIGITS "\n",
        DIGITS "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(texts[i], 0600);
        cr_assert_eq(read_key("key"), -EINVAL, "row %zu", i);
        cr_assert(strstr(error, path) && !strstr(error, "0011"), "%s", error);
        cr_assert(key_is_untouched());
    }
}

/* ---- What the service manager hands over ---- */

/* The credential "host.key" in a folder beside the file of that name; the service is told of the folder. */
static void write_credential(const char *text, mode_t mode)
{
    char folder[80], own[96];
    snprintf(own, sizeof own, "%s", path);
    snprintf(folder, sizeof folder, "%s/credentials", directory);
    cr_assert_eq(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/host.key", folder);
    write_file(text, mode);
    snprintf(path, sizeof path, "%s", own);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static void drop_credential(void)
{
    char credential[96];
    snprintf(credential, sizeof credential, "%s/credentials/host.key", directory);
    unlink(credential);
    *strrchr(credential, '/') = '\0';
    rmdir(credential);
    unsetenv("CREDENTIALS_DIRECTORY");
    tear_down();
}

Test(secret, a_credential_stands_before_the_file_of_its_name, .fini = drop_credential)
{
    write_file("key = ff" DIGITS "\n", 0600); /* of the wrong length, so that reading it would show */
    write_credential("key = " DIGITS "\n", 0400);
    cr_assert_eq(read_key("key"), 0, "%s", error);
    cr_assert_eq(key[31], 0xff);
}

Test(secret, without_a_credential_of_its_name_the_file_is_read, .fini = drop_credential)
{
    char own[96];
    write_credential("key = ff" DIGITS "\n", 0400);
    snprintf(own, sizeof own, "%s", path);
    snprintf(path, sizeof path, "%s/server.key", directory);
    write_file("key = " DIGITS "\n", 0600);
    cr_assert_eq(read_key("key"), 0, "%s", error);
    unlink(path);
    snprintf(path, sizeof path, "%s", own);
}

Test(secret, a_file_of_the_working_folder_has_its_credential_too, .fini = drop_credential)
{
    write_credential("key = " DIGITS "\n", 0400);
    cr_assert_eq(config_read_secret("host.key", "key", key, error, sizeof error), 0, "%s", error);
    cr_assert_eq(config_read_secret("no.key", "key", key, error, sizeof error), -ENOENT);
}

Test(secret, a_credential_of_another_group_is_refused, .fini = drop_credential)
{
    if (geteuid() != 0)
        cr_skip_test("not run: only root may give files away");
    char credential[96];
    write_credential("key = " DIGITS "\n", 0440);
    snprintf(credential, sizeof credential, "%s/credentials/host.key", directory);
    cr_assert_eq(chown(credential, 0, 12345), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert_eq(chown(credential, 12345, 0), 0);
    cr_assert_eq(read_key("key"), -EACCES);
    cr_assert(key_is_untouched());
}

/* As the service manager grants it by an access list, whose mask shows as the group's bits. */
Test(secret, a_credential_of_mode_440_is_fine_where_it_is_roots, .fini = drop_credential)
{
    write_credential("key = " DIGITS "\n", 0440);
    int expected = geteuid() == 0 ? 0 : -EACCES;
    cr_assert_eq(read_key("key"), expected, "%s", error);
}

Test(secret, a_file_of_mode_440_is_no_credential, .fini = drop_credential)
{
    write_file("key = " DIGITS "\n", 0440);
    cr_assert_eq(read_key("key"), -EACCES);
    setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
    cr_assert_eq(read_key("key"), -EACCES);
}

Test(secret, a_credential_that_others_may_touch_is_refused, .fini = drop_credential)
{
    static const mode_t modes[] = {0640, 0460, 0444, 0404, 0441, 0540, 0450, 02440};
    write_credential("key = " DIGITS "\n", 0400);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char credential[96];
        snprintf(credential, sizeof credential, "%s/credentials/host.key", directory);
        cr_assert_eq(chmod(credential, modes[i]), 0);
        cr_assert_eq(read_key("key"), -EACCES, "mode %o", (unsigned)modes[i]);
        cr_assert(key_is_untouched());
    }
}

Test(secret, a_file_of_the_largest_size_is_read_to_its_end)
{
    static const char line[] = "key = " DIGITS;
    char text[4096 + 2];
    for (size_t size = 4095; size <= 4097; size++) {
        memset(text, '\n', size);
        memcpy(text + size - strlen(line), line, strlen(line));
        text[size] = '\0';
        write_file(text, 0600);
        cr_assert_eq(read_key("key"), size <= 4096 ? 0 : -EINVAL, "%zu bytes: %s", size, error);
        cr_assert_eq(key_is_untouched(), size > 4096);
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
