/* secret.c - key files: what only the daemon's user may read, on disk or as a credential of its service. */
#include "base/bytes.h"
#include "sys/config.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FILE_MAX 4096

/* The service manager hands a credential over as root's own read-only file with an access list for the service's user:
 * what the mode shows for the group is then the most that list may grant. */
static bool is_readable_credential(const struct stat *status)
{
    return status->st_uid == 0 && status->st_gid == 0 && ((status->st_mode & ALLPERMS) | 0440) == 0440;
}

/* What is wrong with this file as the home of a secret; NULL: nothing. Asked of the open file, so that it is the one we
 * read. */
static const char *fault_of(int fd, bool is_credential, int *ret_error)
{
    struct stat status;
    *ret_error = -EACCES;
    if (fstat(fd, &status) < 0) {
        *ret_error = -errno;
        return "cannot be examined";
    }
    if (!S_ISREG(status.st_mode)) {
        *ret_error = -EINVAL;
        return "is not a regular file";
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return geteuid() == 0 ? "belongs to another user: run this as that user, by runuser -u"
                              : "belongs to another user: chown it to the daemon's";
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) && !(is_credential && is_readable_credential(&status)))
        return "can be read or changed by group or others: chmod 600";
    if (status.st_size > SECRET_FILE_MAX) {
        *ret_error = -EINVAL;
        return "is too large for a key file";
    }
    return NULL;
}

static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, text + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0 || (length += (size_t)got) == size)
            return (ssize_t)length;
    }
}

/* The value of the line "name = value", whose spaces are free; false: there is none. */
static bool find_key(char *text, const char *name, uint8_t ret_key[32])
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *part = NULL;
        const char *word = strtok_r(line, " \t\r", &part);
        const char *equals = word ? strtok_r(NULL, " \t\r", &part) : NULL;
        const char *value = equals ? strtok_r(NULL, " \t\r", &part) : NULL;
        if (value && strcmp(word, name) == 0 && strcmp(equals, "=") == 0)
            return !strtok_r(NULL, " \t\r", &part) && hex_decode(ret_key, 32, value);
    }
    return false;
}

/* The credential named like the file, where the service has one: its path in `buffer`; else the file itself. */
static const char *place_of(const char *path, char buffer[PATH_MAX])
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY"), *slash = strrchr(path, '/');
    int length = directory ? snprintf(buffer, PATH_MAX, "%s/%s", directory, slash ? slash + 1 : path) : 0;
    return length > 0 && length < PATH_MAX && access(buffer, F_OK) == 0 ? buffer : path;
}

int config_read_secret(const char *file, const char *name, uint8_t ret_key[32], char *error, size_t error_size)
{
    char credential[PATH_MAX];
    const char *path = place_of(file, credential);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int rc = -errno;
        snprintf(error, error_size, "%s: %s; `referralctl init` makes the keys", path, strerror(-rc));
        return rc;
    }
    int rc;
    char text[SECRET_FILE_MAX + 1];
    uint8_t key[32];
    sodium_mlock(text, sizeof text); /* best effort: memory that may not be locked is still wiped */
    const char *fault = fault_of(fd, path == credential, &rc);
    ssize_t length = fault ? 0 : read_all(fd, text, SECRET_FILE_MAX);
    if (fault || length < 0) {
        rc = fault ? rc : (int)length;
        snprintf(error, error_size, "%s: %s", path, fault ? fault : strerror(-rc));
    } else {
        text[length] = '\0';
        rc = find_key(text, name, key) ? 0 : -EINVAL;
        if (rc == 0)
            memcpy(ret_key, key, sizeof key);
        else
            snprintf(error, error_size, "%s: has no line \"%s = \" with 64 hex digits", path, name);
    }
    sodium_munlock(text, sizeof text);
    sodium_memzero(key, sizeof key);
    close(fd);
    return rc;
}
