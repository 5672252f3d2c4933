/* scripts.h - what a broker does while its disk is recorded: stories told for their writes. */
#pragma once
#include "story/world.h"

struct stand { /* a broker that was started on a disk which a cut has left */
    struct world *w;
    size_t heard;     /* how much had been said before the cut */
    bool is_recorded; /* this start is cut again */
};

struct script {
    const char *name;
    struct world *(*open)(void); /* the stage, before the recording begins */
    void (*play)(struct world *w);
    /* Of a disk, before the broker is started on it: what an operator looks after. NULL: nothing. */
    void (*prepare)(struct world *w, const char *directory);
    const char *(*judge)(
        const struct stand *stand); /* what lies beside the store: NULL, or what is wrong. NULL: nothing does */
};
extern const struct script crash_scripts[];
extern const size_t crash_script_count;
