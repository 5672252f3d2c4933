/* sys_crash.c - a word that outlives the process says whether it died of its own fault. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/crash.h"

enum { WHOLE = 1, CRASHED = 2, SETTLED = 3 };

static volatile uint32_t *word; /* shared with the child */

static void set_up(void)
{
    void *page = mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(page, MAP_FAILED);
    word = page;
    *word = WHOLE;
}

TestSuite(crash, .init = set_up);

/* How a child ends that watches the word and then does this: the signal. */
static int dies_of(void (*deed)(void), bool watches)
{
    static const struct rlimit none;
    int status = 0;
    pid_t child = fork();

    cr_assert(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        crash_watch(watches ? word : NULL, WHOLE, CRASHED);
        deed();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* A page of a file that has none there: what a full or broken disk does to a map. */
static void reads_a_page_that_is_not_there(void)
{
    char path[] = "/tmp/referrald-crash.XXXXXX";
    int fd = mkstemp(path);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    unlink(path);
    _exit(page[0]);
}

static void is_sent_a_bus_error(void)
{
    kill(getpid(), SIGBUS);
}

static void leaves(void)
{
}

static void settles_and_aborts(void)
{
    *word = SETTLED;
    abort();
}

Test(crash, d2_a_fault_of_its_own_turns_the_word)
{
    cr_assert_eq(dies_of(abort, true), SIGABRT);
    cr_assert_eq(*word, CRASHED);
}

Test(crash, d2_a_bus_error_that_somebody_sent_counts_as_its_own)
{
    cr_assert_eq(dies_of(is_sent_a_bus_error, true), SIGBUS);
    cr_assert_eq(*word, CRASHED);
}

Test(crash, d2_a_page_that_the_disk_does_not_give_is_nobodys_fault)
{
    cr_assert_eq(dies_of(reads_a_page_that_is_not_there, true), SIGBUS);
    cr_assert_eq(*word, WHOLE);
}

Test(crash, d2_whoever_leaves_in_order_or_says_something_else_changes_nothing)
{
    cr_assert_eq(dies_of(leaves, true), 0);
    cr_assert_eq(*word, WHOLE);
    cr_assert_eq(dies_of(settles_and_aborts, true), SIGABRT);
    cr_assert_eq(*word, SETTLED);
}

Test(crash, d2_where_nothing_is_watched_a_crash_is_a_crash)
{
    crash_watch(NULL, WHOLE, CRASHED);
    cr_assert_eq(dies_of(abort, false), SIGABRT);
    cr_assert_eq(*word, WHOLE);
}
