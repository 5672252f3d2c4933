/* ops_screen.h - the facts about a broker on one screen: what is wrong first, then numbers, alarms, and who waits
 * longest. */
#pragma once
#include "ops.h"

/* Columns that cells keep where a line is too long; those of a destination so many that its id of 18 digits is
 * whole. */
#define OPS_LEAST       8
#define OPS_LEAST_WHOSE 22

enum ops_level { LEVEL_GOOD, LEVEL_WARN, LEVEL_BAD };
/* The worst that is true in one sentence, and whom to call (P4). */
enum ops_level ops_sentence(const struct ctl *ctl, const struct ops_facts *facts, const struct ops_totals *totals,
                            char *out, size_t size);
/* "no connection, paused": what keeps a destination's messages; empty: nothing that is known. */
void ops_held_up(const struct ctl *ctl, const json_t *row, char out[OPS_TEXT_SIZE]);
/* `before`: of some time ago, for rates; NULL: none are shown. `lines`: room for alarms and waiters; 0: as status has
 * it. */
void ops_screen(const struct screen *screen, const struct ops_facts *facts, const struct ops_facts *before,
                size_t lines);
/* Alarms that stand, as a table; `lines` 0: all, each with the whole of what to do and the page of the runbook. */
void ops_alarms(const struct screen *screen, const struct ops_facts *facts, size_t lines);
/* Rows of LIST_DEAD, or of what waits in an inbox, as lines that fit; with the ids that `dead` takes. */
void ops_messages(const struct screen *screen, json_t *rows);
/* A row for each destination that has had a message: its books beside what waits longest there; the first deadline
 * first, then those with dead letters, then the rest. The caller releases it; `*ret_idle`: how many have had none. */
json_t *ops_queues(const struct ops_facts *facts, bool stuck_only, size_t *ret_idle);
/* Waiters as a table. */
void ops_waiters(const struct screen *screen, const struct ops_facts *facts, json_t *waiters, size_t lines);
