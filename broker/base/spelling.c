/* spelling.c - slips are letters put in, left out or changed (Levenshtein). */
#include "base/spelling.h"
#include <string.h>

/* One row of the matrix at a time: row[j] is the distance from what was read of `a` to the first j letters of `b`. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[SPELLING_WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_length; j++) {
            size_t change = diagonal + (a[i] != b[j]), best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < best ? change : best;
        }
    }
    return row[b_length];
}

void spelling_init(struct spelling *spelling, const char *word)
{
    spelling->word = word;
    spelling->nearest = strlen(word) / 3 + 2;
}

bool spelling_is_nearer(struct spelling *spelling, const char *candidate, size_t length)
{
    size_t typed = strlen(spelling->word);
    if (typed > SPELLING_WORD_MAX) {
        return false;
    }
    size_t away = distance(candidate, length, spelling->word, typed);
    bool nearer = away < spelling->nearest;
    spelling->nearest = nearer ? away : spelling->nearest;
    return nearer;
}
