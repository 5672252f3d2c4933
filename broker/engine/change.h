/* change.h - what the commands about one booking share: which one, whose, and who may (P2); change.c and change_move.c
 * only. */
#pragma once
#include "engine/booking.h"
#include "engine/channel.h"

struct change {
    struct work *work;
    struct booking_of *booking;
    struct life_of *life; /* NULL: it has no referral */
    int by;               /* BY_SENDER, BY_RECEIVER */
    bool is_main;         /* it drives its referral's state */
};
/* Refuses MISSING, NOT_FOUND, NOT_ALLOWED. */
bool change_find(struct work *work, const char *booking_id, struct change *ret_change);
