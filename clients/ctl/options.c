/* options.c - parses argv against the table of verbs. */
#include "options.h"

#include <string.h>

#include "help.h"
#include "print_path.h"

/* "--name=value" or "--name" at argv[*at]; moves *at over a value that stands apart. */
static bool take_option(struct ctl *ctl, const struct verb *verb, int argc, char **argv, int *at)
{
    const char *word = argv[*at] + 2, *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    char name[48];

    snprintf(name, sizeof name, "%.*s", (int)length, word); /* a longer one than any of ours stays none of ours */

    const struct option_info *option = option_find(verb, name);

    if (option == NULL) {
        ctl_complain(ctl,
                     ctl_say(ctl, "没有选项 --%.*s, 请看 referralctl%s%s --help",
                             "there is no option --%.*s: see referralctl%s%s --help"),
                     (int)length, word, verb == NULL ? "" : " ", verb == NULL ? "" : verb->name);
        return false;
    }
    if (option->value == NULL && equals != NULL) {
        ctl_complain(ctl, ctl_say(ctl, "选项 --%s 不带值", "option --%s takes no value"), name);
        return false;
    }
    if (option->value != NULL && equals == NULL && *at + 1 >= argc) {
        ctl_complain(ctl, ctl_say(ctl, "选项 --%s 缺少值", "option --%s needs a value"), name);
        return false;
    }
    if (ctl->given_count == OPTIONS_MAX) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "选项过多", "too many options"));
        return false;
    }
    ctl->given[ctl->given_count++] = (struct given){
        .option = option,
        .text = option->value == NULL ? ""
                : equals != NULL      ? equals + 1
                                      : argv[++*at],
    };
    return true;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] == '-' && word[2] != '\0';
}

/* The first words that are no options: where the verb stands. Options before it can only be those of every verb. */
static void find_verb(struct ctl *ctl, int argc, char **argv, int *ret_at, size_t *ret_words)
{
    int at = 1;

    while (at < argc && is_option(argv[at])) {
        const struct option_info *option = option_find(NULL, argv[at] + 2);

        at += option != NULL && option->value != NULL ? 2 : 1;
    }
    *ret_at = at;
    *ret_words = 0;
    if (at < argc)
        ctl->verb = verb_find((const char *const *)&argv[at], ret_words);
}

static bool take_argument(struct ctl *ctl, size_t *count, const char *word)
{
    if (*count + 1 >= ARGUMENTS_MAX) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "参数过多", "too many arguments"));
        return false;
    }
    ctl->arguments[(*count)++] = word;
    return true;
}

/* As many as the verb wants? `help` and the like look at their own. */
static bool check_arguments(const struct ctl *ctl, size_t count)
{
    size_t least = 0, most = 0;
    const struct argument_info *wanted = ctl->verb->arguments;

    for (; wanted != NULL && wanted[most].name != NULL; most++)
        least += !wanted[most].optional;
    if (count < least) {
        ctl_complain(ctl, ctl_say(ctl, "%s: 缺少参数 %s", "%s: argument %s is missing"), ctl->verb->name,
                     wanted[count].name);
        help_usage(ctl, ctl->verb, ctl->err);
        return false;
    }
    if (count > most) {
        ctl_complain(ctl, ctl_say(ctl, "%s: 多余的参数", "%s: too many arguments"), ctl->verb->name);
        help_usage(ctl, ctl->verb, ctl->err);
        return false;
    }
    return true;
}

/* Names the verb that was probably meant. */
static void complain_of_verb(const struct ctl *ctl, const char *word)
{
    const struct verb *likely = verb_like(word);

    if (likely != NULL)
        ctl_complain(ctl, ctl_say(ctl, "没有命令“%s”, 是否指 %s?", "there is no verb '%s': did you mean %s?"), word,
                     likely->name);
    else
        ctl_complain(
            ctl, ctl_say(ctl, "没有命令“%s”, 请看 referralctl --help", "there is no verb '%s': see referralctl --help"),
            word);
}

/* "show sesions", "dead rpelay H1": the first word alone is a verb, and what follows is neither an id nor a file. */
static bool check_second_word(const struct ctl *ctl)
{
    const char *word = ctl->arguments[0];
    const struct verb *likely = word == NULL ? NULL : verb_like_second(ctl->verb, word);

    if (likely == NULL)
        return true;
    ctl_complain(ctl, ctl_say(ctl, "没有命令“%s %s”, 是否指 %s?", "there is no verb '%s %s': did you mean %s?"),
                 ctl->verb->name, word, likely->name);
    return false;
}

static bool take_language(struct ctl *ctl)
{
    const char *lang = ctl_option(ctl, "lang");

    if (lang == NULL)
        return true;
    ctl->zh = strncmp(lang, "zh", 2) == 0;
    if (!ctl->zh && strncmp(lang, "en", 2) != 0) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "--lang 应为 zh 或 en", "--lang must be zh or en"));
        return false;
    }
    return true;
}

/* Of the verbs that have no forms of their own: these look at theirs. */
static bool take_output(struct ctl *ctl)
{
    const char *output = ctl_option(ctl, "output");

    if (output == NULL || option_find(ctl->verb, "output") != option_find(NULL, "output"))
        return true;
    ctl->json = ctl->json || strcmp(output, "json") == 0;
    if (ctl->json || strcmp(output, "table") == 0)
        return true;
    ctl_complain(ctl, "%s", ctl_say(ctl, "--output 应为 table 或 json", "--output must be table or json"));
    return false;
}

bool options_parse(struct ctl *ctl, int argc, char **argv)
{
    int verb_at;
    size_t verb_words, count = 0;
    bool ended = false;

    find_verb(ctl, argc, argv, &verb_at, &verb_words);
    for (int at = 1; at < argc; at++) {
        if (ctl->verb != NULL && at == verb_at) {
            at += (int)verb_words - 1;
        } else if (!ended && strcmp(argv[at], "--") == 0) {
            ended = true;
        } else if (!ended && is_option(argv[at])) {
            if (!take_option(ctl, ctl->verb, argc, argv, &at))
                return false;
        } else if (!take_argument(ctl, &count, argv[at])) {
            return false;
        }
    }
    ctl->print = ctl_option(ctl, "print");
    ctl->json = ctl_has(ctl, "json") || ctl->print != NULL;
    ctl->progress = ctl->progress || ctl_has(ctl, "progress");
    if (!take_language(ctl) || !take_output(ctl))
        return false;
    if (ctl->verb == NULL && count != 0) {
        complain_of_verb(ctl, ctl->arguments[0]);
        return false;
    }
    return ctl->verb == NULL || ctl_has(ctl, "help") ||
           (check_second_word(ctl) && check_arguments(ctl, count) && print_path_check(ctl));
}
