/* model_place.h - section 6 as model/reserve_* has it, in a world whose referrals are the model's (model.h): what the
 * files of both sides share. */
#pragma once
#include "model/reserve_model.h"
#include "sim/model.h"

#define PLACE_DEEDS 8192

struct place_deed {
    struct command command;
    struct answer answer; /* when it was judged last */
};

struct places {
    struct world world;
    struct lives lives;
    struct place_deed deeds[PLACE_DEEDS];
    int deed_count, label;
    const struct deed *speaks; /* the command at work */
    const char *differs;       /* the two models, in this; NULL: they agree */
};

enum who place_who(enum house party);
enum house place_house(enum who who);
