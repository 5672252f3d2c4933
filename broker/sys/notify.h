/* notify.h - what systemd wants to know: ready, stopping, status, watchdog (libsystemd; silent elsewhere). */
#pragma once

void notify_ready(const char *status);
void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void);
