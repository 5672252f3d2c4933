/* stage.h - the broker that hostile bytes meet: a district at work, always the same one, in memory's folder. */
#pragma once
#include "story/world_inside.h"

/* As it was made, whatever was played on it: institutions, pools, bookings, a wait-list, referrals under way, messages
 * that wait; nobody is connected. The first call makes it. */
struct world *stage_begin(void);
/* The world's process may go on: the next stage_begin is as the first. */
void stage_end(struct world *w);
/* Who may speak there: "OP", "H1", "T07", "C1", "V1". */
#define STAGE_SPEAKERS 5
const char *stage_speaker(uint8_t choice);
