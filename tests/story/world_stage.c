/* world_stage.c - a story's broker: made, peopled, killed, started again, restored, and judged at the end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/registry.h"
#include "scratch.h"
#include "store/verify.h"
#include "story/world_inside.h"

struct store_options world_store_options(const struct world *w, const char *directory)
{
    return (struct store_options){.directory = directory, .map_bytes = w->map_bytes, .host_key = w->host_key};
}

static void open_turn(struct world *w)
{
    struct turn_options turn = {
        .store = w->store,
        .port = {.user = w, .send = world_port_send, .drop = world_port_drop},
        .broker_version = "test",
    };

    cr_assert_eq(turn_open(&turn, &w->turn), 0);
}

static void open_broker(struct world *w)
{
    struct store_options options = world_store_options(w, w->directory);

    cr_assert_eq(store_open(&options, &w->store), 0);
    open_turn(w);
}

int world_stand_up(struct world *w, const char *directory)
{
    struct store_options options;
    int failure;

    snprintf(w->directory, sizeof w->directory, "%s", directory);
    w->store = NULL;
    w->turn = NULL;
    options = world_store_options(w, w->directory);
    failure = store_open(&options, &w->store);
    if (failure == 0)
        open_turn(w);
    return failure;
}

static void close_broker(struct world *w)
{
    turn_close(w->turn);
    store_close(w->store);
    w->turn = NULL;
    w->store = NULL;
    for (size_t i = 0; i < w->peer_count; i++)
        w->peers[i].number = 0;
    for (size_t i = 0; i < w->hand_count; i++)
        w->hands[i].is_held = false;
}

/* As `referralctl init` does: the operator and its key, in a turn of their own. */
static void found(struct world *w)
{
    struct store_options options = world_store_options(w, w->directory);
    struct store_turn turn = {.index = 1, .time = w->clock.now};
    struct store_txn *txn = NULL;
    uint8_t key[32];

    world_key(key, "OP");
    cr_assert_eq(store_create(&options, "bd", w->clock.now, true), 0);
    cr_assert_eq(store_open(&options, &w->store), 0);
    cr_assert_eq(store_turn_begin(w->store, &w->arena, &txn), 0);
    cr_assert_eq(registry_found(txn, "OP", "县医共体运维", key, w->clock.now), 0);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    store_close(w->store);
}

static void add_institution(struct world *w, const char *id, const char *what, const char *roles)
{
    static const char *const directions[] = {"UP", "DOWN"};

    world_say(w, "OP", "PUT_INSTITUTION",
              arena_format(&w->arena,
                           "id=%s; name=%s; departments[0].code=MED; departments[0].name=内科;"
                           "departments[1].code=SUR; departments[1].name=外科; %s",
                           id, id, what));
    for (size_t i = 0; i < 2; i++)
        world_say(w, "OP", "PUT_CONTACT",
                  arena_format(&w->arena,
                               "institution=%s; direction=%s; contact.name=联系人%s; contact.phone=0571-8888888;"
                               "contact.deputy_name=副联系人%s; contact.deputy_phone=0571-8888889; contact.hours=24 h",
                               id, directions[i], id, id));
    world_say(w, "OP", "ADD_KEY", arena_format(&w->arena, "public_key=key:%s; institution=%s; %s", id, id, roles));
}

#define REFERS_AND_RECEIVES "roles[0]=REFER; roles[1]=RECEIVE"
#define HOSPITAL            REFERS_AND_RECEIVES "; roles[2]=SCHEDULE"

static void people(struct world *w)
{
    static const char *const relations[][2] = {{"H1", "C1"}, {"C1", "H1"}, {"T07", "C1"}, {"C1", "T07"}};

    world_connect(w, "OP", 0);
    add_institution(w, "V1", "kind=PRIMARY; tier=VILLAGE; consortium=county-1", REFERS_AND_RECEIVES);
    add_institution(w, "T07", "kind=PRIMARY; tier=TOWNSHIP; consortium=county-1", REFERS_AND_RECEIVES);
    add_institution(w, "H1", "kind=HOSPITAL; tier=COUNTY; consortium=county-1", HOSPITAL);
    add_institution(w, "C1", "kind=HOSPITAL; tier=CITY; consortium=city", HOSPITAL);
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++)
        world_say(w, "OP", "PUT_RELATION", arena_format(&w->arena, "from=%s; to=%s", relations[i][0], relations[i][1]));
    world_say(w, "OP", "PUT_DELEGATION", "agent=T07; principal=V1");
    world_say(w, "OP", "PUT_TEAM",
              "id=TEAM7; institution=T07; name=第七团队; members[0].name=王医生; members[0].phone=13800000001;"
              "active_from=2020-01-01");
    cr_assert_eq(world_count(w, "refused"), 0, "the stage is not set:\n%s", w->trace);
    world_lose(w, "OP");
    world_forget(w);
}

static void *take(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void keep(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static struct world *open_world(uint64_t map_bytes, const char *day)
{
    struct date date;
    struct world *w = calloc(1, sizeof *w);

    cr_assert_not_null(w);
    *w = (struct world){
        .directory = SCRATCH "/story-XXXXXX",
        .map_bytes = map_bytes,
        .host_key = {7},
        .clock = {.mono_ms = 1000},
        .trace = calloc(1, WORLD_TRACE_SIZE),
        .told_s = -1,
    };
    cr_assert(date_parse(day, &date));
    w->begin = w->clock.now = instant_of_local(date, 9 * HOUR_MS, CHINA_MINUTES);
    cr_assert_not_null(scratch_make(w->directory));
    cr_assert_eq(arena_open(&w->arena, 4UL << 30), 0);
    w->allocator = (ProtobufCAllocator){.alloc = take, .free = keep, .allocator_data = &w->arena};
    found(w);
    open_broker(w);
    people(w);
    return w;
}

struct world *world_open_small(uint64_t map_bytes)
{
    return open_world(map_bytes, "2026-03-02");
}

struct world *world_open_on(const char *date)
{
    return open_world(1UL << 30, date);
}

struct world *world_open(void)
{
    return world_open_small(1UL << 30);
}

static void judge_books(void *user, const struct recount *books)
{
    const struct world *w = user;

    cr_assert(books->balances, "the books of %s do not balance (D7)", books->id);
    cr_assert_not_null(w);
}

void world_lie_down(struct world *w)
{
    close_broker(w);
}

void world_leave(struct world *w)
{
    close_broker(w);
    scratch_remove(w->directory);
}

/* D7, P3, Q13: whatever the story did. */
void world_judge(struct world *w)
{
    struct verify_result result;

    cr_assert_eq(store_recount(w->store, judge_books, w), 0);
    cr_assert_eq(store_verify(w->store, NULL, NULL, &result), 0);
    cr_assert_eq(result.faults, 0, "the store does not verify: %s", result.first_fault);
    world_judge_ledgers(w);
}

void world_close(struct world *w)
{
    world_judge(w);
    close_broker(w);
    scratch_remove(w->directory);
    if (w->copy[0] != '\0')
        scratch_remove(w->copy);
    arena_close(&w->arena);
    free(w->trace);
    free(w);
}

void world_restart(struct world *w)
{
    close_broker(w);
    w->clock.mono_ms += 1000;
    open_broker(w);
    world_tell(w, "the broker", "starts again");
}

void world_disk(struct world *w, bool is_full)
{
    struct rlimit limit;
    struct stat status;
    char path[96];

    snprintf(path, sizeof path, "%s/data.mdb", w->directory);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN); /* as the daemon does: the write fails with EFBIG */
    limit.rlim_cur = is_full ? (rlim_t)status.st_size : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    world_tell(w, "the disk", is_full ? "is full" : "has room");
}

void world_copy(struct world *w)
{
    struct store_options from = world_store_options(w, w->directory);

    close_broker(w);
    snprintf(w->copy, sizeof w->copy, SCRATCH "/story-XXXXXX");
    cr_assert_not_null(scratch_make(w->copy));
    cr_assert_eq(store_restore(&from, w->copy, instant_after(w->clock.now, SECOND_MS)), 0);
    open_broker(w);
    world_tell(w, "the broker", "is copied");
}

void world_restore(struct world *w)
{
    close_broker(w);
    scratch_remove(w->directory);
    memcpy(w->directory, w->copy, sizeof w->directory);
    w->copy[0] = '\0';
    open_broker(w);
    world_tell(w, "the broker", "starts from the copy");
}
