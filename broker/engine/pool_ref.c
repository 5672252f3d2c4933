/* pool_ref.c - which pool a client means: its reference read, and given back. */
#include "base/utf8.h"
#include "engine/pool.h"

static const char *path(struct work *work, const char *field, const char *member)
{
    return arena_format(work->arena, "%s.%s", field, member);
}

static bool check_text(struct work *work, const char *text, const char *field, const char *member)
{
    if (text == NULL)
        return refuse(work, REFUSED_MISSING, path(work, field, member));
    if (text_is_blank(text))
        return refuse(work, REFUSED_BLANK, path(work, field, member));
    return true;
}

/* Days are unsigned in the store's keys. */
static bool check_date(struct work *work, const char *text, const char *field, int64_t *ret_day)
{
    struct date date;

    if (text == NULL)
        return refuse(work, REFUSED_MISSING, path(work, field, "date"));
    if (!date_parse(text, &date) || date_to_days(date) < 0)
        return refuse(work, REFUSED_BAD_DATE, path(work, field, "date"));
    *ret_day = date_to_days(date);
    return true;
}

bool pool_read_ref(struct work *work, const Referral__PoolRef *ref, const char *field, struct pool_key *ret_key)
{
    const struct registry_institution *hospital;
    struct pool_key key = {0};
    bool sound = true;

    if (ref == NULL)
        return refuse(work, REFUSED_MISSING, field);
    hospital = registry_institution(work, ref->hospital != NULL ? ref->hospital : work->actor);
    if (hospital == NULL)
        sound = refuse(work, REFUSED_UNKNOWN_INSTITUTION, path(work, field, "hospital"));
    if (!ref->has_class_)
        sound = refuse(work, REFUSED_MISSING, path(work, field, "class"));
    sound = check_text(work, ref->department, field, "department") && sound;
    sound = check_text(work, ref->resource, field, "resource") && sound;
    sound = check_date(work, ref->date, field, &key.day) && sound;
    if (!sound || hospital == NULL || ref->department == NULL || ref->resource == NULL)
        return false;
    key.hospital = hospital->row->number;
    key.class = (uint8_t)ref->class_;
    memcpy(key.department, ref->department, strlen(ref->department)); /* bounded by LIMIT_ID_BYTES */
    memcpy(key.resource, ref->resource, strlen(ref->resource));
    *ret_key = key;
    return true;
}

struct pool_of *pool_find(struct work *work, const Referral__PoolRef *ref, const char *field)
{
    struct pool_of *pool;
    struct pool_key key;

    if (!pool_read_ref(work, ref, field, &key))
        return NULL;
    pool = pool_load(work, &key);
    if (pool == NULL)
        refuse(work, REFUSED_UNKNOWN_POOL, field);
    return pool;
}

Referral__PoolRef *pool_ref(struct work *work, const struct pool_of *pool)
{
    Referral__PoolRef *ref = arena_alloc(work->arena, sizeof *ref);

    referral__pool_ref__init(ref);
    ref->hospital = pool->hospital->institution->id;
    FIELD_SET(ref, class_, (Referral__PlaceClass)pool->key.class);
    ref->department = arena_text(work->arena, pool->key.department);
    ref->resource = arena_text(work->arena, pool->key.resource);
    ref->date = arena_text(work->arena, pool->date);
    return ref;
}
