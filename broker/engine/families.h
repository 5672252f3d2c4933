/* families.h - the handlers that engine.c dispatches to, a file for each family. Each returns true, or false when it
 * refused. */
#pragma once
#include "engine/work.h"

bool submit_apply(struct work *work);       /* submit.c: T, F, L5; a child that names its parent also returns it */
bool event_apply(struct work *work);        /* event.c: section 4 */
bool show_apply_payload(struct work *work); /* show.c: P2, P3 */
/* The same command again (D1): the payload of before; the timeline has told of it, the audit tells of each look
 * (P3). */
bool show_payload_again(struct work *work, uint32_t sheet_version);
bool find_apply_patient(struct work *work); /* find.c: P2, P3; again: what is found now */
bool hold_apply_hold(struct work *work);    /* hold.c: legal holds (D8) */
bool hold_apply_release(struct work *work);
bool archived_apply(struct work *work);  /* archived.c: what stands in the archive leaves the store (D8) */
bool forget_apply(struct work *work);    /* forget.c: keys of commands that are old enough, too (D1, D8) */
bool clockwork_apply(struct work *work); /* clockwork.c: at most CLOCK_ROWS_PER_TURN due rows in order (C3, L4) */

/* Places (section 6). publish.c: what a hospital publishes and takes away; timetable_clock.c: its weeks. */
bool publish_apply_pool(struct work *work);
bool publish_apply_cut(struct work *work);
bool publish_apply_cancel(struct work *work);
bool publish_apply_block(struct work *work);
bool publish_apply_unblock(struct work *work);
bool publish_apply_group(struct work *work);
bool timetable_apply_put(struct work *work);
bool timetable_apply_delete(struct work *work);
/* take.c: holding and booking; change.c: what becomes of a booking. */
bool take_apply_hold(struct work *work);
bool take_apply_book(struct work *work);
bool change_apply_confirm(struct work *work);
bool change_apply_cancel(struct work *work);
bool change_apply_move(struct work *work);
bool change_apply_displace(struct work *work);
bool change_apply_mark(struct work *work);
/* waiting_join.c */
bool waiting_apply_join(struct work *work);
bool waiting_apply_leave(struct work *work);
/* Is this the row of the clock for what is due at that time? A row may be later than what it is for: it was put off.
 * Where it is earlier, or nothing is due any more (0), it is nobody's row. */
bool clockwork_wakes(struct instant at, int64_t due_ms);
/* The clock's rows: a pool's next instant; a timetable's next day; the end of an entry's last day. The row is theirs to
 * move on or delete. */
void pool_wake(struct work *work, struct instant at, struct bytes key);
void timetable_wake(struct work *work, struct instant at, struct bytes key);
void waiting_wake(struct work *work, struct instant at, struct bytes id);
