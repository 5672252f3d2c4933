/* message_key.c - what the log shows of a message id (P1), for whoever knows the id. The id is read from the input,
 * never from the command line, which every user of the machine can list. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "offline.h"
#include "proto/limits.h"

#define KEY_SIZE 16

/* The line without its end; false: there is none. */
static bool read_id(char *line, size_t size)
{
    if (fgets(line, (int)size, stdin) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] != '\0';
}

static int print_key(struct ctl *ctl, const char *id)
{
    struct store *store = NULL;
    uint8_t key[KEY_SIZE];
    char hex[2 * KEY_SIZE + 1];
    int result = offline_open(ctl, true, &store);

    if (result != EXIT_OK)
        return result;
    store_keyed_hash(store, bytes_text(id), key);
    hex_encode(hex, bytes_of(key, sizeof key));
    fprintf(ctl->out, ctl->json ? "{\"message_key\": \"%s\"}\n" : "%s\n", hex);
    store_close(store);
    return EXIT_OK;
}

static int run(struct ctl *ctl)
{
    char id[LIMIT_ID_BYTES + 2];

    if (!read_id(id, sizeof id)) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "请从标准输入给出消息编号", "give the message id on standard input"));
        return EXIT_USAGE;
    }
    return print_key(ctl, id);
}

int message_key_run(struct ctl *ctl)
{
    return offline_run(ctl, run, NULL);
}
