/* ops_drain.c - `drain`: no new work, and what is still under way. */
#include <inttypes.h>

#include "connect.h"
#include "handlers.h"
#include "ops.h"
#include "progress.h"
#include "prompt.h"

#define STEP_MS 500
#define CALM    2 /* looks without anything in flight: what comes back is handed out again between two of them */

static void tell(const struct ctl *ctl, const struct ops_totals *totals)
{
    fprintf(ctl->out,
            ctl_say(ctl, "投递中 %" PRIu64 ", 等待 %" PRIu64 ", 其中 %" PRIu64 " 个机构无人接收\n",
                    "in flight %" PRIu64 ", waiting %" PRIu64 ", %" PRIu64 " destinations take nothing\n"),
            totals->in_flight, totals->waiting, totals->without_consumer);
    fflush(ctl->out);
}

/* Until nothing is in flight, or the drain has ended; a line for each change. */
static int watch(struct ctl *ctl, struct prompt *prompt, struct referral_client *client)
{
    struct ops_facts facts = {0};
    uint64_t in_flight = UINT64_MAX, waiting = UINT64_MAX;
    int calm = 0, result = EXIT_OK;

    while (result == EXIT_OK && calm < CALM) {
        struct ops_totals totals;

        result = ops_facts_read(ctl, client, &facts);
        if (result != EXIT_OK)
            break;
        totals = ops_totals(&facts);
        if (totals.in_flight != in_flight || totals.waiting != waiting)
            tell(ctl, &totals);
        in_flight = totals.in_flight;
        waiting = totals.waiting;
        calm = in_flight == 0 ? calm + 1 : 0;
        if (!ops_flag(facts.status, "draining")) {
            ctl_complain(ctl, "%s", ctl_say(ctl, "已恢复接收新业务", "it takes new work again"));
            result = EXIT_REFUSED;
        } else if (calm < CALM && !prompt_wait(prompt, progress_clock_ms() + STEP_MS)) {
            result = EXIT_REFUSED;
        }
    }
    ops_facts_fini(&facts);
    return result;
}

/* Asked to wait only: is it draining already? */
static int is_draining(struct ctl *ctl, struct referral_client *client, bool *ret_draining)
{
    struct ops_facts facts = {0};
    int result = ops_facts_read(ctl, client, &facts);

    *ret_draining = result == EXIT_OK && ops_flag(facts.status, "draining");
    ops_facts_fini(&facts);
    return result;
}

int ops_drain_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    struct prompt prompt;
    bool draining = false;
    int result;

    if (!ctl_has(ctl, "wait"))
        return command_run(ctl);
    if (ctl_has(ctl, "off")) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "--wait 与 --off 不能同时使用", "--wait does not go with --off"));
        return EXIT_USAGE;
    }
    result = connect_open(ctl, 0, &client);
    if (result == EXIT_OK)
        result = is_draining(ctl, client, &draining);
    if (result == EXIT_OK && (!draining || ctl_has(ctl, "reason")))
        result = command_run(ctl);
    if (result == EXIT_OK)
        result = prompt_open(&prompt, ctl, client);
    if (result == EXIT_OK) {
        result = watch(ctl, &prompt, client);
        prompt_close(&prompt);
    }
    referral_close(client);
    return result;
}
