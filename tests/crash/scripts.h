/* scripts.h - what a broker does while its disk is recorded: stories told for their writes. */
#pragma once
#include "story/world.h"

struct script {
    const char *name;
    struct world *(*open)(void); /* the stage, before the recording begins */
    void (*play)(struct world *w);
};
extern const struct script crash_scripts[];
extern const size_t crash_script_count;
