/* reserve_slots.c - the pools of stories: three classes, two departments, days beside each other. */
#include "reserve_model.h"

const struct slot reserve_slots[SLOTS] = {
    {REFERRAL__PLACE_CLASS__EXPERT, "CARD", "WANG-AM", 2}, {REFERRAL__PLACE_CLASS__EXPERT, "CARD", "WANG-AM", 3},
    {REFERRAL__PLACE_CLASS__EXPERT, "CARD", "LI-AM", 2},   {REFERRAL__PLACE_CLASS__EXAM, "CARD", "CT-1", 2},
    {REFERRAL__PLACE_CLASS__EXAM, "CARD", "CT-1", 3},      {REFERRAL__PLACE_CLASS__BED, "CARD", "WARD-3", 2},
    {REFERRAL__PLACE_CLASS__BED, "CARD", "WARD-3", 3},     {REFERRAL__PLACE_CLASS__EXPERT, "CARD", "ZHOU-PM", 2},
    {REFERRAL__PLACE_CLASS__EXPERT, "NEUR", "SUN-AM", 2},  {REFERRAL__PLACE_CLASS__EXPERT, "CARD", "LI-AM", 3},
};
