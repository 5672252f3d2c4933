/* listen.c - a small receiving system: prints each message and acknowledges it, or lets a command decide.
 *
 * A message is acknowledged only after its output was written or its command has ended, so that none is lost on the way
 * (D4). While a command runs, the connection is served; the broker's ack time-out runs too. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connect.h"
#include "handlers.h"
#include "labels.h"
#include "moment.h"
#include "payload.h"
#include "pool_text.h"
#include "progress.h"
#include "table.h"
#include "width.h"

#define DEFAULT_CREDIT 16
#define COMMAND_CREDIT 1 /* what waits behind a slow command waits better in the inbox */
#define FLUSH_MS       3000

/* What the command's exit code says, as sysexits.h names them. From NO_COMMAND to KILLED_LAST they are a shell's: what it
 * could not run, or 128 and the signal that ended it. */
enum decision_code { TAKEN = 0, UNREADABLE = 65, NOT_FOR_US = 67, TRY_LATER = 75, NO_COMMAND = 126, KILLED_LAST = 192 };

struct listener {
    const struct ctl *ctl;
    struct referral_client *client;
    const char *command; /* NULL: print and acknowledge */
    int signals;         /* signalfd of SIGINT and SIGTERM */
    bool stopping;
    bool connected;
    long long left;   /* messages to take; negative: no end */
    int64_t heard_ms; /* when the last one came */
    int result;
};

struct decision {
    bool ack;
    Referral__NackCode code;
    char text[64];
};

/* A fault of this machine says nothing about the message: it must not die of it. */
static bool is_of_machine(int code)
{
    return code < 0 || (code >= NO_COMMAND && code <= KILLED_LAST);
}

static struct decision decide(int status)
{
    struct decision decision = {.ack = false, .code = REFERRAL__NACK_CODE__NACK_RETRY};
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    snprintf(decision.text, sizeof decision.text, code < 0 ? "ended by signal %d" : "exit code %d",
             code < 0 ? WTERMSIG(status) : code);
    if (is_of_machine(code))
        return decision;
    switch (code) {
    case TAKEN:
        decision.ack = true;
        break;
    case UNREADABLE:
        decision.code = REFERRAL__NACK_CODE__NACK_UNREADABLE;
        break;
    case NOT_FOR_US:
        decision.code = REFERRAL__NACK_CODE__NACK_NOT_FOR_US;
        break;
    case TRY_LATER:
        break;
    default:
        decision.code = REFERRAL__NACK_CODE__NACK_INTERNAL;
    }
    return decision;
}

/* The message as a file that needs no name and cannot fill a pipe. -1: errno. */
static int message_file(json_t *json)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(dup(fd), "w");

    if (file == NULL || json_dumpf(json, file, JSON_COMPACT) != 0 || fputc('\n', file) == EOF || fclose(file) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int start_command(const char *command, int input, pid_t *ret_pid)
{
    char shell[] = "sh", option[] = "-c", *words = strdup(command);
    char *arguments[] = {shell, option, words, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, pipe;
    int failed;

    if (words == NULL)
        return ENOMEM;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* which we ignore */
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(words);
    return failed;
}

/* Waits for the network, a signal, and, where it is not -1, `other`; serves the connection. False: `other` is ready. */
static bool serve(struct listener *listener, int other, int timeout_ms)
{
    struct pollfd polls[] = {{.fd = referral_fd(listener->client), .events = POLLIN},
                             {.fd = listener->signals, .events = POLLIN},
                             {.fd = other, .events = POLLIN}};
    struct signalfd_siginfo info;

    poll(polls, 3, timeout_ms);
    if (polls[1].revents != 0 && read(listener->signals, &info, sizeof info) > 0)
        listener->stopping = true;
    referral_process(listener->client);
    return other < 0 || polls[2].revents == 0;
}

/* Lets the command decide, and serves the connection while it does. A stop waits for it. */
static struct decision run_command(struct listener *listener, json_t *json)
{
    struct decision later = {.code = REFERRAL__NACK_CODE__NACK_RETRY, .text = "the command cannot be run"};
    int input = message_file(json), status = 0;
    pid_t pid = -1;
    int failed = input < 0 ? errno : start_command(listener->command, input, &pid);
    struct progress progress;

    if (input >= 0)
        close(input);
    if (failed != 0) {
        ctl_complain(listener->ctl, "%s: %s", listener->command, strerror(failed));
        listener->stopping = true;
        listener->result = EXIT_BAD_FILE;
        return later;
    }

    int ended = pidfd_open(pid, 0);

    progress_begin(&progress, listener->ctl, ctl_say(listener->ctl, "命令处理中", "the command runs"));
    while (ended >= 0 && serve(listener, ended, 500))
        progress_step(&progress, 0, 0);
    progress_end(&progress);
    if (ended >= 0)
        close(ended);
    waitpid(pid, &status, 0);
    return decide(status);
}

/* What it is: a sheet, or the event that a notice tells of. */
static const char *subject_of(const struct ctl *ctl, const Referral__Delivery *delivery, json_t *json)
{
    const char *event = json_string_value(json_object_get(json_object_get(json, "notice"), "event"));

    return event == NULL ? label_of_number(&referral__delivery_kind__descriptor, (int)delivery->kind, ctl->zh)
                         : label_of_value(&referral__event_type__descriptor, event, ctl->zh);
}

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* The referral's id; a notice of a hospital's own booking has none. */
static const char *id_of(const Referral__Delivery *delivery, json_t *json)
{
    json_t *booking = json_object_get(json_object_get(json, "notice"), "booking");
    const char *id = json_string_value(json_object_get(booking, "booking_id"));

    return delivery->referral_id != NULL || id == NULL ? text_or_empty(delivery->referral_id) : id;
}

static const char *class_of(const struct ctl *ctl, json_t *object)
{
    const char *class = json_string_value(json_object_get(object, "class"));

    return class == NULL ? "" : label_of_value(&referral__place_class__descriptor, class, ctl->zh);
}

/* "EXPERT NK WANG-AM 王主任 12-04 08:00": the place that a notice is about; an offer with its end (Q8). */
static void print_place(const struct ctl *ctl, json_t *notice)
{
    json_t *booking = json_object_get(notice, "booking"), *pool = json_object_get(booking, "pool");
    json_t *expires = json_object_get(booking, "expires_at_ms");
    char at[MOMENT_TEXT_SIZE], *session;

    if (pool == NULL)
        return;
    session = pool_text_session(pool, json_string_value(json_object_get(booking, "doctor")));
    moment_format_short(at, json_integer_value(json_object_get(booking, "start_ms")));
    fprintf(ctl->out, "  %s %s %s", class_of(ctl, pool), session == NULL ? "" : session, at);
    free(session);
    if (expires == NULL)
        return;
    moment_format_short(at, json_integer_value(expires));
    fprintf(ctl->out, ctl_say(ctl, ", %s 前确认", ", to be confirmed before %s"), at);
}

/* What the event's name alone would make believe: that the place was used, that somebody saw him missing. */
static void print_remark(const struct ctl *ctl, json_t *notice)
{
    const char *event = json_string_value(json_object_get(notice, "event"));
    const char *state = json_string_value(json_object_get(json_object_get(notice, "booking"), "state"));

    if (json_is_true(json_object_get(notice, "assumed")))
        fputs(ctl_say(ctl, ", 未收到到诊消息, 按爽约处理", ", nobody reported an arrival: taken for a no-show"),
              ctl->out);
    if (event != NULL && state != NULL && strcmp(event, "EVENT_ARRIVE") == 0 && strcmp(state, "PLACE_CANCELLED") == 0)
        fputs(ctl_say(ctl, ", 提前到院, 号源已退还", ", came before its day: the place is free again"), ctl->out);
}

/* One line without patient data: when, lane, what, which, from whom to whom, which place, attempt, what became of
 * it. */
static void print_line(const struct ctl *ctl, const Referral__Delivery *delivery, json_t *json,
                       const struct decision *decision)
{
    char at[MOMENT_TEXT_SIZE];

    moment_format(at, moment_now());
    fprintf(ctl->out, "%s  ", at);
    width_pad(ctl->out, label_of_number(&referral__priority__descriptor, (int)delivery->lane, ctl->zh),
              ctl->zh ? 4 : 9);
    fputs("  ", ctl->out);
    width_pad(ctl->out, subject_of(ctl, delivery, json), ctl->zh ? 12 : 15);
    fprintf(ctl->out, "  %s", id_of(delivery, json));
    if (delivery->sender != NULL || delivery->receiver != NULL) /* a hospital's own booking has neither */
        fprintf(ctl->out, "  %s -> %s", text_or_empty(delivery->sender), text_or_empty(delivery->receiver));
    print_place(ctl, json_object_get(json, "notice"));
    print_remark(ctl, json_object_get(json, "notice"));
    fprintf(ctl->out, "  #%u", delivery->attempt);
    if (delivery->possibly_redelivered)
        fputs(ctl_say(ctl, " (可能重复)", " (perhaps again)"), ctl->out);
    if (decision->ack)
        fprintf(ctl->out, "  %s\n", ctl_say(ctl, "已确认", "acknowledged"));
    else
        fprintf(ctl->out, "  %s: %s\n", label_of_number(&referral__nack_code__descriptor, (int)decision->code, ctl->zh),
                decision->text);
}

static void print_message(const struct ctl *ctl, const Referral__Delivery *delivery, json_t *json,
                          const struct decision *decision)
{
    if (ctl->json) {
        table_json_line(ctl, json);
        return;
    }
    print_line(ctl, delivery, json, decision);
    if (ctl_has(ctl, "full")) {
        table_record(ctl, payload_descriptor(delivery->kind),
                     json_object_get(json, delivery->kind == REFERRAL__DELIVERY_KIND__NOTICE ? "notice" : "sheet"));
        fputc('\n', ctl->out);
    }
}

static void take(struct listener *listener, const Referral__Delivery *delivery)
{
    const struct ctl *ctl = listener->ctl;
    struct decision decision = {.ack = true};
    json_t *json = payload_of_delivery(delivery);

    if (json == NULL)
        decision = (struct decision){.code = REFERRAL__NACK_CODE__NACK_RETRY, .text = "out of memory"};
    else if (listener->command != NULL)
        decision = run_command(listener, json);
    if (json != NULL && !(ctl->json && listener->command != NULL)) /* then the output is the command's */
        print_message(ctl, delivery, json, &decision);
    json_decref(json);
    if (fflush(ctl->out) != 0 || ferror(ctl->out)) { /* nobody has it: it stays in the inbox */
        listener->stopping = true;
        listener->result = EXIT_BAD_FILE;
        return;
    }
    if (decision.ack)
        referral_ack(listener->client, delivery->delivery_id);
    else
        referral_nack(listener->client, delivery->delivery_id, decision.code, decision.text);
}

static void take_all(struct listener *listener)
{
    Referral__Delivery *delivery;

    while (!listener->stopping && listener->left != 0 &&
           referral_receive(listener->client, 0, &delivery) == REFERRAL_OK) {
        take(listener, delivery);
        referral_delivery_free(delivery);
        listener->heard_ms = progress_clock_ms();
        if (listener->left > 0)
            listener->left--;
    }
}

/* The library reconnects by itself; whoever watches should know. */
static void watch_link(struct listener *listener)
{
    bool connected = referral_link_now(listener->client) == REFERRAL_LINK_READY;

    if (connected == listener->connected)
        return;
    listener->connected = connected;
    ctl_complain(listener->ctl, "%s%s",
                 connected ? ctl_say(listener->ctl, "已重新连接", "connected again")
                           : ctl_say(listener->ctl, "连接中断: ", "connection lost: "),
                 connected
                     ? ""
                     : referral_trouble_text(referral_trouble_now(listener->client), listener->ctl->zh ? "zh" : "en"));
}

static void run(struct listener *listener, int64_t idle_ms)
{
    listener->heard_ms = progress_clock_ms();
    while (!listener->stopping && listener->left != 0) {
        take_all(listener);
        if (listener->stopping || listener->left == 0)
            break;

        int64_t idle = progress_clock_ms() - listener->heard_ms;

        if (idle_ms > 0 && idle >= idle_ms) {
            if (listener->connected)
                break;
            listener->result = EXIT_NO_BROKER; /* whether nothing came, nobody knows */
            return;
        }
        serve(listener, -1, idle_ms > 0 && idle_ms - idle < 500 ? (int)(idle_ms - idle) : 500);
        watch_link(listener);
    }
    referral_flush(listener->client, FLUSH_MS);
}

static int open_signals(void)
{
    sigset_t stop;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

int listen_run(struct ctl *ctl)
{
    struct listener listener = {.ctl = ctl,
                                .command = ctl_option(ctl, "exec"),
                                .signals = -1,
                                .connected = true,
                                .left = -1,
                                .result = EXIT_OK};
    long long credit = listener.command == NULL ? DEFAULT_CREDIT : COMMAND_CREDIT, idle = 0;

    if (!ctl_number(ctl, "count", 1, 1000000000, &listener.left) ||
        !ctl_number(ctl, "credit", 1, LIMIT_CREDIT, &credit) || !ctl_number(ctl, "idle", 1, 1000000, &idle))
        return EXIT_USAGE;
    if (listener.left > 0 && credit > listener.left)
        credit = listener.left; /* few come that nobody wants: those come again, to whoever listens next */
    listener.result = connect_open(ctl, (uint32_t)credit, &listener.client);
    if (listener.result == EXIT_OK) {
        listener.signals = open_signals();
        run(&listener, (int64_t)idle * 1000);
    }
    referral_close(listener.client);
    if (listener.signals >= 0)
        close(listener.signals);
    return listener.result;
}
