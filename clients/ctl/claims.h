/* claims.h - the places of a referral beside its views: what it has booked or holds, what it waits for (Q5, Q7, Q8). */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"

/* Adds "bookings" (all it ever had) and "entries" (of wait-lists) to a ReferralView or WhyView; neither where there are
 * none, or where the caller may not see them. */
void claims_add(const struct ctl *ctl, struct referral_client *client, json_t *view);
/* Both as tables below the view. */
void claims_print(const struct ctl *ctl, json_t *view);
/* One sentence for each live one: until when it is held or offered, how many wait before it. */
void claims_print_now(const struct ctl *ctl, json_t *view);
