/* hospital.c - direct booking, and departments. */
#include "engine/hospital.h"

#include <string.h>

bool hospital_books_directly(const Referral__Institution *hospital, Referral__PlaceClass class)
{
    if (!hospital->direct_booking_set)
        return class != REFERRAL__PLACE_CLASS__BED;
    for (size_t i = 0; i < hospital->n_direct_booking; i++)
        if (hospital->direct_booking[i] == class)
            return true;
    return false;
}

bool hospital_has_department(const Referral__Institution *hospital, const char *code)
{
    for (size_t i = 0; i < hospital->n_departments; i++)
        if (hospital->departments[i]->code != NULL && strcmp(hospital->departments[i]->code, code) == 0)
            return true;
    return hospital->n_departments == 0;
}
