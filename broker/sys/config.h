/* config.h - referrald.conf: one table of keys with range, default and help (libconfuse), from which reading, --dump,
 * --help and every error come. Errors name file, line, key and range.
 *
 * Paths are absolute, or relative to the directory the daemon was started in. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct config {
    char *store_directory;
    uint64_t store_map_bytes;
    char *archive_directory; /* NULL: beside the store */
    char *host_key_file;     /* "key = hex", 0600: wraps the store's keys */
    char *server_key_file;   /* "public = hex", "secret = hex", 0600 */
    char **endpoints;        /* NULL-terminated: "tcp://0.0.0.0:5570" */
    char *http_listen;       /* "127.0.0.1:5571", "unix:/run/referrald/ops.sock"; NULL: no HTTP */
    uint32_t window;
    uint32_t ping_interval_ms;
    char *log_level;       /* "error", "warning", "info", "debug" */
    char *test_clock_file; /* C4: only with a store made for test time; NULL: none */
};

#define CONFIG_ERROR_SIZE 512

/* 0; else a negative errno and one clear line in `error`: "file:line: key 'x': must be 1 to 5 (...)". */
int config_load(const char *path, struct config *ret_config, char *error, size_t error_size);
void config_fini(struct config *config); /* fine after a failed load */
/* Every key with its value, as a file that can be read again. */
void config_dump(const struct config *config, FILE *out);
/* Every key with its range, default and meaning. */
void config_help(FILE *out);

struct config_key { /* static texts */
    const char *name, *range, *initial, *help;
};
/* The keys in the order of the table, which is for manual pages; false: there are not so many. */
bool config_key(size_t index, struct config_key *ret_key);
/* Do both hold the same for this key of the table? */
bool config_key_equals(size_t index, const struct config *a, const struct config *b);

/* Reads 32 bytes from the line "name = <64 hex digits>" of a secret file. Refuses a file that is not regular, belongs
 * to another user, can be read by group or others, or has no such line. `error` never shows what the file holds.
 *
 * A service's credential of the same name ($CREDENTIALS_DIRECTORY/host.key for any path that ends in host.key) stands
 * before the file. */
int config_read_secret(const char *file, const char *name, uint8_t ret_key[32], char *error, size_t error_size);
