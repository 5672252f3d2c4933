/* hospital.h - what the registry says of a hospital that places are booked at (T1, Q5). Pure. */
#pragma once
#include "registry.pb-c.h"
#include <stdbool.h>

/* Q5: before acceptance only where hospital and class allow; by default EXPERT and EXAM do. */
bool hospital_books_directly(const Referral__Institution *hospital, Referral__PlaceClass class);
/* One that names no departments has every one. */
bool hospital_has_department(const Referral__Institution *hospital, const char *code);
