/* reserve_json.h - the report of the reserve (Q13) as JSON, and made again from what it says of itself. */
#pragma once
#include <jansson.h>

#include "engine/replay.h"

struct reserve_range {                  /* NULL: without bound */
    const char *first_date, *last_date; /* "2026-11-22", both included */
    bool by_month;
};

/* Over all that the replay has read; a new reference. */
json_t *reserve_json(const struct replay *replay, const char *hospital, const struct reserve_range *range,
                     bool test_time);
/* What the report says it is made of; borrows from `report`. False: it is no such report. */
struct reserve_claim {
    struct reserve_range range;
    const char *hospital;
    uint64_t last_row;
    const char *digest; /* hex */
};
bool reserve_claim(json_t *report, struct reserve_claim *ret_claim);
