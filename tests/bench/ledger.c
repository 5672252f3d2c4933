/* ledger.c - see ledger.h. */
#include "ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 256

static int add_entry(struct ledger *ledger, uint32_t number, const char *message_id)
{
    struct ledger_entry *entries = reallocarray(ledger->entries, ledger->count + 1, sizeof *entries);
    if (entries == NULL)
        return -ENOMEM;
    ledger->entries = entries;
    entries[ledger->count] = (struct ledger_entry){.number = number};
    snprintf(entries[ledger->count++].message_id, REFERRAL_MESSAGE_ID_SIZE, "%s", message_id);
    return 0;
}

static void note_done(struct ledger *ledger, const char *message_id)
{
    for (size_t i = ledger->count; i-- > 0;) {
        if (strcmp(ledger->entries[i].message_id, message_id) == 0) {
            ledger->entries[i].is_done = true;
            return;
        }
    }
}

static int read_back(struct ledger *ledger, FILE *file)
{
    char line[LINE_SIZE], message_id[REFERRAL_MESSAGE_ID_SIZE];
    int failure = 0;
    uint32_t number;
    while (failure == 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "send %" SCNu32 " %26s", &number, message_id) == 2)
            failure = add_entry(ledger, number, message_id);
        else if (sscanf(line, "done %" SCNu32 " %26s", &number, message_id) == 2)
            note_done(ledger, message_id);
    return failure;
}

int ledger_open(struct ledger *ledger, const char *folder, const char *party)
{
    char path[4096];
    *ledger = (struct ledger){.fd = -1};
    if (folder == NULL)
        return 0;
    snprintf(path, sizeof path, "%s/%s", folder, party);
    ledger->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    FILE *file = ledger->fd < 0 ? NULL : fopen(path, "re");
    if (file == NULL)
        return -errno;
    int failure = read_back(ledger, file);
    fclose(file);
    return failure;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger->fd >= 0)
        close(ledger->fd);
    free(ledger->entries);
    *ledger = (struct ledger){.fd = -1};
}

static void put(struct ledger *ledger, const char *line, int size)
{
    assert(size > 0 && size < LINE_SIZE);
    ssize_t written = write(ledger->fd, line, (size_t)size);
    assert(written == size); /* a ledger with holes proves nothing */
}

void ledger_send(struct ledger *ledger, uint32_t number, const char *message_id)
{
    char line[LINE_SIZE];
    if (ledger->fd >= 0)
        put(ledger, line, snprintf(line, sizeof line, "send %" PRIu32 " %s\n", number, message_id));
}

void ledger_done(struct ledger *ledger, uint32_t number, const char *message_id, const char *referral_id)
{
    char line[LINE_SIZE];
    if (ledger->fd >= 0)
        put(ledger, line, snprintf(line, sizeof line, "done %" PRIu32 " %s %s\n", number, message_id, referral_id));
}

void ledger_got(struct ledger *ledger, uint32_t number, const Referral__Delivery *delivery)
{
    char line[LINE_SIZE];
    if (ledger->fd >= 0) {
        put(ledger, line,
            snprintf(line, sizeof line, "got %" PRIu32 " %s %d %" PRIu32 " %d\n", number, delivery->referral_id,
                     (int)delivery->lane, delivery->attempt, delivery->possibly_redelivered));
    }
}
