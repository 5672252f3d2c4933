/* stage.c - made once, kept as bytes, and put back for each input. */
#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "fuzz/stage.h"

#define FILES 4

struct kept_file {
    const char *name;
    uint8_t *data;
    size_t size;
};

struct stage {
    struct world *w, *kept; /* the living one, and a copy of it as it was made */
    size_t arena_mark;
    struct kept_file files[FILES];
    bool is_up;
};

const char *stage_speaker(uint8_t choice)
{
    static const char *const names[STAGE_SPEAKERS] = {"OP", "H1", "T07", "C1", "V1"};

    return names[choice % STAGE_SPEAKERS];
}

/* ---- The district ---- */

static void referrals(struct world *w)
{
    world_submit(w, "T07", "r20", "up to H1, emergency, patient 20");
    world_submit(w, "T07", "r21", "up to C1, urgent, patient 21");
    world_submit(w, "H1", "r22", "down to T07, routine, patient 22; team_id=");
    world_event(w, "H1", "acknowledge r20");
    world_event(w, "H1", "accept r20");
    world_event(w, "H1", "accept r1");
    world_event(w, "H1", "book r20");
    world_event(w, "H1", "request-info r2");
}

static void places(struct world *w)
{
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_publish(w, "H1", "LI EXPERT 4 places on 2026-03-06");
    world_publish(w, "H1", "CT EXAM 5 places every 20 in SUR");
    for (int i = 1; i <= 6; i++)
        world_refer(w, i);
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "hold WANG family r2");
    world_place(w, "T07", "book CT family r3");
    world_book_general(w, "WANG", 3);
    world_book_general(w, "LI", 3);
    world_place(w, "T07", "join EXPERT family r4");
    world_place(w, "H1", "block WANG; units[0]=9");
}

static struct world *made(void)
{
    struct world *w = world_open_morning();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_SETTING", "name=attempts; value=2");
    places(w);
    referrals(w);
    world_after(w, 60);
    world_forget(w);
    return w;
}

/* ---- Keeping it ---- */

/* However this process ends, its folder goes. */
static void bequeath(const char *directory)
{
    int ends[2];
    char byte;
    int made_pipe = pipe2(ends, O_CLOEXEC);
    pid_t child;

    assert(made_pipe == 0);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        close(ends[1]);
        while (read(ends[0], &byte, 1) > 0) {
        }
        execl("/bin/rm", "rm", "-rf", directory, (char *)NULL);
        _exit(1);
    }
    close(ends[0]); /* the other end closes with this process */
}

static int open_in(const char *directory, const char *name, int flags)
{
    char path[256];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, flags | O_CLOEXEC);
    assert(fd >= 0);
    return fd;
}

static void keep_file(struct kept_file *file, const char *directory)
{
    int fd = open_in(directory, file->name, O_RDONLY);
    struct stat status;

    assert(fstat(fd, &status) == 0);
    file->size = (size_t)status.st_size;
    file->data = malloc(file->size + 1);
    assert(file->data != NULL && pread(fd, file->data, file->size, 0) == (ssize_t)file->size);
    close(fd);
}

static void put_back(const struct kept_file *file, const char *directory)
{
    int fd = open_in(directory, file->name, O_WRONLY);

    assert(ftruncate(fd, (off_t)file->size) == 0);
    assert(pwrite(fd, file->data, file->size, 0) == (ssize_t)file->size);
    close(fd);
}

static void make(struct stage *stage)
{
    static const char *const names[] = {"data.mdb", "owner.lock"};

    stage->w = made();
    world_lie_down(stage->w);
    bequeath(stage->w->directory); /* closed, so that the lock of its owner is not inherited */
    stage->arena_mark = arena_mark(&stage->w->arena);
    stage->kept = malloc(sizeof *stage->kept);
    assert(stage->kept != NULL);
    memcpy(stage->kept, stage->w, sizeof *stage->kept);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        stage->files[i].name = names[i];
        keep_file(&stage->files[i], stage->w->directory);
    }
}

/* But for what nobody holds any more: that is much, and was the same before. */
static void recall(struct world *w, const struct world *kept)
{
    size_t hands = offsetof(struct world, hands), behind = offsetof(struct world, hand_count);

    memcpy(w, kept, hands);
    memcpy((char *)w + behind, (const char *)kept + behind, sizeof *w - behind);
    w->trace[0] = '\0';
}

/* As world_stand_up, which first opens the store to see whether it does. */
static void stand_up(struct world *w)
{
    struct store_options options = world_store_options(w, w->directory);
    struct turn_options turn = {
        .port = {.user = w, .send = world_port_send, .drop = world_port_drop},
        .broker_version = "test",
    };

    fuzz_expect(store_open(&options, &w->store) == 0, "the stage opens");
    turn.store = w->store;
    fuzz_expect(turn_open(&turn, &w->turn) == 0, "a broker stands on it");
}

static struct stage the_stage;

struct world *stage_begin(void)
{
    struct stage *stage = &the_stage;

    if (stage->w == NULL)
        make(stage);
    assert(!stage->is_up);
    stage->is_up = true;
    for (size_t i = 0; i < FILES && stage->files[i].name != NULL; i++)
        put_back(&stage->files[i], stage->w->directory);
    arena_rewind(&stage->w->arena, stage->arena_mark);
    recall(stage->w, stage->kept);
    stand_up(stage->w);
    return stage->w;
}

void stage_end(struct world *w)
{
    assert(the_stage.is_up && w == the_stage.w);
    world_lie_down(w);
    the_stage.is_up = false;
}
