/* log.h - the seam between sealing a batch and applying it: propose, committed, read, trim.
 *
 * Today one driver, embedded: `committed` is called at once, inside log_propose, and the store's commit is the append.
 * A local log in front of the store, or a replicated one, would call it later, in order, perhaps on another machine,
 * without a change above. */
#pragma once
#include "base/bytes.h"

struct log;

/* Called for each batch in order of index; its result is the proposer's where the driver is embedded. */
typedef int (*log_committed)(void *user, uint64_t index, struct bytes batch);

struct log_driver {
    int (*propose)(struct log *log, uint64_t index, struct bytes batch);
    /* Batches from `index` on that a node has yet to apply; 0 when there are none. */
    int (*read)(struct log *log, uint64_t index, log_committed each, void *user);
    int (*trim)(struct log *log, uint64_t below_index);
    void (*close)(struct log *log);
};

struct log {
    const struct log_driver *driver;
    log_committed committed;
    void *user;
};

int log_open_embedded(log_committed committed, void *user, struct log **ret_log);
int log_propose(struct log *log, uint64_t index, struct bytes batch);
int log_read(struct log *log, uint64_t index, log_committed each, void *user);
int log_trim(struct log *log, uint64_t below_index);
void log_close(struct log *log); /* NULL is fine */
