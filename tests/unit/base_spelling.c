/* base_spelling.c - the word that was probably meant. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/spelling.h"

static const char *meant(const char *word)
{
    static const char *const known[] = {"list", "last", "acknowledge", "window", "log_level", "start", "status"};
    const char *found = NULL;
    struct spelling spelling;
    spelling_init(&spelling, word);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (spelling_is_nearer(&spelling, known[i], strlen(known[i])))
            found = known[i];
    return found ? found : "";
}

Test(spelling, the_nearest_word_is_found_and_the_first_of_equals)
{
    static const struct {
        const char *typed, *meant;
    } rows[] = {
        {"list", "list"},
        {"last", "last"},
        {"lst", "list"},
        {"lists", "list"},
        {"acknoledg", "acknowledge"},
        {"windows", "window"},
        {"loglevel", "log_level"},
        {"log-level", "log_level"},
        {"wimdow", "window"},
        {"stauts", "status"}, /* two letters swapped are one slip: "start" is two away */
        {"sattus", "status"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_str_eq(meant(rows[i].typed), rows[i].meant, "%s", rows[i].typed);
}

Test(spelling, what_is_far_from_all_is_none_of_them)
{
    static const char *const rows[] = {"", "x", "store_directory", "wwwwwww"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_str_eq(meant(rows[i]), "", "%s", rows[i]);
}

Test(spelling, a_word_of_any_length_is_safe)
{
    char word[2 * SPELLING_WORD_MAX + 1];
    for (size_t length = 0; length < sizeof word; length++) {
        memset(word, 'w', length);
        word[length] = '\0';
        cr_assert_str_eq(meant(word), "", "%zu", length);
    }
}
