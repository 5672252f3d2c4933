/* ops_pages.c - the table of pages, and what was rendered of the view that is shown. */
#include "net/ops_pages.h"
#include "net/ops_files.h"
#include "net/ops_health.h"
#include "net/ops_metrics.h"
#include "net/ops_status.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN      "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define JSON       "application/json; charset=utf-8"
#define HTML       "text/html; charset=utf-8"
#define CSS        "text/css; charset=utf-8"
#define SCRIPT     "text/javascript; charset=utf-8"

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

static int render_live(const struct ops_view *view, struct ops_text *text)
{
    return status_of_health(ops_health_render(view, OPS_LIVE, false, text));
}

static const struct page {
    const char *target, *type;
    bool needs_view;
    int (*render)(const struct ops_view *view, struct ops_text *text);
    const struct ops_file *file; /* as it is, instead of rendered */
} pages[] = {
    {"/", HTML, .file = &ops_file_index_html},
    {"/page.css", CSS, .file = &ops_file_page_css},
    {"/words.js", SCRIPT, .file = &ops_file_words_js},
    {"/draw.js", SCRIPT, .file = &ops_file_draw_js},
    {"/page.js", SCRIPT, .file = &ops_file_page_js},
    {"/livez", PLAIN, .render = render_live},
    {"/readyz", PLAIN, .needs_view = true, .render = render_ready},
    {"/readyz?verbose", PLAIN, .needs_view = true, .render = render_ready_verbose},
    {"/healthz", PLAIN, .needs_view = true, .render = render_health},
    {"/healthz?verbose", PLAIN, .needs_view = true, .render = render_health_verbose},
    {"/metrics", PROMETHEUS, .needs_view = true, .render = render_metrics},
    {"/status.json", JSON, .needs_view = true, .render = render_status},
};
#define PAGE_COUNT (sizeof pages / sizeof pages[0])

struct ops_pages {
    struct ops_pages_options options;
    const struct ops_view *view; /* NULL: none yet */
    struct rendered {
        int status;
        struct evbuffer *body; /* NULL: not rendered since the view is shown */
    } rendered[PAGE_COUNT];
    struct evbuffer *runbook; /* the page asked for last */
};

int ops_pages_open(const struct ops_pages_options *options, struct ops_pages **ret_pages)
{
    struct ops_pages *self = calloc(1, sizeof *self);
    if (!self)
        return -ENOMEM;
    self->options = *options;
    *ret_pages = self;
    return 0;
}

/* Those who are still being sent it keep it. */
static void forget_rendered(struct ops_pages *self)
{
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        if (self->rendered[i].body)
            evbuffer_free(self->rendered[i].body);
        self->rendered[i].body = NULL;
    }
}

void ops_pages_close(struct ops_pages *self)
{
    if (self) {
        forget_rendered(self);
        if (self->runbook)
            evbuffer_free(self->runbook);
        free(self);
    }
}

void ops_pages_show(struct ops_pages *self, const struct ops_view *view)
{
    self->view = view;
    forget_rendered(self);
}

static void free_text(const void *data, size_t size, void *user)
{
    (void)size;
    (void)user;
    free((void *)(uintptr_t)data);
}

static void render(struct ops_pages *self, const struct page *page, struct rendered *rendered)
{
    struct ops_text text = {0};
    rendered->body = evbuffer_new();
    assert(rendered->body);
    if (page->file) {
        rendered->status = 200;
        evbuffer_add_reference(rendered->body, page->file->data, page->file->size, NULL, NULL);
        return;
    }
    rendered->status = page->render(self->view, &text);
    evbuffer_add_reference(rendered->body, text.data, text.size, free_text, NULL);
}

/* A page of the runbook, by the code of its alarm. */
static struct ops_answer answer_runbook(struct ops_pages *self, const char *code)
{
    const struct ops_runbook_page *page = ops_runbook;
    while (page->code && strcmp(page->code, code) != 0)
        page++;
    if (!page->code)
        return (struct ops_answer){.status = 404};
    if (self->runbook)
        evbuffer_free(self->runbook);
    self->runbook = evbuffer_new();
    assert(self->runbook);
    evbuffer_add_reference(self->runbook, page->file.data, page->file.size, NULL, NULL);
    return (struct ops_answer){200, PLAIN, self->runbook};
}

bool ops_pages_answer(void *self, const char *target, struct ops_answer *ret_answer)
{
    struct ops_pages *all = self;
    size_t i = 0;
    if (strncmp(target, ALARM_RUNBOOK, strlen(ALARM_RUNBOOK)) == 0) {
        *ret_answer = answer_runbook(all, target + strlen(ALARM_RUNBOOK));
        return true;
    }
    while (i < PAGE_COUNT && strcmp(pages[i].target, target) != 0)
        i++;
    if (i == PAGE_COUNT) {
        *ret_answer = (struct ops_answer){.status = 404};
        return true;
    }
    if (pages[i].needs_view && (!all->options.is_fresh(all->options.user) || !all->view))
        return false;
    if (!all->rendered[i].body)
        render(all, &pages[i], &all->rendered[i]);
    *ret_answer = (struct ops_answer){all->rendered[i].status, pages[i].type, all->rendered[i].body};
    return true;
}
