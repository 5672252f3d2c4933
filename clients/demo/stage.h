/* stage.h - the demonstration's conductor: the broker as a process, the parties as processes, what was seen, and the
 * checks. */
#pragma once
#include <stdbool.h>

#include "party.h"
#include "sheets.h"

enum role { /* who plays */
            CENTRE_A,
            CENTRE_B,
            CENTRE_C,
            CENTRE_D, /* township centres */
            HOSPITAL,
            TCM_HOSPITAL,
            MATERNITY,
            EMERGENCY_120,
            ROLE_COUNT
};

struct actor {
    const char *institution, *name; /* id, Chinese name */
    const char *key_name;           /* of its key file */
    pid_t pid;
    int fd;
    bool linked;
};

struct seen_delivery { /* what a party received */
    enum role by;
    char referral_id[LIMIT_ID_BYTES + 1];
    Referral__DeliveryKind kind;
    Referral__Priority lane;
    Referral__EventType event; /* NOTICE */
    Referral__State state;     /* NOTICE */
    uint32_t attempt;
    bool possibly_redelivered;
    bool again; /* this party had the same message before */
};

struct answer { /* to one request */
    bool come;
    bool counts; /* a message; a question is none */
    enum referral_status status;
    Referral__Reply *reply; /* NULL, or owned by the stage */
};

struct tally {
    unsigned sent, accepted, refused, delivered, notices, redelivered, checks, failed;
};

struct stage {
    struct actor actors[ROLE_COUNT];
    const char *broker_program, *address;
    const char *folder; /* what prepare.sh made */
    uint8_t server_key[REFERRAL_KEY_SIZE];
    pid_t broker;
    struct seen_delivery *seen;
    size_t seen_count, seen_room;
    struct answer *answers; /* by tag */
    size_t answer_count, answer_room;
    struct tally tally;
    int64_t started_ms;
};

int64_t stage_clock_ms(void);
/* Of a file in the folder. */
void stage_path(const struct stage *stage, const char *file, char *ret_path, size_t size);
/* Starts the broker, notes its process in broker.pid, and waits until a party can speak to it. False: it did not come
 * up. */
bool stage_start_broker(struct stage *stage);
void stage_kill_broker(struct stage *stage, int signal); /* and waits for its end */
bool stage_start_parties(struct stage *stage);
void stage_end_parties(struct stage *stage);

void stage_connect(struct stage *stage, enum role role, uint32_t credit);
void stage_disconnect(struct stage *stage, enum role role);
/* Sends a request; returns the tag of its answer. `message_id` NULL: the library's. */
size_t stage_ask(struct stage *stage, enum role role, Referral__Kind kind, const char *message_id, const void *body,
                 size_t size);
size_t stage_event(struct stage *stage, enum role role, const Referral__Event *event);
/* Waits for the answer; NULL where none came within 30 s. */
const Referral__Reply *stage_answer(struct stage *stage, size_t tag);
/* Works off what the parties tell, for at most `timeout_ms`, until `done` says so. */
bool stage_until(struct stage *stage, bool (*done)(const struct stage *stage, const void *user), const void *user,
                 int timeout_ms);
/* The first delivery to `by` from number `from` on that fits; -1 when none comes within 30 s. `event` 0: a SHEET. */
int stage_expect(struct stage *stage, enum role by, size_t from, const char *referral_id, Referral__EventType event);

/* One line of the timeline: Chinese names, English explanation. */
void stage_say(const struct stage *stage, enum role who, const char *format, ...) __attribute__((format(printf, 3, 4)));
void stage_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A promise, checked: printed, counted; returns `holds`. */
bool stage_check(struct stage *stage, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));
