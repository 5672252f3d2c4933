/* sys_config.c - referrald.conf: every bad value is named with file, line, key and range; what is dumped reads the same
 * again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/limits.h"
#include "sys/config.h"

static char directory[64], path[96];
static char error[CONFIG_ERROR_SIZE];

static void set_up(void)
{
    strcpy(directory, "/tmp/referrald-config.XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/referrald.conf", directory);
    error[0] = '\0';
}

static void tear_down(void)
{
    unlink(path);
    rmdir(directory);
}

TestSuite(config, .init = set_up, .fini = tear_down);

static void write_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    cr_assert(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static int load(const char *text, struct config *ret_config)
{
    write_bytes(text, strlen(text));
    return config_load(path, ret_config, error, sizeof error);
}

/* The line `bad` stands third in the file; the error must name it, and hold all of `expected`. */
static void check_refused(const char *bad, const char *expected)
{
    struct config config;
    char text[8192], place[128];
    snprintf(text, sizeof text, "# a comment\n\n%s\n", bad);
    snprintf(place, sizeof place, "%s:3: ", path);
    cr_assert_eq(load(text, &config), -EINVAL, "accepted: %s", bad);
    cr_assert_eq(strncmp(error, place, strlen(place)), 0, "%s: %s", bad, error);
    cr_assert(strstr(error, expected), "%s: %s", bad, error);
    cr_assert_not(strchr(error, '\n'), "%s: %s", bad, error);
    config_fini(&config);
}

Test(config, an_empty_file_gives_the_defaults)
{
    struct config config;
    cr_assert_eq(load("", &config), 0, "%s", error);
    cr_assert_str_eq(config.store_directory, "/var/lib/referrald/store");
    cr_assert_eq(config.store_map_bytes, 64ULL << 30);
    cr_assert_str_eq(config.endpoints[0], "tcp://*:5570");
    cr_assert_null(config.endpoints[1]);
    cr_assert_null(config.http_listen);
    cr_assert_eq(config.window, LIMIT_WINDOW);
    cr_assert_eq(config.ping_interval_ms, DEFAULT_PING_INTERVAL_MS);
    cr_assert_str_eq(config.log_level, "info");
    cr_assert_null(config.test_clock_file);
    config_fini(&config);
}

Test(config, every_key_takes_its_value)
{
    struct config config;
    cr_assert_eq(
        load("store_directory = \"/s p/a\"\nstore_map_bytes = 1G\nhost_key_file = h\nserver_key_file = 's'\n"
             "endpoints = {\"tcp://127.0.0.1:*\", \"tcp://[::1]:5571\"}\nhttp_listen = \"[::1]:5572\"\nwindow = 1\n"
             "ping_interval_ms = 500\n"
             "log_level = error\ntest_clock_file = /c\n",
             &config),
        0, "%s", error);
    cr_assert_str_eq(config.store_directory, "/s p/a");
    cr_assert_eq(config.store_map_bytes, 1ULL << 30);
    cr_assert_str_eq(config.host_key_file, "h");
    cr_assert_str_eq(config.server_key_file, "s");
    cr_assert_str_eq(config.endpoints[0], "tcp://127.0.0.1:*");
    cr_assert_str_eq(config.endpoints[1], "tcp://[::1]:5571");
    cr_assert_null(config.endpoints[2]);
    cr_assert_str_eq(config.http_listen, "[::1]:5572");
    cr_assert_eq(config.window, 1);
    cr_assert_eq(config.ping_interval_ms, 500);
    cr_assert_str_eq(config.log_level, "error");
    cr_assert_str_eq(config.test_clock_file, "/c");
    config_fini(&config);
}

Test(config, a_bad_value_names_file_line_key_and_range)
{
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"window = 0", "key 'window': must be 1 to 65536 ("},
        {"window = 65537", "key 'window': must be 1 to 65536 ("},
        {"window = -1", "key 'window': must be 1 to 65536 ("},
        {"window = 18446744073709551617", "key 'window': must be 1 to 65536 ("},
        {"window = 7x", "key 'window': must be 1 to 65536 ("},
        {"window = 7K", "key 'window': must be 1 to 65536 ("},
        {"window = \" 7\"", "key 'window': must be 1 to 65536 ("},
        {"window = \"\"", "key 'window': must be 1 to 65536 ("},
        {"ping_interval_ms = 499", "key 'ping_interval_ms': must be 500 to 600000 ("},
        {"ping_interval_ms = 600001", "key 'ping_interval_ms': must be 500 to 600000 ("},
        {"store_map_bytes = 15M", "key 'store_map_bytes': must be 16M to 16T ("},
        {"store_map_bytes = 17T", "key 'store_map_bytes': must be 16M to 16T ("},
        {"store_map_bytes = 18014398509481985K", "key 'store_map_bytes': must be 16M to 16T ("},
        {"store_map_bytes = 1GB", "key 'store_map_bytes': must be 16M to 16T ("},
        {"store_map_bytes = 1X", "key 'store_map_bytes': must be 16M to 16T ("},
        {"log_level = loud", "key 'log_level': must be one of error, warning, info, debug ("},
        {"store_directory = \"\"", "key 'store_directory': must be a path ("},
        {"host_key_file = \"\"", "key 'host_key_file': must be a path ("},
        {"server_key_file = \"\"", "key 'server_key_file': must be a path ("},
        {"endpoints = {\"127.0.0.1:5570\"}", "key 'endpoints': must be 1 to 16 of"},
        {"endpoints = {\"ipc:///run/x:1\"}", "key 'endpoints': must be 1 to 16 of"},
        {"endpoints = {\"tcp://:5570\"}", "key 'endpoints': must be 1 to 16 of"},
        {"endpoints = {\"tcp://a\"}", "key 'endpoints': must be 1 to 16 of"},
        {"endpoints = {\"tcp://a:65536\"}", "key 'endpoints': must be 1 to 16 of"},
        {"endpoints = {\"tcp://a:1\", \"tcp://a:x\"}", "key 'endpoints': must be 1 to 16 of"},
        {"store_map_bytes = 17T", "key 'store_map_bytes': must be 16M to 16T ("},
        {"windows = 7", "there is no key 'windows': did you mean 'window'?"},
        {"ping_intervall = 7", "there is no key 'ping_intervall': did you mean 'ping_interval_ms'?"},
        {"loglevel = info", "there is no key 'loglevel': did you mean 'log_level'?"},
        {"frobnicate = 7", "there is no key 'frobnicate'; `referrald --help` names them all"},
        {"a_key_of_more_than_thirty_two_letters = 7", "there is no key 'a_key_of_more_than_thirty_two_le'; "},
        {"window 7", "window"},
        {"window = 7 window = 8", "key 'window': is given twice"},
        {"endpoints = {\"tcp://a:1\"} endpoints = {\"tcp://b:1\"}", "key 'endpoints': is given twice"},
        {"endpoints = {\"tcp://a:1\", \"tcp://a:2\"} endpoints = {\"tcp://b:1\"}", "key 'endpoints': is given twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_refused(rows[i].line, rows[i].expected);
}

Test(config, what_operators_see_is_for_this_machine_only)
{
    static const char *const good[] = {"", "127.0.0.1:0", "127.255.0.9:65535", "[::1]:80",
                                       "unix:/run/referrald/ops.sock"};
    static const char *const bad[] = {"127.0.0.1", "0.0.0.0:80",   "10.0.0.1:80",  "128.0.0.1:80",      "*:80",
                                      "[::]:80",   "[fe80::1]:80", "localhost:80", "127.0.0.1:65536",   "127.0.0.1:*",
                                      ":80",       "unix:/",       "unix:run/a",   "tcp://127.0.0.1:80"};
    struct config config;
    char line[64];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(line, sizeof line, "http_listen = \"%s\"\n", good[i]);
        cr_assert_eq(load(line, &config), 0, "%s", error);
        config_fini(&config);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(line, sizeof line, "http_listen = \"%s\"", bad[i]);
        check_refused(line, "key 'http_listen': must be \"127.0.0.1:port\"");
    }
}

Test(config, an_empty_list_is_not_the_default)
{
    struct config config;
    cr_assert_eq(load("endpoints = {}\n", &config), -EINVAL);
    cr_assert(strstr(error, path) && strstr(error, ": key 'endpoints': must be 1 to 16 of"), "%s", error);
    config_fini(&config);
}

Test(config, a_path_of_5000_bytes_and_17_endpoints_are_too_many)
{
    char text[8192] = "test_clock_file = ";
    memset(text + strlen(text), 'a', 5000);
    check_refused(text, "key 'test_clock_file': must be a path, or empty (");
    strcpy(text, "endpoints = {\"tcp://a:0\"");
    for (int i = 1; i < 17; i++)
        strcat(text, ", \"tcp://a:1\"");
    check_refused(strcat(text, "}"), "key 'endpoints': must be 1 to 16 of");
}

Test(config, comments_do_not_move_the_line_that_is_named)
{
    static const struct {
        const char *text;
        int line;
    } rows[] = {
        {"window = 0", 1},
        {"# a\nwindow = 0", 2},
        {"### a\n// b # c\n/* d\n \" e */ window = 0", 4},
        {"store_directory = \"a # b // c\"\nwindow = 0", 2},
        {"store_directory = 'a /* b' # c\nwindow = 0", 2},
        {"store_directory = \"a \\\" # b\" # c\n\nwindow = 0", 3},
        {"endpoints = {\"tcp://a:1\", # one\n  /* two */ tcp://b:1}\nwindow = 0", 3},
        {"store_directory = a//b\nwindow = 0", 2},
        {"store_directory = \"a\nb\"\nwindow = 0", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config config;
        char expected[160];
        snprintf(expected, sizeof expected, "%s:%d: key 'window'", path, rows[i].line);
        cr_assert_eq(load(rows[i].text, &config), -EINVAL, "row %zu", i);
        cr_assert_eq(strncmp(error, expected, strlen(expected)), 0, "row %zu: %s", i, error);
    }
}

Test(config, p1_an_error_does_not_show_the_value)
{
    struct config config;
    cr_assert_eq(load("log_level = hunter2\n", &config), -EINVAL);
    cr_assert_not(strstr(error, "hunter2"), "%s", error);
}

Test(config, what_cannot_be_read_is_an_error_and_not_the_end_of_the_process)
{
    struct config config;
    cr_assert_eq(config_load(path, &config, error, sizeof error), -ENOENT);
    cr_assert(strstr(error, path), "%s", error);
    cr_assert_eq(config_load(directory, &config, error, sizeof error), -EISDIR);
    cr_assert(strstr(error, directory), "%s", error);
    static const char binary[] = "window = 7\0\xff\xfe{{{\"";
    write_bytes(binary, sizeof binary);
    cr_assert(config_load(path, &config, error, sizeof error) < 0);
    write_bytes("window = \"7", 11);
    cr_assert(config_load(path, &config, error, sizeof error) < 0);
    write_bytes("endpoints = {", 13);
    cr_assert(config_load(path, &config, error, sizeof error) < 0);
    write_bytes("store_directory = \"a\\", 21);
    cr_assert(config_load(path, &config, error, sizeof error) < 0);
}

Test(config, a_file_of_more_than_a_mebibyte_is_refused)
{
    struct config config;
    size_t size = 1 << 20;
    char *text = malloc(size + 1);
    memset(text, '#', size + 1);
    write_bytes(text, size);
    cr_assert_eq(config_load(path, &config, error, sizeof error), 0, "%s", error);
    config_fini(&config);
    write_bytes(text, size + 1);
    cr_assert_eq(config_load(path, &config, error, sizeof error), -EFBIG);
    cr_assert(strstr(error, path), "%s", error);
    free(text);
}

static char *dump(const struct config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    config_dump(config, out);
    fclose(out);
    return text;
}

Test(config, what_is_dumped_reads_the_same_again)
{
    struct config config, again;
    cr_assert_eq(
        load("store_directory = '/a \"b\\\\c'\nendpoints = {\"tcp://a:1\", \"tcp://[::]:2\"}\nstore_map_bytes = 2G\n",
             &config),
        0, "%s", error);
    char *first = dump(&config);
    cr_assert_eq(load(first, &again), 0, "%s in\n%s", error, first);
    char *second = dump(&again);
    cr_assert_str_eq(first, second);
    cr_assert_str_eq(config.store_directory, again.store_directory);
    cr_assert_str_eq(again.endpoints[1], "tcp://[::]:2");
    free(first);
    free(second);
    config_fini(&config);
    config_fini(&again);
}

/* Every line "#key = value" of the example is taken as if it stood there. */
Test(config, the_example_shows_every_key_with_its_default)
{
    struct config config, shown;
    char example[512], text[16384] = "", line[512];
    snprintf(example, sizeof example, "%s", __FILE__);
    strcpy(strstr(example, "tests/unit"), "systemd/referrald.conf.example");
    FILE *file = fopen(example, "r");
    cr_assert(file, "%s", example);
    int keys = 0;
    while (fgets(line, sizeof line, file)) {
        bool is_key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
        keys += is_key;
        strcat(text, is_key ? line + 1 : line);
    }
    fclose(file);
    cr_assert_eq(keys, 11);
    cr_assert_eq(load(text, &shown), 0, "%s", error);
    cr_assert_eq(load("", &config), 0, "%s", error);
    char *defaults = dump(&config), *dumped = dump(&shown);
    cr_assert_str_eq(dumped, defaults);
    free(defaults);
    free(dumped);
    config_fini(&config);
    config_fini(&shown);
}

/* For a reload: each line changes its own key and no other. */
Test(config, what_differs_between_two_files_is_known_by_key)
{
    static const char *const lines[] = {
        "store_directory = /x",        "store_map_bytes = 1G",  "host_key_file = /x", "server_key_file = /x",
        "endpoints = {\"tcp://*:1\"}", "http_listen = unix:/x", "window = 7",         "ping_interval_ms = 600",
        "log_level = debug",           "test_clock_file = /x",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct config before, after;
        struct config_key key;
        cr_assert_eq(load("", &before), 0);
        cr_assert_eq(load(lines[i], &after), 0, "%s", error);
        for (size_t j = 0; config_key(j, &key); j++) {
            bool is_its_own = strncmp(lines[i], key.name, strlen(key.name)) == 0;
            cr_assert_eq(config_key_equals(j, &before, &after), !is_its_own, "%s of %s", key.name, lines[i]);
        }
        config_fini(&before);
        config_fini(&after);
    }
}

Test(config, a_list_that_is_longer_differs)
{
    struct config one, two;
    struct config_key key;
    cr_assert_eq(load("endpoints = {\"tcp://a:1\"}\n", &one), 0, "%s", error);
    cr_assert_eq(load("endpoints = {\"tcp://a:1\", \"tcp://a:2\"}\n", &two), 0, "%s", error);
    for (size_t i = 0; config_key(i, &key); i++) {
        bool is_same = strcmp(key.name, "endpoints") != 0;
        cr_assert_eq(config_key_equals(i, &one, &two), is_same, "%s", key.name);
        cr_assert_eq(config_key_equals(i, &two, &one), is_same, "%s", key.name);
        cr_assert(config_key_equals(i, &two, &two), "%s", key.name);
    }
    config_fini(&one);
    config_fini(&two);
}

Test(config, help_names_every_key_that_is_dumped)
{
    struct config config;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    config_help(out);
    fclose(out);
    cr_assert_eq(load("", &config), 0);
    char *dumped = dump(&config);
    int keys = 0;
    for (char *line = strtok(dumped, "\n"); line; line = strtok(NULL, "\n")) {
        char name[64];
        if (sscanf(line, "%63[a-z_] =", name) == 1) {
            cr_assert(strstr(text, name), "%s", name);
            keys++;
        }
    }
    cr_assert_eq(keys, 11);
    free(text);
    free(dumped);
    config_fini(&config);
}
