/* sys_journal.c - one event is one line of key=value. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "sys/journal.h"

static void set_up(void)
{
    cr_redirect_stderr();
    unsetenv("JOURNAL_STREAM");
}

TestSuite(journal, .init = set_up);

static void check_stderr(const char *expected)
{
    fflush(stderr);
    cr_assert_stderr_eq_str(expected);
}

Test(journal, a_line_is_level_event_and_a_sentence)
{
    journal_open(LOG_LEVEL_INFO);
    journal(LOG_LEVEL_ERROR, "key_refused", "the \"key\" of %s is over\\", "H1");
    check_stderr("level=error event=key_refused message=\"the \\\"key\\\" of H1 is over\\\\\"\n");
}

Test(journal, a_text_of_fields_stands_as_it_is)
{
    journal_open(LOG_LEVEL_INFO);
    journal(LOG_LEVEL_INFO, "ready", "endpoint=%s store=bd", "tcp://127.0.0.1:43211");
    check_stderr("level=info event=ready endpoint=tcp://127.0.0.1:43211 store=bd\n");
}

Test(journal, control_characters_never_break_a_line)
{
    journal_open(LOG_LEVEL_INFO);
    journal(LOG_LEVEL_WARNING, "odd", "a\nb\rc\x1b[31md");
    check_stderr("level=warning event=odd message=\"a b c [31md\"\n");
}

Test(journal, a_line_less_important_than_the_level_is_not_written)
{
    journal_open(LOG_LEVEL_WARNING);
    journal(LOG_LEVEL_INFO, "quiet", "no");
    journal_set_level(LOG_LEVEL_DEBUG);
    journal(LOG_LEVEL_DEBUG, "loud", "yes");
    check_stderr("level=debug event=loud message=\"yes\"\n");
}

Test(journal, an_inherited_stream_of_another_process_is_not_the_journal)
{
    setenv("JOURNAL_STREAM", "1:1", 1);
    journal_open(LOG_LEVEL_INFO);
    journal(LOG_LEVEL_INFO, "here", "on stderr");
    check_stderr("level=info event=here message=\"on stderr\"\n");
}

Test(journal, levels_have_names)
{
    enum log_level level = LOG_LEVEL_ERROR;
    cr_assert(journal_level_parse("debug", &level));
    cr_assert_eq(level, LOG_LEVEL_DEBUG);
    cr_assert_not(journal_level_parse("loud", &level));
    cr_assert_not(journal_level_parse("", &level));
}
