/* report_check.h - a saved report held against the ledger it says it was made of. */
#pragma once
#include "ctl.h"

/* The file of --report. EXIT_CHECK_FAILED where a number is another one, or the digest is not the ledger's. */
int report_check_run(struct ctl *ctl);
