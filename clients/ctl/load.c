/* load.c - many commands from a file, sent one behind the other without waiting for each answer. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "call.h"
#include "connect.h"
#include "handlers.h"
#include "message.h"
#include "progress.h"
#include "table.h"
#include "wire/wire.h"

#define IN_FLIGHT_MAX 256

struct source { /* a JSON list, or one object after the other */
    FILE *file;
    json_t *list; /* NULL: a stream of objects */
    size_t taken;
};

struct load {
    const struct ctl *ctl;
    struct referral_client *client;
    struct source source;
    uint64_t sent, accepted, refused;
    int result;   /* of the first thing that went wrong */
    bool stopped; /* no more is sent */
};

struct item { /* a command on its way */
    struct load *load;
    uint64_t number; /* from 1 */
};

static void stop(struct load *load, int result)
{
    if (load->result == EXIT_OK)
        load->result = result;
    load->stopped = true;
}

static int skip_space(FILE *file)
{
    int next;

    do
        next = getc(file);
    while (isspace(next));
    ungetc(next, file);
    return next;
}

static bool source_open(struct load *load, const char *path)
{
    struct source *source = &load->source;

    source->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (source->file == NULL) {
        ctl_complain(load->ctl, "%s: %s", path, strerror(errno));
        return false;
    }
    if (skip_space(source->file) != '[')
        return true;
    source->list = json_loadf(source->file, JSON_REJECT_DUPLICATES, NULL);
    if (source->list == NULL)
        ctl_complain(load->ctl, ctl_say(load->ctl, "%s: 不是合法的 JSON", "%s: not valid JSON"), path);
    return source->list != NULL;
}

static void source_close(struct source *source)
{
    json_decref(source->list);
    if (source->file != NULL && source->file != stdin)
        fclose(source->file);
}

/* A new reference; NULL at the end, or with the load stopped where the input is bad. */
static json_t *source_next(struct load *load)
{
    struct source *source = &load->source;
    json_t *json;

    source->taken++;
    if (source->list != NULL)
        return json_incref(json_array_get(source->list, source->taken - 1));
    if (skip_space(source->file) == EOF)
        return NULL;
    json = json_loadf(source->file, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
    if (json == NULL) {
        ctl_complain(load->ctl, ctl_say(load->ctl, "第 %zu 条: 不是合法的 JSON", "item %zu: not valid JSON"),
                     source->taken);
        stop(load, EXIT_BAD_FILE);
    }
    return json;
}

static void on_reply(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply)
{
    struct item *item = user;
    struct load *load = item->load;
    char before[48];

    (void)client;
    snprintf(before, sizeof before, ctl_say(load->ctl, "第 %llu 条被拒绝: ", "item %llu refused: "),
             (unsigned long long)item->number);
    free(item);
    if (status == REFERRAL_OK) {
        load->accepted++;
        return;
    }
    if (status != REFERRAL_REFUSED) {
        if (!load->stopped)
            connect_failure(load->ctl, client, status, NULL);
        stop(load, EXIT_NO_BROKER);
        return;
    }
    load->refused++;
    for (size_t i = 0; i < reply->n_refusals; i++)
        call_print_refusal(load->ctl, before, reply->refusals[i]);
    if (load->result == EXIT_OK)
        load->result = EXIT_REFUSED;
    if (!ctl_has(load->ctl, "keep-going"))
        stop(load, EXIT_REFUSED);
}

/* The kind by its name; NULL: no such command. */
static const struct kind_info *kind_of(json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "kind"));
    const ProtobufCEnumValue *value =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(&referral__kind__descriptor, name);
    const struct kind_info *kind = value == NULL ? NULL : kind_info((uint32_t)value->value);

    return kind != NULL && kind->class == KIND_COMMAND ? kind : NULL;
}

/* What is wrong with an item beside its kind and body: a member that is none, or an id that is no text. False:
 * nothing. */
static bool find_fault(json_t *json, struct message_error *ret_error)
{
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        bool is_text = strcmp(name, "message_id") == 0 || strcmp(name, "acting_for") == 0;

        if ((is_text && (json_is_string(value) || json_is_null(value))) || strcmp(name, "kind") == 0 ||
            strcmp(name, "body") == 0)
            continue;
        *ret_error = (struct message_error){.fault = is_text ? MESSAGE_NOT_TEXT : MESSAGE_UNKNOWN_MEMBER};
        snprintf(ret_error->path, sizeof ret_error->path, "%s", name);
        return true;
    }
    return false;
}

static void send_message(struct load *load, const struct kind_info *kind, json_t *json, const ProtobufCMessage *message)
{
    const char *acting_for = json_string_value(json_object_get(json, "acting_for"));
    struct referral_request request = {
        .kind = kind->kind,
        .message = message,
        .message_id = json_string_value(json_object_get(json, "message_id")),
        .acting_for = acting_for != NULL ? acting_for : ctl_option(load->ctl, "acting-for"),
    };
    struct item *item = malloc(sizeof *item);
    enum referral_status status = REFERRAL_NO_MEMORY;

    if (item != NULL) {
        *item = (struct item){.load = load, .number = load->source.taken};
        status = referral_send(load->client, &request, on_reply, item);
    }
    if (status == REFERRAL_OK) {
        load->sent++;
        return;
    }
    free(item);
    stop(load, connect_failure(load->ctl, load->client, status, NULL));
}

static void send_item(struct load *load, json_t *json)
{
    const struct kind_info *kind = kind_of(json);
    struct message_error error = {.path = "kind", .fault = MESSAGE_NOT_IN_LIST};
    char what[MESSAGE_PATH_SIZE + 48];
    ProtobufCMessage *message = NULL;

    if (!find_fault(json, &error) && kind != NULL)
        message = message_from_json(kind->body, json_object_get(json, "body"), &error);
    if (message == NULL) {
        snprintf(what, sizeof what, ctl_say(load->ctl, "第 %zu 条: %s", "item %zu: %s"), load->source.taken,
                 error.path);
        body_complain(load->ctl, what, error.fault, error.list);
        stop(load, EXIT_BAD_FILE);
        return;
    }
    send_message(load, kind, json, message);
    protobuf_c_message_free_unpacked(message, NULL);
}

/* Fills the pipeline; false: nothing is left to send. */
static bool send_some(struct load *load)
{
    while (!load->stopped && referral_unanswered(load->client) < IN_FLIGHT_MAX) {
        json_t *json = source_next(load);

        if (json == NULL)
            return false;
        send_item(load, json);
        json_decref(json);
    }
    return !load->stopped;
}

static void run(struct load *load)
{
    struct progress progress;
    bool more = true;

    progress_begin(&progress, load->ctl, ctl_say(load->ctl, "正在提交", "sending"));
    for (;;) {
        struct pollfd readable = {.fd = referral_fd(load->client), .events = POLLIN};

        more = more && send_some(load);
        if (!more && referral_unanswered(load->client) == 0)
            break;
        poll(&readable, 1, 500);
        referral_process(load->client);
        progress_step(&progress, load->accepted + load->refused, json_array_size(load->source.list));
    }
    progress_end(&progress);
}

static void print_counts(const struct load *load)
{
    if (load->ctl->json) {
        json_t *json = json_pack("{s:I, s:I, s:I}", "sent", (json_int_t)load->sent, "accepted",
                                 (json_int_t)load->accepted, "refused", (json_int_t)load->refused);

        table_json(load->ctl, json);
        json_decref(json);
        return;
    }
    fprintf(load->ctl->out,
            ctl_say(load->ctl, "提交 %llu, 受理 %llu, 拒绝 %llu\n", "sent %llu, accepted %llu, refused %llu\n"),
            (unsigned long long)load->sent, (unsigned long long)load->accepted, (unsigned long long)load->refused);
}

int load_run(struct ctl *ctl)
{
    struct load load = {.ctl = ctl, .result = EXIT_OK};

    if (!source_open(&load, ctl->arguments[0])) {
        load.result = EXIT_BAD_FILE;
        goto out;
    }
    load.result = connect_open(ctl, 0, &load.client);
    if (load.result != EXIT_OK)
        goto out;
    run(&load);
    print_counts(&load);
out:
    referral_close(load.client);
    source_close(&load.source);
    return load.result;
}
