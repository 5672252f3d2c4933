/* main.c - the demonstration's morning: appointments open at 07:00, and the reserve is kept. Called by run.sh for a
 * folder that prepare.sh has filled for test time, with its broker running. */
#include "morning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "acts.h"
#include "cast.h"
#include "desk.h"
#include "picture.h"
#include "sessions.h"

#define CHECK_INDENT 5

void morning_title(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell_title(format, arguments);
    va_end(arguments);
}

void morning_say(const struct morning *morning, const char *format, ...)
{
    char now[TEST_CLOCK_TEXT_SIZE];
    va_list arguments;
    test_clock_text(morning->clock.now_ms, now);
    printf("  %s  ", now);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

bool morning_check(struct morning *morning, bool holds, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell_check(CHECK_INDENT, holds, format, arguments);
    va_end(arguments);
    morning->checks++;
    morning->failed += !holds;
    return holds;
}

static bool open_morning(struct morning *morning)
{
    char server_key[512];
    snprintf(server_key, sizeof server_key, "%s/keys/server.pub", morning->folder);
    snprintf(morning->clock.path, sizeof morning->clock.path, "%s/clock", morning->folder);
    if (referral_key_load_public(server_key, morning->server_key) != 0) {
        fprintf(stderr, "%s holds no server key\n", server_key);
        return false;
    }
    return cast_read(morning);
}

/* A connection takes some descriptors; a hundred of them more than a shell gives. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool play(struct morning *morning)
{
    if (!open_morning(morning) || !desks_open(morning) || !sessions_look(morning, 2, &morning->tomorrow)) {
        fprintf(stderr, "not all desks are connected\n");
        return false;
    }
    cast_patients(morning);
    act_monday(morning);
    act_rush(morning);
    act_cancellations(morning);
    act_doctor_ill(morning);
    act_release(morning);
    act_the_day(morning);
    desks_close(morning);
    return morning->failed == 0 && morning->checks > 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: referral-morning FOLDER ADDRESS\n");
        return 2;
    }
    raise_limits();
    struct morning *morning = calloc(1, sizeof *morning);
    if (morning == NULL)
        return 1;
    morning->folder = argv[1];
    morning->address = argv[2];
    bool good = play(morning);
    free(morning);
    return good ? 0 : 1;
}
