/* fuzz_config.c - a configuration file of any bytes: it is read, or refused in one line; what was read is dumped and
 * read again as the same. */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "sys/config.h"

/* A file in memory; `ret_path` names it. */
static int file_of(const void *data, size_t size, char ret_path[32])
{
    int fd = memfd_create("config", MFD_CLOEXEC);

    assert(fd >= 0);
    assert(size == 0 || write(fd, data, size) == (ssize_t)size);
    snprintf(ret_path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

static void read_again(const struct config *config)
{
    char *text = NULL, path[32], error[CONFIG_ERROR_SIZE];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct config again;
    struct config_key key;
    int fd;

    assert(out != NULL);
    config_dump(config, out);
    fclose(out);
    fd = file_of(text, size, path);
    fuzz_expect(config_load(path, &again, error, sizeof error) == 0, "what was dumped can be read");
    for (size_t i = 0; config_key(i, &key); i++)
        fuzz_expect(config_key_equals(i, config, &again), "what was dumped is the same");
    config_fini(&again);
    close(fd);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    char path[32], error[CONFIG_ERROR_SIZE] = "";
    int fd = file_of(data, size, path);

    if (config_load(path, &config, error, sizeof error) == 0)
        read_again(&config);
    else
        fuzz_expect(error[0] != '\0' && strchr(error, '\n') == NULL, "a refusal is one line");
    config_fini(&config);
    close(fd);
    return 0;
}
