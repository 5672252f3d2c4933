/* crash.c - the handlers do nothing but turn the word, and let the signal go on as if they were not there. */
#include "sys/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#define STACK_BYTES 65536 /* a fault may be that there is no stack left */

static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

/* A handler is given nothing but the signal's number. */
static struct {
    volatile uint32_t *word;
    uint32_t from, to;
    struct sigaction before[SIGNAL_COUNT]; /* a sanitizer's, or none */
} watched;

/* A mapped page that the disk does not give, or broken memory, is nothing that anybody's bytes could bring about. A
 * SIGBUS that somebody sent counts as ours. */
static bool is_machines_fault(int number, const siginfo_t *info)
{
    return number == SIGBUS &&
           (info->si_code == BUS_ADRERR || info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (*watched.word == watched.from && !is_machines_fault(number, info))
        *watched.word = watched.to;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (signals[i] == number)
            sigaction(number, &watched.before[i], NULL);
    raise(number);
}

void crash_watch(volatile uint32_t *word, uint32_t from, uint32_t to)
{
    static char stack[STACK_BYTES];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    const struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
    if (!word)
        return;
    watched.word = word;
    watched.from = from;
    watched.to = to;
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &action, &watched.before[i]);
}
