/* sys_journal.c - one event is one line of key=value, at its pace; and the catalogue of events is one that journalctl
 * can read. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/journal.h"

static void set_up(void)
{
    cr_redirect_stderr();
    unsetenv("JOURNAL_STREAM");
}

TestSuite(journal, .init = set_up);

/* "time=2026-11-22T01:10:45.123Z " before each line. */
static void check_stderr(const char *expected)
{
    char line[2048];
    FILE *said = cr_get_redirected_stderr();

    fflush(stderr);
    while (*expected != '\0') {
        size_t length = strcspn(expected, "\n") + 1, used = strlen("time=0000-00-00T00:00:00.000Z ");
        struct tm tm;

        cr_assert_not_null(fgets(line, sizeof line, said));
        cr_assert_not_null(strptime(line, "time=%Y-%m-%dT%H:%M:%S", &tm), "%s", line);
        cr_assert_eq(strlen(line), used + length, "%s", line);
        cr_assert(memcmp(line + used, expected, length) == 0, "%s", line);
        expected += length;
    }
}

Test(journal, a_line_is_level_event_and_a_sentence)
{
    journal_open(LOG_LEVEL_INFO);
    journal(JOURNAL_start_refused, "the \"key\" of %s is over\\", "H1");
    check_stderr("level=error event=start_refused message=\"the \\\"key\\\" of H1 is over\\\\\"\n");
}

Test(journal, a_text_of_fields_stands_as_it_is)
{
    journal_open(LOG_LEVEL_INFO);
    journal(JOURNAL_ready, "endpoint=%s store=bd", "tcp://127.0.0.1:43211");
    check_stderr("level=info event=ready endpoint=tcp://127.0.0.1:43211 store=bd\n");
}

Test(journal, what_a_line_is_about_stands_before_its_text)
{
    static const uint8_t key[JOURNAL_KEY_SIZE] = {0xab, 0xcd};
    struct journal_about about = {.institution = "H1", .referral_id = "bd-t5k2ab-4711-3", .message_key = key};

    journal_open(LOG_LEVEL_DEBUG);
    journal_about(&about, JOURNAL_command, "kind=SUBMIT code=ok");
    about = (struct journal_about){.institution = "T07"};
    journal_about(&about, JOURNAL_session_begun, "hello");
    check_stderr("level=debug event=command institution=H1 referral_id=bd-t5k2ab-4711-3 "
                 "message_key=abcd0000000000000000000000000000 kind=SUBMIT code=ok\n"
                 "level=info event=session_begun institution=T07 message=\"hello\"\n");
}

Test(journal, control_characters_never_break_a_line)
{
    journal_open(LOG_LEVEL_INFO);
    journal(JOURNAL_time_held, "a\nb\rc\x1b[31md");
    check_stderr("level=warning event=time_held message=\"a b c [31md\"\n");
}

Test(journal, a_line_less_important_than_the_level_is_not_written)
{
    journal_open(LOG_LEVEL_WARNING);
    cr_assert_not(journal_wants(JOURNAL_stopped));
    journal(JOURNAL_stopped, "no");
    journal_set_level(LOG_LEVEL_DEBUG);
    cr_assert(journal_wants(JOURNAL_command));
    journal(JOURNAL_command, "yes");
    check_stderr("level=debug event=command message=\"yes\"\n");
}

/* Who reads our lines may stand still; a write that waits for that ends this test by its alarm. */
Test(journal, a_line_that_nobody_takes_stops_nobody_and_is_counted)
{
    static char page[4096];
    int ends[2];
    ssize_t got;

    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], page, sizeof page) > 0) {
    }
    cr_assert_eq(fcntl(ends[1], F_SETFL, 0), 0);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    alarm(10);
    journal_open(LOG_LEVEL_INFO);
    journal(JOURNAL_start_refused, "nobody hears");
    journal_report();
    while (read(ends[0], page, sizeof page) > 0) {
    }
    journal_report();
    got = read(ends[0], page, sizeof page - 1);
    cr_assert(got > 0);
    page[got] = '\0';
    cr_assert_not_null(strstr(page, " event=suppressed of=start_refused lines=1\n"), "%s", page);
}

Test(journal, beyond_its_pace_lines_are_counted_and_told_once)
{
    char expected[4096] = "";

    journal_open(LOG_LEVEL_INFO);
    for (int i = 0; i < 10 * JOURNAL_BURST; i++)
        journal(JOURNAL_key_refused, "key=ab");
    journal(JOURNAL_session_lost, "why=silent"); /* another event has a pace of its own */
    journal_report();
    journal_report();
    fflush(stderr);

    FILE *log = cr_get_redirected_stderr();
    size_t lines = 0, told = 0;

    while (fgets(expected, sizeof expected, log) != NULL) {
        lines += strstr(expected, "event=key_refused") != NULL;
        told += strstr(expected, "event=suppressed of=key_refused lines=") != NULL;
    }
    cr_assert(lines >= JOURNAL_BURST && lines < 2 * JOURNAL_BURST, "%zu lines", lines);
    cr_assert_eq(told, 1);
}

Test(journal, an_inherited_stream_of_another_process_is_not_the_journal)
{
    setenv("JOURNAL_STREAM", "not a stream", 1);
    journal_open(LOG_LEVEL_INFO);
    setenv("JOURNAL_STREAM", "1:1", 1);
    journal_open(LOG_LEVEL_INFO);

    struct stat status;
    char beside[64]; /* another file of the same device */

    cr_assert_eq(fstat(STDERR_FILENO, &status), 0);
    snprintf(beside, sizeof beside, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino + 1);
    setenv("JOURNAL_STREAM", beside, 1);
    journal_open(LOG_LEVEL_INFO);
    journal(JOURNAL_stopping, "on stderr");
    check_stderr("level=info event=stopping message=\"on stderr\"\n");
}

Test(journal, levels_have_names)
{
    enum log_level level = LOG_LEVEL_ERROR;
    cr_assert(journal_level_parse("debug", &level));
    cr_assert_eq(level, LOG_LEVEL_DEBUG);
    cr_assert_not(journal_level_parse("loud", &level));
    cr_assert_not(journal_level_parse("", &level));
}

static bool is_message_id(const char *id)
{
    size_t digits = strspn(id, "0123456789abcdef");

    return digits == 32 && id[digits] == '\0';
}

Test(journal, p4_each_event_has_an_id_of_its_own_and_both_texts)
{
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        const struct journal_entry *entry = journal_entry((enum journal_event)i);

        cr_assert(is_message_id(entry->id), "%s", entry->name);
        cr_assert_gt(strlen(entry->en), 10, "%s", entry->name);
        cr_assert((uint8_t)entry->zh[0] >= 0x80, "%s begins in Chinese", entry->name);
        for (int j = 0; j < i; j++) {
            cr_assert_str_neq(entry->id, journal_entry((enum journal_event)j)->id);
            cr_assert_str_neq(entry->name, journal_entry((enum journal_event)j)->name);
        }
    }
}

/* Whoever filters by MESSAGE_ID relies on it: these were given to the world. */
Test(journal, message_ids_are_for_ever)
{
    cr_assert_str_eq(journal_entry(JOURNAL_ready)->id, "e5d5bcaeb6564bda94f806f177c1da5c");
    cr_assert_str_eq(journal_entry(JOURNAL_dead_letter)->id, "7091d669860646dd906283c3ede6b3a3");
    cr_assert_str_eq(journal_entry(JOURNAL_alarm_raised)->id, "868ac92b3c5544fba7d8e7b07c6dfe5e");
    cr_assert_str_eq(journal_entry(JOURNAL_suppressed)->id, "e87fd43ed4344d218425b2e63d82182d");
}
