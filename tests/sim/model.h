/* model.h - what a broker does with referrals, their messages and their places, stated a second time (D, L, Q): arrays,
 * linear scans, the words of the rules.
 *
 * It knows no store, no sessions and no frames. Whoever plays it says what happens in which order, in one turn after
 * another, and compares what it foretells with what the broker says: the verdict of each command, what waits in each
 * inbox and when, who may be handed what. What each party may cause in each state is read from data/lifecycle.json,
 * which is written by hand.
 *
 * Section 6 has a model of its own, model/reserve_*, which is played here too (model_place.c): it asks this one for
 * what is due of a referral, and tells it what its places mean for it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.pb-c.h"

enum house { V1, T07, T08, H1, H2, C1, OP, PARTIES, NO_PARTY };
#define INBOXES OP /* the parties before it have one */
const char *party_name(enum house party);
enum house party_of(const char *name); /* NO_PARTY where it is none */

#define MODEL_STATES   20
#define MODEL_EVENTS   48
#define MODEL_VERSIONS 12
#define MODEL_ID       72

enum role_in { AS_SENDER, AS_RECEIVER, AS_OPERATOR, AS_CHILD_RECEIVER, AS_BROKER, AS_CLOCK };
enum watch { WATCH_NONE, WATCH_ANSWER, WATCH_INFORMATION, WATCH_CANCEL, WATCH_RECEIPT };

struct model_patient {
    uint32_t number;
    bool no_id; /* known by name and birth date */
};

struct model_referral {
    char id[MODEL_ID]; /* empty: not heard yet */
    enum house sender, receiver, submitted_by;
    bool down, team;
    int direction, priority, state, previous; /* the direction stays that of the sheet, wherever it is redirected */
    bool accepted, reported, delivered, answered;
    bool held, archived; /* D8 */
    int info_rounds, rebookings, hops, version;
    int parent, child, redirected_from, journey; /* numbers; -1: none */
    int64_t submitted_at, since, valid_until, no_show_at, due_at;
    enum watch watch;
    int64_t warn_at, late_at;
    bool warned, escalated;
    int64_t first_answer; /* 0: none yet */
    bool answered_late;
    bool chased; /* escalated because no answer came */
    int misses;
    int audit[MODEL_EVENTS];
    uint64_t sheets[MODEL_VERSIONS]; /* a hash of each version's bytes */
    struct model_patient patient;
    uint32_t mark; /* of the texts in its sheet: nobody but its parties ever sees it */
};

struct model_message {
    uint64_t number; /* in order of creation */
    enum house to, cause;
    int lane, event, referral, version, state;
    bool is_sheet, is_dead;
    int failed, returns;
    int64_t first_failed, not_before, dead_at;
    uint64_t turn;   /* of its acceptance */
    uint64_t holder; /* connection that has it; 0: none */
    uint64_t handed; /* in which turn's round of handing out */
    int64_t late_at; /* monotonic */
    bool beyond;
    bool parked; /* handed out to somebody who takes nothing just now */
    uint8_t id[32];
    size_t id_size; /* 0: not heard yet */
};

struct model_books {
    uint64_t accepted, acknowledged, waiting, dead, dropped;
    int64_t last_ack;
    bool paused;
};

struct model_key { /* D1 */
    enum house actor;
    char message_id[40];
    uint32_t kind;
    uint64_t body;
    uint64_t answer;  /* hash of the reply; 0: not heard */
    int about, child; /* referrals it is about; -1: none */
    int64_t at;
    bool is_gone; /* D8: it was old enough */
};

enum verdict { GRANTED, REFUSED, CONFLICT, AGAIN };

struct deed { /* a command as the model sees it */
    uint32_t kind;
    enum house speaker, actor;
    char message_id[40];
    uint64_t body, request, peer;
    bool is_bad;  /* breaks a rule of form */
    int referral; /* EVENT: which; SUBMIT: its parent; -1: none */
    int event;
    enum house to; /* SUBMIT, REDIRECT: receiver; PAUSE ...: whose inbox */
    int direction, priority;
    bool team, agreed, has_report, is_place, unkept;
    int place_class;
    int64_t place_end;
    int64_t occurred_at; /* 0: not said */
    uint64_t sheet;
    struct model_patient patient;
    uint32_t mark;
    uint8_t dead_id[32];
    size_t dead_id_size;
    bool is_all;
    bool is_off;     /* operators: no longer so */
    enum house from; /* PUT_RELATION, DELETE_RELATION: to `to` */
    int subject;     /* HOLD_REFERRAL, RELEASE_REFERRAL: which referral */
    int place;       /* of a command about places: its number among them, from 1; 0: none */
    /* foretold: */
    enum verdict verdict;
    int about, child; /* referral of the reply; -1: none */
    int state, affected;
    int stood;    /* where the referral stands then, also where it was refused */
    bool drained; /* refused for nothing else */
    size_t key;
};

struct model_happening { /* to a referral */
    int event;
    enum role_in by;
    enum house but, speaker; /* who caused it is not told */
    const struct deed *deed; /* NULL: nobody's command */
    bool by_place;           /* what it means for its places has happened */
};

struct places; /* model_place.h */

struct model {
    int64_t now;
    bool hold;
    uint64_t turn, next_message;
    struct model_referral *referrals;
    int referral_count;
    struct model_message *messages; /* waiting and dead, in order of creation */
    int message_count;
    struct model_key *keys;
    size_t key_count;
    struct model_books books[PARTIES];
    int64_t urgent_ms[PARTIES];
    bool denied[PARTIES][PARTIES], disabled[PARTIES]; /* T4, T1 */
    bool draining;                                    /* until it ends, or the broker does */
    struct places *places;
    bool may[2][MODEL_STATES][MODEL_EVENTS][2]; /* up or down, state, event, sender or receiver */
};

#define MODEL_REFERRALS 4096
#define MODEL_MESSAGES  65536
#define MODEL_KEYS      16384

void model_open(struct model *m);
void model_close(struct model *m);
void model_load_table(struct model *m);

/* model_command.c */
void model_apply(struct model *m, struct deed *deed);

/* model_table.c */
/* P2: was it sent, or did it send it, or somebody it acts for? Whoever received its down-referral only confirms the
 * receipt. */
bool model_sees(const struct model_referral *r, enum house who);
/* May this party cause something? */
bool model_is_party(const struct model *m, const struct model_referral *r, enum house who);
bool model_is_child_receiver(const struct model *m, const struct model_referral *r, enum house who);
bool model_acts_for(enum house who, enum house principal);
bool model_may(const struct model *m, const struct model_referral *r, int event, enum role_in by);
int model_find(const struct model *m, const char *id);
/* T4: without a relation of their own these two are of one consortium. */
bool model_has_relation(enum house from, enum house to);
bool model_is_route(const struct model *m, enum house from, enum house to, int direction, int priority);
bool model_is_before_arrival(int state);
bool model_is_terminal(int state);

/* model_life.c */
void model_clock(struct model *m);
/* What is due of a referral alone happens. */
void model_run(struct model *m, struct model_referral *r);
void model_step(struct model *m, struct model_referral *r, const struct model_happening *h);
/* L2: whoever did not cause it is told; or the sender is, and the team's institution. */
void model_tell(struct model *m, struct model_referral *r, int event, enum house but, enum house speaker);
void model_tell_sender(struct model *m, struct model_referral *r, int event);
void model_tell_team(struct model *m, const struct model_referral *r, int event, enum house but, enum house speaker);

/* model_place.c: Q */
struct places *places_open(struct model *m);
void places_close(struct places *places);
void places_time(struct model *m);        /* it is now now */
void places_turn(struct model *m);        /* a turn begins */
bool places_tired(const struct model *m); /* it has no time for more */
void places_begin(struct model *m);       /* of the referral that comes next */
void places_mirror(struct model *m, const struct model_referral *r);
void places_apply(struct model *m, struct deed *deed);
void places_other(struct model *m);  /* what is made from now on is another command's */
void places_settle(struct model *m); /* what became free is offered */
/* C3: what is due of a referral happens, and before it what is due of its places' pools. */
void model_touch(struct model *m, struct model_referral *r);
int64_t places_due(struct model *m); /* what is due first; 0: nothing */
void places_wake(struct model *m);   /* that */
int64_t places_next(const struct model *m);
const uint64_t *places_seen(const struct model *m); /* enum seen */
/* An event's, for the place that drives the referral. */
bool places_judge(const struct model *m, const struct model_referral *r, int event);
void places_follow(struct model *m, struct model_referral *r, const struct model_happening *h, int from);
bool places_may_pass(const struct model *m, const struct model_referral *r, struct model_patient to);
bool places_has_unit(const struct model *m, const struct model_referral *r);
bool places_has_claim(const struct model *m, const struct model_referral *r);
bool places_has_pools(const struct model *m, enum house hospital, int place_class);

/* model_inbox.c */
void model_put(struct model *m, enum house to, const struct model_referral *r, bool is_sheet, int event,
               enum house cause);
void model_ack(struct model *m, enum house who, const uint8_t *id, size_t size);
void model_nack(struct model *m, enum house who, const uint8_t *id, size_t size, bool retry);
void model_fail(struct model *m, struct model_message *message);
void model_lost(struct model *m, uint64_t holder);
struct model_message *model_message(struct model *m, const uint8_t *id, size_t size);
/* To a hospital, of a patient of its own. */
void model_put_own(struct model *m, enum house to, int event);
/* D3, D4, D9: may it be handed out now? */
bool model_is_deliverable(const struct model *m, const struct model_message *message);
/* What a hospital is told of a place of its own, without a referral, comes in order for each place. Which one it is
 * about is not known here: it may be that of an earlier message in back-off. */
bool model_may_follow(const struct model *m, const struct model_message *message);
void model_dead_letters(struct model *m, struct deed *deed);

/* model_keep.c: D8 */
void model_hold(struct model *m, struct deed *deed);
/* May it go to the archive now, with all of its journey? */
bool model_may_leave(const struct model *m, const struct model_referral *r);
bool model_may_forget(const struct model *m, const struct model_key *key);

/* model_time.c: L4 */
void model_begin(struct model *m, struct model_referral *r);
void model_follow(struct model *m, struct model_referral *r, int event, bool *ret_cured);
void model_book_time(struct model_referral *r, int64_t end);
enum due { DUE_NONE, DUE_WARNING, DUE_ESCALATION, DUE_MISS, DUE_END };
enum due model_due(const struct model *m, const struct model_referral *r, int64_t *ret_at);
void model_save(struct model *m, struct model_referral *r);
