/* daemon_backup.c - whether there is a backup to rely on. Another process makes them (referralctl backup), and leaves beside the store what they
 * came to; here that becomes an alarm, where an operator looks. */
#include "daemon_inside.h"
#include "engine/setting_read.h"
#include "store/backup_state.h"

#define TOO_OLD    "backup-old"
#define FAILED     "backup-failed"
#define LOOK_TICKS 60

/* What is on disk decides, as for every alarm of the daemon's. */
static void set_alarm(struct daemon *daemon, const char *code, const char *detail, bool holds)
{
    if (daemon_alarm_stands(daemon, code) != holds) {
        turn_alarm(daemon->turn, code, DAEMON_ALARM_SUBJECT, detail, holds);
    }
}

void daemon_backup_look(struct daemon *daemon)
{
    daemon->backup_ticks = 0;
}

void daemon_backup_watch(struct daemon *daemon)
{
    if (daemon->backup_ticks++ % LOOK_TICKS != 0) {
        return;
    }
    struct backup_state state = backup_state_read(daemon->config->store_directory);
    int64_t age_ms;
    if (setting_read(daemon->store, &daemon->arena, "backup_age_alarm_ms", &age_ms) < 0) {
        return;
    }
    set_alarm(daemon, TOO_OLD, NULL, age_ms != 0 && clock_wall_ms() - state.made_ms > age_ms);
    set_alarm(daemon, FAILED, backup_fault_word(state.fault), state.fault != BACKUP_WELL);
}
