/* spelling.c - slips are letters put in, left out, changed, or two beside each other swapped (optimal string
 * alignment). */
#include "base/spelling.h"
#include <string.h>

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Three rows of the matrix at a time: row[i % 3][j] is the distance from the first i letters of `a` to the first j of
 * `b`. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[3][SPELLING_WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[a_length % 3][b_length];
}

void spelling_init(struct spelling *spelling, const char *word)
{
    spelling->word = word;
    spelling->nearest = strlen(word) / 3 + 2;
}

bool spelling_is_nearer(struct spelling *spelling, const char *candidate, size_t length)
{
    size_t typed = strlen(spelling->word);
    if (typed > SPELLING_WORD_MAX)
        return false;
    size_t away = distance(candidate, length, spelling->word, typed);
    bool nearer = away < spelling->nearest;
    spelling->nearest = nearer ? away : spelling->nearest;
    return nearer;
}
