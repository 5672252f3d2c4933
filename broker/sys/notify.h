/* notify.h - what systemd wants to know: ready, stopping, status, watchdog (libsystemd; silent elsewhere). */
#pragma once
#include <stdint.h>

void notify_ready(const char *status);
void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void);
uint64_t notify_watchdog_us(void); /* 0: none asked for */
