/* rush_places.c - see rush_places.h. */
#include "rush_places.h"

#include <stdio.h>
#include <time.h>

#include "rush.h"

#define PATH_SIZE      4096
#define SECONDS_A_DAY  86400
#define CHINA_OFFSET_S (8 * 3600)
#define MORNING_S      (8 * 3600)
#define UNIT_MINUTES   10

static char *lend(const char *text) /* generated structures take char * even for what is only packed */
{
    return (char *)(uintptr_t)text;
}

static int64_t local_day(int64_t days)
{
    return (time(NULL) + CHINA_OFFSET_S) / SECONDS_A_DAY + days;
}

void rush_date(char ret_date[16], unsigned days)
{
    time_t midnight = local_day(days) * SECONDS_A_DAY;
    struct tm date;
    gmtime_r(&midnight, &date);
    strftime(ret_date, 16, "%Y-%m-%d", &date);
}

static int64_t morning_ms(const char *date)
{
    struct tm day = {0};
    if (strptime(date, "%Y-%m-%d", &day) == NULL)
        rush_fail("%s: no date", date);
    return ((int64_t)timegm(&day) + MORNING_S - CHINA_OFFSET_S) * 1000;
}

struct rush_session *rush_places_connect(const char *address, const char *key_name)
{
    char endpoint[64], key[REFERRAL_KEY_HEX_SIZE], folder[PATH_SIZE], path[PATH_SIZE + 64];
    struct curve_keys keys;
    if (sscanf(address, "%63s %64s %4095s", endpoint, key, folder) != 3 || !referral_key_from_hex(key, keys.server))
        rush_fail("%s: not ENDPOINT KEY FOLDER", address);
    snprintf(path, sizeof path, "%s/%s.key", folder, key_name);
    if (referral_key_load(path, &keys.own) != 0)
        rush_fail("%s: no key", path);
    return rush_session_open(endpoint, &keys, key_name);
}

void rush_places_name(const struct rush_place *place, Referral__PoolRef *ret_ref)
{
    referral__pool_ref__init(ret_ref);
    ret_ref->hospital = lend(place->hospital);
    ret_ref->has_class_ = true;
    ret_ref->class_ = REFERRAL__PLACE_CLASS__EXPERT;
    ret_ref->department = lend(place->department);
    ret_ref->resource = lend(place->resource);
    ret_ref->date = lend(place->date);
}

void rush_places_publish(struct rush_session *session, const struct rush_place *place, const char *message_id,
                         uint32_t units, uint32_t reserve_bp)
{
    Referral__Pool pool = REFERRAL__POOL__INIT;
    Referral__PoolRef ref;
    Referral__UnitRun run = REFERRAL__UNIT_RUN__INIT, *runs[] = {&run};
    rush_places_name(place, &ref);
    pool.pool = &ref;
    pool.doctor = lend("测试专家");
    pool.n_units = 1;
    pool.units = runs;
    run.has_count = run.has_start_ms = run.has_minutes = pool.has_reserve_bp = true;
    run.count = units;
    run.start_ms = morning_ms(place->date);
    run.minutes = UNIT_MINUTES;
    pool.reserve_bp = reserve_bp;
    rush_session_ask(session, REFERRAL__KIND__PUT_POOL, message_id, &pool.base);
}

Referral__Reply *rush_places_accepted(struct rush_session *session, const char *what)
{
    Referral__Reply *reply = rush_session_wait(session);
    if (reply->n_refusals != 0) {
        rush_fail("%s: %s %s", what, reply->refusals[0]->code,
                  reply->refusals[0]->field == NULL ? "" : reply->refusals[0]->field);
    }
    return reply;
}
