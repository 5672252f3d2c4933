/* ops_status.c - `status`: one screen, once; `top`: the same, again and again. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "connect.h"
#include "handlers.h"
#include "ops_metrics.h"
#include "ops_screen.h"
#include "progress.h"
#include "prompt.h"
#include "table.h"

#define STEP_MS     1000
#define FIXED_LINES 14 /* of top: what stands above and between alarms and waiters */
#define LEAST_LINES 6

static void show_status(struct ctl *ctl, enum ops_form form, struct ops_facts *facts)
{
    struct screen screen;

    screen_init(&screen, ctl);
    if (form == OPS_JSON)
        table_json(ctl, facts->status);
    else if (form == OPS_PROMETHEUS)
        ops_metrics_facts(ctl->out, facts);
    else
        ops_screen(&screen, facts, NULL, 0);
}

int ops_status_run(struct ctl *ctl)
{
    return ops_with_facts(ctl, show_status);
}

/* ---- top ---- */

struct top {
    struct ctl *ctl;
    struct referral_client *client;
    struct prompt prompt;
    struct ops_facts facts, before;
    long long shown, wanted; /* screens; wanted 0: until somebody ends it */
};

static size_t lines_of_terminal(FILE *out)
{
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_row < FIXED_LINES + LEAST_LINES)
        return LEAST_LINES;
    return size.ws_row - FIXED_LINES;
}

/* Written at once over what stood there, so that nothing flickers. */
static void redraw(struct top *top, const char *text)
{
    FILE *out = top->ctl->out;

    fputs("\033[H", out);
    for (; *text != '\0'; text += strcspn(text, "\n") + 1)
        fprintf(out, "%.*s\033[K\n", (int)strcspn(text, "\n"), text);
    fputs("\033[J", out);
}

static void show_screen(struct top *top)
{
    bool is_terminal = isatty(fileno(top->ctl->out)) != 0;
    struct screen screen;
    char *text = NULL;
    size_t size;

    screen_init(&screen, top->ctl);
    screen.out = open_memstream(&text, &size);
    if (screen.out == NULL)
        return;
    ops_screen(&screen, &top->facts, top->before.status == NULL ? NULL : &top->before,
               is_terminal ? lines_of_terminal(top->ctl->out) : 0);
    fclose(screen.out);
    if (is_terminal)
        redraw(top, text);
    else
        fprintf(top->ctl->out, "%s%s", top->shown == 0 ? "" : "\n", text);
    free(text);
}

/* False: nobody reads it any more. */
static bool show(struct top *top)
{
    if (top->ctl->json)
        table_json_line(top->ctl, top->facts.status);
    else
        show_screen(top);
    top->shown++;
    return fflush(top->ctl->out) == 0 && !ferror(top->ctl->out);
}

static void remember(struct top *top)
{
    json_t *names = json_incref(top->facts.names);

    ops_facts_fini(&top->before);
    top->before = top->facts;
    top->facts = (struct ops_facts){.names = names};
}

/* False: it is to end, `*ret_result` says how. */
static bool step(struct top *top, int *ret_result)
{
    *ret_result = ops_facts_read(top->ctl, top->client, &top->facts);
    if (*ret_result != EXIT_OK)
        return false;
    ops_facts_name(top->ctl, top->client, &top->facts);
    return show(top) && (top->wanted == 0 || top->shown < top->wanted);
}

/* Where nobody can press a key, the end of the input ends nothing. */
static bool wait_for_next(struct top *top)
{
    int64_t until_ms = progress_clock_ms() + STEP_MS;

    if (top->prompt.terminal)
        return prompt_key(&top->prompt, "q", STEP_MS) == PROMPT_NOTHING;
    return prompt_wait(&top->prompt, until_ms);
}

int ops_top_run(struct ctl *ctl)
{
    bool is_terminal = !ctl->json && isatty(fileno(ctl->out)) != 0;
    struct top top = {.ctl = ctl};
    int result;

    if (!ctl_number(ctl, "count", 1, 1000000000, &top.wanted))
        return EXIT_USAGE;
    result = connect_open(ctl, 0, &top.client);
    if (result != EXIT_OK)
        return result;
    result = prompt_open(&top.prompt, ctl, top.client);
    if (result == EXIT_OK) {
        if (is_terminal)
            fputs("\033[?1049h\033[?25l", ctl->out); /* a screen of its own, without a cursor */
        while (step(&top, &result) && wait_for_next(&top))
            remember(&top);
        if (is_terminal)
            fputs("\033[?25h\033[?1049l", ctl->out);
        prompt_close(&top.prompt);
    }
    ops_facts_fini(&top.before);
    ops_facts_fini(&top.facts);
    referral_close(top.client);
    return result;
}
