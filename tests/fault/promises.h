/* promises.h - what the broker told a script's clients, so that it can be held to it: every command it accepted, and the last turn anybody heard of.
 *
 * The program is linked with --wrap=turn_receive and --wrap=world_port_send, and calls these from there. */
#pragma once
#include "story/world_inside.h"

#define PROMISES_MAX 4096

struct promise { /* a command, as it was sent */
    uint8_t key[32];
    struct bytes envelope;
    uint64_t request, said_index; /* of the turn that accepted it; 0: none has */
};

struct promises {
    struct promise asked[PROMISES_MAX];
    size_t count;
    uint64_t needed; /* the last turn of which anybody heard */
    /* What was answered to one request, while that is waited for. */
    uint64_t awaited, answered_index;
    bool is_over, was_refused; /* over: nothing is noted any more */
};

void promises_note_frame(struct promises *promises, struct world *w, const uint8_t key[32], struct bytes frame);
void promises_hear_frame(struct promises *promises, struct world *w, struct bytes frame);
/* Every accepted command again, byte for byte, on connections of their own: NULL, or which of them is not answered as before. */
const char *promises_ask_again(struct promises *promises, struct world *w);
