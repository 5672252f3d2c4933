/* speaker.h - who speaks, for whom, and whether this kind of command is open to the key at all. */
#pragma once
#include "engine/work.h"

/* Fills speaker, actor and roles of the work. Refuses NOT_ALLOWED for a key that does not live and for a kind its roles
 * do not open, alike (P2), and WRONG_SENDER where no delegation lets it act for another (T5). */
bool speaker_admit(struct work *work);
