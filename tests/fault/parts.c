/* parts.c - the stage, and the walk over all calls. */
#include "fault/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fault/fault.h"
#include "store/rows_place.h"
#include "store/verify.h"

#define STAGE_MAP   (16UL << 20)
#define CALLS_MOST  2000
#define DESCRIPTORS 256
#define FILE_MAX    (1U << 20)

static const struct fault {
    const char *name;
    enum fault_class fault_class;
    enum fault_mode mode;
    int error;
} faults[] = {
    {"memory", FAULT_MEMORY, FAULT_ONCE, ENOMEM},
    {"writing", FAULT_STORAGE, FAULT_ONCE, EIO},
    {"half", FAULT_STORAGE, FAULT_HALF, EIO},
    {"asking", FAULT_ASKING, FAULT_ONCE, EIO},
};

/* ---- The stage ---- */

static void put_rows(struct stage *stage)
{
    Record__Institution institution = RECORD__INSTITUTION__INIT;
    Record__Referral referral = RECORD__REFERRAL__INIT;
    struct store_txn *txn = fixture_turn(&stage->f);
    uint8_t sheet[5000];

    memset(sheet, 'x', sizeof sheet);
    institution.has_number = true;
    institution.number = institution_number_new(txn);
    institution_row_put(txn, "H1", &institution);
    stage->id = fixture_id(&stage->f, 1, 1);
    referral.has_sheet_version = true;
    referral.sheet_version = 1;
    referral_row_add(txn, stage->id, &referral);
    body_add(txn, stage->id, 1, bytes_of(sheet, sizeof sheet));
    ledger_add(txn, 1, "H1", bytes_text("a row"));
    audit_add(txn, bytes_text("a row"));
    fixture_end(&stage->f, txn);
}

static void stage_make(struct stage *stage)
{
    struct fixture *f = &stage->f;
    struct store_options options;

    fixture_init_sized(f, STAGE_MAP);
    snprintf(stage->to, sizeof stage->to, "%s/to", f->base);
    snprintf(stage->copy, sizeof stage->copy, "%s/copy", f->base);
    memset(stage->new_host_key, 8, sizeof stage->new_host_key);
    put_rows(stage);
    fixture_close(f);
    options = fixture_options(f);
    cr_assert_eq(store_copy(&options, stage->copy), 0, "%s", f->error);
}

static void copy_file(const char *from_directory, const char *to_directory, const char *name)
{
    static uint8_t bytes[FILE_MAX];
    char from[128], to[128];

    snprintf(from, sizeof from, "%s/%s", from_directory, name);
    snprintf(to, sizeof to, "%s/%s", to_directory, name);

    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size = read(in, bytes, sizeof bytes);

    cr_assert(size > 0 && size < FILE_MAX && write(out, bytes, (size_t)size) == size);
    close(in);
    close(out);
}

/* With all that lies in it, which has no folders. */
static void directory_remove(const char *directory)
{
    DIR *folder = opendir(directory);
    struct dirent *entry;
    char path[400];

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    if (folder != NULL)
        closedir(folder);
    else
        unlink(directory);
    rmdir(directory);
}

static void stage_reset(struct stage *stage)
{
    directory_remove(stage->f.directory);
    directory_remove(stage->to);
    cr_assert_eq(mkdir(stage->f.directory, 0700), 0);
    copy_file(stage->copy, stage->f.directory, "data.mdb");
    copy_file(stage->copy, stage->f.directory, "keys");
    memset(stage->f.error, 0, sizeof stage->f.error);
}

void stage_clear(struct stage *stage, const char *directory)
{
    directory_remove(directory);
    cr_assert_eq(mkdir(directory, 0700), 0, "%s", stage->where);
}

void stage_open(struct stage *stage, bool read_only)
{
    struct store_options options = fixture_options(&stage->f);

    options.read_only = read_only;
    cr_assert_eq(store_open(&options, &stage->store), 0, "%s: %s", stage->where, stage->f.error);
}

static void stage_close(struct stage *stage)
{
    store_close(stage->store);
    stage->store = NULL;
}

uint32_t stage_sound(struct stage *stage, const char *directory, uint64_t turns)
{
    struct store_options options = fixture_options(&stage->f);
    struct verify_result found = {0};
    struct store *store = NULL;
    uint32_t incarnation;

    options.directory = directory;
    cr_assert_eq(store_open(&options, &store), 0, "%s: %s", stage->where, stage->f.error);
    cr_assert_eq(store_verify(store, NULL, NULL, &found), 0, "%s: %s", stage->where, store_error(store));
    cr_assert_eq(found.faults, 0, "%s: %s", stage->where, found.first_fault);
    kept(stage, store_mark(store).index >= turns);
    incarnation = store_identity(store)->incarnation;
    store_close(store);
    return incarnation;
}

/* ---- The walk ---- */

static int descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int play(struct stage *stage, const struct part *part, const struct fault *fault, uint64_t nth)
{
    struct fault_plan *plan = fault_plan();
    int failure;

    *plan = (struct fault_plan){.mode = fault->mode, .error = fault->error, .nth = nth};
    snprintf(plan->root, sizeof plan->root, "%s/", stage->f.base);
    plan->fault_class = fault->fault_class;
    failure = part->play(stage);
    plan->fault_class = FAULT_NONE;
    stage->planted = plan->fired != 0 ? -fault->error : 0;
    return failure;
}

/* Half a write is a full disk, or goes on. */
static bool is_told_as(int failure, const struct fault *fault)
{
    return failure == 0 || failure == -fault->error || (fault->mode == FAULT_HALF && failure == -ENOSPC);
}

/* True: a call failed, so that there may be a later one. */
static bool run(struct stage *stage, const struct part *part, const struct fault *fault, uint64_t nth)
{
    int before, after, failure;

    snprintf(stage->where, sizeof stage->where, "%s, %s, call %u", part->name, fault->name, (unsigned)nth);
    stage_reset(stage);
    before = descriptors();
    if (part->prepare != NULL)
        part->prepare(stage);
    failure = play(stage, part, fault, nth);
    cr_assert(is_told_as(failure, fault), "%s: told as %d (%s)", stage->where, failure, stage->f.error);
    cr_assert(stage->planted != 0 || failure == 0, "%s: nothing failed, and it says %d", stage->where, failure);
    part->judge(stage, failure);
    stage_close(stage);
    after = descriptors();
    cr_assert_eq(after, before, "%s: %d descriptors before, %d after", stage->where, before, after);
    return stage->planted != 0;
}

void part_walk(const struct part *part)
{
    struct stage stage = {.store = NULL};

    stage_make(&stage);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        uint64_t nth = 1;

        while (run(&stage, part, &faults[i], nth))
            cr_assert_lt(++nth, CALLS_MOST);
    }
    fixture_fini(&stage.f);
}
