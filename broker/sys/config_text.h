/* config_text.h - a configuration file as libconfuse can count its lines: every comment is blanked, every line feed
 * kept.
 *
 * libconfuse 3.3 counts a line with a comment three times, takes no comment inside of a list, and ends the process
 * where a file cannot be read. */
#pragma once

/* The whole file, with blanks in the place of "# ...", "// ..." and "/" "* ... *" "/" outside of quotes; the caller
 * frees it. 0; -EINVAL: it is not text; else a negative errno. */
int config_text(const char *path, char **ret_text);
