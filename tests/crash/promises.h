/* promises.h - what the broker told a script's clients, so that it can be held to it: every command it accepted, and
 * the last turn anybody heard of.
 *
 * The program is linked with --wrap=turn_receive and --wrap=world_port_send, and calls these from there. */
#pragma once
#include "story/world_inside.h"

#define PROMISES_MAX 4096

struct promise { /* a command, as it was sent */
    uint8_t key[32];
    struct bytes envelope;
    uint64_t request, said_index; /* of the turn that accepted it; 0: none has */
    size_t heard;                 /* how often anybody had heard of a turn when it was said, this time among them */
};

struct promises {
    struct promise asked[PROMISES_MAX];
    size_t count;
    uint64_t needed;                                /* the last turn of which anybody heard */
    size_t heard;                                   /* how often anybody did */
    void (*hears)(const struct promises *promises); /* each time; or NULL */
    /* What was answered to one request, while that is waited for. */
    uint64_t awaited, answered_index;
    bool is_over, was_refused; /* over: nothing is noted any more */
};

void promises_note_frame(struct promises *promises, struct world *w, const uint8_t key[32], struct bytes bytes);
void promises_hear_frame(struct promises *promises, struct world *w, struct bytes bytes);
void promises_hear_turn(struct promises *promises, uint64_t index);
/* The accepted commands again, byte for byte, on connections of their own: the newest `most` of those that were said by
 * the `heard`th time. NULL, or how one of them is not answered as before. */
const char *promises_ask_again(struct promises *promises, struct world *w, size_t heard, size_t most);
