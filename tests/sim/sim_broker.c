/* sim_broker.c - the broker of a simulated world: made, run a turn at a time, crashed, started again. */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/registry.h"
#include "sim/sim_inside.h"
#include "sim/sim_reserve.h"

const uint8_t sim_host_key[STORE_HOST_KEY_SIZE] = {9};

/* ---- The port ---- */

struct sim_peer *sim_peer_of(struct sim *s, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < SIM_PEERS; i++)
        if (s->peers[i].number == number)
            return &s->peers[i];
    return NULL;
}

static int port_send(void *user, uint64_t number, struct bytes frame)
{
    struct sim *s = user;

    if (s->is_deaf)
        return 0; /* what is under way when a machine dies */
    if (sim_peer_of(s, number) == NULL)
        return -EHOSTUNREACH;
    if (number == s->clogged) {
        s->is_stopped = true;
        return -EAGAIN;
    }
    cr_assert(s->frame_count < SIM_HELD);
    s->frames[s->frame_count++] = (struct sim_frame){.peer = number, .bytes = arena_copy(&s->w->arena, frame)};
    return 0;
}

void sim_forget_peer(struct sim *s, struct sim_peer *peer)
{
    if (peer->number == s->clogged)
        s->clogged = 0;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        s->is_open[i] = s->is_open[i] && s->deeds[i].peer != peer->number;
    if (peer->session != 0)
        s->lost[s->lost_count++] = peer->number;
    *peer = (struct sim_peer){0};
}

/* It hears why, in GOODBYE, unless it hears nothing. */
static void port_drop(void *user, uint64_t number)
{
    struct sim *s = user;

    if (number == s->clogged)
        sim_forget_peer(s, sim_peer_of(s, number));
}

/* ---- Made, ended, crashed ---- */

static struct store_options options_of(const struct sim *s)
{
    return (struct store_options){.directory = s->directory, .map_bytes = 512UL << 20, .host_key = sim_host_key};
}

static void stand_up(struct sim *s)
{
    struct store_options options = options_of(s);

    if (store_open(&options, &s->store) != 0) {
        sim_fail(s, "the store does not open");
        return;
    }

    struct turn_options turn = {
        .store = s->store,
        .port = {.user = s, .send = port_send, .drop = port_drop},
        .broker_version = "sim",
    };

    if (turn_open(&turn, &s->turn) != 0)
        sim_fail(s, "the broker does not start");
    s->opened_at = store_mark(s->store).index;
    s->now.now = store_mark(s->store).time; /* what passed since the last turn nobody knows */
    daemon_clock_init(&s->clock, store_mark(s->store).time, s->boot, s->wall);
    if (s->doubt_stands)
        daemon_clock_hold(&s->clock, "clock-differs");
    sim_pass(s, 0, 0);
}

static void lie_down(struct sim *s)
{
    turn_close(s->turn);
    store_close(s->store);
    s->turn = NULL;
    s->store = NULL;
}

/* Memory is gone: sessions, credit, what was handed out, commands that no turn had taken. A message that was out is
 * deliverable again. */
static void forget_memory(struct sim *s)
{
    for (int i = 0; i < s->model.message_count; i++) {
        s->model.messages[i].holder = 0;
        s->model.messages[i].beyond = s->model.messages[i].parked = false;
    }
    s->model.draining = false;
    s->clogged = 0;
    memset(s->peers, 0, sizeof s->peers);
    memset(s->is_open, 0, sizeof s->is_open);
    s->pending_count = s->lost_count = s->frame_count = 0;
}

void sim_crash(struct sim *s)
{
    lie_down(s);
    forget_memory(s);
    s->out->crashes++;
    s->boot += 1000;
    s->wall += 1000;
    stand_up(s);
}

static void found(struct sim *s)
{
    struct store_options options = options_of(s);
    struct store_turn turn = {.index = 1, .time = instant_of(s->wall)};
    struct store_txn *txn = NULL;
    uint8_t key[32];

    sim_key(key, OP, 0);
    cr_assert_eq(store_create(&options, "bd", turn.time, true), 0);
    cr_assert_eq(store_open(&options, &s->store), 0);
    cr_assert_eq(store_turn_begin(s->store, &s->w->arena, &txn), 0);
    cr_assert_eq(registry_found(txn, "OP", "县医共体运维", key, turn.time), 0);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    store_close(s->store);
}

/* ---- The disk ---- */

/* What the store keeps ahead of its file for a disk that others fill is worth nothing here, where nobody else writes,
 * and would take longer than the rest. */
int __wrap_fallocate(int fd, int mode, off_t offset, off_t size);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t size)
{
    (void)fd, (void)mode, (void)offset, (void)size;
    return 0;
}

/* ---- Chance ---- */

static const char *chance_name(void)
{
    return "simulated";
}

/* The store's own keys decide where rows lie, and so what still fits on a full disk: the same for every play. */
static void chance(void *const bytes, const size_t size)
{
    static uint64_t calls;
    uint8_t seed[randombytes_SEEDBYTES] = {0};

    memcpy(seed, &calls, sizeof calls);
    calls++;
    randombytes_buf_deterministic(bytes, size, seed);
}

static uint32_t chance_number(void)
{
    uint32_t number;

    chance(&number, sizeof number);
    return number;
}

static randombytes_implementation no_chance = {
    .implementation_name = chance_name, .random = chance_number, .buf = chance};

/* ---- The people ---- */

static void order(struct sim *s, Referral__Kind kind, const char *edits)
{
    struct deed deed = {.kind = kind, .to = NO_PARTY, .from = NO_PARTY, .is_off = true};

    sim_order(s, &deed, sim_body(s, kind, "%s", edits));
    cr_assert(s->last_accepted && !sim_failed(s), "the stage is not set: %s: %s", edits, s->out->why);
}

static void add_institution(struct sim *s, enum house party)
{
    static const char *const directions[] = {"UP", "DOWN"};
    struct arena *arena = &s->w->arena;
    const char *id = party_name(party);
    struct deed deed = {.kind = REFERRAL__KIND__PUT_INSTITUTION, .to = party, .is_off = true};

    sim_order(s, &deed, sim_institution(s, party, true));
    for (size_t i = 0; i < 2; i++)
        order(s, REFERRAL__KIND__PUT_CONTACT,
              arena_format(arena,
                           "institution=%s; direction=%s; contact.name=联系人%s; contact.phone=0571-8888888;"
                           "contact.deputy_name=副联系人%s; contact.deputy_phone=0571-8888889; contact.hours=24 h",
                           id, directions[i], id, id));
    deed.kind = REFERRAL__KIND__ADD_KEY;
    deed.message_id[0] = '\0';
    sim_order(s, &deed, sim_key_body(s, party, 0));
}

static void people(struct sim *s)
{
    static const char *const relations[][2] = {{"H1", "C1"}, {"C1", "H1"}, {"T07", "C1"}, {"C1", "T07"}};

    for (enum house party = V1; party < INBOXES; party++)
        add_institution(s, party);
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++)
        order(s, REFERRAL__KIND__PUT_RELATION,
              arena_format(&s->w->arena, "from=%s; to=%s", relations[i][0], relations[i][1]));
    order(s, REFERRAL__KIND__PUT_DELEGATION, "agent=T07; principal=V1");
    order(s, REFERRAL__KIND__PUT_TEAM,
          "id=TM1; institution=T07; name=第七团队; members[0].name=王医生; members[0].phone=13800000001;"
          "active_from=2020-01-01");
    order(s, REFERRAL__KIND__PUT_SETTING, "name=retention_finished_ms; value=2592000000");
    order(s, REFERRAL__KIND__PUT_SETTING, "name=retention_keys_ms; value=2592000000");
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

void sim_open(struct sim *s)
{
    cr_assert_eq(randombytes_set_implementation(&no_chance), 0);
    s->w = calloc(1, sizeof *s->w);
    s->frames = calloc(SIM_HELD, sizeof *s->frames);
    cr_assert(s->w != NULL && s->frames != NULL);
    cr_assert_eq(arena_open(&s->w->arena, 4UL << 30), 0);
    cr_assert_eq(arena_open(&s->idle, 256UL << 20), 0);
    s->w->allocator = (ProtobufCAllocator){.alloc = take, .free = keep, .allocator_data = &s->w->arena};
    s->boot = 1000000;
    s->wall = 1772413200000LL; /* 2026-03-02, a Monday, 09:00 in China */
    snprintf(s->directory, sizeof s->directory, SCRATCH "/sim-XXXXXX");
    cr_assert_not_null(mkdtemp(s->directory));
    model_open(&s->model);
    s->reserve = sim_reserve_open();
    found(s);
    stand_up(s);
    people(s);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void sim_close(struct sim *s)
{
    lie_down(s);
    nftw(s->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    model_close(&s->model);
    sim_reserve_close(s->reserve);
    for (size_t i = 0; i < SIM_LASTS; i++)
        free((void *)s->lasts[i].body.data);
    arena_close(&s->idle);
    arena_close(&s->w->arena);
    free(s->frames);
    free(s->w);
}

void sim_disk(struct sim *s, bool is_full)
{
    struct rlimit limit;
    struct stat status;
    char path[96];

    snprintf(path, sizeof path, "%s/data.mdb", s->directory);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = is_full ? (rlim_t)status.st_size : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    s->is_full = is_full;
}

/* ---- Time and turns ---- */

#define SILENT_MS 10000

/* Everybody says now and then that it is there: silence is not what is played here. */
static void ping_all(struct sim *s)
{
    for (size_t i = 0; i < SIM_PEERS; i++)
        if (s->peers[i].number != 0 && s->peers[i].session != 0 && s->boot - s->peers[i].spoke >= SILENT_MS)
            sim_transmit(s, &s->peers[i], REFERRAL__KIND__PING, NULL, NO_PARTY, bytes_of(NULL, 0));
}

void sim_pass(struct sim *s, int64_t boot_ms, int64_t wall_ms)
{
    struct instant before = s->now.now;

    s->boot += boot_ms;
    s->wall += wall_ms;
    s->now.now = daemon_clock_read(&s->clock, s->boot, s->wall);
    s->now.mono_ms = s->boot;
    s->now.hold = s->clock.held;
    s->w->clock = s->now;
    if (s->now.now.ms < before.ms)
        sim_fail(s, "C2: the time went back");
    if (boot_ms > 0)
        ping_all(s);
}

void sim_turn(struct sim *s)
{
    uint64_t before = turn_counters(s->turn).turns;
    uint64_t index = store_mark(s->store).index;

    s->model.now = s->now.now.ms;

    int result = turn_run(s->turn, s->now);

    if (result != 0 && !s->is_full)
        sim_fail(s, "the turn failed: %d", result);
    if (turn_time_confirmed(s->turn))
        daemon_clock_confirm(&s->clock);
    if (store_mark(s->store).index != index)
        s->doubt_stands = s->clock.held;
    if (turn_counters(s->turn).turns != before || (s->is_full && s->pending_count != 0))
        sim_model_turn(s, index);
    sim_hear(s);
}

void sim_settle(struct sim *s)
{
    for (int i = 0; i < 10000 && !s->is_dying && !sim_failed(s) && turn_wants(s->turn, s->now); i++)
        sim_turn(s);
    if (!s->is_dying && !sim_failed(s) && turn_wants(s->turn, s->now))
        sim_fail(s, "the broker never comes to rest");
}
