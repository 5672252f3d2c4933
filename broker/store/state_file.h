/* state_file.h - a line beside a store's data, by which what works on the store from outside tells the daemon what it
 * came to.
 *
 * A copy of the store does not take it along. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Its first line; false: there is none. */
bool state_file_read(const char *directory, const char *name, char *line, size_t size);
/* 0 or a negative errno; the file is the old or the new one whatever happens. Of a file that is there the line can be
 * written on a full disk, too: that is what it may have to tell of. */
int state_file_write(const char *directory, const char *name, const char *line);
