/* sim_inside.h - the simulated world, for its own files: sim_broker.c holds the broker, sim_say.c speaks to it,
 * sim_hear.c compares what it says, sim_acts.c does what a step asks for, sim_places.c does it with places,
 * sim_compare.c looks at the whole. Section 6 is foretold by model/reserve_*, whose names are not for all files here:
 * sim_reserve.h stands between. */
#pragma once
#include "sim/model.h"
#include "sim/sim.h"
#include "story/world_inside.h"
#include "sys/daemon_clock.h"

#define SIM_PEERS   16
#define SIM_DEEDS   64
#define SIM_PENDING 64
#define SIM_HELD    512

struct sim_peer {
    uint64_t number; /* 0: not connected */
    enum house party;
    uint32_t key; /* which of the party's keys */
    uint64_t session;
    int64_t credit;
    bool grants;
    int64_t spoke; /* monotonic, last */
};

struct sim_frame {
    uint64_t peer;
    struct bytes bytes;
};

struct sim_said { /* what the next turn is to apply, in order */
    enum { SAID_ACK, SAID_NACK, SAID_COMMAND } what;
    enum house who;
    uint8_t id[32];
    size_t id_size;
    bool retry;
    size_t deed;
};

struct sim_last { /* a command that may be said again */
    struct deed deed;
    struct bytes body; /* its own */
    enum house acting_for;
};
#define SIM_LASTS 64

struct sim_moment { /* what the service report said when that turn was the last */
    uint64_t index, hash;
    int64_t at_ms;
};
#define SIM_MOMENTS 12

struct sim {
    struct world *w; /* arena and words only */
    char directory[64];
    struct store *store;
    struct turn *turn;
    struct daemon_clock clock;
    bool doubt_stands; /* C4: as the last turn on disk left it; the daemon's alarm outlives the process */
    int64_t boot, wall;
    struct turn_clock now;
    uint64_t opened_at; /* index */
    struct model model;
    struct sim_peer peers[SIM_PEERS];
    uint64_t next_peer, next_request, next_message;
    uint32_t keys[PARTIES]; /* the present one of each; revoked: it has none */
    bool is_revoked[PARTIES];
    struct sim_frame *frames;
    size_t frame_count;
    bool is_deaf;  /* whatever the broker says is lost */
    bool is_dying; /* it does nothing more */
    struct deed deeds[SIM_DEEDS];
    bool is_open[SIM_DEEDS]; /* deed: no reply yet */
    struct sim_said pending[SIM_PENDING];
    size_t pending_count;
    uint64_t lost[SIM_PEERS];
    size_t lost_count;
    struct sim_last lasts[SIM_LASTS];
    size_t last_count;
    uint8_t old_ids[64][32];
    size_t old_id_size, old_id_count;
    bool is_full;              /* the disk */
    uint64_t clogged;          /* connection that takes nothing; 0: none */
    bool is_stopped, is_known; /* it was sent something since; and what it was handed is known */
    struct arena idle;         /* of what is done between turns */
    bool is_resealing;
    struct sim_reserve *reserve;
    struct sim_moment moments[SIM_MOMENTS];
    size_t moment_count;
    uint64_t handed[PARTIES]; /* of this turn: the last one handed out, as lane and number */
    const void *result;       /* of the last query */
    const ProtobufCMessageDescriptor *asked;
    bool last_accepted;
    const Referral__Reply *reply;
    uint64_t random; /* of the step at hand */
    struct sim_result *out;
    bool tells;
    size_t story_used;
};

/* sim_broker.c */
void sim_open(struct sim *s);
void sim_close(struct sim *s);
void sim_crash(struct sim *s);
void sim_pass(struct sim *s, int64_t boot_ms, int64_t wall_ms);
void sim_disk(struct sim *s, bool is_full);
struct sim_peer *sim_peer_of(struct sim *s, uint64_t number);
/* It is gone: what it held goes back in the next turn. */
void sim_forget_peer(struct sim *s, struct sim_peer *peer);
/* One turn, and what it says. */
void sim_turn(struct sim *s);
/* Until nobody has anything to say. */
void sim_settle(struct sim *s);
void sim_key(uint8_t key[32], enum house party, uint32_t number);
extern const uint8_t sim_host_key[STORE_HOST_KEY_SIZE];

/* sim_say.c */
/* One draw an expression: which of two comes first is the compiler's to say, and every build is to tell the same
 * story. */
uint64_t sim_random(struct sim *s);
uint64_t sim_below(struct sim *s, uint64_t limit);
bool sim_one_in(struct sim *s, uint64_t n);
void sim_transmit(struct sim *s, struct sim_peer *peer, Referral__Kind kind, const char *message_id,
                  enum house acting_for, struct bytes body);
/* A command: the model is told of it in the turn that applies it. */
void sim_command(struct sim *s, struct sim_peer *peer, struct deed *deed, enum house acting_for, struct bytes body);
struct bytes sim_body(struct sim *s, Referral__Kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const void *sim_query(struct sim *s, struct sim_peer *peer, Referral__Kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *sim_new_id(struct sim *s);
uint64_t sim_hash(struct bytes bytes);

/* sim_hear.c */
uint64_t sim_answer_hash(struct sim *s, const Referral__Reply *reply); /* without the number of the request */
void sim_hear(struct sim *s);
void sim_model_turn(struct sim *s, uint64_t index);
bool sim_is_beyond(const struct sim *s, const struct sim_peer *peer);
/* Which one a message is about: its id may be heard first in that, where the reply was lost. -1: none. */
int sim_referral_of(struct sim *s, enum house who, int lane, const char *id, uint64_t turn);
/* It is handed out to this peer now. */
void sim_take_over(struct sim *s, struct sim_peer *peer, struct model_message *message);
/* Of what was handed out since it was asked last. */
void sim_check_order(struct sim *s);

/* sim_acts.c */
void sim_act(struct sim *s, const struct sim_step *step);

/* sim_peers.c */
struct sim_peer *sim_connect(struct sim *s, enum house party);
struct sim_peer *sim_any_peer(struct sim *s, enum house party); /* one that takes what is said; NULL: none */
struct sim_peer *sim_speaker(struct sim *s, enum house party);  /* connects if need be; NULL: has no key */
size_t sim_connections(const struct sim *s, enum house party);
void sim_lose(struct sim *s, struct sim_peer *peer);
struct sim_peer *sim_some_peer(struct sim *s, bool is_receiver);
void sim_hurry(struct sim *s); /* acks that wait for company do not */
size_t sim_ack_all(struct sim *s, struct sim_peer *peer);
void sim_connect_all(struct sim *s);
void sim_act_connect(struct sim *s);
void sim_act_lose(struct sim *s);
void sim_act_credit(struct sim *s);
void sim_act_ack(struct sim *s);
void sim_act_ack_wrong(struct sim *s);
void sim_act_nack(struct sim *s);

/* sim_refer.c */
struct model_referral *sim_some_referral(struct sim *s);
void sim_say_as(struct sim *s, enum house actor, struct deed *deed, struct bytes body);
void sim_say_again(struct sim *s, const struct sim_last *last, struct bytes body, enum house speaker);
void sim_act_submit(struct sim *s);
void sim_act_submit_bad(struct sim *s);
void sim_act_return(struct sim *s);
void sim_act_event(struct sim *s);
void sim_event_of(struct sim *s, struct model_referral *r); /* one that the rules allow, if any */
void sim_end_of(struct sim *s, struct model_referral *r);   /* one that ends it */
void sim_correct(struct sim *s, struct model_referral *r);  /* its sheet is amended */
void sim_unkeep(struct sim *s, struct model_referral *r);   /* its hospital takes its place back */
void sim_act_event_wild(struct sim *s);
void sim_act_again(struct sim *s);
void sim_act_conflict(struct sim *s);

/* sim_operate.c */
void sim_act_pause(struct sim *s);
void sim_act_dead(struct sim *s);
void sim_act_setting(struct sim *s);
void sim_act_revoke(struct sim *s);
void sim_act_rotate(struct sim *s);
void sim_act_deny(struct sim *s);
void sim_act_disable(struct sim *s);
void sim_act_drain(struct sim *s);
void sim_operate(struct sim *s, struct deed *deed, struct bytes body);
void sim_order(struct sim *s, struct deed *deed, struct bytes body); /* by an operator, that is */
struct bytes sim_institution(struct sim *s, enum house party, bool enabled);
struct bytes sim_key_body(struct sim *s, enum house party, uint32_t number);

/* sim_faults.c */
void sim_act_crash(struct sim *s);
void sim_act_crash_said(struct sim *s);
void sim_act_disk(struct sim *s);
void sim_act_clog(struct sim *s);

/* sim_keep.c */
void sim_act_hold(struct sim *s);
void sim_act_archive(struct sim *s);
void sim_act_reseal(struct sim *s);
void sim_reseal_some(struct sim *s);
void sim_judge_kept(struct sim *s); /* at the end of a play */

/* sim_places.c */
void sim_act_place(struct sim *s);
void sim_one_deed(struct sim *s); /* with places */
void sim_check_place(struct sim *s, const struct deed *deed, const Referral__Reply *reply);
void sim_compare_places(struct sim *s, bool all);
void sim_judge_pools(struct sim *s);

/* sim_service.c */
void sim_compare_service(struct sim *s);
void sim_judge_service(struct sim *s); /* at the end of a play */

/* What this one, which takes nothing, was handed all the same: it waits for it. */
void sim_learn_parked(struct sim *s, struct sim_peer *peer);
/* What went to the archive, after a pass that was whole or not. */
void sim_compare_archived(struct sim *s, bool is_whole);
/* sim_compare.c: everything as an operator sees it, and what this party is shown of its own */
void sim_compare(struct sim *s, enum house party);
void sim_drain(struct sim *s);
/* The order of messages: of the turn that stored them, and in it of their ordinal; those that nobody has heard of come
 * after. */
#define SIM_UNHEARD 0x80000
uint64_t sim_number(uint64_t turn, uint64_t ordinal);
void sim_learn_id(struct model_message *message, const uint8_t *id, size_t id_size);
uint64_t sim_turn_of(const uint8_t *id); /* of a delivery id: the turn that stored it */

/* sim_run.c: the first violation counts. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_tell(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define sim_failed(s) ((s)->out->failed)
