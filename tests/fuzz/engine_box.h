/* engine_box.h - a transaction of the stage in which commands are applied and questions answered, and of which nothing
 * stays. */
#pragma once
#include "engine/engine.h"
#include "engine/query.h"
#include "fuzz/stage.h"

struct box {
    struct world *w;
    struct store_txn *txn;
    struct arena arena;
    struct effects effects; /* of the last batch */
    uint64_t index;
    struct instant now;
    bool hold, full, draining; /* of the batches to come (C4, D6, T7) */
};

/* The same one for each input. */
struct box *box_begin(void);
void box_end(struct box *box);
/* One command in a batch of its own. 0, or the store's failure: then the box is only to be ended. */
int box_command(struct box *box, const char *speaker, uint32_t kind, const char *message_id, struct bytes body);
/* Whatever is due by now. */
int box_clock(struct box *box);
/* A query's reply. */
const Referral__Reply *box_ask(struct box *box, const char *speaker, uint32_t kind, struct bytes body);
const Referral__Reply *box_reply(struct box *box);
