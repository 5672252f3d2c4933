#include "referral/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key file is two short lines and perhaps remarks; what is longer is something else. */
#define KEY_FILE_MAX 4096

int referral_key_generate(struct referral_key *ret_key)
{
    if (sodium_init() < 0)
        return -EIO;
    /* CURVE's keys are X25519 keys, as crypto_box makes them. */
    crypto_box_keypair(ret_key->public_key, ret_key->secret_key);
    return 0;
}

void referral_key_to_hex(const uint8_t public_key[REFERRAL_KEY_SIZE], char ret_hex[REFERRAL_KEY_HEX_SIZE])
{
    sodium_bin2hex(ret_hex, REFERRAL_KEY_HEX_SIZE, public_key, REFERRAL_KEY_SIZE);
}

bool referral_key_from_hex(const char *hex, uint8_t ret_public_key[REFERRAL_KEY_SIZE])
{
    uint8_t key[REFERRAL_KEY_SIZE];
    size_t size = 0;
    if (strlen(hex) != REFERRAL_KEY_HEX_SIZE - 1 ||
        sodium_hex2bin(key, sizeof key, hex, REFERRAL_KEY_HEX_SIZE - 1, NULL, &size, NULL) != 0 || size != sizeof key)
        return false;
    memcpy(ret_public_key, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return true;
}

struct key_lines { /* what a file said */
    struct referral_key key;
    bool has_public, has_secret;
};

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return text;
}

/* One line; each of the two names at most once. */
static bool line_read(char *line, struct key_lines *lines)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return true;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    const char *name = trim(line), *value = trim(equals + 1);
    if (strcmp(name, "public") == 0 && !lines->has_public)
        return lines->has_public = referral_key_from_hex(value, lines->key.public_key);
    if (strcmp(name, "secret") == 0 && !lines->has_secret)
        return lines->has_secret = referral_key_from_hex(value, lines->key.secret_key);
    return false;
}

static int text_read(char *text, struct key_lines *ret_lines)
{
    *ret_lines = (struct key_lines){0};
    for (char *rest = text, *line = NULL; (line = strsep(&rest, "\n")) != NULL;)
        if (!line_read(line, ret_lines))
            return -EINVAL;
    return 0;
}

/* The mode is asked of the open file, so that what was judged is what is read. */
static int file_read(const char *path, bool is_private, char text[KEY_FILE_MAX + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct stat status;
    int error = 0;
    size_t size = 0;
    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (!S_ISREG(status.st_mode))
        error = -EINVAL;
    else if (is_private && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        error = -EACCES;
    while (error == 0 && size < KEY_FILE_MAX) {
        ssize_t n = read(fd, text + size, KEY_FILE_MAX - size);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            error = -errno;
        size += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    text[size] = '\0';
    return error != 0 ? error : size == KEY_FILE_MAX || strlen(text) != size ? -EINVAL : 0;
}

static int lines_load(const char *path, bool is_private, struct key_lines *ret_lines)
{
    char text[KEY_FILE_MAX + 1];
    int error = file_read(path, is_private, text);
    if (error == 0)
        error = text_read(text, ret_lines);
    sodium_memzero(text, sizeof text);
    return error;
}

int referral_key_load(const char *path, struct referral_key *ret_key)
{
    struct key_lines lines;
    int error = lines_load(path, true, &lines);
    if (error != 0)
        return error;
    uint8_t derived[REFERRAL_KEY_SIZE];
    if (!lines.has_public || !lines.has_secret ||
        crypto_scalarmult_curve25519_base(derived, lines.key.secret_key) != 0 ||
        sodium_memcmp(derived, lines.key.public_key, sizeof derived) != 0)
        error = -EINVAL;
    else
        *ret_key = lines.key;
    sodium_memzero(&lines, sizeof lines);
    return error;
}

int referral_key_load_public(const char *path, uint8_t ret_public_key[REFERRAL_KEY_SIZE])
{
    struct key_lines lines;
    int error = lines_load(path, false, &lines);
    if (error == 0 && !lines.has_public)
        error = -EINVAL;
    if (error == 0)
        memcpy(ret_public_key, lines.key.public_key, REFERRAL_KEY_SIZE);
    sodium_memzero(&lines, sizeof lines);
    return error;
}

/* A new file, whole and on disk, or none. */
static int file_write(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -errno;
    int error = 0;
    for (size_t done = 0, size = strlen(text); error == 0 && done < size;) {
        ssize_t n = write(fd, text + done, size - done);
        if (n < 0 && errno != EINTR)
            error = -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    if (error == 0 && fsync(fd) != 0)
        error = -errno;
    if (close(fd) != 0 && error == 0)
        error = -errno;
    if (error != 0)
        unlink(path);
    return error;
}

int referral_key_save(const char *path, const struct referral_key *key)
{
    char public_hex[REFERRAL_KEY_HEX_SIZE], secret_hex[REFERRAL_KEY_HEX_SIZE], text[256];
    referral_key_to_hex(key->public_key, public_hex);
    referral_key_to_hex(key->secret_key, secret_hex);
    snprintf(text, sizeof text, "public = %s\nsecret = %s\n", public_hex, secret_hex);
    int error = file_write(path, S_IRUSR | S_IWUSR, text);
    sodium_memzero(secret_hex, sizeof secret_hex);
    sodium_memzero(text, sizeof text);
    return error;
}

int referral_key_save_public(const char *path, const uint8_t public_key[REFERRAL_KEY_SIZE])
{
    char hex[REFERRAL_KEY_HEX_SIZE], text[128];
    referral_key_to_hex(public_key, hex);
    snprintf(text, sizeof text, "public = %s\n", hex);
    return file_write(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, text);
}
