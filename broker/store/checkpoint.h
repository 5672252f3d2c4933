/* checkpoint.h - how far the audit chain had come, signed, for whoever keeps it elsewhere (P3).
 *
 * The chain shows any change to whoever knows its end; but who holds the store's keys can cut its tail, or write it
 * anew, and mend its end. A checkpoint that lies elsewhere shows that, too: the chain must pass through it for ever. It
 * is a text of few lines, "name = value", that says nothing of patients:
 *
 *   referrald checkpoint 1
 *   store_id, short_name, incarnation, index, time_ms, chain (the digest behind turn `index`), public_key, signature
 *
 * The signature is Ed25519 over all lines before its own, by a pair of the store's index key: it is the same as long as
 * the store lives, through rotation and restore. Who keeps the public key knows by it whose checkpoint it is.
 *
 * After a restore the chain goes on from an older turn, in a new incarnation. A checkpoint of a turn that the older
 * copy had still holds; one of a turn that was left behind does not, and that is told: no such turn is lost without a
 * word. */
#pragma once
#include "store/store.h"

#define CHECKPOINT_TEXT_MAX 768
#define CHECKPOINT_KEY_SIZE 32

struct checkpoint {
    uint8_t store_id[16];
    char short_name[STORE_NAME_MAX + 1];
    uint32_t incarnation;
    uint64_t index;
    struct instant time;
    uint8_t chain[STORE_DIGEST_SIZE];
    uint8_t public_key[CHECKPOINT_KEY_SIZE];
};

enum checkpoint_verdict {
    CHECKPOINT_HOLDS,
    CHECKPOINT_OF_ANOTHER, /* store, or key */
    CHECKPOINT_CUT,        /* the store ends before it */
    CHECKPOINT_LEFT,       /* a restore has left its turn behind */
    CHECKPOINT_REWRITTEN,  /* the chain does not pass through it */
};

void checkpoint_public_key(const struct store *store, uint8_t ret_key[CHECKPOINT_KEY_SIZE]);
/* Of the store's mark (of a reader: as it was opened). */
void checkpoint_make(const struct store *store, char ret_text[CHECKPOINT_TEXT_MAX]);
/* -EPROTO: that is none, or of a newer version; -EBADMSG: its signature does not hold. */
int checkpoint_parse(const char *text, struct checkpoint *ret_checkpoint);
/* Follows the chain from its first turn. 0 or a failure. */
int checkpoint_check(struct store *store, const struct checkpoint *checkpoint, enum checkpoint_verdict *ret_verdict);
