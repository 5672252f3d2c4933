/* reserve_invent.h - stories made up from a seed: what people do, and what nobody would. */
#pragma once
#include "reserve_model.h"

/* Fills `ret_commands` with a story of `count` commands; the same seed gives the same story. */
void invent(uint64_t seed, struct command *ret_commands, int count);
