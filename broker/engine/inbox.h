/* inbox.h - the durable inbox of an institution (D3-D7): messages in, acks, failures, dead letters, books.
 *
 * A delivery id is 19 bytes: incarnation of the store that delivers u32, institution number u32, lane u8, index u64,
 * ordinal u16, big-endian. Clients treat it as opaque. One of another incarnation is stale: it was given before a
 * restore. */
#pragma once
#include "engine/life.h"

#define DELIVERY_ID_SIZE 19
void delivery_id_encode(uint8_t out[DELIVERY_ID_SIZE], uint32_t incarnation, struct inbox_ref ref);
bool delivery_id_decode(struct bytes bytes, uint32_t *ret_incarnation, struct inbox_ref *ret_ref);

/* D6: has this inbox room for one more submission of that size? Else INBOX_FULL and when to retry. EMERGENCY has a cap
 * of its own. */
enum refusal inbox_admits(struct work *work, uint32_t institution, Referral__Priority lane, size_t size,
                          uint32_t *ret_retry_ms);
/* A SHEET: its body is the referral's. `cause` is the institution told if it dies (D5). */
void inbox_put_sheet(struct work *work, uint32_t institution, Referral__Priority lane, struct id referral,
                     enum event event, uint32_t sheet_version, size_t size, uint32_t cause);
/* A NOTICE (always stored, D6). */
void inbox_put_notice(struct work *work, uint32_t institution, Referral__Priority lane, struct id referral,
                      const Referral__Notice *notice, uint32_t cause);

/* L2: nobody acknowledges for a query-only receiver. What it does about a referral takes the sheet that waits for it,
 * and so does the referral's end. */
void inbox_take_sheet(struct work *work, const struct life_of *life);

/* D6: age never refuses, it raises an alarm. The clock looks at the oldest message when it may have become too old. */
void inbox_check_age(struct work *work, uint32_t institution);

/* D6: its caps are others now, and with them perhaps whether it is full; institution 0: everybody's. */
void inbox_check_caps(struct work *work, uint32_t institution);

/* The daemon's and consumers' commands. */
bool inbox_apply_ack(struct work *work);
bool inbox_apply_nack(struct work *work);
bool inbox_apply_timeout(struct work *work);
bool inbox_apply_connection_lost(struct work *work);
bool inbox_apply_replay_dead(struct work *work);
bool inbox_apply_drop_dead(struct work *work);

/* What a consumer gets: a serialised Delivery in the cache's arena. `attempt` counts from 1. False: the row is gone.
 * The cache keeps what deliveries of one turn have in common. */
bool inbox_delivery(struct store_txn *txn, struct cache *cache, struct inbox_ref ref, const Record__Inbox *row,
                    uint32_t incarnation_now, bool possibly_redelivered, struct bytes *ret_delivery);
