/* publish.c - PUT_POOL and PUT_GROUP, and what all commands of publishing check alike (Q1, Q6, Q11). */
#include <stdio.h>

#include "base/utf8.h"
#include "engine/families.h"
#include "engine/publish_parts.h"
#include "engine/registry.h"

/* ---- Checks ---- */

void publish_check_share(struct findings *findings, const char *prefix, const uint32_t *reserve_bp,
                         const uint32_t *span)
{
    char field[FIELD_PATH_SIZE];

    snprintf(field, sizeof field, "%sreserve_bp", prefix);
    if (reserve_bp != NULL && (*reserve_bp < QUOTA_FLOOR_BP || *reserve_bp > QUOTA_ALL_BP))
        findings_add(findings, REFUSED_RESERVE_TOO_SMALL, field);
    snprintf(field, sizeof field, "%sspan", prefix);
    if (span != NULL && (*span < 1 || *span > LIMIT_POOL_UNITS))
        findings_add(findings, REFUSED_OUT_OF_RANGE, field);
}

void publish_check_department(struct findings *findings, const struct registry_institution *hospital,
                              const char *department, const char *field)
{
    const Referral__Institution *institution = hospital->institution;

    for (size_t i = 0; i < institution->n_departments; i++)
        if (strcmp(institution->departments[i]->code, department) == 0)
            return;
    findings_add(findings, REFUSED_UNKNOWN_DEPARTMENT, field);
}

int64_t publish_today(const struct work *work, const struct registry_institution *hospital)
{
    return date_to_days(instant_local_date(work->now, hospital->offset_minutes));
}

void publish_check_day(struct work *work, struct findings *findings, const struct pool_key *key, const char *field)
{
    const struct registry_institution *hospital = registry_institution_of(work, key->hospital);
    int64_t today = publish_today(work, hospital);

    if (key->day < today)
        findings_add(findings, REFUSED_PAST_SESSION, field);
    else if (key->day > today + LIMIT_PUBLISH_DAYS)
        findings_add(findings, REFUSED_OUT_OF_RANGE, field);
}

bool publish_names_person(const Referral__Person *person)
{
    return person != NULL && !text_is_blank(person->name);
}

char *publish_subject(struct work *work, const struct pool_key *key)
{
    const char *class = protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, key->class)->name;
    char date[DATE_TEXT_SIZE];

    date_format(date, date_from_days(key->day));
    return arena_format(work->arena, "%s/%s/%s/%s", class, key->department, key->resource, date);
}

/* ---- PUT_POOL ---- */

static struct instant instant_if(bool given, int64_t ms)
{
    return instant_of(given ? ms : 0);
}

static void check_given_time(struct work *work, bool given, int64_t ms, const char *field)
{
    if (given && (ms <= 0 || ms > INT64_MAX / 4))
        refuse(work, REFUSED_OUT_OF_RANGE, field);
}

static struct unit_runs runs_of(struct work *work, const Referral__Pool *put)
{
    struct unit_run *list = arena_alloc(work->arena, put->n_units * sizeof *list);

    for (size_t i = 0; i < put->n_units; i++)
        list[i] = (struct unit_run){.count = put->units[i]->count,
                                    .start = instant_of(put->units[i]->start_ms),
                                    .minutes = put->units[i]->minutes};
    return (struct unit_runs){.list = list, .count = put->n_units};
}

/* False: refused for its form. */
static bool read_pool(struct work *work, const Referral__Pool *put, struct pool_plan *ret_plan)
{
    struct pool_plan plan = {
        .doctor = put->doctor,
        .runs = runs_of(work, put),
        .reserve_bp = put->reserve_bp,
        .span = put->span,
        .times = {.fd_opens_at = instant_if(put->has_fd_opens_at_ms, put->fd_opens_at_ms),
                  .general_opens_at = instant_if(put->has_general_opens_at_ms, put->general_opens_at_ms),
                  .release_at = instant_if(put->has_release_at_ms, put->release_at_ms)},
        .displace = put->displace,
        .person = put->person != NULL ? put->person->name : NULL};

    publish_check_share(&work->findings, "", put->has_reserve_bp ? &put->reserve_bp : NULL,
                        put->has_span ? &put->span : NULL);
    check_given_time(work, put->has_fd_opens_at_ms, put->fd_opens_at_ms, "fd_opens_at_ms");
    check_given_time(work, put->has_general_opens_at_ms, put->general_opens_at_ms, "general_opens_at_ms");
    check_given_time(work, put->has_release_at_ms, put->release_at_ms, "release_at_ms");
    if (put->displace && !publish_names_person(put->person))
        refuse(work, REFUSED_PERSON_NEEDED, "person");
    if (!pool_read_ref(work, put->pool, "pool", &plan.key))
        return false;
    *ret_plan = plan;
    return true;
}

bool publish_may(struct work *work, const char *hospital)
{
    return registry_may_touch(work, hospital != NULL ? hospital : work->actor);
}

bool publish_apply_pool(struct work *work)
{
    const Referral__Pool *put = (const Referral__Pool *)work->body;
    struct pool_plan plan;
    struct pool_change change;

    if (!publish_may(work, put->pool != NULL ? put->pool->hospital : NULL) || !read_pool(work, put, &plan) ||
        !plan_compare(work, &plan, &work->findings, &change))
        return false;
    FIELD_SET(&work->reply, affected, plan_apply(work, &plan, &change));
    work->audit.subject = publish_subject(work, &plan.key);
    return true;
}

/* ---- PUT_GROUP ---- */

static bool read_day(struct work *work, const Referral__PoolGroup *put, struct pool_key *ret_key)
{
    const struct registry_institution *hospital =
        registry_institution(work, put->hospital != NULL ? put->hospital : work->actor);
    struct pool_key key = {.hospital = hospital->row->number, .class = (uint8_t)put->class_};
    struct date date = {0};

    if (!put->has_class_)
        refuse(work, REFUSED_MISSING, "class");
    if (put->department == NULL)
        refuse(work, REFUSED_MISSING, "department");
    if (put->date == NULL)
        refuse(work, REFUSED_MISSING, "date");
    else if (!date_parse(put->date, &date) || date_to_days(date) < 0)
        refuse(work, REFUSED_BAD_DATE, "date");
    if (is_refused(work) || put->department == NULL)
        return false;
    memcpy(key.department, put->department, strlen(put->department)); /* bounded by LIMIT_ID_BYTES */
    key.day = date_to_days(date);
    *ret_key = key;
    return true;
}

bool publish_apply_group(struct work *work)
{
    const Referral__PoolGroup *put = (const Referral__PoolGroup *)work->body;
    struct group_plan plan = {
        .reserve_bp = put->reserve_bp,
        .span = put->span,
        .times = {.fd_opens_at = instant_if(put->has_fd_opens_at_ms, put->fd_opens_at_ms),
                  .general_opens_at = instant_if(put->has_general_opens_at_ms, put->general_opens_at_ms),
                  .release_at = instant_if(put->has_release_at_ms, put->release_at_ms)}};

    if (!publish_may(work, put->hospital))
        return false;
    publish_check_share(&work->findings, "", put->has_reserve_bp ? &put->reserve_bp : NULL,
                        put->has_span ? &put->span : NULL);
    check_given_time(work, put->has_fd_opens_at_ms, put->fd_opens_at_ms, "fd_opens_at_ms");
    check_given_time(work, put->has_general_opens_at_ms, put->general_opens_at_ms, "general_opens_at_ms");
    check_given_time(work, put->has_release_at_ms, put->release_at_ms, "release_at_ms");
    if (!read_day(work, put, &plan.key) || !group_check(work, &plan, &work->findings))
        return false;
    group_apply(work, &plan);
    work->audit.subject = publish_subject(work, &plan.key);
    return true;
}
