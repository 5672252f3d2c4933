/* pool_times.c - from when a place may be taken by whom, and until when it is kept or offered. */
#include "rules/pool_times.h"

#define RELEASE_BEFORE_MS     (24 * HOUR_MS) /* the default */
#define RELEASE_BEFORE_MAX_MS (72 * HOUR_MS)
#define BED_RELEASE_TIME_MS   (16 * HOUR_MS) /* of the day before */
#define SHORT_NOTICE_MS       (24 * HOUR_MS)
#define SHORT_RELEASE_MS      (2 * HOUR_MS) /* before the start */

#define OFFER_MS             (2 * HOUR_MS)
#define OFFER_ENDS_BEFORE_MS HOUR_MS       /* the start */
#define DESK_OPENS_MS        (8 * HOUR_MS) /* local time of day between which an offer's time runs */
#define DESK_CLOSES_MS       (18 * HOUR_MS)

static struct instant or_else(struct instant wished, struct instant otherwise)
{
    return instant_is_set(wished) ? wished : otherwise;
}

static struct instant earlier(struct instant a, struct instant b)
{
    return a.ms < b.ms ? a : b;
}

static struct instant later(struct instant a, struct instant b)
{
    return a.ms > b.ms ? a : b;
}

static struct instant default_release(Referral__PlaceClass class, struct instant start, int offset_minutes)
{
    if (class != REFERRAL__PLACE_CLASS__BED)
        return instant_after(start, -RELEASE_BEFORE_MS);

    int64_t into_day_ms = instant_local_time_of_day_ms(start, offset_minutes);

    return instant_after(start, BED_RELEASE_TIME_MS - DAY_MS - into_day_ms);
}

static enum refusal refuse(enum refusal refusal, const char *field, const char **ret_field)
{
    *ret_field = field;
    return refusal;
}

/* What was not wished is not named. */
static enum refusal check_openings(const struct pool_times *times, const struct pool_times_wish *wish,
                                   struct instant start, const char **ret_field)
{
    if (times->fd_opens_at.ms <= times->general_opens_at.ms && times->general_opens_at.ms < start.ms)
        return REFUSED_NOT;
    if (instant_is_set(wish->fd_opens_at) &&
        (times->fd_opens_at.ms > times->general_opens_at.ms || times->fd_opens_at.ms >= start.ms))
        return refuse(REFUSED_BAD_TIMES, "fd_opens_at_ms", ret_field);
    return refuse(REFUSED_BAD_TIMES, "general_opens_at_ms", ret_field);
}

static enum refusal check_release(struct instant release_at, struct instant start, const char **ret_field)
{
    if (release_at.ms < start.ms - RELEASE_BEFORE_MAX_MS || release_at.ms > start.ms)
        return refuse(REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms", ret_field);
    return REFUSED_NOT;
}

/* Q6: a reserve that nobody has a day's time to use would be none, so it is kept until shortly before the start: also
 * where the hospital puts the release at the opening. */
static struct instant short_notice_release(struct instant release_at, struct instant start)
{
    return later(release_at, instant_after(start, -SHORT_RELEASE_MS));
}

enum refusal pool_times_first(Referral__PlaceClass class, struct instant start, int offset_minutes, struct instant now,
                              const struct pool_times_wish *wish, struct pool_times *ret_times, const char **ret_field)
{
    struct instant at_once = earlier(now, or_else(wish->general_opens_at, now));
    struct instant fd_opens_at = or_else(wish->fd_opens_at, at_once);
    struct pool_times times = {
        .fd_opens_at = fd_opens_at,
        .general_opens_at = or_else(wish->general_opens_at, fd_opens_at),
        .release_at = or_else(wish->release_at, default_release(class, start, offset_minutes)),
    };
    enum refusal refusal = check_openings(&times, wish, start, ret_field);

    if (refusal == REFUSED_NOT)
        refusal = check_release(times.release_at, start, ret_field);
    if (refusal != REFUSED_NOT)
        return refusal;
    times.short_notice = times.release_at.ms - later(now, fd_opens_at).ms < SHORT_NOTICE_MS;
    if (times.short_notice)
        times.release_at = short_notice_release(times.release_at, start);
    *ret_times = times;
    return REFUSED_NOT;
}

/* Q6: before anybody could have relied on them times are free; from publication on they move only one way. */
static enum refusal check_favour(const struct pool_times *before, const struct pool_times *after,
                                 const char **ret_field)
{
    if (after->fd_opens_at.ms > before->fd_opens_at.ms)
        return refuse(REFUSED_ONLY_IN_FAVOUR, "fd_opens_at_ms", ret_field);
    if (after->general_opens_at.ms < before->general_opens_at.ms)
        return refuse(REFUSED_ONLY_IN_FAVOUR, "general_opens_at_ms", ret_field);
    if (after->release_at.ms < before->release_at.ms)
        return refuse(REFUSED_ONLY_IN_FAVOUR, "release_at_ms", ret_field);
    return REFUSED_NOT;
}

/* The units may have changed since, and with them the start: only what is wished is judged by it. */
enum refusal pool_times_change(const struct pool_times *before, struct instant start,
                               const struct pool_times_wish *wish, struct pool_times *ret_times, const char **ret_field)
{
    struct pool_times times = {
        .fd_opens_at = or_else(wish->fd_opens_at, before->fd_opens_at),
        .general_opens_at = or_else(wish->general_opens_at, before->general_opens_at),
        .release_at = or_else(wish->release_at, before->release_at),
        .short_notice = before->short_notice,
    };
    enum refusal refusal = REFUSED_NOT;

    if (instant_is_set(wish->general_opens_at))
        refusal = check_openings(&times, wish, start, ret_field);
    if (refusal == REFUSED_NOT && instant_is_set(wish->release_at))
        refusal = check_release(times.release_at, start, ret_field);
    if (refusal != REFUSED_NOT)
        return refusal;
    /* What publication put off may be wished again: the same pool twice changes nothing. */
    if (times.short_notice && instant_is_set(wish->release_at))
        times.release_at = short_notice_release(times.release_at, start);
    refusal = check_favour(before, &times, ret_field);
    if (refusal == REFUSED_NOT)
        *ret_times = times;
    return refusal;
}

struct instant hold_until(struct instant now, uint32_t minutes, struct instant start)
{
    uint32_t wished = minutes == 0 ? HOLD_DEFAULT_MINUTES : minutes;
    uint32_t granted = wished < HOLD_MAX_MINUTES ? wished : HOLD_MAX_MINUTES;

    return earlier(instant_after(now, granted * MINUTE_MS), start);
}

/* Q8: an offer made at night, or late in the day, waits for people to be at their desks: what the day has no room for
 * is added to the next morning. An offer is shorter than a day of the desk, so there is no third one. */
static struct instant after_desk_time(struct instant now, int64_t wait_ms, int offset_minutes)
{
    int64_t time_of_day_ms = instant_local_time_of_day_ms(now, offset_minutes);
    struct instant midnight = instant_after(now, -time_of_day_ms);
    struct instant opens_at = instant_after(midnight, DESK_OPENS_MS),
                   closes_at = instant_after(midnight, DESK_CLOSES_MS);
    struct instant from = later(now, opens_at);
    int64_t today_ms = from.ms < closes_at.ms ? closes_at.ms - from.ms : 0;

    if (wait_ms <= today_ms)
        return instant_after(from, wait_ms);
    return instant_after(opens_at, DAY_MS + wait_ms - today_ms);
}

struct instant offer_starts_after(struct instant now)
{
    return instant_after(now, OFFER_ENDS_BEFORE_MS);
}

struct instant offer_until(struct instant now, struct instant start, int offset_minutes)
{
    struct instant until =
        earlier(after_desk_time(now, OFFER_MS, offset_minutes), instant_after(start, -OFFER_ENDS_BEFORE_MS));

    return until.ms > now.ms ? until : instant_of(0);
}
