/* body.c - puts together what a verb sends. */
#include "body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <referral/key.h>

#include "field.h"
#include "handlers.h"

json_t *body_read_file(const struct ctl *ctl, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    json_error_t error;

    if (file == NULL) {
        ctl_complain(ctl, "%s: %s", path, strerror(errno));
        return NULL;
    }

    json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) /* the error's text may quote the file: patient data */
        ctl_complain(ctl, ctl_say(ctl, "%s: 第 %d 行第 %d 列: JSON 格式错误", "%s: line %d, column %d: not valid JSON"),
                     standard ? ctl_say(ctl, "标准输入", "standard input") : path, error.line, error.column);
    if (!standard)
        fclose(file);
    return json;
}

static char *read_text_file(const struct ctl *ctl, const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file;

    errno = 0; /* the end of an empty file sets none */
    file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL || getdelim(&text, &room, '\0', file) < 0) {
        ctl_complain(ctl, "%s: %s", path, errno == 0 ? ctl_say(ctl, "内容为空", "is empty") : strerror(errno));
        free(text);
        text = NULL;
    }
    if (file != NULL && file != stdin)
        fclose(file);
    if (text != NULL && text[0] != '\0' && text[strlen(text) - 1] == '\n')
        text[strlen(text) - 1] = '\0'; /* it belongs to the file, not to the text */
    return text;
}

void body_complain(const struct ctl *ctl, const char *what, enum message_fault fault,
                   const ProtobufCEnumDescriptor *list)
{
    char *choices = fault == MESSAGE_NOT_IN_LIST ? field_choices(list, 0) : NULL;

    ctl_complain(ctl, "%s%s%s%s%s", what, what[0] == '\0' ? "" : ": ", message_fault_text(fault, ctl->zh),
                 choices == NULL ? "" : ": ", choices == NULL ? "" : choices);
    free(choices);
}

/* A field that holds a whole message comes from a file; a public key may. */
static int set_from_file(const struct ctl *ctl, json_t *body, const ProtobufCFieldDescriptor *field, const char *path)
{
    uint8_t key[REFERRAL_KEY_SIZE];
    char hex[REFERRAL_KEY_HEX_SIZE];
    json_t *value;

    if (strcmp(field->name, "public_key") == 0) {
        int failed = referral_key_load_public(path, key);

        if (failed != 0) {
            ctl_complain(
                ctl, ctl_say(ctl, "%s: 不是公钥, 也不是密钥文件: %s", "%s: neither a key in hex nor a key file: %s"),
                path, strerror(-failed));
            return EXIT_BAD_FILE;
        }
        referral_key_to_hex(key, hex);
        value = json_string(hex);
    } else {
        value = body_read_file(ctl, path);
    }
    return value != NULL && json_object_set_new(body, field->name, value) == 0 ? EXIT_OK : EXIT_BAD_FILE;
}

static bool is_in_file(const ProtobufCMessageDescriptor *descriptor, const ProtobufCFieldDescriptor *field,
                       const char *text)
{
    uint8_t key[REFERRAL_KEY_SIZE];

    if (field->type != PROTOBUF_C_TYPE_BYTES)
        return false;
    if (strcmp(field->name, "public_key") == 0)
        return !referral_key_from_hex(text, key);
    return message_embedded(descriptor, field) != NULL;
}

/* `what` is the option's or argument's name, for complaints. */
static int set(const struct ctl *ctl, json_t *body, const ProtobufCMessageDescriptor *descriptor, const char *what,
               const char *path, const char *text)
{
    const ProtobufCFieldDescriptor *field = field_find(descriptor, path);
    enum message_fault fault;

    if (is_in_file(descriptor, field, text))
        return set_from_file(ctl, body, field, text);
    fault = field_set(body, descriptor, path, text);
    if (fault == MESSAGE_OK)
        return EXIT_OK;
    body_complain(ctl, what, fault, field_enum(field));
    return EXIT_USAGE;
}

/* "@FILE" of an option that offers it. Of others it is a text like any: a script may have it from anybody. */
static int set_option(const struct ctl *ctl, json_t *body, const ProtobufCMessageDescriptor *descriptor,
                      const struct option_info *option, const char *text)
{
    char what[64], *from_file = NULL;
    int result;

    snprintf(what, sizeof what, "--%s", option->name);
    if (text[0] == '@' && strstr(option->value, "@FILE") != NULL) {
        from_file = read_text_file(ctl, text + 1);
        if (from_file == NULL)
            return EXIT_BAD_FILE;
        text = from_file;
    }
    result = set(ctl, body, descriptor, what, option->field, text);
    free(from_file);
    return result;
}

static int set_arguments(const struct ctl *ctl, json_t *body, const ProtobufCMessageDescriptor *descriptor)
{
    const struct argument_info *argument = ctl->verb->arguments;
    int result = EXIT_OK;

    for (size_t i = 0; result == EXIT_OK && argument != NULL && argument[i].name != NULL; i++)
        if (argument[i].field != NULL && ctl->arguments[i] != NULL)
            result = set(ctl, body, descriptor, argument[i].name, argument[i].field, ctl->arguments[i]);
    return result;
}

static int set_options(const struct ctl *ctl, json_t *body, const ProtobufCMessageDescriptor *descriptor)
{
    int result = EXIT_OK;

    for (size_t i = 0; result == EXIT_OK && i < ctl->given_count; i++) {
        const struct option_info *option = ctl->given[i].option;

        if (option->field != NULL && option->value == NULL)
            result = set(ctl, body, descriptor, option->name, option->field, "yes");
        else if (option->field != NULL)
            result = set_option(ctl, body, descriptor, option, ctl->given[i].text);
    }
    return result;
}

int body_of_verb(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t **ret_body)
{
    const struct verb *verb = ctl->verb;
    const char *file = ctl_option(ctl, "body");
    json_t *body = file == NULL ? json_object() : body_read_file(ctl, file);
    int result = EXIT_OK;

    if (body == NULL)
        return EXIT_BAD_FILE;
    if (file != NULL && !json_is_object(body)) {
        body_complain(ctl, file, MESSAGE_NOT_OBJECT, NULL);
        result = EXIT_BAD_FILE;
    }
    if (result == EXIT_OK && verb->fixed_field != NULL)
        result = set(ctl, body, descriptor, verb->name, verb->fixed_field, verb->fixed_text);
    if (result == EXIT_OK)
        result = set_arguments(ctl, body, descriptor);
    if (result == EXIT_OK)
        result = set_options(ctl, body, descriptor);
    if (result == EXIT_OK)
        *ret_body = body;
    else
        json_decref(body);
    return result;
}

bool body_is_from_file(const struct ctl *ctl)
{
    return ctl_has(ctl, "body") || ctl_has(ctl, "sheet") || ctl->verb->run == command_send;
}

ProtobufCMessage *body_message(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *body)
{
    struct message_error error;
    ProtobufCMessage *message = message_from_json(descriptor, body, &error);

    if (message == NULL)
        body_complain(ctl, error.path, error.fault, error.list);
    return message;
}
