/* world.h - a broker without sockets, a few institutions around it, and time as a number: what stories are told with.
 *
 * A story says who does what, lets time pass, and expects the conversation as trace text:
 *
 *     world_submit(w, "T07", "r1", "up to H1, urgent");
 *     world_expect(w, "[     0] T07 > submit r1 up to H1, urgent\n"
 *                     "         T07 < accepted r1 SUBMITTED\n");
 *
 * The number is seconds since the story began (2026-03-02, a Monday, 09:00 in China). `>` is said to the broker, `<` by
 * the broker. Referrals are called r1, r2 ... by the story; whatever the broker answers is shown by these names. Who
 * speaks is an institution ("H1"), or one of several connections of it ("H1/b").
 *
 * The people: V1 village clinic, T07 township centre (acts for V1, has the team TEAM7), H1 county hospital, all of one
 * consortium; C1 city hospital, outside it, with relations from and to H1 and T07; OP the operator. All have contacts,
 * departments MED and SUR.
 *
 * Values in `edits` are "path=value; path=value" of the body: names for code lists, r1 for a referral, "key:H1" for a
 * public key, "now", "+3600" (seconds from now) or "@3600" (of the story) for times, nothing to leave a field out. At
 * the end every inbox must balance (D7), the store must verify (P3), and every ledger make its pools (Q13). */
#pragma once
#include <criterion/criterion.h>

#include "turn/turn.h"
#include "wire.pb-c.h"

struct world;

#define WORLD_POOL_DATE "2026-03-05" /* where a pool's date is not said */

struct world *world_open(void);
/* The story begins on that day, at 09:00 in China. */
struct world *world_open_on(const char *date);
/* With a store of that many bytes, so that it can fill (D6). */
struct world *world_open_small(uint64_t map_bytes);
void world_close(struct world *w);

/* Compares, and forgets, what was said since the last time. */
void world_expect(struct world *w, const char *trace);
/* Forgets it: what leads up to a story needs no telling. */
void world_forget(struct world *w);
/* How often `text` stands in what was said since the last time. */
size_t world_count(struct world *w, const char *text);

/* A connection with HELLO, and credit if not 0. */
void world_connect(struct world *w, const char *who, uint32_t credit);
void world_credit(struct world *w, const char *who, uint32_t add);
void world_lose(struct world *w, const char *who);
/* Its pipe is full from now on, or takes again. */
void world_clog(struct world *w, const char *who, bool is_clogged);

/* It hears nothing more; what it said before arrives yet, until it is lost. */
void world_depart(struct world *w, const char *who);

/* Acknowledges whatever comes from now on, at once and without a word, as a good system does. */
void world_good(struct world *w, const char *who);
/* Says nothing any more, not even that it is there. */
void world_mute(struct world *w, const char *who);
/* HELLO on the same connection; and from then on frames of a session that is not the present one. */
void world_hello_again(struct world *w, const char *who);
void world_stale(struct world *w, const char *who);

/* `what` is "up to H1, urgent"; a complete sheet, changed by edits after a semicolon. With "patient 3" it is for
 * another patient, by TEAM7. "(id m5)" in front of it names the message id. */
void world_submit(struct world *w, const char *who, const char *name, const char *what);
/* `what` is "accept r1", with edits after a semicolon; what the event needs is filled in. */
void world_event(struct world *w, const char *who, const char *what);
/* Any other command or query by its kind's name. */
void world_say(struct world *w, const char *who, const char *kind, const char *edits);

/* `what` is "WANG EXPERT 10 places", with "every 6" (minutes; default 10), "at 08:30" (09:00), "on 2026-03-06"
 * (WORLD_POOL_DATE, Thursday: second 259200), "in SUR" (MED); "as WANG" where the name is not the resource. With edits
 * after a semicolon. The pool is called WANG then. */
void world_publish(struct world *w, const char *who, const char *what);
/* `what` is "hold WANG family r1", "book WANG general HIS-7" (a reference of its own), "confirm b1", "cancel b1", "move
 * b1 to LI", "displace b1", "used b1", "missed b1", "join EXPERT family r1", "leave w1", "cut WANG", "call-off WANG",
 * "block WANG", "unblock WANG"; with edits after a semicolon. What the command needs is filled in. Bookings and entries
 * are called b1, b2 ... w1, w2 ... as they are heard of. */
void world_place(struct world *w, const char *who, const char *what);
/* Where most stories of places begin: H1 sells by itself, T07 has the team, both are connected and acknowledge whatever
 * comes. */
struct world *world_open_morning(void);
/* "r3", referred up to H1 for a patient of its own; so many places for as many such patients, from r<from> on; so many
 * of H1's own. All granted, and without a word. */
const char *world_refer(struct world *w, int number);
void world_book_family(struct world *w, const char *pool, int from, int count);
void world_book_general(struct world *w, const char *pool, int count);
/* One sign a unit, in order: '.' free, '*' free and marked, B blocked, G general, F family; g and f while held. Its
 * hospital must be connected. */
const char *world_units(struct world *w, const char *pool);
/* "C 10 R 2 B 0 G 3 F 1", and ", 1 short" where there is a deficit (Q10). */
const char *world_numbers(struct world *w, const char *pool);
/* The last command of this institution again, byte for byte. */
void world_again(struct world *w, const char *who);
/* All deliveries of this referral ("all": of any) that the connection holds. `code` 0: ACK. */
void world_ack(struct world *w, const char *who, const char *name);
void world_nack(struct world *w, const char *who, const char *name, Referral__NackCode code);
/* Acks of everything this institution was ever delivered; of what others hold of this referral. */
void world_ack_old(struct world *w, const char *who);
void world_ack_stolen(struct world *w, const char *who, const char *name);

/* What is said from now on, and the time that passes, reach the broker in one turn; world_go runs it. */
void world_gather(struct world *w);
void world_go(struct world *w);

void world_after(struct world *w, int64_t seconds);
void world_after_ms(struct world *w, int64_t ms);
/* Until that second, or millisecond, of the story. */
void world_until(struct world *w, int64_t second);
void world_until_ms(struct world *w, int64_t ms);
/* The broker is stopped in good order, and takes nothing more. */
void world_drain(struct world *w);
/* The disk takes no further byte from now on, or takes again. */
void world_disk(struct world *w, bool is_full);
/* C4: the clock is in doubt. */
void world_hold(struct world *w, bool hold);
/* The broker dies and starts again: connections and everything unsaid are gone. */
void world_restart(struct world *w);
/* The broker stops for a copy; later it starts from that copy. */
void world_copy(struct world *w);
void world_restore(struct world *w);

/* The last answer's refusals, fields and `result`, unpacked. */
const Referral__Reply *world_reply(const struct world *w);
const void *world_result(const struct world *w);
/* Id of a referral by its name. */
const char *world_id(const struct world *w, const char *name);
struct turn_counters world_counters(const struct world *w);
struct store *world_store(const struct world *w);
