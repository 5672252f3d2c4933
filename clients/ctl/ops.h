/* ops.h - the state of a broker as its operator asks for it: read at once, added up, and shown in one of three
 * forms. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "screen.h"

enum ops_form { OPS_TABLE, OPS_JSON, OPS_PROMETHEUS };
/* --output table, json or prometheus; --json. False: complained. */
bool ops_form(const struct ctl *ctl, enum ops_form *ret_form);

/* What a broker knows of itself, for the roles that may ask: others see their own destination, and no alarms. */
struct ops_facts {
    json_t *status;     /* a StatusView with every inbox */
    json_t *waiters;    /* rows of LIST_WAITERS, the first deadline first */
    json_t *alarms;     /* rows of LIST_ALARMS, the worst first */
    bool alarms_hidden; /* P2: from this key */
    json_t *names;      /* id -> name of an institution; NULL until ops_facts_name */
    int64_t now_ms;     /* the broker's */
};
/* EXIT_OK, else complained; in any case to be ended. `names` of before stay. */
int ops_facts_read(const struct ctl *ctl, struct referral_client *client, struct ops_facts *facts);
void ops_facts_name(const struct ctl *ctl, struct referral_client *client, struct ops_facts *facts);
void ops_facts_fini(struct ops_facts *facts);
/* Connects, reads and shows them, with names where people read. EXIT_OK, else complained. */
typedef void ops_show_facts(struct ctl *ctl, enum ops_form form, struct ops_facts *facts);
int ops_with_facts(struct ctl *ctl, ops_show_facts *show);

#define OPS_LANES 3
struct ops_totals {
    uint64_t destinations, waiting, lanes[OPS_LANES], in_flight, dead, late, without_consumer, paused;
    uint64_t at_risk;      /* waiting past half of their time or behind such ones, and dead letters */
    int64_t oldest_ms;     /* age of the oldest waiting message; 0: none */
    const json_t *pressed; /* the waiter whose deadline breaches first; NULL: nothing waits */
};
struct ops_totals ops_totals(const struct ops_facts *facts);
/* Nobody is connected, or whoever is grants no credit and has nothing under way (D4): for a waiter and for an inbox. */
bool ops_takes_nothing(const json_t *row);

/* Members of an answer: 0, "" and false where they are absent. */
int64_t ops_number(const json_t *row, const char *member);
const char *ops_string(const json_t *row, const char *member);
bool ops_flag(const json_t *row, const char *member);
/* All rows of all pages of a list, a new reference; NULL: `*ret_result` says why (a refusal is not complained of). */
json_t *ops_rows(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, const char *list,
                 int *ret_result);

#define OPS_TEXT_SIZE 192
/* "2h 5m", "25m", "40s": two units, or one of which there are ten. */
void ops_age(char out[OPS_TEXT_SIZE], int64_t ms);
/* "5m", or "-5m" where it is past. */
void ops_left(char out[OPS_TEXT_SIZE], int64_t due_ms, int64_t now_ms);
/* "1.5 GiB" */
void ops_bytes(char out[OPS_TEXT_SIZE], int64_t bytes);
/* "H1 县人民医院" */
void ops_whose(char out[OPS_TEXT_SIZE], const struct ops_facts *facts, const char *id);
/* "王主任 13800000000"; empty where nobody is registered. */
void ops_contact(char out[OPS_TEXT_SIZE], const json_t *contact);
