/* reserve_play.h - plays a story to model and engine in a process of its own, and finds the shortest one that still
 * shows what went wrong. */
#pragma once
#include "reserve_broker.h"

struct played {
    bool same;
    int at; /* index of the last command that was played; where they differ, it or one of its turn is why */
    uint64_t asked, accepted[OP_COUNT], refused[OP_COUNT];
    char trouble[TROUBLE_SIZE];
};

/* `compare_every` turns all is looked at, else what changed. */
void play(const struct ground *ground, const struct command *commands, int count, struct played *ret_played);
/* Leaves out what is not needed for a difference; returns how many commands are left. */
int play_shrink(const struct ground *ground, struct command *commands, int count);
/* The story and how it ends, to standard error. */
void play_tell(const struct command *commands, int count, const struct played *played);
