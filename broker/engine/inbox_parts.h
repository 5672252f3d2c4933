/* inbox_parts.h - what the files of the inbox share; included by nobody else.
 *
 * inbox.c: messages in, acks, caps. inbox_failure.c: failed attempts, back-off, a receiver that is down. inbox_dead.c:
 * dead letters. inbox_delivery.c: what a consumer gets. */
#pragma once
#include "engine/inbox.h"

/* D7, one side of the books each; the other is the caller's. */
void inbox_waits(struct work *work, struct inbox_ref ref, const Record__Inbox *row);
void inbox_waits_no_more(struct work *work, struct inbox_ref ref, const Record__Inbox *row);
/* Id text of the inbox's institution. */
const char *inbox_owner(struct work *work, uint32_t institution);
/* The message of a delivery id that came from `institution` (0: from the daemon); NULL: nothing waits there. */
Record__Inbox *inbox_find(struct work *work, ProtobufCBinaryData delivery_id, uint32_t institution,
                          struct inbox_ref *ret_ref, bool *ret_stale);
/* D5: moves the message to the dead letters and tells its cause. */
void inbox_bury(struct work *work, struct inbox_ref ref, Record__Inbox *row, const char *cause, uint32_t nack_code,
                const char *text);
/* D1, D4: has its last attempt failed already? Then it is with nobody, and no second failure of that attempt counts. */
bool inbox_is_backing_off(const struct work *work, const Record__Inbox *row);
/* D4, D5: one failed attempt. */
void inbox_fail(struct work *work, struct inbox_ref ref, Record__Inbox *row, const char *cause);
