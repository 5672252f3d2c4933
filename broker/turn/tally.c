/* tally.c - the table of tallies. */
#include "turn/tally.h"

#include <stdlib.h>

const struct tally *tally_find(const struct tally *tallies, uint32_t institution)
{
    struct tally *tally = NULL;

    HASH_FIND(hh, tallies, &institution, sizeof institution, tally);
    return tally;
}

struct tally *tally_of(struct tally **tallies, uint32_t institution)
{
    struct tally *tally = NULL;

    HASH_FIND(hh, *tallies, &institution, sizeof institution, tally);
    if (tally != NULL)
        return tally;
    tally = alloc_zeroed(sizeof *tally);
    tally->institution = institution;
    HASH_ADD(hh, *tallies, institution, sizeof tally->institution, tally);
    return tally;
}

void tallies_fini(struct tally **tallies)
{
    struct tally *tally = *tallies, *next;

    HASH_CLEAR(hh, *tallies); /* the list of them stays as it is */
    for (; tally != NULL; tally = next) {
        next = tally->hh.next;
        free(tally);
    }
}
