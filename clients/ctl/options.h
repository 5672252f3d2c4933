/* options.h - argv into a run: options may stand anywhere, "--name value" or "--name=value"; "--" ends them, "-" is an
 * argument. */
#pragma once
#include "ctl.h"

/* Fills verb, arguments, given, zh, json, print and progress of `ctl`, whose other fields and whose zh as a first guess
 * are set. False: usage error, already complained of. No verb: `ctl->verb` is NULL. */
bool options_parse(struct ctl *ctl, int argc, char **argv);
