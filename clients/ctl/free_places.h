/* free_places.h - what a search found, for people: which session, when, how many are free, which times come first, what
 * opens later. */
#pragma once
#include <jansson.h>

#include "ctl.h"

/* As a table with pools as other verbs take them: those of `own` without their hospital. `places`: of a PlaceList. */
void free_places_print(const struct ctl *ctl, json_t *places, const char *own);
/* To choose from: numbered from `number` on, one after the other; what cannot be booked now has no number. */
void free_places_offer(const struct ctl *ctl, json_t *places, size_t number);
/* Whoever is seen first stands first: a new list. */
json_t *free_places_by_time(json_t *places);
bool free_places_is_bookable(json_t *place);
/* The unit that starts at this time of day ("08:10"), of those the search named; 0: none. */
uint32_t free_places_unit_at(json_t *place, const char *time);
