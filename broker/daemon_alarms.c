/* daemon_alarms.c - what of this machine an operator must know of, looked at once a minute: whether there is a backup
 * to rely on, whether somebody looked through the store, how long commits take, who pins the store's pages, whose keys
 * end, a time in doubt; and once a second how full the store is, and whether a damaged row was met. (Alarms about
 * destinations follow from the overview: overview_watch.c.)
 *
 * What stands on disk decides: each is raised once and cleared once, also where an alarm's turn fails or the process
 * ends in between. */
#include "daemon_inside.h"
#include "engine/setting_read.h"
#include "store/backup_state.h"
#include "store/rows.h"
#include "store/verify_state.h"
#include "sys/journal.h"

#define LOOK_TICKS 60
#define KEYS       256 /* a tick */

/* D6: new work is refused at 85 %; before that there is time to make room. */
#define FILLING_PERCENT    75
#define ROOM_AGAIN_PERCENT 70

static bool stands(struct daemon *daemon, const char *code, const char *subject)
{
    struct store_txn *txn = NULL;
    if (store_read_begin(daemon->store, &daemon->arena, &txn) < 0)
        return false;
    bool found = alarm_row(txn, code, subject) != NULL;
    store_read_end(txn);
    arena_reset(&daemon->arena, 0);
    return found;
}

/* 0: it does not stand. */
static int64_t since_ms(struct daemon *daemon, const char *code)
{
    struct store_txn *txn = NULL;
    if (store_read_begin(daemon->store, &daemon->arena, &txn) < 0)
        return 0;
    const Record__Alarm *row = alarm_row(txn, code, DAEMON_ALARM_SUBJECT);
    int64_t ms = row ? row->since_ms : 0;
    store_read_end(txn);
    arena_reset(&daemon->arena, 0);
    return ms;
}

bool daemon_alarm_stands(struct daemon *daemon, const char *code)
{
    return stands(daemon, code, DAEMON_ALARM_SUBJECT);
}

static bool stands_for(struct daemon *daemon, const char *code, const char *why)
{
    struct store_txn *txn = NULL;
    if (store_read_begin(daemon->store, &daemon->arena, &txn) < 0)
        return false;
    const Record__Alarm *row = alarm_row(txn, code, DAEMON_ALARM_SUBJECT);
    bool same = row && strcmp(row->detail ? row->detail : "", why ? why : "") == 0;
    store_read_end(txn);
    arena_reset(&daemon->arena, 0);
    return same;
}

void daemon_alarm_set(struct daemon *daemon, const char *code, const char *why, bool holds)
{
    if (holds && stands_for(daemon, code, why))
        return;
    if (daemon_alarm_stands(daemon, code))
        turn_alarm(daemon->turn, code, DAEMON_ALARM_SUBJECT, NULL, false);
    if (holds)
        turn_alarm(daemon->turn, code, DAEMON_ALARM_SUBJECT, why, true);
}

/* What its detail counts moves on while it stands: that is no other alarm. */
static void set(struct daemon *daemon, const char *code, const char *detail, bool holds)
{
    if (daemon_alarm_stands(daemon, code) != holds)
        turn_alarm(daemon->turn, code, DAEMON_ALARM_SUBJECT, detail, holds);
}

/* 0, which is "never", where it cannot be read: the next look will. */
static int64_t limit_ms(struct daemon *daemon, const char *name)
{
    int64_t value = 0;
    return setting_read(daemon->store, &daemon->arena, name, &value) < 0 ? 0 : value;
}

/* What was done while the wall clock was ahead (C4) has a time that says nothing: it would be new until that comes. */
static bool is_ahead(int64_t wall_ms)
{
    return wall_ms - clock_wall_ms() > CLOCK_DOUBT_MS;
}

static bool is_old(int64_t made_ms, int64_t limit)
{
    return limit != 0 && (clock_wall_ms() - made_ms > limit || is_ahead(made_ms));
}

static void watch_room(struct daemon *daemon)
{
    static const char code[] = "store-filling";
    struct store_room room;
    if (store_room(daemon->store, &room) < 0 || room.limit_bytes == 0)
        return;
    uint64_t percent = room.used_bytes / (room.limit_bytes / 100 + 1);
    bool stood = daemon_alarm_stands(daemon, code);
    if (!stood && percent >= FILLING_PERCENT) {
        journal(JOURNAL_store_filling, "used_bytes=%llu limit_bytes=%llu", (unsigned long long)room.used_bytes,
                (unsigned long long)room.limit_bytes);
    }
    set(daemon, code, NULL, percent >= (stood ? ROOM_AGAIN_PERCENT : FILLING_PERCENT));
}

/* C4: daemon_time.c raises and clears these at once, but a turn may find no room on the disk. So what stands there is
 * set right here: after a restart it is all that is known of a doubt. */
static void watch_time(struct daemon *daemon)
{
    for (size_t i = 0; i < DAEMON_DOUBTS; i++) {
        const char *code = daemon_doubt(i);
        set(daemon, code, NULL, daemon->held_alarm && strcmp(daemon->held_alarm, code) == 0);
    }
}

/* Raised once a damaged row is met. It ends with a verification that began after the row was met last and found no
 * fault; a process that has met none, or when nobody can say, goes by when the alarm was raised. */
static void watch_damage(struct daemon *daemon)
{
    static const char code[] = "store-damaged";
    int64_t met_ms = daemon->alarms.damaged_ms;
    if (met_ms == 0 || is_ahead(met_ms))
        met_ms = since_ms(daemon, code);
    if (met_ms == 0)
        return;
    int64_t sound_ms = verify_state_read(daemon->config->store_directory).sound_ms;
    set(daemon, code, NULL, sound_ms <= met_ms || is_ahead(sound_ms));
}

static void watch_backup(struct daemon *daemon)
{
    struct backup_state state = backup_state_read(daemon->config->store_directory);
    set(daemon, "backup-old", NULL, is_old(state.made_ms, limit_ms(daemon, "backup_age_alarm_ms")));
    daemon_alarm_set(daemon, "backup-failed", backup_fault_word(state.fault), state.fault != BACKUP_WELL);
}

static void watch_verify(struct daemon *daemon)
{
    struct verify_state state = verify_state_read(daemon->config->store_directory);
    daemon_alarm_set(daemon, "verify-old", NULL, is_old(state.sound_ms, limit_ms(daemon, "verify_age_alarm_ms")));
    daemon_alarm_set(daemon, "verify-failed", NULL, state.failed_ms != 0);
}

/* One that stands ends when commits are twice as fast as they must be: it does not come and go with every busy
 * minute. */
static void watch_commit(struct daemon *daemon)
{
    static const char code[] = "commit-slow";
    int64_t limit_us = 1000 * limit_ms(daemon, "commit_alarm_ms");
    uint32_t p99_us = daemon_ops_recent_p99_us(daemon);
    char detail[32];
    if (daemon_alarm_stands(daemon, code))
        limit_us /= 2;
    snprintf(detail, sizeof detail, "p99_ms=%u", p99_us / 1000);
    set(daemon, code, detail, limit_us != 0 && p99_us >= limit_us);
}

/* A backup or a verification reads for minutes, and that is well; what stays for longer hangs. */
static void watch_readers(struct daemon *daemon)
{
    struct daemon_alarms *alarms = &daemon->alarms;
    int64_t limit = limit_ms(daemon, "reader_alarm_ms");
    struct instant now = daemon_now(daemon).now;
    struct store_reader reader;
    char detail[32];
    if (store_oldest_reader(daemon->store, &reader) < 0)
        return;
    if (reader.pid != alarms->reader.pid || reader.state != alarms->reader.state) {
        alarms->reader = reader;
        alarms->reader_since = now;
    }
    snprintf(detail, sizeof detail, "pid=%d", reader.pid);
    set(daemon, "reader-lag", detail, reader.pid != 0 && limit != 0 && now.ms - alarms->reader_since.ms >= limit);
}

/* Once all keys have been seen. A key that has ended counts as one that will, until there is another or it is
 * revoked. */
static void judge_keys(struct daemon *daemon)
{
    static const char code[] = "key-expires";
    int64_t limit = limit_ms(daemon, "key_alarm_ms");
    struct instant now = daemon_now(daemon).now;
    struct key_holder *holder, *next;
    HASH_ITER(hh, daemon->alarms.keys.holders, holder, next)
    {
        struct instant end = key_watch_first_end(holder);
        bool holds = limit != 0 && instant_is_set(end) && end.ms - now.ms <= limit;
        if (stands(daemon, code, holder->institution) != holds) {
            char detail[INSTANT_TEXT_SIZE] = "";
            instant_format_local(detail, end, CHINA_OFFSET_MINUTES);
            turn_alarm(daemon->turn, code, holder->institution, detail, holds);
        }
    }
}

static void step_keys(struct daemon *daemon)
{
    struct daemon_alarms *alarms = &daemon->alarms;
    struct store_txn *txn = NULL;
    if (!alarms->is_reading_keys || store_read_begin(daemon->store, &daemon->arena, &txn) < 0)
        return;
    alarms->is_reading_keys = key_watch_step(&alarms->keys, txn, KEYS);
    bool is_read = store_failure(txn) == 0;
    store_read_end(txn);
    arena_reset(&daemon->arena, 0);
    if (!alarms->is_reading_keys && is_read)
        judge_keys(daemon);
}

void daemon_alarms_watch(struct daemon *daemon)
{
    struct daemon_alarms *alarms = &daemon->alarms;
    watch_room(daemon);
    watch_damage(daemon);
    if (alarms->ticks++ % LOOK_TICKS == 0) {
        watch_time(daemon);
        watch_backup(daemon);
        watch_verify(daemon);
        watch_commit(daemon);
        watch_readers(daemon);
        daemon_ops_tell(daemon); /* the overview, and with it the alarms about destinations */
        key_watch_begin(&alarms->keys);
        alarms->is_reading_keys = true;
    }
    step_keys(daemon);
}

void daemon_alarms_look(struct daemon *daemon)
{
    daemon->alarms.ticks = 0;
    daemon_alarms_watch(daemon);
}

void daemon_alarms_close(struct daemon *daemon)
{
    key_watch_end(&daemon->alarms.keys);
}
