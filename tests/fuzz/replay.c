/* replay.c - plays inputs that are kept to a harness: `fuzz_NAME FILE|FOLDER...`. Says how many; where one does not
 * pass, which, and ends with 1. */
#include <assert.h>
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

#define INPUT_BYTES_MAX (1 << 20)

/* For the signal's handler, which gets nothing: what it is to say of the input at hand. */
static char verdict[4200];
static size_t verdict_size;

static void tell_failed(int number)
{
    (void)number;
    _exit(write(STDERR_FILENO, verdict, verdict_size) == 0 ? 2 : 1);
}

static size_t play_file(const char *path)
{
    static uint8_t data[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "re");
    uint8_t *input;
    size_t size;

    assert(file != NULL);
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    verdict_size = (size_t)snprintf(verdict, sizeof verdict, "does not pass: %s\n", path);
    input = malloc(size + 1); /* of its size, so that a sanitizer sees a look beyond its end */
    assert(input != NULL);
    memcpy(input, data, size);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 1;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t play(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_input, alphasort);
    size_t played = 0;

    if (count < 0)
        return play_file(path);
    for (int i = 0; i < count; i++) {
        char name[4096];

        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        played += play_file(name);
        free(entries[i]);
    }
    free(entries);
    return played;
}

int main(int count, char **arguments)
{
    size_t played = 0;

    signal(SIGABRT, tell_failed);
    signal(SIGSEGV, tell_failed);
    for (int i = 1; i < count; i++)
        played += play(arguments[i]);
    printf("%zu inputs passed\n", played);
    return played == 0; /* an empty corpus proves nothing */
}
