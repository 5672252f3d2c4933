/* suspect.c - one page, written in an order that holds at any instant: first who, then that he is at hand. */
#include "store/suspect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/internal.h"

#define AT_HAND_FILE "at-hand"
#define PAGE_BYTES   4096
#define PAGE_MAGIC   0x31485441U /* "ATH1" */

enum state { NONE, AT_HAND, CRASHED };

struct suspect_page {
    uint32_t magic;
    volatile uint32_t state;
    struct suspect at_hand;
    struct suspect killed_over; /* at hand when the process before was killed; kind 0: none */
};
static_assert(sizeof(struct suspect_page) <= PAGE_BYTES, "one page");

static bool is_same(const struct suspect *a, const struct suspect *b)
{
    return a->kind == b->kind && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* Blocks of its own: a page that finds no room when it is written would kill. */
static int map_page(const char *directory, struct suspect_page **ret_page)
{
    char path[PATH_MAX];
    void *page = MAP_FAILED;

    if (snprintf(path, sizeof(path), "%s/" AT_HAND_FILE, directory) >= PATH_MAX)
        return -ENAMETOOLONG;

    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;

    int failure = -posix_fallocate(fd, 0, PAGE_BYTES);

    if (failure == 0) {
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        failure = page == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    if (failure == 0)
        *ret_page = page;
    return failure;
}

/* What the process before left becomes either a culprit, which stays until it is settled, or somebody to remember. */
static void judge(struct suspect_page *page)
{
    if (page->state == AT_HAND && is_same(&page->at_hand, &page->killed_over))
        page->state = CRASHED;
    if (page->state == AT_HAND) {
        page->killed_over = page->at_hand;
        page->state = NONE;
    }
}

int suspect_watch(struct store *store)
{
    int failure = map_page(store->directory, &store->suspect);

    if (failure != 0)
        return failure;
    if (store->suspect->magic != PAGE_MAGIC || store->suspect->state > CRASHED)
        *store->suspect = (struct suspect_page){.magic = PAGE_MAGIC};
    judge(store->suspect);
    return 0;
}

void suspect_unwatch(struct store *store)
{
    if (store->suspect == NULL)
        return;
    store->suspect->killed_over = (struct suspect){0};
    munmap(store->suspect, PAGE_BYTES);
    store->suspect = NULL;
}

bool suspect_found(const struct store *store, struct suspect *ret_suspect)
{
    if (store->suspect == NULL || store->suspect->state != CRASHED)
        return false;
    *ret_suspect = store->suspect->at_hand;
    ret_suspect->institution[sizeof(ret_suspect->institution) - 1] = '\0';
    return true;
}

void suspect_settled(struct store *store)
{
    if (store->suspect != NULL)
        *store->suspect = (struct suspect_page){.magic = PAGE_MAGIC};
}

void suspect_begin(struct store *store, const struct suspect *suspect)
{
    if (store->suspect == NULL)
        return;
    store->suspect->at_hand = *suspect;
    atomic_signal_fence(memory_order_seq_cst);
    store->suspect->state = AT_HAND;
}

void suspect_end(struct store *store)
{
    if (store->suspect != NULL)
        store->suspect->state = NONE;
}

struct suspect_mark suspect_mark(struct store *store)
{
    return (struct suspect_mark){
        .state = store->suspect != NULL ? &store->suspect->state : NULL,
        .at_hand = AT_HAND,
        .crashed = CRASHED,
    };
}
