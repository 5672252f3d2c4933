/* pages.c - manual pages and completion from the tables the programs run on, so that neither can say anything else.
 *
 *   pages FILE          copies the page in FILE, with a table in the place of each line "@name@"
 *   pages --completion  what bash completes for referralctl
 *   pages --catalog en  the events of the log as a catalogue of journalctl's (or zh) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "completion.h"
#include "connect.h"
#include "daemon.h"
#include "help.h"
#include "ops_check.h"
#include "setting.h"
#include "store/store.h"
#include "sys/config.h"
#include "sys/journal.h"

/* ---- roff ------------------------------------------------------------------------------------------------------------------ */

/* A text as it stands: a dash is one that can be copied into a shell, and nothing is taken for a request. */
static void text(const char *words)
{
    for (const char *at = words; *at != '\0'; at++) {
        bool begins_line = at == words || at[-1] == '\n';

        if (begins_line && (*at == '.' || *at == '\''))
            fputs("\\&", stdout);
        if (*at == '\\')
            fputs("\\e", stdout);
        else if (*at == '-')
            fputs("\\-", stdout);
        else
            putchar(*at);
    }
}

static void in_font(char font, const char *words)
{
    printf("\\f%c", font);
    text(words);
    fputs("\\fR", stdout);
}

/* "name VALUE" above what it means. */
static void item(const char *name, const char *value, const char *meaning)
{
    fputs(".TP\n", stdout);
    in_font('B', name);
    if (value != NULL) {
        putchar(' ');
        in_font('I', value);
    }
    putchar('\n');
    text(meaning);
    putchar('\n');
}

/* What `print` writes for a terminal, line by line. */
static void verbatim(void (*print)(const struct ctl *ctl))
{
    char *words = NULL;
    size_t size;
    struct ctl ctl = {.out = open_memstream(&words, &size), .err = stderr};

    if (ctl.out == NULL)
        exit(EXIT_FAILURE);
    print(&ctl);
    fclose(ctl.out);
    fputs(".EX\n", stdout);
    text(words);
    fputs(".EE\n", stdout);
    free(words);
}

/* ---- The tables ------------------------------------------------------------------------------------------------------------ */

static void arguments(void)
{
#define X(name, value, action, help) item("--" name, value, help);
    ARGUMENTS(X)
#undef X
}

static void exits(void)
{
#define X(name, code, help) item(#code, NULL, help);
    DAEMON_EXITS(X)
#undef X
}

static void keys(void)
{
    struct config_key key;

    for (size_t i = 0; config_key(i, &key); i++) {
        item(key.name, NULL, key.help);
        fputs(".br\n", stdout);
        text(key.range);
        fputs("; default ", stdout);
        text(key.initial[0] == '\0' ? "none" : key.initial);
        putchar('\n');
    }
}

static void options(const struct verb *verb, const struct option_info *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        char name[64], *choices = help_choices(verb, table->field);

        snprintf(name, sizeof name, "--%s", table->name);
        item(name, table->value, table->en);
        if (choices != NULL) {
            fputs(".br\n", stdout);
            text(choices);
            putchar('\n');
        }
        free(choices);
    }
}

static void verb_item(const struct verb *verb)
{
    fputs(".TP\n", stdout);
    in_font('B', verb->name);
    for (const struct argument_info *a = verb->arguments; a != NULL && a->name != NULL; a++) {
        fputs(a->optional ? " [" : " ", stdout);
        in_font('I', a->name);
        fputs(a->optional ? "]" : "", stdout);
    }
    putchar('\n');
    text(verb->en);
    putchar('\n');
    if (verb->options != NULL && verb->options[0].name != NULL) {
        fputs(".RS\n", stdout);
        options(verb, verb->options);
        fputs(".RE\n", stdout);
    }
}

static void verb_table(void)
{
    size_t count;
    const struct verb *table = verbs(&count);

    for (enum verb_group group = 0; group < GROUP_COUNT; group++) {
        printf(".SS %s\n", verb_group_title(group, false));
        for (size_t i = 0; i < count; i++)
            if (table[i].group == group)
                verb_item(&table[i]);
    }
}

static void options_of_all(void)
{
    options(NULL, global_options());
}

static void ctl_exits(void)
{
    size_t count;
    const struct exit_info *codes = exit_codes(&count);

    for (size_t i = 0; i < count; i++) {
        char code[16];

        snprintf(code, sizeof code, "%d", codes[i].code);
        item(code, NULL, codes[i].en);
    }
}

/* "dead_letter (warning)" above what it means. */
static void events(void)
{
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        const struct journal_entry *entry = journal_entry((enum journal_event)i);

        item(entry->name, journal_level_name(entry->level), entry->en);
    }
}

/* See systemd's "Message Catalogs"; the language is in the file's name. */
static void catalog_print(bool is_english)
{
    puts("# The events of referrald, made of its table.");
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        const struct journal_entry *entry = journal_entry((enum journal_event)i);

        printf("\n-- %s\nSubject: %s\nDefined-By: referrald\nDocumentation: man:referrald(8)\n\n%s\n", entry->id,
               entry->name, is_english ? entry->en : entry->zh);
    }
}

static void settings(void)
{
    verbatim(setting_help);
}

static void checks(void)
{
    verbatim(ops_check_help);
}

static void places(void)
{
    verbatim(connect_help);
}

static void schema(void)
{
    printf(".BR %d ,\n", STORE_SCHEMA);
}

static const struct {
    const char *line;
    void (*print)(void);
} tables[] = {
    {"@arguments@\n", arguments},
    {"@exits@\n", exits},
    {"@keys@\n", keys},
    {"@verbs@\n", verb_table},
    {"@options@\n", options_of_all},
    {"@ctl-exits@\n", ctl_exits},
    {"@settings@\n", settings},
    {"@checks@\n", checks},
    {"@events@\n", events},
    {"@places@\n", places},
    {"@schema@\n", schema},
};

/* False: the line asks for a table there is not. */
static bool copy_line(const char *line)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(line, tables[i].line) == 0) {
            tables[i].print();
            return true;
        }
    fputs(line, stdout);
    return line[0] != '@';
}

static bool copy(const char *path)
{
    char line[1024];
    FILE *page = fopen(path, "r");
    bool good = page != NULL;

    while (good && fgets(line, sizeof line, page) != NULL)
        good = copy_line(line);
    if (page != NULL)
        fclose(page);
    return good;
}

int main(int argc, char **argv)
{
    bool good = argc == 2 || (argc == 3 && strcmp(argv[1], "--catalog") == 0);

    if (good && argc == 3)
        catalog_print(strcmp(argv[2], "en") == 0);
    else if (good && strcmp(argv[1], "--completion") == 0)
        completion_print();
    else
        good = good && copy(argv[1]);
    if (!good)
        fprintf(stderr, "pages: takes --completion, --catalog and a language, or a page that can be read and names "
                        "tables that exist\n");
    return good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
