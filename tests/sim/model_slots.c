/* model_slots.c - the pools that H1 may publish: two doctors, a device and a ward, on each day that a play may come
 * to. */
#include "model/reserve_model.h"

#define DAY(day)                                                                                                       \
    {REFERRAL__PLACE_CLASS__EXPERT, "MED", "WANG-AM", day}, {REFERRAL__PLACE_CLASS__EXPERT, "MED", "LI-PM", day},      \
        {REFERRAL__PLACE_CLASS__EXAM, "MED", "CT-1", day}, {REFERRAL__PLACE_CLASS__BED, "MED", "WARD-3", day},
#define WEEK(day) DAY(day) DAY((day) + 1) DAY((day) + 2) DAY((day) + 3) DAY((day) + 4) DAY((day) + 5) DAY((day) + 6)

const struct slot reserve_slots[SLOTS] = {WEEK(0) WEEK(7) WEEK(14) WEEK(21) WEEK(28) WEEK(35)};
