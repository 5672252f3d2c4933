/* daemon.h - referrald as a process: owns every part, starts and stops them in order, and drives the turn from the
 * loop.
 *
 * Start order: secrets, store and its end, time, turn, ZAP, port, HTTP, self-test, ready; stop in reverse. Whatever
 * keeps it from starting is one line in the log and an exit code of its own, so that whoever starts it knows what to
 * do. */
#pragma once
#include "sys/config.h"

/* X(name, exit code, what it means) */
#define DAEMON_EXITS(X)                                                                                                \
    X(STOPPED, 0, "stopped as asked, everything accepted is on disk")                                                  \
    X(FAILED, 1, "a lasting failure of the store or the machine; the log says which")                                  \
    X(USAGE, 2, "wrong arguments")                                                                                     \
    X(BAD_CONFIG, 3, "the configuration is bad; the line names file, line, key and range")                             \
    X(BAD_SECRET, 4, "a key file is missing, wrong, or readable by others")                                            \
    X(NO_STORE, 5, "there is no store; `referralctl init` makes one")                                                  \
    X(STORE_IN_USE, 6, "another process has the store open")                                                           \
    X(STORE_NEWER, 7, "the store was written by a newer version, or is none")                                          \
    X(STORE_OLDER, 8, "the store is an older copy put back; `referralctl restore` is the way")                         \
    X(STORE_DAMAGED, 9, "the store does not agree with its own sums or seals")                                         \
    X(NO_ENDPOINT, 10, "an endpoint cannot be bound: in use, or not of this machine")                                  \
    X(SELF_TEST, 11, "a stranger's key was not refused")                                                               \
    X(TEST_TIME, 12, "test time in the configuration but not in the store, or the other way round")

enum daemon_exit {
#define X(name, code, help) DAEMON_##name = (code),
    DAEMON_EXITS(X)
#undef X
};

struct daemon;

/* What holds for the whole process: no core files, no reading by others, limits, signals that must not kill. Once,
 * before anything. */
void daemon_harden(void);
/* Reads the secrets as daemon_open does and forgets them: DAEMON_STOPPED where they are fine, else BAD_SECRET,
 * logged. */
enum daemon_exit daemon_check(const struct config *config);
/* DAEMON_STOPPED (nothing was wrong) with *ret_daemon; else why not, logged. Borrows both until daemon_close. */
enum daemon_exit daemon_open(const struct config *config, const char *config_path, struct daemon **ret_daemon);
/* Serves until SIGTERM or SIGINT, or a lasting failure. Says ready first. */
enum daemon_exit daemon_run(struct daemon *daemon);
void daemon_close(struct daemon *daemon); /* NULL is fine */
