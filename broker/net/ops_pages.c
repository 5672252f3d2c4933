/* ops_pages.c - the table of pages, and what was rendered of the view that is shown. */
#include "net/ops_pages.h"
#include "net/ops_health.h"
#include "net/ops_metrics.h"
#include "net/ops_status.h"
#include <errno.h>
#include <stdlib.h>

#define PLAIN      "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define JSON       "application/json; charset=utf-8"

/* Each renders one page, and returns its status. */

static int status_of_health(bool good)
{
    return good ? 200 : 503;
}

static int render_ready(const struct ops_view *view, struct ops_text *text)
{
    return status_of_health(ops_health_render(view, OPS_READY, false, text));
}

static int render_ready_verbose(const struct ops_view *view, struct ops_text *text)
{
    return status_of_health(ops_health_render(view, OPS_READY, true, text));
}

static int render_health(const struct ops_view *view, struct ops_text *text)
{
    return status_of_health(ops_health_render(view, OPS_HEALTHY, false, text));
}

static int render_health_verbose(const struct ops_view *view, struct ops_text *text)
{
    return status_of_health(ops_health_render(view, OPS_HEALTHY, true, text));
}

static int render_metrics(const struct ops_view *view, struct ops_text *text)
{
    ops_metrics_render(view, text);
    return 200;
}

static int render_status(const struct ops_view *view, struct ops_text *text)
{
    ops_status_render(view, text);
    return 200;
}

static const struct page {
    const char *target, *type;
    int (*render)(const struct ops_view *view, struct ops_text *text); /* NULL: that it answers is the answer */
} pages[] = {
    {"/livez", PLAIN, NULL},
    {"/readyz", PLAIN, render_ready},
    {"/readyz?verbose", PLAIN, render_ready_verbose},
    {"/healthz", PLAIN, render_health},
    {"/healthz?verbose", PLAIN, render_health_verbose},
    {"/metrics", PROMETHEUS, render_metrics},
    {"/status.json", JSON, render_status},
};
#define PAGE_COUNT (sizeof pages / sizeof pages[0])

struct ops_pages {
    struct ops_pages_options options;
    const struct ops_view *view; /* NULL: none yet */
    struct rendered {
        int status; /* 0: not rendered since the view is shown */
        struct ops_text text;
    } rendered[PAGE_COUNT];
};

int ops_pages_open(const struct ops_pages_options *options, struct ops_pages **ret_pages)
{
    struct ops_pages *self = calloc(1, sizeof *self);
    if (!self) {
        return -ENOMEM;
    }
    self->options = *options;
    *ret_pages = self;
    return 0;
}

void ops_pages_close(struct ops_pages *self)
{
    for (size_t i = 0; self && i < PAGE_COUNT; i++) {
        ops_text_fini(&self->rendered[i].text);
    }
    free(self);
}

void ops_pages_show(struct ops_pages *self, const struct ops_view *view)
{
    self->view = view;
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        self->rendered[i].status = 0;
    }
}

static void render(struct ops_pages *self, const struct page *page, struct rendered *rendered)
{
    if (rendered->status == 0) {
        ops_text_reset(&rendered->text);
        rendered->status = page->render(self->view, &rendered->text);
    }
}

static bool answer_page(struct ops_pages *self, size_t i, struct ops_answer *ret_answer)
{
    struct rendered *rendered = &self->rendered[i];
    if (!pages[i].render) {
        *ret_answer = (struct ops_answer){.status = 200, .type = pages[i].type, .body = bytes_text("ok\n")};
        return true;
    }
    if (!self->options.is_fresh(self->options.user) || !self->view) {
        return false;
    }
    render(self, &pages[i], rendered);
    *ret_answer = (struct ops_answer){rendered->status, pages[i].type, ops_text_bytes(&rendered->text)};
    return true;
}

bool ops_pages_answer(void *user, const char *target, struct ops_answer *ret_answer)
{
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        if (strcmp(pages[i].target, target) == 0) {
            return answer_page(user, i, ret_answer);
        }
    }
    *ret_answer = (struct ops_answer){.status = 404, .type = PLAIN, .body = bytes_text("Not Found")};
    return true;
}
