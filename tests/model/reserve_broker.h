/* reserve_broker.h - the real engine on a real store, spoken to in the model's commands, and whether it says and holds
 * what the model does. */
#pragma once
#include "reserve_model.h"

#include "engine/binary.h"
#include "engine/registry.h"
#include "engine/replay.h"
#include "query.pb-c.h"
#include "store/rows_place.h"
#include "wire/wire.h"

#define TURN_MAX     16
#define TROUBLE_SIZE 16000

/* A store with the institutions of the model, made once and copied for each story. */
struct ground {
    char directory[64], store[80]; /* all stories' directory, and in it what they copy */
    uint8_t host_key[STORE_HOST_KEY_SIZE];
};
void ground_open(struct ground *ground);
void ground_close(struct ground *ground);
/* A copy of it, for stories that all begin alike; it goes with the ground it came from. */
void ground_derive(struct ground *ground, const struct ground *from, const char *name);

/* A pool as its ledger tells it, row by row (Q13). */
struct told_unit {
    uint32_t number;
    int64_t start, end;
    int state;
    struct id booking;
};
struct told_pool {
    struct told_unit units[UNITS_MAX];
    int count;
    uint32_t reserve_bp, span;
    int64_t fd_opens_at, general_opens_at, release_at;
    bool short_notice, released, cancelled, grouped;
    uint64_t refused_by_reserve;
};

struct broker {
    char directory[96];
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    struct store *store;
    struct store_txn *txn; /* between broker_begin and its end */
    uint64_t applied;      /* batches in it */
    int64_t at_ms;
    bool doubt;              /* C4: of the next batch */
    struct arena turn, keep; /* of one turn; of one turn and what is said of it */
    struct effects effects;
    struct id bookings[BOOKINGS_MAX], entries[ENTRIES_MAX], referrals[REFERRALS_MAX]; /* by the model's index */
    Referral__BookingState seen_bookings[BOOKINGS_MAX];                               /* as compared last; 0: never */
    int seen_counts[BOOKINGS_MAX];
    int64_t seen_starts[BOOKINGS_MAX];
    int seen_patients[BOOKINGS_MAX];
    Referral__State seen_referrals[REFERRALS_MAX];
    uint32_t hospital;
    int first_slot, last_slot; /* the pools that are looked at, where not all are; 0 and 0: all of them */
    uint64_t ledger_rows;      /* read so far */
    struct told_pool told[SLOTS];
    uint64_t refused_rows;      /* REFUSED rows of this turn */
    char trouble[TROUBLE_SIZE]; /* what disagreed */
};
void broker_open(struct broker *broker, const struct ground *ground);
void broker_close(struct broker *broker);
/* The same in the ground's own store: what is done stays for all that is copied from it afterwards. */
void broker_open_ground(struct broker *broker, const struct ground *ground);
void broker_close_ground(struct broker *broker);
/* Knows what the other knew: the ids of what was made on the ground, and its ledger. */
void broker_remember(struct broker *broker, const struct broker *ground);
/* The command as the client would send it; NULL where what it names has no id yet. In the keep. */
Batch__Command *broker_command(struct broker *broker, const struct world *world, const struct command *command);
/* Applies them in one turn; replies in order, NULL for a clock. */
void broker_turn(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                 Referral__Reply **ret_replies);
/* The same; by the label of the turn's last command, so that a story stays what it is when it is cut down, the broker
 * dies before the commit, starts again after it, or hears again what it accepted (reserve_fault.c). False: it says
 * something else then. */
bool broker_turn_through(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count, int label,
                         Referral__Reply **ret_replies);
void broker_restart(struct broker *broker);
/* The same in steps: one batch is committed, or several are looked at and leave no trace. */
void broker_begin(struct broker *broker);
void broker_apply(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                  Referral__Reply **ret_replies);
void broker_commit(struct broker *broker);
void broker_abort(struct broker *broker);
/* The command was judged by both: do they agree? If accepted and agreed, gives what was made its id. */
bool broker_agrees(struct broker *broker, struct world *world, const struct command *command,
                   const struct answer *answer, const Referral__Reply *reply);
/* Every number, unit, booking, entry, referral and ledger row. */
bool broker_compare(struct broker *broker, struct world *world, bool all);
/* Adds what both have to the trouble. */
void broker_show(struct broker *broker, struct world *world);
bool broker_ledger_agrees(struct broker *broker, struct world *world, struct store_txn *txn);
/* LIST_POOLS and SEARCH_PLACES answer what the model has. */
bool broker_shows(struct broker *broker, struct world *world);
/* Is what was shown what the model has? */
bool broker_same_places(struct broker *broker, struct world *world, const Referral__PlaceQuery *query,
                        const Referral__PlaceList *list, int first_day, int last_day);
bool broker_same_view(struct broker *broker, struct world *world, const Referral__PoolView *view);
/* The product's own reader of ledgers finds nothing wrong with this one, and the report that it makes is the model's
 * (Q13). */
bool broker_replays(struct broker *broker, struct world *world);
bool broker_same_report(struct broker *broker, struct world *world, const struct replay *replay);
/* A timetable as a client sends it. In the keep. */
void *broker_pack_week(struct broker *broker, const struct command *command);
/* Timetables, how far they have come, and the days that operators are told could not be published. */
bool broker_same_weeks(struct broker *broker, const struct world *world, struct store_txn *txn, int from, int to);
/* What an operator is shown of them. */
bool broker_shows_weeks(struct broker *broker, const struct world *world, const Referral__TimetableList *list);
bool broker_shows_alarms(struct broker *broker, const struct world *world, const Referral__AlarmList *list);
const char *broker_week_name(int id);
char *broker_date_text(struct broker *broker, int day); /* in the keep */
/* What the files of the comparison share. A thing of the model has one id for ever: the first it was seen with. */
bool broker_same_id(struct broker *broker, struct id *known, struct id id, const char *what, int index);
bool broker_same_numbers(const uint32_t *units, size_t count, const int *expected, int expected_count);
bool broker_begins_list(int slot); /* of a class and department */
struct pool_key broker_pool_key(const struct broker *broker, int slot);
int broker_unit_state(const Record__Unit *unit); /* as the protocol counts */
bool broker_differs(struct broker *broker, const char *format, ...) __attribute__((format(printf, 2, 3)));
