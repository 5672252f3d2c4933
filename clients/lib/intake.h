/* intake.h - deliveries on their way in: credit, what is in hand, and the acknowledgements on their way out (D3, D4).
 *
 * Credit is a number of deliveries the broker may still send. It is spent by a delivery and given back for each one
 * that is acknowledged or refused; ids in hand are remembered, so that it is given back once for each, however often it
 * is acknowledged. */
#pragma once
#include <uthash.h>

#include <referral/client.h>

struct in_hand { /* delivered in this session, neither acknowledged nor refused */
    UT_hash_handle hh;
    size_t waiting; /* copies of it that nobody took yet */
    size_t size;
    uint8_t id[LIMIT_ID_BYTES];
};

struct waiting { /* for referral_receive */
    struct waiting *prev, *next;
    Referral__Delivery *delivery;
};

struct note { /* a packed NACK envelope on its way */
    struct note *prev, *next;
    size_t size;
    uint8_t envelope[];
};

struct ack { /* an id on its way */
    size_t size;
    uint8_t id[LIMIT_ID_BYTES];
};

struct intake {
    uint32_t credit;   /* the sum of all grants */
    uint32_t to_grant; /* not yet told to the broker */
    struct in_hand *in_hand;
    struct waiting *waiting;
    struct note *nacks;
    struct ack *acks;
    size_t ack_count, ack_room;
};

void intake_init(struct intake *intake, uint32_t credit);
void intake_fini(struct intake *intake);
/* False: beyond LIMIT_CREDIT. */
bool intake_grant(struct intake *intake, uint32_t add);
/* A session ended: what is not handed over yet comes again, and all credit must be granted anew. Acknowledgements stay:
 * any session of the institution may bring them. */
void intake_session_lost(struct intake *intake);
/* A delivery came in this session. */
enum referral_status intake_arrived(struct intake *intake, ProtobufCBinaryData delivery_id);
/* Keeps it for referral_receive; takes `delivery`. */
enum referral_status intake_keep(struct intake *intake, Referral__Delivery *delivery);
Referral__Delivery *intake_take(struct intake *intake); /* the caller's then; NULL: none */

/* Both copy what they are given, and drop what else of this id is kept for referral_receive. OK or NO_MEMORY. */
enum referral_status intake_ack(struct intake *intake, ProtobufCBinaryData delivery_id);
enum referral_status intake_nack(struct intake *intake, ProtobufCBinaryData delivery_id, Referral__NackCode code,
                                 const char *text);
/* The first `count` acknowledgements have left. */
void intake_acks_left(struct intake *intake, size_t count);
/* Something to tell the broker? */
bool intake_wants(const struct intake *intake);
