/* handout.h - inside of delivery.h: what handing out, keeping and going back share. */
#pragma once
#include "turn/delivery.h"

struct held *deliveries_find(const struct deliveries *deliveries, struct inbox_ref ref);
void deliveries_make_ready(struct deliveries *deliveries, struct mailbox *mailbox);
/* The store knows whether it waits; a mailbox that is left with nothing goes, too. */
void deliveries_forget(struct deliveries *deliveries, struct held *held);
/* Nothing is handed out of it until it is loaded again. */
void deliveries_close(struct deliveries *deliveries, struct mailbox *mailbox);
/* Handed out to this consumer, which pays with credit. */
void deliveries_hold_out(struct deliveries *deliveries, struct consumer *consumer, struct inbox_ref ref,
                         const uint8_t referral[ID_KEY_SIZE], int64_t mono_ms);
/* Not deliverable before. */
void deliveries_hold_back(struct deliveries *deliveries, struct mailbox *mailbox, struct inbox_ref ref,
                          const uint8_t referral[ID_KEY_SIZE], struct instant not_before);
