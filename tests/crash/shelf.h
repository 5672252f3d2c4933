/* shelf.h - the archive of a script, in the folder `archive` of its store's directory: filled, and judged (D8). */
#pragma once
#include "story/world_inside.h"

const char *shelf_directory(struct world *w);
/* So many journeys, r<from> on, that are long finished when it returns. */
void shelf_finish(struct world *w, int from, int count);
/* A pass of the archiver, to its end. The broker has other work between its steps: referrals called so, to which a
 * number is added; NULL: it has none. 0, or why the pass ended. */
int shelf_pass(struct world *w, const char *others);
/* Every referral is in the store or in its file, and every file can be read by the keys that lie beside it: NULL, or
 * what is wrong. */
const char *shelf_judge(struct world *w, struct store *store, const char *directory);
/* After a pass: nothing that should be in the archive is still in the store, and what is there is there once. */
const char *shelf_judge_end(struct world *w);
