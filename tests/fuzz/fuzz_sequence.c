/* fuzz_sequence.c - bytes as a story: each two or three of them are something that somebody does, mostly sensible, to
 * the real broker without sockets.
 *
 * At the end the books balance (D7), every row, sum and chain of the store verifies (P3), and each ledger alone makes
 * its pools, no row of it against a rule (Q13): none is over its capacity, none has eaten of the reserve. That who was
 * refused has written nothing the engine asserts. */
#include "fuzz/fuzz.h"
#include "fuzz/stage.h"

#define DEEDS_MAX 60

static const char *choose(struct bytes *rest, const char *const *words, size_t count)
{
    return words[fuzz_byte(rest) % count];
}
#define CHOOSE(rest, ...)                                                                                              \
    choose(rest, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *a_referral(struct world *w, struct bytes *rest)
{
    return arena_format(&w->arena, "r%d", 1 + fuzz_byte(rest) % 30);
}

static const char *a_booking(struct world *w, struct bytes *rest)
{
    return arena_format(&w->arena, "b%zu", w->booking_count == 0 ? 1 : 1 + fuzz_byte(rest) % w->booking_count);
}

static const char *a_pool(const struct world *w, struct bytes *rest)
{
    return w->pools[fuzz_byte(rest) % w->pool_count].name;
}

/* ---- Deeds ---- */

static void submit(struct world *w, const char *who, struct bytes *rest)
{
    static int made;
    const char *direction = CHOOSE(rest, "up", "down", "lateral"), *to = CHOOSE(rest, "H1", "C1", "T07", "V1");
    const char *priority = CHOOSE(rest, "routine", "urgent", "emergency");

    world_submit(w, who, arena_format(&w->arena, "n%d", made++ % 100),
                 arena_format(&w->arena, "%s to %s, %s, patient %d", direction, to, priority, fuzz_byte(rest) % 8));
}

static void event(struct world *w, const char *who, struct bytes *rest)
{
    const char *what = CHOOSE(rest, "acknowledge", "request-info", "supply-info", "accept", "reject", "redirect",
                              "book", "move", "cancel-booking", "arrive", "no-show", "report", "close", "cancel",
                              "request-cancel", "answer-cancel", "void");

    world_event(w, who, arena_format(&w->arena, "%s %s", what, a_referral(w, rest)));
}

static void publish(struct world *w, const char *who, struct bytes *rest)
{
    const char *name = CHOOSE(rest, "WANG EXPERT", "LI EXPERT", "CT EXAM", "ZHAO EXPERT", "BED1 BED", "MR EXAM");
    unsigned places = fuzz_byte(rest) % 13U, bp = 2000U + fuzz_byte(rest) % 9U * 1000U;

    if (w->pool_count + 1 < WORLD_POOLS)
        world_publish(w, who,
                      arena_format(&w->arena, "%s %u places on 2026-03-%02u; reserve_bp=%u", name, places,
                                   3 + fuzz_byte(rest) % 5u, bp));
}

static void take(struct world *w, const char *who, struct bytes *rest)
{
    const char *verb = CHOOSE(rest, "hold", "book", "book", "join");
    const char *object = verb[0] == 'j' ? CHOOSE(rest, "EXPERT", "EXAM", "BED") : a_pool(w, rest);
    const char *whom = CHOOSE(rest, "family", "general");
    const char *subject = whom[0] == 'f' || fuzz_byte(rest) % 2 == 0
                              ? a_referral(w, rest)
                              : arena_format(&w->arena, "HIS-%d", fuzz_byte(rest) % 32);

    world_place(w, who,
                arena_format(&w->arena, "%s %s %s %s%s", verb, object, whom, subject,
                             verb[0] != 'j' && fuzz_byte(rest) % 4 == 0 ? "; units=2" : ""));
}

static void change(struct world *w, const char *who, struct bytes *rest)
{
    const char *verb = CHOOSE(rest, "confirm", "cancel", "displace", "used", "missed", "move");
    const char *booking = a_booking(w, rest);

    if (verb[0] == 'm' && verb[1] == 'o')
        booking = arena_format(&w->arena, "%s to %s", booking, a_pool(w, rest));
    world_place(w, who, arena_format(&w->arena, "%s %s", verb, booking));
}

static void manage(struct world *w, const char *who, struct bytes *rest)
{
    const char *verb = CHOOSE(rest, "cut", "call-off", "block", "unblock");
    const char *pool = a_pool(w, rest);
    unsigned first = 1 + fuzz_byte(rest) % 12u;

    world_place(w, who,
                verb[2] == 'l' ? arena_format(&w->arena, "%s %s; displace=true", verb, pool)
                               : arena_format(&w->arena, "%s %s; units[0]=%u; units[1]=%u", verb, pool, first,
                                              first + 1 + fuzz_byte(rest) % 3u));
}

static void leave(struct world *w, const char *who, struct bytes *rest)
{
    world_place(w, who, arena_format(&w->arena, "leave w%d", 1 + fuzz_byte(rest) % 8));
}

static void operate(struct world *w, const char *who, struct bytes *rest)
{
    const char *const what = CHOOSE(rest, "H1", "T07", "C1", "V1");

    switch (fuzz_byte(rest) % 6) {
    case 0:
        world_say(w, who, "PAUSE", arena_format(&w->arena, "institution=%s; reason=test", what));
        break;
    case 1:
        world_say(w, who, "RESUME", arena_format(&w->arena, "institution=%s", what));
        break;
    case 2:
        world_say(w, who, "REPLAY_DEAD", arena_format(&w->arena, "institution=%s; all=true", what));
        break;
    case 3:
        world_say(w, who, "DROP_DEAD", arena_format(&w->arena, "institution=%s; all=true; reason=test", what));
        break;
    case 4:
        world_say(w, who, "DRAIN", fuzz_byte(rest) % 2 == 0 ? "reason=test" : "off=true");
        break;
    default:
        world_say(w, "H1", "PUT_GROUP",
                  arena_format(&w->arena, "hospital=H1; department=MED; class=EXPERT; date=2026-03-%02u",
                               3 + fuzz_byte(rest) % 5u));
        break;
    }
}

/* ---- Deliveries, time, ends ---- */

static void answer(struct world *w, const char *who, struct bytes *rest)
{
    struct peer *peer = world_peer(w, who);

    switch (fuzz_byte(rest) % 4) {
    case 0:
        world_ack_quietly(w, peer, "all");
        world_settle(w);
        break;
    case 1:
        world_nack(w, who, "all", (Referral__NackCode)(1 + fuzz_byte(rest) % 4));
        break;
    case 2:
        world_credit(w, who, 1 + fuzz_byte(rest) % 20u);
        break;
    default:
        world_ack_old(w, who);
        break;
    }
}

static bool has_room_for_peers(const struct world *w)
{
    return w->peer_count + STAGE_SPEAKERS + 1 < WORLD_PEERS;
}

static void connect_all(struct world *w)
{
    for (uint8_t i = 0; i < STAGE_SPEAKERS; i++)
        world_connect(w, stage_speaker(i), i == 0 ? 0 : 5);
}

/* The broker is off for a while: a long time in which nobody says a word. */
static void start_again(struct world *w, int64_t seconds)
{
    world_restart(w);
    w->clock.now.ms += seconds * 1000;
    w->clock.mono_ms += seconds * 1000;
    connect_all(w);
}

static void end(struct world *w, struct bytes *rest)
{
    const char *who = stage_speaker(fuzz_byte(rest));

    world_lose(w, who);
    world_connect(w, who, 5);
}

static void pass(struct world *w, struct bytes *rest)
{
    static const int64_t off[] = {0, 3600, 86400, 864000};
    static const int64_t seconds[] = {1, 11, 60, 600};
    uint8_t choice = fuzz_byte(rest) % 8;

    if (choice < 4)
        world_after(w, seconds[choice]);
    else if (has_room_for_peers(w))
        start_again(w, off[choice - 4]);
}

static void again(struct world *w, const char *who)
{
    if (world_peer(w, who)->last_kind != NULL)
        world_again(w, who);
}

static void one_deed(struct world *w, struct bytes *rest)
{
    uint8_t deed = fuzz_byte(rest);
    const char *who = stage_speaker(deed / 16);

    switch (deed % 16) {
    case 0:
    case 1:
        submit(w, who, rest);
        break;
    case 2:
    case 3:
        event(w, who, rest);
        break;
    case 4:
        publish(w, who, rest);
        break;
    case 5:
    case 6:
    case 7:
        take(w, who, rest);
        break;
    case 8:
    case 9:
        change(w, who, rest);
        break;
    case 10:
        manage(w, who, rest);
        break;
    case 11:
        leave(w, who, rest);
        break;
    case 12:
        operate(w, "OP", rest);
        break;
    case 13:
        answer(w, who, rest);
        break;
    case 14:
        pass(w, rest);
        break;
    default:
        if (deed / 16 < 12)
            again(w, who);
        else if (has_room_for_peers(w))
            end(w, rest);
        break;
    }
    world_forget(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    struct world *w = stage_begin();

    connect_all(w);
    for (int i = 0; i < DEEDS_MAX && rest.size != 0; i++)
        one_deed(w, &rest);
    world_judge(w);
    stage_end(w);
    return 0;
}
