/* stage.c - see stage.h. */
#include "stage.h"
#include "tell.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS  30000
#define PATH_SIZE    512
#define NAME_COLUMNS 24 /* the longest of the cast */

int64_t stage_clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void *grown(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room == 0 ? 256 : *room * 2;
    list = realloc(list, *room * size);
    if (list == NULL)
        abort();
    return list;
}

/* ---- The broker and the parties as processes ------------------------------------------------------------------------- */

void stage_path(const struct stage *stage, const char *file, char *ret_path, size_t size)
{
    if ((size_t)snprintf(ret_path, size, "%s/%s", stage->folder, file) >= size)
        abort();
}

static void key_path(const struct stage *stage, const char *name, char *ret_path, size_t size)
{
    char file[64];
    snprintf(file, sizeof file, "keys/%s.key", name);
    stage_path(stage, file, ret_path, size);
}

static bool broker_answers(const struct stage *stage)
{
    char key_file[PATH_SIZE];
    key_path(stage, stage->actors[CENTRE_A].key_name, key_file, sizeof key_file);
    struct referral_options options = {.addresses = &stage->address, .address_count = 1, .key_file = key_file};
    memcpy(options.server_key, stage->server_key, sizeof options.server_key);
    struct referral_client *client = NULL;
    bool up = referral_open(&options, &client) == REFERRAL_OK && referral_connect(client, PATIENCE_MS) == REFERRAL_OK;
    referral_close(client);
    return up;
}

/* In the child. Nothing of ours stays open in it: a broker that is kept would hold whoever reads our output. */
static void become_broker(const struct stage *stage)
{
    char log[PATH_SIZE], config[PATH_SIZE];
    stage_path(stage, "referrald.log", log, sizeof log);
    stage_path(stage, "referrald.conf", config, sizeof config);
    if (freopen("/dev/null", "r", stdin) != NULL && freopen(log, "a", stdout) != NULL &&
        dup2(STDOUT_FILENO, STDERR_FILENO) >= 0)
        execl(stage->broker_program, "referrald", "--config", config, (char *)NULL);
    _exit(127);
}

static void note_broker(const struct stage *stage)
{
    char path[PATH_SIZE];
    stage_path(stage, "broker.pid", path, sizeof path);
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        fprintf(file, "%d\n", (int)stage->broker);
        fclose(file);
    }
}

bool stage_start_broker(struct stage *stage)
{
    fflush(stdout);
    stage->broker = fork();
    if (stage->broker == 0)
        become_broker(stage);
    note_broker(stage);
    return stage->broker > 0 && broker_answers(stage);
}

void stage_kill_broker(struct stage *stage, int signal)
{
    kill(stage->broker, signal);
    waitpid(stage->broker, NULL, 0);
    stage->broker = 0;
}

static bool start_party(struct stage *stage, struct actor *actor)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    fflush(stdout);
    actor->pid = fork();
    if (actor->pid == 0) {
        char key_file[PATH_SIZE];
        key_path(stage, actor->key_name, key_file, sizeof key_file);
        struct party_identity identity = {.address = stage->address, .key_file = key_file};
        memcpy(identity.server_key, stage->server_key, sizeof identity.server_key);
        close(pair[0]);
        _exit(party_run(&identity, pair[1]));
    }
    close(pair[1]);
    actor->fd = pair[0];
    return actor->pid > 0;
}

bool stage_start_parties(struct stage *stage)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (!start_party(stage, &stage->actors[i]))
            return false;
    return true;
}

void stage_end_parties(struct stage *stage)
{
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct order order = {.kind = ORDER_QUIT};
        if (stage->actors[i].pid > 0) {
            pipe_put(stage->actors[i].fd, &order, sizeof order, NULL, 0);
            waitpid(stage->actors[i].pid, NULL, 0);
            close(stage->actors[i].fd);
        }
    }
    for (size_t i = 0; i < stage->answer_count; i++)
        referral_reply_free(stage->answers[i].reply);
    free(stage->answers);
    free(stage->seen);
}

/* ---- What the parties tell ------------------------------------------------------------------------------------------- */

static bool was_seen(const struct stage *stage, const struct seen_delivery *what)
{
    for (size_t i = 0; i < stage->seen_count; i++) {
        const struct seen_delivery *seen = &stage->seen[i];
        if (seen->by == what->by && seen->event == what->event && strcmp(seen->referral_id, what->referral_id) == 0)
            return true;
    }
    return false;
}

static void note_delivery(struct stage *stage, enum role by, const uint8_t *body, size_t size)
{
    Referral__Delivery *delivery = referral__delivery__unpack(NULL, size, body);
    if (delivery == NULL)
        abort();
    stage->seen = grown(stage->seen, stage->seen_count, &stage->seen_room, sizeof *stage->seen);
    struct seen_delivery *seen = &stage->seen[stage->seen_count];
    *seen = (struct seen_delivery){.by = by,
                                   .kind = delivery->kind,
                                   .lane = delivery->lane,
                                   .attempt = delivery->attempt,
                                   .possibly_redelivered = delivery->possibly_redelivered};
    snprintf(seen->referral_id, sizeof seen->referral_id, "%s", delivery->referral_id ? delivery->referral_id : "");
    if (delivery->kind == REFERRAL__DELIVERY_KIND__NOTICE) {
        Referral__Notice *notice = referral__notice__unpack(NULL, delivery->body.len, delivery->body.data);
        if (notice != NULL) {
            seen->event = notice->event;
            seen->state = notice->state;
            referral__notice__free_unpacked(notice, NULL);
        }
        stage->tally.notices++;
    } else {
        stage->tally.delivered++;
    }
    seen->again = was_seen(stage, seen);
    stage->seen_count++;
    if (delivery->attempt > 1 || delivery->possibly_redelivered)
        stage->tally.redelivered++;
    referral__delivery__free_unpacked(delivery, NULL);
}

static void note_reply(struct stage *stage, const struct report *report, const uint8_t *body)
{
    struct answer *answer = &stage->answers[report->tag];
    answer->come = true;
    answer->status = report->status;
    answer->reply = report->size == 0 ? NULL : referral__reply__unpack(NULL, report->size, body);
    stage->tally.accepted += answer->counts && report->status == REFERRAL_OK;
    stage->tally.refused += answer->counts && report->status == REFERRAL_REFUSED;
}

static void hear(struct stage *stage, enum role role)
{
    struct report report;
    struct actor *actor = &stage->actors[role];
    uint8_t *body = NULL;
    if (!pipe_get(actor->fd, &report, sizeof report) || (body = malloc(report.size + 1)) == NULL ||
        !pipe_get(actor->fd, body, report.size)) {
        fprintf(stderr, "the process of %s ended\n", actor->name);
        exit(1);
    }
    if (report.kind == REPORT_LINK)
        actor->linked = report.up;
    else if (report.kind == REPORT_REPLY)
        note_reply(stage, &report, body);
    else
        note_delivery(stage, role, body, report.size);
    free(body);
}

bool stage_until(struct stage *stage, bool (*done)(const struct stage *stage, const void *user), const void *user,
                 int timeout_ms)
{
    int64_t end = stage_clock_ms() + timeout_ms;
    while (!done(stage, user)) {
        int64_t rest = end - stage_clock_ms();
        struct pollfd polled[ROLE_COUNT];
        for (int i = 0; i < ROLE_COUNT; i++)
            polled[i] = (struct pollfd){.fd = stage->actors[i].fd, .events = POLLIN};
        if (rest <= 0 || poll(polled, ROLE_COUNT, (int)rest) <= 0)
            return done(stage, user);
        for (int i = 0; i < ROLE_COUNT; i++)
            if (polled[i].revents != 0)
                hear(stage, (enum role)i);
    }
    return true;
}

/* ---- Orders ------------------------------------------------------------------------------------------------------------ */

static void give(struct stage *stage, enum role role, const struct order *order, const void *body)
{
    if (!pipe_put(stage->actors[role].fd, order, sizeof *order, body, order->size)) {
        fprintf(stderr, "the process of %s ended\n", stage->actors[role].name);
        exit(1);
    }
}

static bool is_linked(const struct stage *stage, const void *user)
{
    return stage->actors[*(const enum role *)user].linked;
}

void stage_connect(struct stage *stage, enum role role, uint32_t credit)
{
    struct order order = {.kind = ORDER_CONNECT, .credit = credit};
    give(stage, role, &order, NULL);
    stage_until(stage, is_linked, &role, PATIENCE_MS);
}

void stage_disconnect(struct stage *stage, enum role role)
{
    struct order order = {.kind = ORDER_DISCONNECT};
    give(stage, role, &order, NULL);
    stage->actors[role].linked = false;
}

size_t stage_ask(struct stage *stage, enum role role, Referral__Kind kind, const char *message_id, const void *body,
                 size_t size)
{
    stage->answers = grown(stage->answers, stage->answer_count, &stage->answer_room, sizeof *stage->answers);
    size_t tag = stage->answer_count++;
    stage->answers[tag] = (struct answer){.counts = kind < REFERRAL__KIND__GET_REFERRAL};
    stage->tally.sent += stage->answers[tag].counts;
    struct order order = {.kind = ORDER_ASK, .request = kind, .tag = tag, .size = size};
    if (message_id != NULL)
        snprintf(order.message_id, sizeof order.message_id, "%s", message_id);
    give(stage, role, &order, body);
    return tag;
}

size_t stage_event(struct stage *stage, enum role role, const Referral__Event *event)
{
    uint8_t body[8192];
    size_t size = referral__event__get_packed_size(event);
    if (size > sizeof body)
        abort();
    referral__event__pack(event, body);
    return stage_ask(stage, role, REFERRAL__KIND__EVENT, NULL, body, size);
}

static bool has_answer(const struct stage *stage, const void *user)
{
    return stage->answers[*(const size_t *)user].come;
}

const Referral__Reply *stage_answer(struct stage *stage, size_t tag)
{
    stage_until(stage, has_answer, &tag, PATIENCE_MS);
    return stage->answers[tag].reply;
}

struct expected {
    enum role by;
    size_t from;
    const char *referral_id;
    Referral__EventType event;
};

static int find_expected(const struct stage *stage, const struct expected *expected)
{
    for (size_t i = expected->from; i < stage->seen_count; i++) {
        const struct seen_delivery *seen = &stage->seen[i];
        if (seen->by == expected->by && seen->event == expected->event &&
            strcmp(seen->referral_id, expected->referral_id) == 0)
            return (int)i;
    }
    return -1;
}

static bool has_come(const struct stage *stage, const void *user)
{
    return find_expected(stage, user) >= 0;
}

int stage_expect(struct stage *stage, enum role by, size_t from, const char *referral_id, Referral__EventType event)
{
    struct expected expected = {.by = by, .from = from, .referral_id = referral_id, .event = event};
    stage_until(stage, has_come, &expected, PATIENCE_MS);
    return find_expected(stage, &expected);
}

/* ---- What people read -------------------------------------------------------------------------------------------------- */

void stage_say(const struct stage *stage, enum role who, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = who < ROLE_COUNT ? stage->actors[who].name : "referrald";
    printf("%8.3f s  %s%*s  %s\n", (double)(stage_clock_ms() - stage->started_ms) / 1000.0, name,
           NAME_COLUMNS - tell_columns(name), "", text);
    fflush(stdout);
}

void stage_title(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell_title(format, arguments);
    va_end(arguments);
}

bool stage_check(struct stage *stage, bool holds, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell_check(12, holds, format, arguments);
    va_end(arguments);
    stage->tally.checks++;
    stage->tally.failed += holds ? 0 : 1;
    return holds;
}
