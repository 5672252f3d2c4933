/* planted.c - faults planted in the real broker, for test_quarantine: a sheet whose patient bears such a name sets one
 * off where it is applied. Linked with --wrap=submit_apply into referrald_planted; everything else is the broker as it
 * is. */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/families.h"

bool __real_submit_apply(struct work *work);
bool __wrap_submit_apply(struct work *work);

static volatile int *nowhere;
static volatile int deep = 1;

static int overflow(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return deep != 0 ? overflow(depth + 1) + room[0] : depth;
}

/* What a bad sector under a mapped file comes to: there is no such page. */
static int read_bad_page(void)
{
    int fd = memfd_create("bad", MFD_CLOEXEC);
    const volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    return *page;
}

static void set_off(const char *name)
{
    assert(strcmp(name, "PLANTED ASSERTION") != 0);
    if (strcmp(name, "PLANTED FAULT") == 0)
        *nowhere = 1;
    if (strcmp(name, "PLANTED OVERFLOW") == 0)
        overflow(0);
    if (strcmp(name, "PLANTED BAD PAGE") == 0)
        read_bad_page();
    while (strcmp(name, "PLANTED HANG") == 0)
        pause();
}

bool __wrap_submit_apply(struct work *work)
{
    const Referral__Sheet *sheet = (const Referral__Sheet *)work->body;

    if (sheet->patient != NULL && sheet->patient->name != NULL)
        set_off(sheet->patient->name);
    return __real_submit_apply(work);
}
