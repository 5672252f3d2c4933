/* world_inside.h - the world, for its own files: world_stage.c sets it, world.c drives it, world_say.c and
 * world_write.c make messages, world_read.c tells what was said; world_place.c does both for places. */
#pragma once
#include "base/arena.h"
#include "story/world.h"
#include "wire/wire.h"

#define WORLD_TRACE_SIZE (1 << 20)
#define CHINA_MINUTES    480 /* of local time before UTC */
#define WORLD_PEERS      64
#define WORLD_NAMES      4096
#define WORLD_HANDS      16384
#define WORLD_POOLS      64

struct peer {
    char name[24]; /* "H1", "H1/b" */
    uint64_t number, session;
    int utc_offset_minutes;
    bool is_clogged, is_leaving, is_mute, is_good;
    int takes;               /* so many frames although it is clogged */
    struct bytes last_frame; /* of its last command */
    const struct kind_info *last_kind;
};

struct hand { /* a delivery a connection got */
    uint64_t peer;
    char name[24]; /* of the referral */
    char institution[24];
    uint8_t id[64];
    size_t id_size;
    bool is_held;
};

struct world_pool {
    char name[24], hospital[24], class[8], department[24], resource[24], date[16];
};

struct world {
    char directory[64], copy[64];
    uint64_t map_bytes;
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    struct store *store;
    struct turn *turn;
    struct turn_clock clock;
    struct instant begin;
    bool is_gathering;
    struct arena arena;           /* for the whole story */
    ProtobufCAllocator allocator; /* in it: what is heard is given back at the end */
    struct peer peers[WORLD_PEERS];
    size_t peer_count;
    struct {
        char name[24], id[72], sheet_of[24];
    } names[WORLD_NAMES];
    size_t name_count;
    struct hand hands[WORLD_HANDS];
    size_t hand_count;
    struct world_pool pools[WORLD_POOLS];
    size_t pool_count, booking_count, entry_count;
    uint64_t next_request, next_message;
    char pending[24]; /* name that the next answered referral id gets */
    const struct kind_info *asked;
    const Referral__Reply *reply;
    const void *result;
    char *trace;
    size_t trace_used;
    int64_t told_s; /* time of the last line's heading */
};

/* world.c */
struct peer *world_peer(struct world *w, const char *name);
void world_send(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id, const char *acting_for,
                struct bytes body);
/* Without waiting for what the broker does about it. */
void world_transmit(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id,
                    const char *acting_for, struct bytes body);
/* The broker, and those who answer it at once, until nobody has anything to say. */
void world_settle(struct world *w);
/* Acks what it holds of this referral, without a word; how many that was. */
size_t world_ack_quietly(struct world *w, struct peer *peer, const char *name);
int world_port_send(void *user, uint64_t number, struct bytes frame);
void world_port_drop(void *user, uint64_t number);

/* world_stage.c, for crash/ and fault/: how a store is opened there; the broker of which only this directory is left, 0
 * or why it does not open. */
struct store_options world_store_options(const struct world *w, const char *directory);
int world_stand_up(struct world *w, const char *directory);
void world_lie_down(struct world *w); /* in good order */
void world_leave(struct world *w);    /* the same, and its directory goes */
void world_judge(struct world *w);    /* as at the end of a story */

/* world_say.c: "(id m5) rest": the id, and `what` without it; a new id where there is none. */
const char *world_take_message_id(struct world *w, const char **what);

/* world_place.c: "b1 HELD WANG 3-5 until 600", "w1 waits for EXPERT" */
const char *world_booking_text(struct world *w, const Referral__Booking *booking);
const char *world_entry_text(struct world *w, const Referral__WaitEntry *entry);
/* Every hospital's ledger makes its pools as they stand (Q13). */
void world_judge_ledgers(struct world *w);

/* world_write.c */
void world_key(uint8_t key[32], const char *name);
ProtobufCMessage *world_new(struct world *w, const ProtobufCMessageDescriptor *descriptor);
/* "path=value; path=value" */
void world_edit(struct world *w, ProtobufCMessage *message, const char *edits);
/* The sheet of `what`; edits are applied. */
Referral__Sheet *world_sheet(struct world *w, const char *who, const char *what);

/* world_read.c */
void world_hear(struct world *w, struct peer *peer, struct bytes bytes);
/* A line with the time: who says what. Then lines of what follows. */
void world_tell(struct world *w, const char *who, const char *format, ...) __attribute__((format(printf, 3, 4)));
void world_line(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_name(struct world *w, const char *name, const char *id);
bool world_is_named(const struct world *w, const char *id);
/* The name of an id; one that has none gets "r1'" and so on, after the referral it came from. */
const char *world_name_of(struct world *w, const char *id);
