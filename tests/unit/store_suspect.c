/* store_suspect.c - who was at hand when the process before ended, and how it ended, say who is to be held back
 * (D2). */
#include "store/suspect.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "store_fixture.h"

static struct suspect command(uint8_t number)
{
    struct suspect suspect = {.kind = 20, .institution = "T07"};

    memset(suspect.hash, number, sizeof suspect.hash);
    return suspect;
}

enum ending { KILLED, CRASHED };

/* A process of its own, that ends while this command is at hand (0: none). */
static void die_over(struct fixture *f, uint8_t number, enum ending ending)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct suspect suspect = command(number);

        fixture_open(f);
        if (suspect_watch(f->store) != 0)
            _exit(1);
        if (number != 0)
            suspect_begin(f->store, &suspect);
        if (ending == CRASHED) { /* what a handler does */
            struct suspect_mark mark = suspect_mark(f->store);

            if (*mark.state == mark.at_hand)
                *mark.state = mark.crashed;
        }
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* 0: nobody. */
static uint8_t found(struct fixture *f)
{
    struct suspect suspect;
    uint8_t number = 0;

    fixture_open(f);
    cr_assert_eq(suspect_watch(f->store), 0);
    if (suspect_found(f->store, &suspect)) {
        cr_assert_eq(suspect.kind, 20);
        cr_assert_str_eq(suspect.institution, "T07");
        number = suspect.hash[0];
    }
    return number;
}

static void begin(struct fixture *f)
{
    fixture_init(f);
    fixture_close(f);
}

Test(store_suspect, d2_a_crash_finds_its_command_until_that_is_settled)
{
    struct fixture f;

    begin(&f);
    cr_assert_eq(found(&f), 0);
    fixture_close(&f);
    die_over(&f, 5, CRASHED);
    cr_assert_eq(found(&f), 5);
    fixture_close(&f); /* it ended before anybody noted it */
    cr_assert_eq(found(&f), 5);
    suspect_settled(f.store);
    fixture_close(&f);
    cr_assert_eq(found(&f), 0);
    fixture_fini(&f);
}

Test(store_suspect, d2_a_crash_between_commands_finds_nobody)
{
    struct fixture f;

    begin(&f);
    die_over(&f, 0, CRASHED);
    cr_assert_eq(found(&f), 0);

    struct suspect suspect = command(5);

    suspect_begin(f.store, &suspect);
    suspect_end(f.store);
    fixture_close(&f);
    cr_assert_eq(found(&f), 0);
    fixture_fini(&f);
}

Test(store_suspect, d2_a_kill_finds_its_command_the_second_time)
{
    struct fixture f;

    begin(&f);
    die_over(&f, 5, KILLED);
    die_over(&f, 6, KILLED);
    die_over(&f, 5, KILLED);
    die_over(&f, 0, KILLED);
    die_over(&f, 5, KILLED);
    cr_assert_eq(found(&f), 5);
    fixture_fini(&f);
}

Test(store_suspect, d2_an_orderly_end_forgets_who_was_killed_over_what)
{
    struct fixture f;

    begin(&f);
    die_over(&f, 5, KILLED);
    cr_assert_eq(found(&f), 0);
    fixture_close(&f);
    die_over(&f, 5, KILLED);
    cr_assert_eq(found(&f), 0);
    fixture_fini(&f);
}

Test(store_suspect, d2_a_file_that_says_nothing_is_begun_anew)
{
    struct fixture f;
    char path[160];

    begin(&f);
    snprintf(path, sizeof path, "%s/at-hand", f.directory);

    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    cr_assert_eq(write(fd, "nonsense, and short", 19), 19);
    close(fd);
    cr_assert_eq(found(&f), 0);
    fixture_close(&f);
    die_over(&f, 7, CRASHED);
    cr_assert_eq(found(&f), 7);
    fixture_close(&f);
    fd = open(path, O_WRONLY);
    cr_assert_eq(pwrite(fd, "\3", 1, 4), 1, "a state that there is not");
    close(fd);
    cr_assert_eq(found(&f), 0);
    fixture_fini(&f);
}

Test(store_suspect, d2_without_a_watch_nothing_is_marked)
{
    struct fixture f;
    struct suspect suspect = command(5);

    fixture_init(&f);
    suspect_begin(f.store, &suspect);
    suspect_end(f.store);
    cr_assert(!suspect_found(f.store, &suspect));
    cr_assert_null(suspect_mark(f.store).state);
    suspect_settled(f.store);
    fixture_fini(&f);
}
