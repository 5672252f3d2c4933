/* offline.h - a store on this machine, without a broker: where it is, and the key that opens it. */
#pragma once
#include "ctl.h"
#include "store/store.h"

struct offline {
    char directory[4096];
    uint64_t map_bytes; /* 0: the store's default */
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    char error[STORE_ERROR_SIZE];
};

/* --store and --host-key, else the broker's configuration. `directory` NULL: of the options. EXIT_OK, else complained. */
int offline_find(const struct ctl *ctl, const char *directory, struct offline *ret_offline);
/* Options to open it with; borrows `offline`. */
struct store_options offline_options(struct offline *offline, bool read_only);
/* Forgets the key. */
void offline_fini(struct offline *offline);
/* Opens that store to read it. EXIT_OK, else complained: damage is a finding (EXIT_CHECK_FAILED), a file that is not there or not ours is not. */
int offline_open(const struct ctl *ctl, struct store **ret_store);
/* Runs it in a child process that ends with its exit code: damaged pages can crash LMDB itself, and that death is a finding, not ours. `what`
 * goes on meanwhile; NULL: the child shows its own progress. */
int offline_run(struct ctl *ctl, int (*run)(struct ctl *ctl), const char *what);
