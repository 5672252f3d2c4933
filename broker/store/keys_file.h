/* keys_file.h - the file `keys` as bytes: read whole, replaced whole. Inside of keys.h. */
#pragma once
#include "base/bytes.h"

#define KEYS_FILE_MAX 32768

struct keys_file {
    size_t size;
    uint8_t content[KEYS_FILE_MAX];
};

/* -EPERM: others may read it; so it was read, too. */
int keys_file_read(const char *directory, struct keys_file *ret_file);
/* On disk under its name when it returns 0, or as if it had not been called; where it replaces one, perhaps the new one
 * all the same. As root it belongs to whom the directory belongs. -EEXIST: there is one, and `replaces` is false. */
int keys_file_write(const char *directory, const struct keys_file *file, bool replaces);
/* Only one at a time changes what lies there; the descriptor is to be closed. */
int keys_file_lock(const char *directory, int *ret_fd);
