/* states.c - after each write, some of the subsets of what is not yet synced. */
#include "crash/states.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 65536
#define TRIES       4 /* for one state that has not been before */
#define NEWEST      6

struct walk {
    const struct recording *recording;
    const struct crash_visitor *visitor;
    struct disk base, made; /* what is synced; the state at hand */
    uint64_t base_version;
    size_t *pending; /* operations not synced, in order */
    size_t pending_count;
    bool *kept;
    uint64_t random;
    uint64_t *seen; /* a set of hashes, open addressing */
    size_t seen_room, seen_count;
    struct crash_state state;
};

/* splitmix64 */
static uint64_t draw(struct walk *walk)
{
    uint64_t z = walk->random += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static size_t below(struct walk *walk, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(draw(walk) % limit);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
    return hash ^ hash >> 29;
}

/* True: it was not there before. */
static bool add_seen(struct walk *walk, uint64_t hash)
{
    size_t at;

    if (walk->seen_count * 2 >= walk->seen_room) {
        struct walk grown = {.seen_room = walk->seen_room != 0 ? walk->seen_room * 4 : 4096};

        grown.seen = calloc(grown.seen_room, sizeof *grown.seen);
        assert(grown.seen != NULL);
        for (size_t i = 0; i < walk->seen_room; i++)
            if (walk->seen[i] != 0)
                add_seen(&grown, walk->seen[i]);
        free(walk->seen);
        walk->seen = grown.seen;
        walk->seen_room = grown.seen_room;
    }
    hash += hash == 0;
    for (at = hash % walk->seen_room; walk->seen[at] != 0; at = (at + 1) % walk->seen_room)
        if (walk->seen[at] == hash)
            return false;
    walk->seen[at] = hash;
    walk->seen_count++;
    return true;
}

enum pattern { ALL, NONE, ALL_BUT_ONE, ONE, PREFIX, HALF, MOST, PATTERNS, NEWEST_ALONE };

/* One of those that are not synced: as often of the last few as of all, some of which may wait for ever. */
static size_t some(struct walk *walk)
{
    size_t count = walk->pending_count, last = count < NEWEST ? count : NEWEST;

    return below(walk, 2) == 0 ? below(walk, count) : count - last + below(walk, last);
}

static void choose(struct walk *walk, enum pattern pattern)
{
    size_t count = walk->pending_count, one = some(walk);

    for (size_t i = 0; i < count; i++) {
        switch (pattern) {
        case ALL:
        case ALL_BUT_ONE:
            walk->kept[i] = pattern == ALL || i != one;
            break;
        case NONE:
        case ONE:
            walk->kept[i] = pattern == ONE && i == one;
            break;
        case PREFIX:
            walk->kept[i] = i < one;
            break;
        case NEWEST_ALONE:
            walk->kept[i] = i + 1 == count;
            break;
        case HALF:
        case MOST:
        case PATTERNS:
            walk->kept[i] = below(walk, 8) < (pattern == HALF ? 4 : 7);
            break;
        }
    }
}

/* One of the kept writes reaches the disk in part; SIZE_MAX: none does. */
static size_t choose_torn(struct walk *walk)
{
    size_t one = some(walk);
    const struct op *op;

    if (walk->pending_count == 0 || below(walk, 3) != 0)
        return SIZE_MAX;
    op = &walk->recording->ops[walk->pending[one]];
    return walk->kept[one] && op_is_write(op) ? one : SIZE_MAX;
}

static void make(struct walk *walk, size_t torn, uint64_t sectors)
{
    disk_copy(&walk->made, &walk->base);
    for (size_t i = 0; i < walk->pending_count; i++) {
        const struct op *op = &walk->recording->ops[walk->pending[i]];

        if (i == torn)
            disk_apply_torn(&walk->made, op, sectors);
        else if (walk->kept[i])
            disk_apply(&walk->made, op);
    }
}

static void offer(struct walk *walk, enum pattern pattern)
{
    uint64_t hash = mix(1, walk->base_version), sectors;
    size_t torn;

    choose(walk, pattern);
    torn = choose_torn(walk);
    sectors = draw(walk);
    walk->state.kept = 0;
    for (size_t i = 0; i < walk->pending_count; i++)
        if (walk->kept[i]) {
            hash = mix(hash, walk->pending[i] * 2 + (i == torn));
            walk->state.kept++;
        }
    if (torn != SIZE_MAX)
        hash = mix(hash, sectors);
    /* What was said belongs to the state: the same disk promises more later on. */
    if (!add_seen(walk, mix(hash, walk->state.notes)))
        return;
    walk->state.pending = walk->pending_count;
    walk->state.is_torn = torn != SIZE_MAX;
    if (walk->visitor->wants == NULL || walk->visitor->wants(walk->visitor->user, &walk->state)) {
        make(walk, torn, sectors);
        walk->visitor->visit(walk->visitor->user, &walk->state, &walk->made);
    }
    walk->state.number++;
}

/* Each pattern in its turn, beginning with any; then what is drawn. */
static void offer_some(struct walk *walk, size_t count)
{
    size_t until = walk->state.number + count, first = below(walk, PATTERNS);

    for (size_t i = 0; walk->state.number < until && i < count * TRIES; i++)
        offer(walk, i < PATTERNS ? (enum pattern)((first + i) % PATTERNS) : HALF + (enum pattern)below(walk, 2));
}

static void pend(struct walk *walk, size_t op)
{
    assert(walk->pending_count < PENDING_MAX);
    walk->pending[walk->pending_count++] = op;
}

/* Whatever the operation makes durable goes to the base. */
static void settle(struct walk *walk, const struct op *by)
{
    size_t left = 0;

    for (size_t i = 0; i < walk->pending_count; i++) {
        const struct op *op = &walk->recording->ops[walk->pending[i]];
        bool now = by->what == RECORDED_DURABLE ? op == by : op_is_synced(op, by);

        if (now)
            disk_apply(&walk->base, op);
        else
            walk->pending[left++] = walk->pending[i];
    }
    if (left != walk->pending_count)
        walk->base_version++;
    walk->pending_count = left;
}

static size_t count_steps(const struct recording *recording)
{
    size_t count = 1;

    for (size_t i = 0; i < recording->count; i++)
        count += recording->ops[i].what != RECORDED_SYNC && recording->ops[i].what != RECORDED_SYNC_DIRECTORY;
    return count;
}

static void step(struct walk *walk, size_t i, size_t states)
{
    const struct op *op = &walk->recording->ops[i];

    walk->state.position = i + 1;
    switch (op->what) {
    case RECORDED_NOTE:
        walk->state.notes++;
        offer_some(walk, states);
        break;
    case RECORDED_SYNC:
    case RECORDED_SYNC_DIRECTORY:
        settle(walk, op);
        break;
    case RECORDED_DURABLE: /* a cut in the midst of it finds it as any other write */
        pend(walk, i);
        offer_some(walk, states);
        settle(walk, op);
        break;
    case RECORDED_RENAME: /* the file counts from now on: a name ahead of all that it needs is seen in every run */
        pend(walk, i);
        offer(walk, NEWEST_ALONE);
        offer_some(walk, states);
        break;
    case RECORDED_WRITE:
    case RECORDED_SIZE:
    case RECORDED_CREATE:
    case RECORDED_UNLINK:
    case RECORDED_FOLDER:
        pend(walk, i);
        offer_some(walk, states);
        break;
    }
}

size_t crash_states(const struct disk *before, const struct recording *recording, size_t budget, uint64_t seed,
                    const struct crash_visitor *visitor)
{
    struct walk *walk = calloc(1, sizeof *walk);
    size_t steps = count_steps(recording), spent = 0;

    assert(walk != NULL);
    *walk = (struct walk){.recording = recording, .visitor = visitor, .random = seed};
    walk->pending = calloc(PENDING_MAX, sizeof *walk->pending);
    walk->kept = calloc(PENDING_MAX, sizeof *walk->kept);
    assert(walk->pending != NULL && walk->kept != NULL);
    disk_copy(&walk->base, before);
    for (size_t i = 0; i < recording->count; i++) {
        /* What earlier steps could not use, because there is nothing new to see, goes to later ones. */
        size_t left = budget > walk->state.number ? budget - walk->state.number : 0, share = steps - spent;

        spent += recording->ops[i].what != RECORDED_SYNC && recording->ops[i].what != RECORDED_SYNC_DIRECTORY;
        step(walk, i, (left + below(walk, share)) / share);
    }

    size_t number = walk->state.number;

    disk_free(&walk->base);
    disk_free(&walk->made);
    free(walk->pending);
    free(walk->kept);
    free(walk->seen);
    free(walk);
    return number;
}
