/* report.h - what the verbs that read ledgers share. */
#pragma once
#include "columns.h"
#include "engine/replay.h"
#include "ledgers.h"

/* --output, or json where --json was given, or the first of `forms` (NULL-terminated). NULL: complained, it is none of
 * them. */
const char *report_form(const struct ctl *ctl, const char *const *forms);
/* The hospital of the argument; else the connected one, or the only one of the store that has a ledger. EXIT_OK, else
 * complained; it lives as long as `ledgers`. */
int report_hospital(struct ledgers *ledgers, const char **ret_hospital);
/* Reads the ledger into a replay, up to `last_row`: EXIT_OK, to be closed in any case; else complained. */
#define REPORT_ALL_ROWS UINT64_MAX
int report_replay(struct ledgers *ledgers, const char *hospital, uint64_t last_row, struct replay **ret_replay);
/* A report's lines and below them its totals, which say `total` in the member that tells lines apart; the caller's. */
json_t *report_lines(json_t *report, const char *member, const char *total);
/* Where a report is from, as rows of one: its part of that name, with what stands in the report itself, and whose time
 * it is (C4); the caller's. */
json_t *report_source(json_t *report, const char *part);
