/* reserve_moves.h - whatever can be tried in a world: the alphabet of the exhaustive search. */
#pragma once
#include "reserve_model.h"

#define MOVES_MAX 160

/* Each operation on each thing there is in the pools `slots`, at the world's present instant and with this label, and
 * the clock at the next instant that matters. Returns how many. */
int moves_of(const struct world *world, const int *slots, int slot_count, int label,
             struct command ret_moves[MOVES_MAX]);
