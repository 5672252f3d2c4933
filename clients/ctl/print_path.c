/* print_path.c - follows a path through the descriptors of a verb's answer. */
#include "print_path.h"

#include <string.h>

#include "base/spelling.h"
#include "handlers.h"
#include "message.h"
#include "wire/wire.h"

/* What the program itself adds to an answer. */
static const char *const added[] = {"message_id", "bookings", "entries", NULL};

static bool is_one_of(int (*run)(struct ctl *ctl), int (*const *runs)(struct ctl *ctl))
{
    for (; *runs != NULL; runs++)
        if (*runs == run)
            return true;
    return false;
}

static const ProtobufCMessageDescriptor *answer_of(const struct verb *verb)
{
    static int (*const commands[])(struct ctl *) = {command_run,   command_send, command_set,   command_file,
                                                    command_allot, publish_run,  pool_tell_run, NULL};
    static int (*const questions[])(struct ctl *) = {
        query_list,        query_inbox,     query_settings,   query_claims,   query_record, query_why, query_audit_run,
        ops_show_sessions, ops_show_alarms, ops_show_waiters, ops_status_run, places_run,   NULL};

    if (is_one_of(verb->run, commands))
        return &referral__reply__descriptor;
    return is_one_of(verb->run, questions) ? kind_info(verb->kind)->result : NULL;
}

static bool is_added(const char *name, size_t length)
{
    for (size_t i = 0; added[i] != NULL; i++)
        if (strlen(added[i]) == length && memcmp(added[i], name, length) == 0)
            return true;
    return false;
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessageDescriptor *message, const char *name, size_t length)
{
    for (unsigned i = 0; i < message->n_fields; i++)
        if (strlen(message->fields[i].name) == length && memcmp(message->fields[i].name, name, length) == 0)
            return &message->fields[i];
    return NULL;
}

/* NULL: nothing is near, or there is no message. */
static const char *likely(const ProtobufCMessageDescriptor *message, const char *word)
{
    const char *found = NULL;
    struct spelling spelling;

    spelling_init(&spelling, word);
    for (unsigned i = 0; message != NULL && i < message->n_fields; i++)
        if (spelling_is_nearer(&spelling, message->fields[i].name, strlen(message->fields[i].name)))
            found = message->fields[i].name;
    return found;
}

static void complain(const struct ctl *ctl, const ProtobufCMessageDescriptor *message, const char *path, size_t length)
{
    char word[64];

    snprintf(word, sizeof word, "%.*s", (int)length, path);

    const char *meant = likely(message, word);

    if (meant != NULL)
        ctl_complain(
            ctl, ctl_say(ctl, "--print: 答复中没有 %s, 是否指 %s?", "--print: the answer has no %s: did you mean %s?"),
            word, meant);
    else
        ctl_complain(ctl,
                     ctl_say(ctl, "--print: 答复中没有 %s, --json 显示全部",
                             "--print: the answer has no %s; --json shows all of it"),
                     word);
}

/* Of a field that holds a message: that message; else NULL. */
static const ProtobufCMessageDescriptor *inside(const ProtobufCMessageDescriptor *message,
                                                const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : message_embedded(message, field);
}

bool print_path_check(const struct ctl *ctl)
{
    const ProtobufCMessageDescriptor *message = ctl->print == NULL ? NULL : answer_of(ctl->verb);

    if (message == NULL || is_added(ctl->print, strcspn(ctl->print, ".")))
        return true;
    for (const char *path = ctl->print; *path != '\0';) {
        size_t length = strcspn(path, ".");
        const ProtobufCFieldDescriptor *field = message == NULL ? NULL : find(message, path, length);

        if (field == NULL) {
            complain(ctl, message, path, length);
            return false;
        }
        message = inside(message, field);
        path += length + (path[length] == '.');
    }
    return true;
}
