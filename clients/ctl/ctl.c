/* ctl.c - what every part asks of the run. */
#include "ctl.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *ctl_say(const struct ctl *ctl, const char *zh, const char *en)
{
    return ctl->zh ? zh : en;
}

void ctl_complain(const struct ctl *ctl, const char *format, ...)
{
    fflush(ctl->out);
    fputs("referralctl: ", ctl->err);

    va_list arguments;

    va_start(arguments, format);
    vfprintf(ctl->err, format, arguments);
    va_end(arguments);
    fputc('\n', ctl->err);
}

/* "referralctl list | head": whoever reads has had enough, and need not be told. */
static bool reader_has_gone(const struct ctl *ctl)
{
    struct pollfd out = {.fd = fileno(ctl->out)};

    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int ctl_end(const struct ctl *ctl, int result)
{
    if (fflush(ctl->out) == 0 && !ferror(ctl->out))
        return result;
    if (!reader_has_gone(ctl))
        ctl_complain(ctl, "%s", ctl_say(ctl, "输出无法写入", "the output cannot be written"));
    return EXIT_BAD_FILE;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    for (size_t i = ctl->given_count; i > 0; i--)
        if (strcmp(ctl->given[i - 1].option->name, name) == 0)
            return ctl->given[i - 1].text;
    return NULL;
}

bool ctl_has(const struct ctl *ctl, const char *name)
{
    return ctl_option(ctl, name) != NULL;
}

void ctl_give(struct ctl *ctl, const char *name, const char *text)
{
    const struct option_info *option = option_find(ctl->verb, name);

    assert(option != NULL && ctl->given_count < GIVEN_MAX);
    ctl->given[ctl->given_count++] = (struct given){.option = option, .text = text};
}

bool ctl_number(const struct ctl *ctl, const char *name, long long min, long long max, long long *ret)
{
    const char *text = ctl_option(ctl, name);
    char *end;

    if (text == NULL)
        return true;
    errno = 0;

    long long number = strtoll(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || number < min || number > max) {
        ctl_complain(ctl, ctl_say(ctl, "--%s 应为 %lld 至 %lld 的整数", "--%s must be a number from %lld to %lld"),
                     name, min, max);
        return false;
    }
    *ret = number;
    return true;
}
