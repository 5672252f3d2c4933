/* arguments.h - the arguments of referrald: one table, for parsing, --help and the manual page. */
#pragma once
#include <stddef.h>

#define DEFAULT_CONFIG "/etc/referrald/referrald.conf"

enum action { SERVE, CHECK, DUMP, VERSION, HELP };

/* X(name, what it is followed by or NULL, what to do, help) */
#define ARGUMENTS(X)                                                                                                   \
    X("config", "FILE", SERVE, "the configuration; default " DEFAULT_CONFIG)                                           \
    X("check", NULL, CHECK, "read configuration and keys, say what is wrong, and end")                                 \
    X("dump", NULL, DUMP, "print the whole configuration with its defaults, and end")                                  \
    X("version", NULL, VERSION, "print the version, and end")                                                          \
    X("help", NULL, HELP, "print this, and end")
