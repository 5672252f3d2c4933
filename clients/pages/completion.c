/* completion.c - the tables as "case" branches; what goes through them is the same for every table. */
#include "completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/settings.h"
#include "help.h"
#include "ops_check.h"

/* Finds the verb among the words before the cursor, as referralctl does: two words before one. */
static const char script[] =
    "_referralctl()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} first= verb= at=1 choices\n"
    "    COMPREPLY=()\n"
    "    [[ $word == = ]] && word=\n"
    "    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    while ((at < COMP_CWORD)); do\n"
    "        case ${COMP_WORDS[at]} in\n"
    "        --*)\n"
    "            if [[ ${COMP_WORDS[at+1]} == = ]]; then\n"
    "                ((at += 2))\n"
    "            elif [[ $(_referralctl_value \"$verb\" \"${COMP_WORDS[at]}\") ]]; then\n"
    "                ((at++))\n"
    "            fi ;;\n"
    "        *) if [[ ! $first ]]; then\n"
    "               first=${COMP_WORDS[at]} verb=$first\n"
    "           elif [[ $verb == \"$first\" && $(_referralctl_options \"$first ${COMP_WORDS[at]}\") ]]; then\n"
    "               verb=\"$first ${COMP_WORDS[at]}\"\n"
    "           fi ;;\n"
    "        esac\n"
    "        ((at++))\n"
    "    done\n"
    "    choices=$(_referralctl_value \"$verb\" \"$before\")\n"
    "    if [[ ! $choices ]]; then\n"
    "        if [[ $word == -* ]]; then\n"
    "            choices=$(_referralctl_options \"$verb\")\n"
    "        else\n"
    "            choices=$(_referralctl_words \"$verb\")\n"
    "        fi\n"
    "    fi\n"
    "    case $choices in\n"
    "    @files*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
    "    @folders*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
    "    @*) ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$word\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _referralctl referralctl\n";

/* "EMERGENCY, URGENT" and "zh|en" as words of bash. */
static void print_words(const char *choices)
{
    for (; *choices != '\0'; choices++)
        putchar(*choices == ',' || *choices == '|' ? ' ' : *choices);
}

/* What stands in the place of VALUE: "@files", "@folders", a few words, or "@any". */
static void print_value(const struct verb *verb, const char *value, const char *field)
{
    char *choices = help_choices(verb, field);

    if (strstr(value, "FILE") != NULL)
        printf("@files");
    else if (strchr(value, '|') != NULL)
        print_words(value);
    else if (choices != NULL)
        print_words(choices);
    else if (strcmp(value, "DIR") == 0)
        printf("@folders");
    else
        printf("@any");
    free(choices);
}

static void print_option_values(const char *verb_name, const struct verb *verb, const struct option_info *options)
{
    for (; options != NULL && options->name != NULL; options++)
        if (options->value != NULL) {
            printf("    \"%s:--%s\") echo '", verb_name, options->name);
            print_value(verb, options->value, options->field);
            printf("' ;;\n");
        }
}

static void print_option_names(const struct option_info *options)
{
    for (; options != NULL && options->name != NULL; options++)
        printf(" --%s", options->name);
}

/* What an option is followed by; nothing: it is a flag, or none of this verb's. */
static void print_values(const struct verb *table, size_t count)
{
    printf("_referralctl_value()\n{\n    case $1:$2 in\n");
    for (size_t i = 0; i < count; i++)
        print_option_values(table[i].name, &table[i], table[i].options);
    printf("    *) case :$2 in\n");
    print_option_values("", NULL, global_options());
    printf("    esac ;;\n    esac\n}\n");
}

/* Every option of a verb; nothing: there is no such verb. */
static void print_options(const struct verb *table, size_t count)
{
    printf("_referralctl_options()\n{\n    local every='");
    print_option_names(global_options());
    printf("'\n    case $1 in\n    '') echo \"$every\" ;;\n");
    for (size_t i = 0; i < count; i++) {
        printf("    '%s') echo \"", table[i].name);
        print_option_names(table[i].options);
        printf(" $every\" ;;\n");
    }
    printf("    esac\n}\n");
}

/* The second words of the verbs that begin with `first`. */
static void print_second_words(const struct verb *table, size_t count, const char *first)
{
    size_t length = strlen(first);

    for (size_t i = 0; i < count; i++)
        if (strncmp(table[i].name, first, length) == 0 && table[i].name[length] == ' ')
            printf("%s ", table[i].name + length + 1);
}

static bool is_first_of_its_word(const struct verb *table, size_t index)
{
    size_t length = strcspn(table[index].name, " ");

    for (size_t i = 0; i < index; i++)
        if (strcspn(table[i].name, " ") == length && strncmp(table[i].name, table[index].name, length) == 0)
            return false;
    return true;
}

static void print_first_words(const struct verb *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_first_of_its_word(table, i))
            printf("%.*s ", (int)strcspn(table[i].name, " "), table[i].name);
}

static void print_setting_names(void)
{
    for (enum setting setting = 0; setting < SETTING_COUNT; setting++)
        printf("%s ", setting_info(setting)->name);
}

/* What may follow a verb that is written out; of its arguments, where one is a file or one of a few words. */
static void print_following(const struct verb *table, size_t count, const struct verb *verb)
{
    print_second_words(table, count, verb->name);
    if (strcmp(verb->name, "help") == 0)
        print_first_words(table, count);
    if (strcmp(verb->name, "set") == 0)
        print_setting_names();
    for (size_t i = 0; strcmp(verb->name, "check") == 0 && ops_check_name(i) != NULL; i++)
        printf("%s ", ops_check_name(i));
    for (const struct argument_info *a = verb->arguments; a != NULL && a->name != NULL; a++)
        if (strstr(a->name, "FILE") != NULL || strchr(a->name, '|') != NULL)
            print_value(verb, a->name, a->field);
}

static void print_arguments(const struct verb *table, size_t count)
{
    printf("_referralctl_words()\n{\n    case $1 in\n    '') echo '");
    print_first_words(table, count);
    printf("' ;;\n");
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(table[i].name, " ");

        if (table[i].name[length] == ' ' && is_first_of_its_word(table, i)) {
            char first[64];

            snprintf(first, sizeof first, "%.*s", (int)length, table[i].name);
            printf("    '%s') echo '", first);
            print_second_words(table, count, first);
            printf("' ;;\n");
        }
        printf("    '%s') echo '", table[i].name);
        print_following(table, count, &table[i]);
        printf("' ;;\n");
    }
    printf("    esac\n}\n");
}

void completion_print(void)
{
    size_t count;
    const struct verb *table = verbs(&count);

    printf("# bash completion of referralctl\n\n");
    print_values(table, count);
    print_options(table, count);
    print_arguments(table, count);
    fputs(script, stdout);
}
