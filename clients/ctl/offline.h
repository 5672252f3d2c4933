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
