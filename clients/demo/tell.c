/* tell.c - see tell.h. */
#include "tell.h"

#include <stdio.h>
#include <unistd.h>

bool tell_in_colour(void)
{
    return isatty(STDOUT_FILENO);
}

int tell_columns(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++) {
        bool is_lead = ((unsigned char)*text & 0xC0) == 0xC0, is_tail = ((unsigned char)*text & 0xC0) == 0x80;
        count += is_lead ? 2 : !is_tail;
    }
    return count;
}

void tell_title(const char *format, va_list arguments)
{
    fputs(tell_in_colour() ? "\n\033[1m" : "\n", stdout);
    vprintf(format, arguments);
    fputs(tell_in_colour() ? "\033[0m\n" : "\n", stdout);
    fflush(stdout);
}

bool tell_check(int indent, bool holds, const char *format, va_list arguments)
{
    const char *mark = holds ? "  ok   " : "  FAIL ";
    if (tell_in_colour())
        mark = holds ? "  \033[32mok\033[0m   " : "  \033[31mFAIL\033[0m ";
    printf("%*s%s", indent, "", mark);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    return holds;
}
