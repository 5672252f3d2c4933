/* main.c - options, language, and on to the verb. */
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "handlers.h"
#include "help.h"
#include "options.h"
#include "sys/standard.h"

/* Texts are UTF-8, whatever the locale says; the width of characters must be known to the tables. */
static bool locale_is_chinese(void)
{
    static const char *const variables[] = {"REFERRALD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};

    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* JSON */
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

/* The few short forms that people expect. */
static const char *long_form(const char *word)
{
    if (strcmp(word, "-h") == 0)
        return "--help";
    return strcmp(word, "-o") == 0 ? "--output" : word;
}

/* P1: what a command line says of a patient does not stay in the list of processes. The verb's name does. */
static bool take_words(int argc, char **argv, char **ret_words)
{
    for (int i = 0; i < argc; i++) {
        ret_words[i] = strdup(long_form(argv[i]));
        if (ret_words[i] == NULL)
            return false;
        if (i > 1 || argv[i][0] == '-')
            memset(argv[i], ' ', strlen(argv[i]));
    }
    return true;
}

static void free_words(int argc, char **words)
{
    for (int i = 0; words != NULL && i < argc; i++)
        free(words[i]);
    free(words);
}

static int run(struct ctl *ctl)
{
    if (ctl_has(ctl, "version")) {
        fprintf(ctl->out, "referralctl %s\n", REFERRALD_VERSION);
        return EXIT_OK;
    }
    if (ctl->verb != NULL && !ctl_has(ctl, "help"))
        return ctl->verb->run(ctl);
    help_print(ctl, ctl->verb);
    return ctl_has(ctl, "help") ? EXIT_OK : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (standard_hold() < 0)
        return EXIT_BAD_FILE;

    struct ctl ctl = {.zh = locale_is_chinese(), .progress = isatty(STDERR_FILENO), .out = stdout, .err = stderr};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    int result = EXIT_USAGE;

    signal(SIGPIPE, SIG_IGN);
    setenv("TZ", "CST-8", 0); /* China's, as for institutions that name none; a server's own is often UTC */
    if (words == NULL || !take_words(argc, argv, words) || sodium_init() < 0) {
        result = EXIT_BAD_FILE;
        goto out;
    }
    if (options_parse(&ctl, argc, words))
        result = run(&ctl);
    else if (ctl.verb != NULL && ctl.verb->run == ops_check_run)
        result = CHECK_UNKNOWN;
out:
    free_words(argc, words);
    return ctl_end(&ctl, result);
}
