/* morning.h - the cast of the demonstration's morning: hospitals, family-doctor teams and schedulers at their desks,
 * and their patients.
 *
 * Each desk is a connection of its own, with a key of its own, all served by one loop. Nobody here knows the rule of
 * the reserve: desks ask the broker, and take what they are told. */
#pragma once
#include <referral/client.h>

#include "../tell.h"
#include "test_clock.h"

#define HOSPITALS           4
#define SCHEDULERS          64
#define TEAMS               32
#define DESKS               (SCHEDULERS + TEAMS + HOSPITALS)
#define GENERAL_EACH        6 /* patients of a scheduler */
#define FAMILY_EACH         4 /* of a team */
#define PATIENTS            (SCHEDULERS * GENERAL_EACH + TEAMS * FAMILY_EACH)
#define SESSIONS_MAX        32
#define CODES_MAX           32
#define DEPARTMENTS_MAX     16
#define NAME_SIZE           96
#define ID_SIZE             (LIMIT_ID_BYTES + 1)
#define CODE_SIZE           32
#define MORNING_PATIENCE_MS 30000

struct morning;
struct patient;

struct department {
    char code[CODE_SIZE], name[NAME_SIZE];
};

struct house { /* a hospital or centre, as the broker's registry has it */
    char id[ID_SIZE], name[NAME_SIZE];
    struct department departments[DEPARTMENTS_MAX];
    size_t department_count;
};

enum desk_kind { DESK_SCHEDULER, DESK_TEAM, DESK_HOSPITAL /* its information system: takes the inbox */ };

struct desk {
    struct morning *morning;
    enum desk_kind kind;
    const struct house *house;
    char team_id[ID_SIZE]; /* DESK_TEAM */
    struct referral_key key;
    struct referral_client *client;
    bool linked;
};

enum patient_state {
    PATIENT_WAITING_ROOM, /* nothing asked yet, or nothing to be had */
    PATIENT_HELD,
    PATIENT_BOOKED,
    PATIENT_LISTED,  /* in the broker's wait-list */
    PATIENT_OFFERED, /* and something is held for him */
    PATIENT_SEEN,
    PATIENT_MISSED,
    PATIENT_LEFT, /* gave the place back */
};

/* What he says when his place is offered or held for him. */
enum patient_answer { ANSWER_YES, ANSWER_NO, ANSWER_NOTHING };

struct place { /* a unit of a session */
    char booking_id[ID_SIZE], resource[ID_SIZE], department[CODE_SIZE], date[16];
    unsigned unit;
};

struct patient {
    unsigned number; /* from 0; general ones first */
    Referral__Channel channel;
    struct desk *desk;
    const struct house *hospital;
    char department[CODE_SIZE];
    char referral_id[ID_SIZE], reference[ID_SIZE]; /* one of them */
    enum patient_state state;
    enum patient_answer answer;
    struct place place; /* held, offered or booked */
    unsigned tries, offers;
    bool displaced;     /* the hospital took a booked place away */
    int64_t step_at_ms; /* of the real clock; 0: nothing to do */
    void (*step)(struct patient *patient);
};

struct session { /* as the broker shows it to the hospital and operators */
    const struct house *hospital;
    char department[CODE_SIZE], resource[ID_SIZE], doctor[NAME_SIZE], date[16];
    int64_t start_ms, release_at_ms;
    unsigned capacity, reserve, blocked, general, family, free, marked, held;
    bool released, cancelled, grouped, short_notice;
};

struct sessions {
    struct session list[SESSIONS_MAX];
    size_t count;
};

struct refusals { /* answers that were no, by their code */
    struct {
        char code[CODE_SIZE];
        unsigned general, family;
    } list[CODES_MAX];
    size_t count;
};

struct notices { /* by event, to family doctors and to hospitals */
    unsigned family[64], general[64];
    unsigned assumed; /* no-shows of the clock */
};

struct offers { /* what became of them, as the desks know it */
    unsigned taken, declined, lapsed, displaced;
};

struct morning {
    const char *folder, *address;
    uint8_t server_key[REFERRAL_KEY_SIZE];
    struct referral_client *operator; /* asks and waits; the desks do not */
    struct test_clock clock;
    struct house hospitals[HOSPITALS], centres[TEAMS];
    struct desk desks[DESKS];
    struct patient patients[PATIENTS];
    struct sessions tomorrow; /* as last looked at */
    struct refusals refusals;
    struct notices notices;
    struct offers offers;
    unsigned unanswered, granted, sheets;
    unsigned checks, failed;
};

static inline struct patient *patients_end(struct morning *morning)
{
    return morning->patients + PATIENTS;
}
static inline struct desk *hospital_desk(struct morning *morning, size_t hospital)
{
    return &morning->desks[SCHEDULERS + TEAMS + hospital];
}

void morning_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line at the broker's time. */
void morning_say(const struct morning *morning, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool morning_check(struct morning *morning, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));
