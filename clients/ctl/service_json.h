/* service_json.h - the monthly service report as JSON, and made again from what it says of itself. No patient's data is
 * in it. */
#pragma once
#include "service_tally.h"

/* `month`: "2026-11", of the hospital's time zone. EXIT_OK with a new reference, else complained. `moment`: index 0 for
 * now, else that turn. */
int service_json(struct ledgers *ledgers, const char *hospital, const char *month, struct service_moment *moment,
                 json_t **ret_json);
bool month_is_valid(const char *month);
/* What the report says it is made of; borrows from `report`. False: it is no such report. */
struct service_claim {
    const char *hospital, *month;
    struct service_moment moment;
};
bool service_claim(json_t *report, struct service_claim *ret_claim);
