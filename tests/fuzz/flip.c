/* flip.c - one bit of a closed store, its keys, a backup, an archive or a ledger is another: `fuzz_flip TRIALS HIDDEN
 * SEED`.
 *
 * Each trial looks in a child process, whose death counts as found. Found, or harmless: what can be read is what was
 * written. Then a broker starts on the damaged store without `verify`, is asked what can be asked, and reads all there
 * is: it may stop, or miss what a damaged page hides (it does not recount its tables at each question, verify does),
 * but never give out what was never written (witness.h).
 *
 * Then HIDDEN flips of the pages' own bytes are sought that hide rows, from a walk or from who asks by key, while each
 * row that is left opens: only counts and sums, and a look for each key, see those. The seed alone decides, of the keys
 * of the store too. Exit 1 where a flip was neither found nor harmless, or something altered was given out. */
#include <assert.h>
#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/engine_box.h"
#include "fuzz/flip_parts.h"
#include "fuzz/fuzz.h"
#include "fuzz/witness.h"
#include "store/verify.h"

#define ARENA_BYTES (1UL << 30)
#define PATIENCE_S  20
#define START_TURNS 1000
#define HUNT_MAX    20000 /* flips until one hides something */
#define PAGE        4096U
#define PAGE_HEAD   16U
#define NODE_WAY    16UL /* a node's head, and the first of its key */

static const char *const part_names[PARTS] = {"store", "keys", "backup", "archive", "ledger"};

/* How a child ends. */
enum end { END_SAME = 10, END_FOUND, END_LACKING, END_FORMER, END_ALTERED };

static struct {
    struct parts parts;
    uint8_t answers[DIGEST];
    uint64_t questions; /* that a sound store answers */
    uint64_t dice, secrets;
    uint64_t found[PARTS], died[PARTS], same[PARTS], missed[PARTS];
    uint64_t served_same, served_error, served_lacking, served_former, served_altered;
    uint64_t hunted, hidden, unseen;
} flip;

/* ---- Chance ---- */

/* splitmix64 */
static uint64_t roll(uint64_t *dice)
{
    uint64_t z = *dice += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static const char *seeded_name(void)
{
    return "seeded";
}

static uint32_t seeded_random(void)
{
    return (uint32_t)roll(&flip.secrets);
}

static void seeded_buf(void *const out, const size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)roll(&flip.secrets);
}

/* Keys, nonces and ids of the stage are the seed's, too: in this process only. */
static void seed(uint64_t number)
{
    static randombytes_implementation seeded = {
        .implementation_name = seeded_name, .random = seeded_random, .buf = seeded_buf};

    flip.dice = number;
    flip.secrets = ~number;
    assert(randombytes_set_implementation(&seeded) == 0 && sodium_init() >= 0);
}

/* ---- What a broker on it would say ---- */

/* Opened as a daemon opens it; false: it does not start. */
static bool start(struct store **ret_store, struct arena *arena)
{
    struct store_options how = parts_options(&flip.parts);
    uint64_t records;

    assert(arena_open(arena, ARENA_BYTES) == 0);
    return store_open(&how, ret_store) == 0 && store_verify_end(*ret_store, arena, START_TURNS, &records) == 0;
}

/* The answers of the whole store to everybody; an error is none. False: it stops. */
static bool ask_all(struct box *box, uint8_t digest[DIGEST])
{
    crypto_generichash_state state;
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);

    crypto_generichash_init(&state, NULL, 0, DIGEST);
    for (size_t i = 0; i < count * STAGE_SPEAKERS; i++) {
        const struct kind_info *kind = &kinds[i / STAGE_SPEAKERS];
        const Referral__Reply *reply;
        struct bytes bytes;

        if (kind->class != KIND_QUERY)
            continue;
        reply = box_ask(box, stage_speaker((uint8_t)(i % STAGE_SPEAKERS)), (uint32_t)kind->kind, bytes_of(NULL, 0));
        if (store_failure(box->txn) != 0)
            return false;
        if (reply->n_refusals != 0)
            continue;
        bytes = wire_pack(&reply->base, &box->arena);
        crypto_generichash_update(&state, (const uint8_t *)&i, sizeof i);
        crypto_generichash_update(&state, bytes.data, bytes.size);
        flip.questions++;
    }
    crypto_generichash_final(&state, digest, DIGEST);
    return true;
}

static bool serve(uint8_t digest[DIGEST])
{
    struct box box = {.w = NULL};
    struct store *store = NULL;
    bool is_served = start(&store, &box.arena) && store_read_begin(store, &box.arena, &box.txn) == 0;

    if (is_served) {
        box.now = store_mark(store).time;
        is_served = ask_all(&box, digest);
        store_read_end(box.txn);
    }
    store_close(store);
    arena_close(&box.arena);
    return is_served;
}

/* ---- Looks, each in a child ---- */

static int in_child(int (*look)(enum part part), enum part part)
{
    int status;
    pid_t child = fork();

    assert(child >= 0);
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        alarm(PATIENCE_S);
        _exit(look(part));
    }
    assert(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_as_written(enum part part, const uint8_t digest[DIGEST])
{
    return memcmp(digest, flip.parts.files[part].digest, DIGEST) == 0;
}

/* A ledger that ends in another digest is another ledger: whoever keeps the head sees it. */
static int look_at_part(enum part part)
{
    uint8_t digest[DIGEST];

    if (!parts_read(&flip.parts, part, digest))
        return END_FOUND;
    return is_as_written(part, digest) ? END_SAME : part == PART_LEDGER ? END_FOUND : END_ALTERED;
}

static int look_at_rows(enum part part)
{
    uint8_t digest[DIGEST];

    if (!parts_walk(&flip.parts, digest))
        return END_FOUND;
    return is_as_written(part, digest) ? END_SAME : END_LACKING;
}

static int end_of(enum given given, enum end otherwise)
{
    return given == GIVEN_NEVER_WRITTEN ? END_ALTERED : given == GIVEN_FORMER ? END_FORMER : (int)otherwise;
}

static int look_at_answers(enum part part)
{
    uint8_t digest[DIGEST] = {0};
    bool is_served;

    (void)part;
    witness_begin();
    is_served = serve(digest);
    return end_of(witness_end(), !is_served                                  ? END_FOUND
                                 : memcmp(digest, flip.answers, DIGEST) == 0 ? END_SAME
                                                                             : END_LACKING);
}

static int look_at_all_given(enum part part)
{
    struct store *store = NULL;
    struct arena arena;
    bool has_all = true;

    (void)part;
    witness_begin();
    if (start(&store, &arena))
        has_all = witness_read_all(store, &arena);
    return end_of(witness_end(), has_all ? END_SAME : END_LACKING);
}

/* ---- Trials ---- */

/* What a broker gives out that passed the look at a start. Whatever it is, verify must have seen what is not as it
 * was. */
static void judge_served(size_t offset, uint8_t bit, bool is_found)
{
    int said = in_child(look_at_answers, PART_DATA), given = in_child(look_at_all_given, PART_DATA);
    bool is_altered = said == END_ALTERED || given == END_ALTERED;
    bool is_former = said == END_FORMER || given == END_FORMER;

    flip.served_altered += is_altered;
    flip.served_former += !is_altered && is_former;
    flip.served_lacking += !is_altered && !is_former && said == END_LACKING;
    flip.served_same += !is_altered && !is_former && said == END_SAME;
    flip.served_error += !is_altered && !is_former && said != END_SAME && said != END_LACKING;
    if (is_altered || is_former || said == END_LACKING)
        printf("%s: byte %zu, bit %u%s\n",
               is_altered  ? "given out, and never written"
               : is_former ? "given out, and no longer so"
                           : "answered as if something were not there",
               offset, bit, is_found ? "" : "; not found");
    flip.missed[PART_DATA] += !is_found && (is_former || said == END_LACKING || given == END_LACKING);
}

static void judge(enum part part, size_t offset, uint8_t bit)
{
    int end = in_child(look_at_part, part);

    if (end == END_FOUND)
        flip.found[part]++;
    else if (end == END_SAME)
        flip.same[part]++;
    else if (end == END_ALTERED)
        flip.missed[part]++;
    else
        flip.died[part]++;
    if (end == END_ALTERED)
        printf("not found: %s, byte %zu, bit %u\n", part_names[part], offset, bit);
    if (part == PART_DATA)
        judge_served(offset, bit, end != END_SAME);
}

/* Rather where something is than in pages that nobody uses. */
static size_t offset_in(const struct part_file *file)
{
    size_t offset = roll(&flip.dice) % file->size;

    for (int i = 0; i < 20 && file->data[offset] == 0; i++)
        offset = roll(&flip.dice) % file->size;
    return offset;
}

static void trial(void)
{
    uint64_t choice = roll(&flip.dice) % 10;
    enum part part = choice < 6 ? PART_DATA : (enum part)(choice - 5);
    size_t offset = offset_in(&flip.parts.files[part]);
    uint8_t bit = (uint8_t)(roll(&flip.dice) % 8);

    parts_flip(&flip.parts, part, offset, bit);
    judge(part, offset, bit);
    parts_restore(&flip.parts, part);
}

/* ---- Hidden rows ---- */

/* A byte of a page's head and list of nodes, or of a node's head and the first of its key: what leads to rows. Before
 * the third page lie those that say which turn is the last. */
static size_t offset_of_a_way(void)
{
    const struct part_file *file = &flip.parts.files[PART_DATA];

    for (;;) {
        size_t page = (2 + roll(&flip.dice) % (file->size / PAGE - 2)) * PAGE, number;
        uint16_t flags, lower, node;

        memcpy(&flags, file->data + page + 10, sizeof flags);
        memcpy(&lower, file->data + page + 12, sizeof lower);
        if ((flags != 1 && flags != 2) || lower <= PAGE_HEAD || lower > PAGE)
            continue; /* neither branch nor leaf */
        if (roll(&flip.dice) % 2 == 0)
            return page + 10 + roll(&flip.dice) % (lower - 10U);
        number = roll(&flip.dice) % ((lower - PAGE_HEAD) / 2);
        memcpy(&node, file->data + page + PAGE_HEAD + number * sizeof node, sizeof node);
        if (node <= PAGE - NODE_WAY)
            return page + node + roll(&flip.dice) % NODE_WAY;
    }
}

static void hunt(void)
{
    size_t offset = offset_of_a_way();
    uint8_t bit = (uint8_t)(roll(&flip.dice) % 8);
    int rows;

    flip.hunted++;
    parts_flip(&flip.parts, PART_DATA, offset, bit);
    rows = in_child(look_at_rows, PART_DATA);
    if (rows == END_LACKING || (rows == END_SAME && in_child(look_at_all_given, PART_DATA) == END_LACKING)) {
        int end = in_child(look_at_part, PART_DATA);
        bool is_unseen = end == END_SAME || end == END_ALTERED;

        flip.hidden++;
        flip.unseen += is_unseen;
        judge_served(offset, bit, !is_unseen);
    }
    parts_restore(&flip.parts, PART_DATA);
}

/* ---- ---- */

static void prepare(void)
{
    struct store_options how = parts_options(&flip.parts);
    struct store *store = NULL;
    struct arena arena;

    parts_write(&flip.parts);
    how.read_only = true;
    assert(arena_open(&arena, ARENA_BYTES) == 0 && store_open(&how, &store) == 0);
    witness_take(store, &arena);
    store_close(store);
    arena_close(&arena);
    fuzz_expect(serve(flip.answers), "a sound store is served");
    fuzz_expect(in_child(look_at_answers, PART_DATA) == END_SAME, "a sound store gives what stands in it");
    fuzz_expect(in_child(look_at_all_given, PART_DATA) == END_SAME, "a sound store gives what stands in it");
}

/* Two runs of one seed have the same. */
static uint64_t digest_of_parts(void)
{
    crypto_generichash_state state;
    uint8_t digest[DIGEST];

    crypto_generichash_init(&state, NULL, 0, DIGEST);
    for (int part = 0; part < PARTS; part++)
        crypto_generichash_update(&state, flip.parts.files[part].data, flip.parts.files[part].size);
    crypto_generichash_final(&state, digest, DIGEST);
    return get_be64(digest);
}

static uint64_t report(void)
{
    uint64_t missed = 0;

    for (int part = 0; part < PARTS; part++) {
        printf("%-8s found %lu, by a child's death %lu, harmless %lu, missed %lu\n", part_names[part],
               (unsigned long)flip.found[part], (unsigned long)flip.died[part], (unsigned long)flip.same[part],
               (unsigned long)flip.missed[part]);
        missed += flip.missed[part];
    }
    printf("served, of %lu answers: as before %lu, an error or a stop %lu, something lacks %lu, a former row %lu\n",
           (unsigned long)flip.questions, (unsigned long)flip.served_same, (unsigned long)flip.served_error,
           (unsigned long)flip.served_lacking, (unsigned long)flip.served_former);
    return missed;
}

int main(int count, char **arguments)
{
    uint64_t trials, hidden, missed;

    if (count != 4)
        return 2;
    trials = strtoull(arguments[1], NULL, 10);
    hidden = strtoull(arguments[2], NULL, 10);
    seed(strtoull(arguments[3], NULL, 10));
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    for (uint64_t i = 0; i < trials; i++)
        trial();
    while (flip.hidden < hidden && flip.hunted < HUNT_MAX)
        hunt();
    missed = report();
    printf(
        "seed %s, parts %016lx: %lu flips, %lu missed, %lu altered rows given out; %lu of %lu hide rows, %lu unseen\n",
        arguments[3], (unsigned long)digest_of_parts(), (unsigned long)trials, (unsigned long)missed,
        (unsigned long)flip.served_altered, (unsigned long)flip.hidden, (unsigned long)flip.hunted,
        (unsigned long)flip.unseen);
    return missed + flip.served_altered + flip.unseen != 0 || flip.hidden < hidden;
}
