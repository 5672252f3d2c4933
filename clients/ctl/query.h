/* query.h - questions as JSON: asked once, or page by page to the end. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"

/* One page. EXIT_OK with *ret_answer, a new reference; EXIT_REFUSED: printed, unless `quiet`; else complained. */
int query_ask(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, json_t *query, bool quiet,
              json_t **ret_answer);
/* The first page's answer with the rows of all pages, at most `rows` of them, and without `next` unless there is more.
 * `query` is changed. */
int query_ask_all(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, json_t *query,
                  size_t rows, json_t **ret_answer);
/* The run's question, its verb's body from --cursor on, and a connection to ask it by: a new reference and *ret_client,
 * to be closed; each is NULL where it did not come to that. */
int query_open(struct ctl *ctl, struct referral_client **ret_client, json_t **ret_query);
/* What it is answered, up to --rows of the list. `query` is changed. */
int query_answer(const struct ctl *ctl, struct referral_client *client, json_t *query, json_t **ret_answer);
/* Both in one. */
int query_of_verb(struct ctl *ctl, struct referral_client **ret_client, json_t **ret_answer);
/* The cursor of what was not read, on the error stream. */
void query_tell_of_more(const struct ctl *ctl, json_t *answer);
