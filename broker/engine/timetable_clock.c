/* timetable_clock.c - a hospital's weeks: put, and published by the clock day by day, so that no turn has more to do
 * than a few days (Q10). */
#include "engine/alarm.h"
#include "engine/binary.h"
#include "engine/families.h"
#include "engine/publish_parts.h"

#define HORIZON_DEFAULT_DAYS 14
/* Days wait for the clock a millisecond apart, the first so far back that all are due at once. */
#define DAYS_BACK_MS 1000

/* ---- Day after day ---- */

static void set_due(struct work *work, const struct timetable_key *key, Record__Timetable *row, struct instant at)
{
    uint8_t bytes[TIMETABLE_KEY_MAX];

    if (row->due_ms != 0)
        due_delete(work->txn, instant_of(row->due_ms), DUE_TIMETABLE, timetable_key_bytes(bytes, key));
    if (instant_is_set(at))
        due_add(work->txn, at, DUE_TIMETABLE, timetable_key_bytes(bytes, key));
    FIELD_SET(row, due_ms, at.ms);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* First day that is not to be looked at today: beyond the horizon and the end, but not before what an earlier plan has
 * published. */
static int64_t last_day(const Record__Timetable *row, const Referral__Timetable *timetable, int64_t today)
{
    int64_t horizon = timetable->has_horizon_days ? timetable->horizon_days : HORIZON_DEFAULT_DAYS;

    return most(least(today + horizon, timetable_day(timetable->end_date, INT64_MAX)), row->planned_to);
}

/* When its next day is due: at once, at the next midnight, or never. It sees its last day end: that one may be
 * somebody's trouble till then. */
static struct instant next_due(const Record__Timetable *row, const Referral__Timetable *timetable, int64_t today,
                               int offset_minutes, struct instant at)
{
    if (row->next_day < last_day(row, timetable, today))
        return instant_after(at, 1);
    if (today >= most(row->next_day, timetable_day(timetable->end_date, INT64_MAX)))
        return instant_of(0);
    return instant_of_local(date_from_days(today + 1), 0, offset_minutes);
}

/* ---- Days that could not be published ---- */

static const char *subject_of_day(struct work *work, const struct timetable_key *key, int64_t day)
{
    const char *class = protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, key->class)->name;
    char date[DATE_TEXT_SIZE];

    date_format(date, date_from_days(day));
    return arena_format(work->arena, "%s/%s/%s/%s/%s", registry_institution_of(work, key->hospital)->institution->id,
                        class, key->department, key->id, date);
}

static void report(struct work *work, const struct timetable_key *key, int64_t day, bool failed)
{
    if (failed)
        alarm_raise(work, "timetable-conflict", subject_of_day(work, key, day), NULL);
    else
        alarm_clear(work, "timetable-conflict", subject_of_day(work, key, day));
}

/* Nobody's trouble any more are the days before this one that may have been when it was woken last: on the eve of what
 * is due, or later. */
static void forget_days(struct work *work, const struct timetable_key *key, const Record__Timetable *row,
                        int64_t before)
{
    int offset_minutes = registry_institution_of(work, key->hospital)->offset_minutes;

    if (row->due_ms == 0)
        return;
    for (int64_t day = date_to_days(instant_local_date(instant_of(row->due_ms), offset_minutes)) - 1; day < before;
         day++)
        report(work, key, day, false);
}

/* ---- The clock ---- */

/* The plan has come to that day also where the day needs the next turn, too. */
static void publish_next_day(struct work *work, const struct timetable_key *key, Record__Timetable *row,
                             const Referral__Timetable *timetable)
{
    int64_t day = row->next_day;
    bool failed;

    FIELD_SET(row, planned_to, most(row->planned_to, day + 1));
    if (!timetable_publish_day(work, key, timetable, day, &failed))
        return;
    report(work, key, day, failed);
    FIELD_SET(row, next_day, day + 1);
}

void timetable_wake(struct work *work, struct instant at, struct bytes key_bytes)
{
    struct timetable_key key;
    Record__Timetable *row = timetable_key_parse(key_bytes, &key) ? timetable_row(work->txn, &key) : NULL;

    if (row == NULL || !clockwork_wakes(at, row->due_ms)) {
        due_delete(work->txn, at, DUE_TIMETABLE, key_bytes);
        return;
    }

    const Referral__Timetable *timetable =
        work_read(work, TABLE_TIMETABLE, &referral__timetable__descriptor, row->timetable);
    const struct registry_institution *hospital = registry_institution_of(work, key.hospital);
    int64_t today = publish_today(work, hospital);

    forget_days(work, &key, row, today);
    FIELD_SET(row, next_day, most(row->next_day, today));
    if (row->next_day < last_day(row, timetable, today))
        publish_next_day(work, &key, row, timetable);
    set_due(work, &key, row, next_due(row, timetable, today, hospital->offset_minutes, at));
    timetable_row_put(work->txn, &key, row);
}

/* ---- Commands ---- */

static const struct registry_institution *hospital_of(struct work *work, const Referral__Timetable *named)
{
    return registry_institution(work, named->hospital != NULL ? named->hospital : work->actor);
}

/* False: refused. */
static bool read_key(struct work *work, const Referral__Timetable *named, struct timetable_key *ret_key)
{
    struct timetable_key key = {.hospital = hospital_of(work, named)->row->number, .class = (uint8_t)named->class_};

    if (!named->has_class_)
        refuse(work, REFUSED_MISSING, "class");
    if (named->department == NULL)
        refuse(work, REFUSED_MISSING, "department");
    if (is_refused(work) || named->department == NULL || named->id == NULL)
        return false;
    memcpy(key.department, named->department, strlen(named->department)); /* bounded by LIMIT_ID_BYTES */
    memcpy(key.id, named->id, strlen(named->id));
    *ret_key = key;
    return true;
}

static const char *subject_of(struct work *work, const struct timetable_key *key)
{
    return arena_format(work->arena, "%s/%s/%s",
                        protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, key->class)->name,
                        key->department, key->id);
}

/* Where a day is published already, the new plan comes to it as well: it starts again from today. */
bool timetable_apply_put(struct work *work)
{
    const Referral__Timetable *put = (const Referral__Timetable *)work->body;
    Record__Timetable fresh = RECORD__TIMETABLE__INIT, *row;
    struct timetable_key key;
    int64_t today;

    if (!publish_may(work, put->hospital))
        return false;
    timetable_check(&work->findings, put);
    if (put->department != NULL)
        publish_check_department(&work->findings, hospital_of(work, put), put->department, "department");
    if (!read_key(work, put, &key))
        return false;
    today = publish_today(work, registry_institution_of(work, key.hospital));
    row = timetable_row(work->txn, &key);
    if (row == NULL)
        row = &fresh;
    forget_days(work, &key, row, today);
    FIELD_SET(row, schema, STORE_SCHEMA);
    FIELD_SET(row, timetable, binary_pack(work->arena, &put->base));
    FIELD_SET(row, next_day, row->planned_to > today ? today : most(today, timetable_day(put->first_date, today)));
    set_due(work, &key, row, instant_after(work->now, -DAYS_BACK_MS));
    timetable_row_put(work->txn, &key, row);
    work->audit.subject = arena_text(work->arena, subject_of(work, &key));
    return true;
}

/* No further days; what is published stays. */
bool timetable_apply_delete(struct work *work)
{
    const Referral__Timetable *named = (const Referral__Timetable *)work->body;
    struct timetable_key key;
    Record__Timetable *row;

    if (!publish_may(work, named->hospital))
        return false;
    if (named->id == NULL)
        refuse(work, REFUSED_MISSING, "id");
    if (!read_key(work, named, &key))
        return false;
    row = timetable_row(work->txn, &key);
    if (row == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "");
    forget_days(work, &key, row, row->planned_to);
    set_due(work, &key, row, instant_of(0));
    timetable_row_put(work->txn, &key, NULL);
    work->audit.subject = arena_text(work->arena, subject_of(work, &key));
    return true;
}
