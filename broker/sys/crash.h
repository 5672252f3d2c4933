/* crash.h - one word in memory that outlives us, turned when the process dies of its own fault: an assertion, a fault
 * signal, or the abort of a watchdog. A page that the disk or the memory could not give (SIGBUS) is not its own fault:
 * the word stays. What else a dying process would do, and core files, stay as they are. */
#pragma once
#include <stdint.h>

/* Once. While *word is `from`, it is to become `to`; NULL: nothing is watched. */
void crash_watch(volatile uint32_t *word, uint32_t from, uint32_t to);
