/* whatever.c - whatever happens in whatever order, everything accepted arrives, in order, at one place at a time
 * (D2-D4, D7). */
#include <stdio.h>
#include <stdlib.h>

#include "query.pb-c.h"
#include "story/world_inside.h"

#define STEPS 150

static const char *const receivers[] = {"H1/a", "H1/b", "H1/c"};

struct tale {
    struct world *w;
    uint32_t seed;
    int submitted;
    int last_first[4]; /* by lane: the last referral delivered for the first time */
    char heard[1 << 16];
};

static uint32_t pick(struct tale *tale, uint32_t below)
{
    tale->seed = tale->seed * 1664525 + 1013904223;
    return (tale->seed >> 8) % below;
}

static bool is_connected(const struct world *w, const char *name)
{
    for (size_t i = 0; i < w->peer_count; i++)
        if (w->peers[i].number != 0 && strcmp(w->peers[i].name, name) == 0)
            return true;
    return false;
}

/* D3: inside a lane first deliveries come in the order of acceptance. */
static void check_order(struct tale *tale)
{
    static const char *const lanes[] = {"", "emergency sheet r", "urgent sheet r", "routine sheet r"};
    char *rest = strcpy(tale->heard, tale->w->trace), *line;

    while ((line = strsep(&rest, "\n")) != NULL)
        for (int lane = 1; lane <= 3; lane++) {
            const char *sheet = strstr(line, lanes[lane]);
            int number = sheet == NULL ? 0 : atoi(sheet + strlen(lanes[lane]));
            size_t length = strlen(line);

            if (sheet == NULL || length < 10 || strcmp(line + length - 10, " attempt 1") != 0)
                continue;
            cr_assert(number > tale->last_first[lane], "seed: r%d came after r%d\n%s", number, tale->last_first[lane],
                      tale->w->trace);
            tale->last_first[lane] = number;
        }
}

/* D3: one message is with one connection at a time. */
static void check_hands(const struct world *w)
{
    for (size_t i = 0; i < w->hand_count; i++)
        for (size_t k = 0; k < i && w->hands[i].is_held; k++)
            cr_assert(!w->hands[k].is_held || w->hands[k].id_size != w->hands[i].id_size ||
                          memcmp(w->hands[k].id, w->hands[i].id, w->hands[i].id_size) != 0,
                      "%s is in two hands", w->hands[i].name);
}

static void submit(struct tale *tale)
{
    static const char *const urgencies[] = {"emergency", "urgent", "routine", "routine"};
    char name[16], what[64];

    snprintf(name, sizeof name, "r%d", ++tale->submitted);
    snprintf(what, sizeof what, "up to H1, %s", urgencies[pick(tale, 4)]);
    world_submit(tale->w, "T07", name, what);
    cr_assert_eq(world_reply(tale->w)->n_refusals, 0);
}

static void amend(struct tale *tale)
{
    char what[64];

    if (tale->submitted == 0)
        return;
    snprintf(what, sizeof what, "amend r%u; up to H1, routine; treatment=x", 1 + pick(tale, (uint32_t)tale->submitted));
    world_event(tale->w, "T07", what); /* refused for another priority; that is fine */
}

static void answer(struct tale *tale, const char *who)
{
    struct world *w = tale->w;
    struct peer *peer = world_peer(w, who);

    for (size_t i = 0; i < w->hand_count; i++) {
        char name[24];

        if (!w->hands[i].is_held || w->hands[i].peer != peer->number || pick(tale, 3) == 0)
            continue;
        snprintf(name, sizeof name, "%s", w->hands[i].name);
        if (pick(tale, 4) == 0)
            world_nack(w, who, name, REFERRAL__NACK_CODE__NACK_RETRY);
        else
            world_ack(w, who, name);
    }
}

/* Nobody holds anything longer than the ack time-out. */
static void let_go(struct world *w)
{
    for (size_t i = 0; i < 3; i++)
        if (is_connected(w, receivers[i]))
            world_ack_quietly(w, world_peer(w, receivers[i]), "all");
    world_settle(w);
}

static void step(struct tale *tale)
{
    struct world *w = tale->w;
    const char *who = receivers[pick(tale, 3)];
    uint32_t what = pick(tale, 20);

    if (what < 8) {
        submit(tale);
    } else if (what < 9) {
        amend(tale);
    } else if (what < 10) {
        let_go(w);
        world_after(w, 1 + pick(tale, 20));
    } else if (what < 11 && pick(tale, 4) == 0) {
        world_restart(w);
        world_connect(w, "T07", 0);
    } else if (!is_connected(w, who)) {
        world_connect(w, who, 1 + pick(tale, 6));
    } else if (what < 12) {
        world_lose(w, who);
    } else if (what < 14) {
        world_credit(w, who, 1 + pick(tale, 6));
    } else {
        answer(tale, who);
    }
    check_order(tale);
    check_hands(w);
    world_forget(w);
}

static void tell(uint32_t seed)
{
    struct tale *tale = calloc(1, sizeof *tale);

    cr_assert_not_null(tale);
    tale->w = world_open();
    tale->seed = seed;
    world_connect(tale->w, "T07", 0);
    for (int i = 0; i < STEPS; i++)
        step(tale);

    /* In the end somebody takes everything; world_close sees to the books. */
    world_connect(tale->w, "H1", 100);
    world_good(tale->w, "H1");
    for (size_t i = 0; i < 3; i++)
        if (is_connected(tale->w, receivers[i]))
            world_lose(tale->w, receivers[i]);
    world_after(tale->w, 3600);
    world_forget(tale->w);
    world_say(tale->w, "H1", "LIST_INBOX", "");
    cr_assert_eq(((const Referral__InboxList *)world_result(tale->w))->n_entries, 0, "seed %u: something stays", seed);
    world_close(tale->w);
    free(tale);
}

Test(whatever, d3_everything_accepted_arrives_in_order_at_one_place_at_a_time)
{
    for (uint32_t seed = 1; seed <= 12; seed++)
        tell(seed);
}
