/* picture.h - tomorrow's sessions as bars that fill: redrawn in place on a terminal, one picture after the other in a
 * pipe. */
#pragma once
#include "morning.h"

/* Looks and draws. `final`: what follows stands below this picture; else the next one replaces it, and a pipe is spared
 * it. */
void picture_draw(struct morning *morning, bool final);
void picture_legend(void);
