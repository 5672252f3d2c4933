/* ops_view.h - all that operators are shown, in one struct: what the daemon knows of itself, and the overview of its
 * destinations.
 *
 * Everything that is rendered (health, metrics, status) is rendered from this and nothing else. No patient data, no
 * message ids (P1). */
#pragma once
#include "base/histogram.h"
#include "net/ops_http.h"
#include "turn/overview.h"
#include "turn/turn.h"

#define OPS_HISTORY          120  /* samples, one a second */
#define OPS_DESTINATIONS_MAX 1000 /* shown one by one: a bound on what is rendered, and on labels */

struct ops_sample { /* of one second */
    uint32_t commands, deliveries, acks;
    uint32_t turns, p99_us; /* turns with a commit, and how long they took */
};

struct ops_view {
    struct instant at, started_at;
    const char *version, *short_name, *store_id, *endpoint;
    uint32_t incarnation;
    bool test_time, time_held;
    bool is_serving;  /* takes new work: started, and neither draining nor stopping */
    bool is_draining; /* an operator's DRAIN stands */
    bool is_readable; /* the overview could be read from the store */
    struct store_room room;
    struct turn_counters turns;
    struct histogram turn_us, recent_us; /* turns with a commit, since the start and in the last two minutes at most */
    uint64_t keys_refused, port_dropped, crowded_out, edges_missed;
    size_t connections;
    uint32_t data_key; /* that seals what is written (store/keys.h) */
    uint64_t reseal_rows_left;
    struct ops_http_counters http;
    struct ops_sample history[OPS_HISTORY]; /* the oldest first */
    size_t history_count;
    const struct overview *overview;
};

/* "EXPERT", as in referral.PlaceClass. */
static inline const char *ops_class_name(uint8_t class)
{
    static const char *const names[] = {"", "EXPERT", "BED", "EXAM"};
    return class < sizeof names / sizeof names[0] ? names[class] : "";
}
