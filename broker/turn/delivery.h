/* delivery.h - who gets which waiting message, and when it comes back (D3, D4, D9).
 *
 * Memory only: the store knows what waits, this knows what is handed out or backs off, and where in each lane the rest
 * begins. Nothing here writes: what happens to a message (time-out, lost connection) is collected as commands of the
 * daemon, and changes this memory only when their turn is committed. The cost of a delivery does not depend on how much
 * waits. */
#pragma once
#include "engine/query.h"
#include "turn/batch.h"
#include "turn/mailbox.h"

#define BACK_OFF_MAX 1024 /* messages of one lane in back-off; beyond it the lane rests until one of them is due */

struct deliveries {
    struct mailbox *mailboxes; /* by institution number */
    struct held *held;         /* by key */
    struct mailbox *ready;     /* those that may have something to hand out */
    struct held *going_back;   /* lost or late, to be told to the engine */
    struct tally *tallies;     /* by institution number; never forgotten */
    struct mailbox *serving;   /* what is being handed out of, and is not among the ready; NULL: nothing */
    bool is_offering;          /* a message of it is at hand */
    struct mailbox *loading;   /* whose settings are being read anew; NULL: none */
    uint64_t index_at_open;    /* older messages may have been delivered before the start (D4) */
    uint32_t incarnation;
    int64_t next_late_ms;                    /* monotonic; no delivery is late before; INT64_MAX: none */
    struct instant next_back_off;            /* no back-off ends before; unset: none */
    uint64_t handed_out, handed_again, gone; /* since start */
};

void deliveries_init(struct deliveries *deliveries, uint64_t index_at_open, uint32_t incarnation);
void deliveries_fini(struct deliveries *deliveries);

/* This consumer receives what waits for `institution`, from now on. Reads settings of the inbox. */
void deliveries_join(struct deliveries *deliveries, struct store_txn *txn, struct consumer *consumer,
                     uint32_t institution, const char *id);
/* It receives no more; what it holds goes back as after a lost connection. Fine for one that never joined. */
void deliveries_leave(struct deliveries *deliveries, struct consumer *consumer);
/* D4: as many more deliveries may be unacknowledged. */
void deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add);
/* It takes nothing for the moment, or again. */
void deliveries_stop(struct deliveries *deliveries, struct consumer *consumer, bool is_stopped);
/* Pause, resume, enabled, ack time-out: reads them anew for all inboxes. */
void deliveries_reload(struct deliveries *deliveries, struct store_txn *txn);

/* What a committed turn did to an inbox. */
void deliveries_note(struct deliveries *deliveries, const struct inbox_effect *effect, struct instant now);
/* Time passed: late deliveries go back, ended back-offs are deliverable. */
void deliveries_look(struct deliveries *deliveries, struct instant now, int64_t mono_ms);
/* Adds the commands that tell the engine of what goes back; after their turn, deliveries_settle says how it went. */
void deliveries_collect(struct deliveries *deliveries, struct batch *batch, struct arena *arena);
void deliveries_settle(struct deliveries *deliveries, bool is_done);
/* Before it is settled: this entry of the batch met a damaged row. Where it was a list, its messages are told one by
 * one the next time. Where it was a single message, that one is the damaged one, and is forgotten here: the store knows
 * that it waits. */
void deliveries_give_up(struct deliveries *deliveries, size_t entry);

struct handout { /* one turn's handing out */
    struct store_txn *txn;
    struct arena *arena;
    struct instant now;
    int64_t mono_ms;
    size_t bytes_left; /* of bodies; what remains waits for the next turn */
    void *user;
    void (*hand)(void *user, struct consumer *consumer, struct bytes delivery);
};
void deliveries_hand_out(struct deliveries *deliveries, struct handout *handout);
/* Handing out or reloading was broken off by a damaged row. This leaves out what was at hand, so that it may be called
 * again. A message is passed over; where the inbox itself could not be read on, the rest of it waits until something
 * happens there. An inbox whose settings could not be read is closed. False: nothing was at hand. */
bool deliveries_leave_out(struct deliveries *deliveries);

struct live_inbox deliveries_live(const struct deliveries *deliveries, uint32_t institution);
bool deliveries_in_flight(const struct deliveries *deliveries, struct inbox_ref ref);
uint32_t deliveries_ack_timeout_ms(const struct consumer *consumer);
