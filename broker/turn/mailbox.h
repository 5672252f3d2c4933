/* mailbox.h - what memory knows of one institution's inbox; the inside of delivery.h.
 *
 * Each lane has a place from which the store is scanned. Whatever waits before it is held (handed out, going back, in
 * back-off), or follows a message of the same referral that backs off (D3). When something before that place becomes
 * deliverable, the place goes back there: held messages are passed over by key alone, so this costs little and no
 * second list of what waits exists. */
#pragma once
#include "turn/session.h"
#include "turn/tally.h"

enum held_state {
    HELD_OUT,      /* handed out; unacknowledged */
    HELD_LOST,     /* its connection is gone: the engine is told */
    HELD_LATE,     /* its ack did not come in time: the engine is told */
    HELD_BACK_OFF, /* failed, not deliverable before `not_before` */
};

struct held { /* a message that the scan passes over */
    struct inbox_ref ref;
    uint8_t key[INBOX_KEY_SIZE];
    uint8_t referral[ID_KEY_SIZE];
    enum held_state state;
    struct mailbox *mailbox;
    struct consumer *consumer;   /* HELD_OUT */
    bool beyond;                 /* its credit (D4) */
    bool is_told;                /* HELD_LOST, HELD_LATE: in the batch of this turn, ... */
    size_t told_in;              /* ... which entry of it */
    bool is_alone;               /* told by itself: a list it was in met a damaged row */
    int64_t late_ms;             /* HELD_OUT: monotonic */
    struct instant not_before;   /* HELD_BACK_OFF */
    struct held *prev, *next;    /* of its mailbox (out: by late_ms; back-off), or of those going back */
    struct held *behind, *ahead; /* in back-off for the same referral, in order of waiting */
    UT_hash_handle hh;
};

struct stalled { /* a referral with messages in back-off: later ones wait behind the first of them */
    uint8_t referral[ID_KEY_SIZE];
    struct held *first;
    UT_hash_handle hh;
};

struct lane {
    struct inbox_ref from; /* the scan begins here */
    bool is_exhausted;     /* nothing waits from there on */
    uint32_t back_off;     /* messages in back-off */
};

#define LANES 3

struct mailbox {
    uint32_t institution;
    char id[72];
    bool is_open;     /* enabled and not paused (D9) */
    bool is_left_out; /* while inboxes are reloaded: its institution cannot be read */
    struct tally *tally;
    uint32_t ack_timeout_ms;
    struct lane lanes[LANES];
    struct consumer *consumers;          /* a ring: the first is next */
    uint32_t consumer_count, held_count; /* held: out or going back */
    struct held *out, *back_off;
    struct stalled *stalled; /* by referral */
    bool is_ready;
    struct mailbox *prev, *next; /* of the ready */
    UT_hash_handle hh;
};

struct lane *mailbox_lane(struct mailbox *mailbox, struct inbox_ref ref);
/* `ref` is deliverable: the scan of its lane begins there at the latest. */
void mailbox_rewind(struct mailbox *mailbox, struct inbox_ref ref);
/* Does it wait behind an earlier message of its referral? */
bool mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE], struct inbox_ref ref);
/* Enters and leaves back-off; leaving makes it, and what stood behind it, deliverable. */
void mailbox_back_off(struct mailbox *mailbox, struct held *held);
void mailbox_end_back_off(struct mailbox *mailbox, struct held *held);
/* The next one that may be handed a message of this lane, in turn; NULL: none now. */
struct consumer *mailbox_next_consumer(struct mailbox *mailbox, uint8_t lane);
