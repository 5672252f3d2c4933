/* prompt.c - reads the keyboard without the C library's buffer: what is typed ahead must stay visible to poll(2). */
#include "prompt.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "progress.h"

#define SERVE_MS 500 /* the connection wants to be heard */

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int prompt_open(struct prompt *prompt, const struct ctl *ctl, struct referral_client *client)
{
    sigset_t stop;

    *prompt = (struct prompt){
        .ctl = ctl, .client = client, .signals = -1, .terminal = isatty(STDIN_FILENO) && isatty(fileno(ctl->err))};
    stop_signals(&stop);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    prompt->signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (prompt->signals >= 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s", strerror(errno));
    return EXIT_BAD_FILE;
}

/* On a terminal keys come one by one and are not echoed; Ctrl-C stays a signal. */
static void want_keys(struct prompt *prompt, bool wanted)
{
    struct termios raw;

    if (!prompt->terminal || prompt->keys == wanted)
        return;
    prompt->keys = wanted;
    if (!wanted) {
        tcsetattr(STDIN_FILENO, TCSANOW, &prompt->saved);
        return;
    }
    if (tcgetattr(STDIN_FILENO, &prompt->saved) != 0) {
        prompt->keys = false;
        return;
    }
    raw = prompt->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void end_line(struct prompt *prompt)
{
    if (prompt->drawn)
        fputc('\n', prompt->ctl->err);
    prompt->drawn = false;
}

void prompt_close(struct prompt *prompt)
{
    end_line(prompt);
    want_keys(prompt, false);
    if (prompt->signals >= 0)
        close(prompt->signals);
}

void prompt_draw(struct prompt *prompt, const char *line)
{
    FILE *err = prompt->ctl->err;

    want_keys(prompt, true); /* nothing that is typed from now on may spoil the line */
    if (prompt->terminal)    /* cut at the margin: a line that wraps could not be rewritten */
        fprintf(err, "\r\033[?7l%s\033[K\033[?7h", line);
    else if (!prompt->drawn)
        fputs(line, err);
    prompt->drawn = true;
    fflush(err);
}

void prompt_say(struct prompt *prompt, const char *format, ...)
{
    va_list arguments;

    end_line(prompt);
    va_start(arguments, format);
    vfprintf(prompt->ctl->err, format, arguments);
    va_end(arguments);
    fputc('\n', prompt->ctl->err);
    fflush(prompt->ctl->err);
}

/* Until there is something to read, or the time is up. PROMPT_STOPPED, PROMPT_NOTHING, or 1: there is. */
static int wait_for_input(struct prompt *prompt, int64_t until_ms)
{
    struct signalfd_siginfo info;

    while (!prompt->stopped) {
        int64_t left = until_ms < 0 ? SERVE_MS : until_ms - progress_clock_ms();
        struct pollfd polls[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = prompt->signals, .events = POLLIN},
                                 {.fd = referral_fd(prompt->client), .events = POLLIN}};

        if (left < 0)
            return PROMPT_NOTHING;
        poll(polls, 3, left < SERVE_MS ? (int)left : SERVE_MS);
        referral_process(prompt->client);
        if (polls[1].revents != 0 && read(prompt->signals, &info, sizeof info) > 0)
            prompt->stopped = true;
        else if (polls[0].revents != 0)
            return 1;
    }
    return PROMPT_STOPPED;
}

bool prompt_wait(struct prompt *prompt, int64_t until_ms)
{
    struct signalfd_siginfo info;
    int64_t left;

    while (!prompt->stopped && (left = until_ms - progress_clock_ms()) > 0) {
        struct pollfd polls[] = {{.fd = prompt->signals, .events = POLLIN},
                                 {.fd = referral_fd(prompt->client), .events = POLLIN}};

        poll(polls, 2, left < SERVE_MS ? (int)left : SERVE_MS);
        referral_process(prompt->client);
        prompt->stopped = polls[0].revents != 0 && read(prompt->signals, &info, sizeof info) > 0;
    }
    return !prompt->stopped;
}

/* One character; PROMPT_STOPPED at the end of the input. */
static int read_character(struct prompt *prompt, int64_t until_ms)
{
    int waited = wait_for_input(prompt, until_ms);
    char character;

    if (waited != 1)
        return waited;
    if (read(STDIN_FILENO, &character, 1) == 1)
        return (unsigned char)character;
    prompt->stopped = true;
    return PROMPT_STOPPED;
}

bool prompt_line(struct prompt *prompt, const char *question, char *out, size_t size)
{
    size_t used = 0;
    int character;

    end_line(prompt);
    want_keys(prompt, false);
    fputs(question, prompt->ctl->err);
    fflush(prompt->ctl->err);
    while ((character = read_character(prompt, -1)) > 0 && character != '\n')
        if (used + 1 < size)
            out[used++] = (char)character;
    out[used] = '\0';
    if (character <= 0 || !prompt->terminal)
        fputc('\n', prompt->ctl->err);
    return character > 0;
}

bool prompt_hidden(struct prompt *prompt, const char *question, char *out, size_t size)
{
    struct termios saved, hidden;
    bool is_hidden = prompt->terminal && tcgetattr(STDIN_FILENO, &saved) == 0;
    bool answered;

    if (is_hidden) {
        hidden = saved;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        hidden.c_lflag |= ECHONL;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    answered = prompt_line(prompt, question, out, size);
    if (is_hidden)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    return answered;
}

/* "c", "C" or "1" is the first of "cag". */
static int key_of(const char *keys, int character)
{
    const char *found = strchr(keys, tolower(character));

    if (found != NULL)
        return *found;
    return character >= '1' && (size_t)(character - '1') < strlen(keys) ? keys[character - '1'] : PROMPT_NOTHING;
}

int prompt_key(struct prompt *prompt, const char *keys, int timeout_ms)
{
    int64_t until_ms = timeout_ms < 0 ? -1 : progress_clock_ms() + timeout_ms;
    int character, key = PROMPT_NOTHING;

    want_keys(prompt, true);
    while (key == PROMPT_NOTHING && (character = read_character(prompt, until_ms)) != PROMPT_NOTHING)
        key = character == PROMPT_STOPPED ? PROMPT_STOPPED : key_of(keys, character);
    if (key != PROMPT_NOTHING)
        end_line(prompt);
    return key;
}
