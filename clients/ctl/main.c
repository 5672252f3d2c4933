/* main.c - options, language, and on to the verb. */
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "help.h"
#include "options.h"

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

/* P1: what a command line says of a patient does not stay in the list of processes. The verb's name does. */
static char **take_words(int argc, char **argv)
{
    char **words = calloc((size_t)argc + 1, sizeof *words);

    for (int i = 0; words != NULL && i < argc; i++) {
        words[i] = strdup(strcmp(argv[i], "-h") == 0 ? "--help" : argv[i]);
        if (words[i] == NULL)
            return NULL;
        if (i > 1)
            memset(argv[i], ' ', strlen(argv[i]));
    }
    return words;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.zh = locale_is_chinese(), .progress = isatty(STDERR_FILENO), .out = stdout, .err = stderr};
    char **words = take_words(argc, argv);
    int result = EXIT_USAGE;

    signal(SIGPIPE, SIG_IGN);
    if (words == NULL || sodium_init() < 0)
        return EXIT_BAD_FILE;
    if (!options_parse(&ctl, argc, words))
        goto out;
    if (ctl_has(&ctl, "version"))
        printf("referralctl %s\n", REFERRALD_VERSION);
    else if (ctl.verb == NULL || ctl_has(&ctl, "help"))
        help_print(&ctl, ctl.verb);
    else {
        result = ctl.verb->run(&ctl);
        goto out;
    }
    result = ctl.verb == NULL && !ctl_has(&ctl, "help") && !ctl_has(&ctl, "version") ? EXIT_USAGE : EXIT_OK;
out:
    for (int i = 0; i < argc; i++)
        free(words[i]);
    free(words);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return result;
    ctl_complain(&ctl, "%s", ctl_say(&ctl, "输出无法写入", "the output cannot be written"));
    return EXIT_BAD_FILE;
}
