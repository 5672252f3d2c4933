/* ops_pages.h - what stands at which path, and the rendering of it: at most once for each view.
 *
 *     /                  the page for people, with /page.css and its scripts: files of page/, embedded in the binary
 *     /livez             the loop turns
 *     /readyz            new work is taken
 *     /healthz           nothing needs an operator; ?verbose: one line a check (see ops_health.h)
 *     /metrics           Prometheus text
 *     /runbook/CODE      what to do about an alarm: the pages of systemd/runbook/, embedded too
 *     /status.json       everything, for pages and scripts (see ops_status.h)
 *
 * A view lasts a second: whoever asks later waits until the daemon shows the next one. */
#pragma once
#include "net/ops_http.h"
#include "net/ops_view.h"

struct ops_pages;

struct ops_pages_options {
    void *user;
    bool (*is_fresh)(void *user); /* Is the view shown last young enough? Where not, the next one is on its way. */
};
int ops_pages_open(const struct ops_pages_options *options, struct ops_pages **ret_pages); /* 0 or -ENOMEM */
void ops_pages_close(struct ops_pages *self);                                              /* NULL is fine */
/* From now on; borrowed until the next one is shown, or NULL. */
void ops_pages_show(struct ops_pages *self, const struct ops_view *view);
/* For ops_http. */
bool ops_pages_answer(void *self, const char *target, struct ops_answer *ret_answer);
