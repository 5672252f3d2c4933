/* offline.h - a store on this machine, without a broker: where it is, and the key that opens it. */
#pragma once
#include "ctl.h"
#include "store/store.h"

struct offline {
    char directory[4096];
    char archives
        /* where finished referrals are archived to: --archives, else the configuration, else beside the store */
        [4200];
    uint64_t map_bytes; /* 0: the store's default */
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    char error[STORE_ERROR_SIZE];
};

/* --store and --host-key, else the broker's configuration. `directory` NULL: of the options. EXIT_OK, else
 * complained. */
int offline_find(const struct ctl *ctl, const char *directory, struct offline *ret_offline);
/* Options to open it with; borrows `offline`. */
struct store_options offline_options(struct offline *offline, bool read_only);
/* Forgets the key. */
void offline_fini(struct offline *offline);
/* Complains of what failed: damage is a finding (EXIT_CHECK_FAILED), something that would be overwritten is refused. */
int offline_fail(const struct ctl *ctl, int failure, const char *error);
/* Opens that store; to write only where no broker runs. EXIT_OK, else complained: damage is a finding
 * (EXIT_CHECK_FAILED), a file that is not there or not ours is not. */
int offline_open(const struct ctl *ctl, bool read_only, struct store **ret_store);
/* Of --backup-key, else the host's. EXIT_OK, else complained. */
int offline_backup_key(const struct ctl *ctl, const struct offline *offline, uint8_t ret_key[STORE_HOST_KEY_SIZE]);

/* What a child process does: it ends with us, whatever becomes of us. */
struct offline_job {
    int (*run)(void *user);        /* returns its exit code */
    bool (*may_go_on)(void *user); /* asked here many times a second: false ends it. NULL: it takes what it takes */
    void *user;
    const char *what; /* goes on meanwhile; NULL: the child shows its own progress */
};
/* Its exit code; -ECANCELED: it was not to go on; -EIO: it died of what it read; -EINTR: it could not begin, or was
 * killed. The last two were complained of. */
int offline_job_run(const struct ctl *ctl, const struct offline_job *job);
/* Runs it in a child process that ends with its exit code: damaged pages can crash LMDB itself, and that death is a
 * finding, not ours. `what` goes on meanwhile; NULL: the child shows its own progress. */
int offline_run(struct ctl *ctl, int (*run)(struct ctl *ctl), const char *what);
