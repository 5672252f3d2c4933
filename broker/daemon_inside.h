/* daemon_inside.h - inside of daemon.h: what the files daemon_*.c share; each has its part below. */
#pragma once
#include "base/arena.h"
#include "daemon.h"
#include "net/zap.h"
#include "net/zmq_port.h"
#include "store/store.h"
#include "sys/daemon_clock.h"
#include "turn/archiver.h"
#include "turn/forgetter.h"
#include "turn/key_watch.h"
#include "turn/turn.h"
#include <event2/event.h>

#define DAEMON_SIGNALS       4
#define DAEMON_ALARM_SUBJECT "broker" /* of the alarms about this machine */

struct port_counters {
    uint64_t keys_refused, frames_dropped, crowded_out, edges_missed;
};

/* What daemon_reseal.c has told so far. */
struct daemon_reseal {
    uint64_t rows_left; /* under older data keys, at most */
    bool is_walking;
    int64_t told_ms;
};

/* What daemon_alarms.c has seen so far. */
struct daemon_alarms {
    uint64_t ticks;
    struct store_reader reader;  /* the oldest one ... */
    struct instant reader_since; /* ... and when it was seen first */
    int64_t damaged_ms;          /* wall clock: when a damaged row was met last; 0: none was */
    struct key_watch keys;
    bool is_reading_keys;
};

struct daemon {
    const struct config *config;
    const char *config_path;
    struct store *store;
    struct turn *turn;
    struct event_base *base;
    void *zmq_context;
    struct zap *zap;
    struct zmq_port *port;
    struct arena arena; /* for what is done between turns */
    struct daemon_clock clock;
    struct daemon_ops *ops;
    struct daemon_alarms alarms;
    struct daemon_reseal reseal;
    uint8_t server_key[32]; /* the public one that it was started with */

    struct event *signals[DAEMON_SIGNALS];
    struct event *turn_timer, *search_timer, *archive_timer, *forget_timer, *reseal_timer, *tick;
    struct archiver *archiver;
    char *archive_directory;
    int64_t archive_since_ms;      /* when the present pass began; 0: none */
    struct archiver_done archived; /* told of so far */
    struct forgetter forgetter;
    uint64_t searched_turns; /* turns there were when the search index had all referrals ... */
    uint64_t chunk_turns;    /* ... and when it took the last chunk of them */
    const char *held_alarm;  /* the alarm raised for a doubtful time; NULL: none */
    uint64_t ticks;
    int64_t awake_ms; /* boot time of the last sign of life; 0: none yet */
    struct port_counters reported;
    size_t most_connections; /* since memory was trimmed last */
    bool serving;            /* has said that it is ready */
    bool stopping, failed;   /* asked to stop; cannot go on */
};

/* daemon.c */

/* Reads the key files as a start would, and takes the data keys that were added to the store's. */
int daemon_reread_keys(struct daemon *daemon, const struct config *config, uint8_t ret_server_key[32], char *error,
                       size_t error_size);

/* daemon_reload.c */

void daemon_reload(struct daemon *daemon);

/* daemon_news.c: for turn_watcher and ZAP. */

void daemon_on_news(void *user, const struct turn_news *news);
void daemon_note_refused_key(struct daemon *daemon, const uint8_t public_key[32], struct bytes address);

/* daemon_time.c */

/* DAEMON_STOPPED: the store and the configuration agree on test time, and the time is known. */
enum daemon_exit daemon_time_open(struct daemon *daemon);
struct turn_clock daemon_now(struct daemon *daemon);
/* C4: raises the alarm while the time is held, clears it once an operator confirmed it. Before each turn, so that a
 * doubt goes to disk with the first turn that holds something back. */
void daemon_time_watch(struct daemon *daemon);
/* Codes of the alarms about a doubtful time. */
#define DAEMON_DOUBTS ((size_t)2)
const char *daemon_doubt(size_t i);

/* daemon_suspect.c */

/* Before any frame: what a command did to the process before is on disk, and whoever ends this one will be known. 0, or
 * the store's failure. */
int daemon_suspect_open(struct daemon *daemon);

/* daemon_alarms.c */

/* Is the alarm of this code on disk? It outlives the process that raised it. */
bool daemon_alarm_stands(struct daemon *daemon, const char *code);
/* Makes it stand, for that reason, or not. One that stood for another reason has ended, and the next begins. */
void daemon_alarm_set(struct daemon *daemon, const char *code, const char *why, bool holds);
/* Once a second; looks once a minute, at first at once. */
void daemon_alarms_watch(struct daemon *daemon);
void daemon_alarms_look(struct daemon *daemon); /* now */
void daemon_alarms_close(struct daemon *daemon);

/* daemon_archive.c */

int daemon_archive_open(struct daemon *daemon); /* once there is a turn; 0 or -ENOMEM */
void daemon_archive_close(struct daemon *daemon);
/* A step of a pass (turn/archiver.h); so many milliseconds until the next one, with the turns it asks for in
 * between. */
int64_t daemon_archive_step(struct daemon *daemon);

/* daemon_forget.c */

/* As daemon_archive_step, of turn/forgetter.h. */
int64_t daemon_forget_step(struct daemon *daemon);

/* daemon_reseal.c */

/* Tells of a data key that was taken, where it is not the one `before`. */
void daemon_reseal_taken(struct daemon *daemon, uint32_t before);
/* A step; so many milliseconds until the next one, -1: nothing is left. */
int64_t daemon_reseal_step(struct daemon *daemon);

/* daemon_ops.c */

int daemon_ops_open(struct daemon *daemon);   /* before any turn; 0 or -ENOMEM */
int daemon_ops_listen(struct daemon *daemon); /* once there is a port; 0, also where HTTP is off; else why not */
void daemon_ops_close(struct daemon *daemon);
void daemon_ops_tick(struct daemon *daemon); /* once a second */
/* 99 of 100 turns of the last minute or two took at most that long; 0: there were none. */
uint32_t daemon_ops_recent_p99_us(const struct daemon *daemon);
void daemon_ops_tell(struct daemon *daemon); /* systemd's status line, made of what operators are shown */
/* How long turns with a commit take: around whatever may run one. */
struct stopwatch {
    uint64_t turns;
    int64_t us;
};
struct stopwatch daemon_ops_start(const struct daemon *daemon);
void daemon_ops_stop(struct daemon *daemon, const struct stopwatch *watch);

/* daemon_loop.c */

int daemon_loop_open(struct daemon *daemon); /* signals and timers; 0 or -ENOMEM */
void daemon_loop_close(struct daemon *daemon);
/* For turn_port: the port is there by the time anybody speaks. */
int daemon_send(void *user, uint64_t peer, struct bytes frame);
void daemon_drop(void *user, uint64_t peer);
/* For zmq_port. */
void daemon_on_frame(void *user, uint64_t peer, const uint8_t public_key[32], struct bytes frame);
void daemon_on_lost(void *user, uint64_t peer);
void daemon_on_burst_end(void *user);
