/* count.c - see count.h. */
#include "count.h"

#include <stdlib.h>
#include <string.h>

#include "patient.h"

static bool has_place(const struct patient *patient)
{
    return patient->state == PATIENT_BOOKED || patient->state == PATIENT_HELD || patient->state == PATIENT_OFFERED;
}

unsigned count_refused(const struct morning *morning, const char *code)
{
    for (size_t i = 0; i < morning->refusals.count; i++)
        if (strcmp(morning->refusals.list[i].code, code) == 0)
            return morning->refusals.list[i].general + morning->refusals.list[i].family;
    return 0;
}

static int by_place(const void *left, const void *right)
{
    const struct patient *a = *(struct patient *const *)left, *b = *(struct patient *const *)right;
    int order = strcmp(a->place.date, b->place.date);
    order = order != 0 ? order : strcmp(a->hospital->id, b->hospital->id);
    order = order != 0 ? order : strcmp(a->place.department, b->place.department);
    order = order != 0 ? order : strcmp(a->place.resource, b->place.resource);
    return order != 0 ? order : (a->place.unit > b->place.unit) - (a->place.unit < b->place.unit);
}

/* By what the desks were told. */
unsigned count_sold_twice(struct morning *morning)
{
    struct patient *placed[PATIENTS];
    size_t count = 0;
    unsigned twice = 0;
    for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++)
        if (has_place(patient))
            placed[count++] = patient;
    qsort(placed, count, sizeof *placed, by_place);
    for (size_t i = 1; i < count; i++)
        twice += by_place(&placed[i - 1], &placed[i]) == 0;
    return twice;
}

/* What the desks were told against what the sessions show, channel by channel. */
bool sessions_agree(struct morning *morning)
{
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        const struct session *session = &morning->tomorrow.list[i];
        unsigned family = 0, general = 0;
        for (struct patient *patient = morning->patients; patient < patients_end(morning); patient++) {
            bool here = has_place(patient) && patient->hospital == session->hospital &&
                        strcmp(patient->place.date, session->date) == 0 &&
                        strcmp(patient->place.department, session->department) == 0 &&
                        strcmp(patient->place.resource, session->resource) == 0;
            family += here && is_family(patient);
            general += here && !is_family(patient);
        }
        if (family != session->family || general != session->general)
            return false;
    }
    return true;
}

/* What a rush may be answered with; anything else is somebody's mistake. */
unsigned count_unexpected(const struct morning *morning)
{
    static const char *const expected[] = {"RESERVED", "NO_FREE", "UNIT_TAKEN", "GENERAL_CLOSED", "POOL_CANCELLED"};
    unsigned count = 0;
    for (size_t i = 0; i < morning->refusals.count; i++) {
        bool known = false;
        for (size_t j = 0; j < sizeof expected / sizeof *expected; j++)
            known |= strcmp(morning->refusals.list[i].code, expected[j]) == 0;
        if (!known) {
            morning_say(morning, "refused %s, %u times", morning->refusals.list[i].code,
                        count_refused(morning, morning->refusals.list[i].code));
            count++;
        }
    }
    return count;
}
