/* pages.c - LMDB's pages (data version 1, as of 0.9), from each root down.
 *
 * A page is a head of 16 bytes, offsets of its nodes, and from its end downwards the nodes. A branch's node says which
 * page lies below it, a leaf's holds a value, or says where a long one begins. The pages of a tree lie all at one
 * depth. */
#include "store/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"

#define META_PAGES 2
#define HEAD_SIZE  16U
#define NODE_SIZE  8U
#define DEPTH_MAX  32U
#define MAGIC      0xBEEFC0DEU
#define VERSION    1U
#define NONE       UINT64_MAX
#define TRIES      1000 /* a daemon that writes is faster than we are now and then */

enum page_kind { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_LONG = 4 };
enum node_kind { NODE_LONG = 1, NODE_TREE = 2 };

struct tree { /* as on the disk */
    uint32_t page_size;
    uint16_t flags, depth;
    uint64_t branches, leaves, longs, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_size;
    struct tree list, main; /* of free pages; of tables by name */
    uint64_t last_page, turn;
};

struct page_head {
    uint64_t number;
    uint16_t unused, kind, lower, upper;
};

struct node {
    struct bytes key, value; /* the value: what stands in the node */
    uint64_t below;          /* of a branch */
    size_t size;             /* of a leaf's value, wherever it stands */
    unsigned kind;
};

struct walk {
    struct meta meta;
    size_t page_size;
    const uint8_t *map;
    uint64_t mapped; /* pages: the last ones may never have been written */
    uint8_t *taken;  /* a bit a page */
    struct pages_count count;
};

typedef void leaf_node(struct walk *walk, struct node node);

static_assert(sizeof(struct tree) == 48 && sizeof(struct meta) == 136 && sizeof(struct page_head) == HEAD_SIZE,
              "as LMDB lays them out");

static void fault(struct walk *walk, const char *what, uint64_t page)
{
    if (walk->count.faults++ == 0)
        snprintf(walk->count.first_fault, sizeof(walk->count.first_fault), "page %" PRIu64 " %s", page, what);
}

/* ---- Pages ---- */

/* False: it is none of the file's, or is something else already. */
static bool take(struct walk *walk, uint64_t page)
{
    uint8_t bit = (uint8_t)(1U << page % 8);

    if (page < META_PAGES || page > walk->meta.last_page) {
        fault(walk, "is not one of the file", page);
        return false;
    }
    if ((walk->taken[page / 8] & bit) != 0) {
        fault(walk, "is two things", page);
        return false;
    }
    walk->taken[page / 8] |= bit;
    return true;
}

static const uint8_t *page_at(const struct walk *walk, uint64_t page)
{
    return walk->map + page * walk->page_size;
}

/* Taken, and the head of what it should be; false: a fault. */
static bool open_page(struct walk *walk, uint64_t page, enum page_kind kind, struct page_head *ret_head)
{
    if (!take(walk, page))
        return false;
    walk->count.held++;
    if (page >= walk->mapped) {
        fault(walk, "lies beyond the file's end", page);
        return false;
    }
    memcpy(ret_head, page_at(walk, page), sizeof(*ret_head));
    if (ret_head->number != page || ret_head->kind != kind) {
        fault(walk, "is not what leads there", page);
        return false;
    }
    return true;
}

static size_t node_count(struct page_head head)
{
    return (head.lower - HEAD_SIZE) / sizeof(uint16_t);
}

/* A long value: its first page says how many there are; at least as many as it needs. */
static struct bytes long_value(struct walk *walk, uint64_t page, size_t size)
{
    uint64_t needed = (HEAD_SIZE - 1 + size) / walk->page_size + 1;
    struct page_head head;
    uint32_t pages;

    if (!open_page(walk, page, PAGE_LONG, &head))
        return bytes_of(NULL, 0);
    memcpy(&pages, page_at(walk, page) + offsetof(struct page_head, lower), sizeof(pages));
    if (pages < needed || pages > walk->meta.last_page - page + 1) {
        fault(walk, "begins a long value of another length", page);
        return bytes_of(NULL, 0);
    }
    for (uint64_t i = 1; i < pages; i++)
        if (take(walk, page + i))
            walk->count.held++;
    if (page + needed > walk->mapped) {
        fault(walk, "begins a long value beyond the file's end", page);
        return bytes_of(NULL, 0);
    }
    return bytes_of(page_at(walk, page) + HEAD_SIZE, size);
}

/* ---- Nodes ---- */

/* False: it does not lie within its page. */
static bool read_node(const struct walk *walk, uint64_t page, struct page_head head, size_t i, struct node *ret_node)
{
    const uint8_t *at = page_at(walk, page);
    uint16_t offset, words[4]; /* low, high, flags, size of the key */

    memcpy(&offset, at + HEAD_SIZE + i * sizeof(offset), sizeof(offset));
    if (offset < head.upper || offset + NODE_SIZE > walk->page_size)
        return false;
    memcpy(words, at + offset, sizeof(words));

    size_t room = walk->page_size - offset - NODE_SIZE;
    uint64_t low = (uint32_t)words[0] | (uint32_t)words[1] << 16;
    struct node node = {.size = low, .kind = words[2], .below = low | (uint64_t)words[2] << 32};

    if (words[3] > room)
        return false;
    node.key = bytes_of(at + offset + NODE_SIZE, words[3]);
    room -= words[3];
    if (head.kind == PAGE_BRANCH) {
        *ret_node = node;
        return true;
    }
    node.value = bytes_of(node.key.data + words[3], (node.kind & NODE_LONG) != 0 ? sizeof(uint64_t) : node.size);
    *ret_node = node;
    return node.value.size <= room;
}

/* Not sub-trees of several values of one key: no table has them. */
static void leaf_node_read(struct walk *walk, uint64_t page, struct node node, leaf_node *each, struct tree *found)
{
    if ((node.kind & NODE_LONG) != 0) {
        uint64_t first, held = walk->count.held;

        memcpy(&first, node.value.data, sizeof(first));
        node.value = long_value(walk, first, node.size);
        found->longs += walk->count.held - held;
        if (node.value.data == NULL)
            return;
    }
    if ((node.kind & ~(unsigned)(NODE_LONG | NODE_TREE)) != 0)
        fault(walk, "holds a value of another kind", page);
    else
        each(walk, node);
}

/* ---- Trees ---- */

static void subtree(struct walk *walk, uint64_t page, unsigned levels, leaf_node *each, struct tree *found)
{
    struct page_head head;
    struct node node;

    if (!open_page(walk, page, levels == 1 ? PAGE_LEAF : PAGE_BRANCH, &head))
        return;
    if (head.lower < HEAD_SIZE || head.lower > head.upper || head.upper > walk->page_size) {
        fault(walk, "has no sound head", page);
        return;
    }
    *(levels == 1 ? &found->leaves : &found->branches) += 1;
    found->entries += levels == 1 ? node_count(head) : 0;
    for (size_t i = 0; i < node_count(head); i++)
        if (!read_node(walk, page, head, i, &node))
            fault(walk, "has a node that does not lie within it", page);
        else if (levels == 1)
            leaf_node_read(walk, page, node, each, found);
        else
            subtree(walk, node.below, levels - 1, each, found);
}

/* Does it hold what it says it holds? */
static void tree_walk(struct walk *walk, struct tree tree, leaf_node *each)
{
    struct tree found = {0};

    if (tree.root == NONE && tree.depth == 0)
        return;
    if (tree.depth == 0 || tree.depth > DEPTH_MAX) {
        fault(walk, "is the root of a tree without a depth", tree.root);
        return;
    }
    subtree(walk, tree.root, tree.depth, each, &found);
    if (found.branches != tree.branches || found.leaves != tree.leaves || found.longs != tree.longs ||
        found.entries != tree.entries)
        fault(walk, "is the root of a tree of another size", tree.root);
}

static void ignore_row(struct walk *walk, struct node node)
{
    (void)walk, (void)node;
}

static void table(struct walk *walk, struct node node)
{
    struct tree tree;

    if ((node.kind & NODE_TREE) == 0 || node.value.size != sizeof(tree)) {
        fault(walk, "leads to tables, and to something else", walk->meta.main.root);
        return;
    }
    memcpy(&tree, node.value.data, sizeof(tree));
    tree_walk(walk, tree, ignore_row);
}

/* A turn, and the pages that it freed: how many, and each, in falling order. */
static void freed(struct walk *walk, struct node node)
{
    uint64_t turn = 0, count = 0, page, last = NONE;

    if (node.key.size == sizeof(turn) && node.value.size >= sizeof(count)) {
        memcpy(&turn, node.key.data, sizeof(turn));
        memcpy(&count, node.value.data, sizeof(count));
    }
    if (turn == 0 || turn > walk->meta.turn || count > node.value.size / sizeof(page) - 1) {
        fault(walk, "is the root of a list of free pages that is none", walk->meta.list.root);
        return;
    }
    for (uint64_t i = 1; i <= count; i++, last = page) {
        memcpy(&page, node.value.data + i * sizeof(page), sizeof(page));
        if (page >= last)
            fault(walk, "is not in its place in the list of free pages", page);
        walk->count.free += take(walk, page);
    }
}

static void walk_all(struct walk *walk)
{
    uint64_t pages = walk->count.pages = walk->meta.last_page + 1 - META_PAGES;

    tree_walk(walk, walk->meta.main, table);
    tree_walk(walk, walk->meta.list, freed);
    for (uint64_t page = META_PAGES; page <= walk->meta.last_page && walk->count.held + walk->count.free < pages;
         page++)
        if ((walk->taken[page / 8] & 1U << page % 8) == 0) {
            fault(walk, "is nothing", page);
            return;
        }
}

/* ---- The file ---- */

/* The meta page of the turn that this transaction reads: its pages stay as they are while that lasts. -EAGAIN:
 * overtaken. */
static int meta_read(int fd, MDB_txn *txn, size_t page_size, struct meta *ret_meta)
{
    uint64_t turn = mdb_txn_id(txn);
    off_t at = (off_t)((turn & 1) * page_size + HEAD_SIZE);
    ssize_t size = pread(fd, ret_meta, sizeof(*ret_meta), at);

    if (size < 0)
        return -errno;
    return size == sizeof(*ret_meta) && ret_meta->turn == turn ? 0 : -EAGAIN;
}

static int view_begin(struct store *store, int fd, struct walk *walk, MDB_txn **ret_txn)
{
    int failure = -EAGAIN;

    for (int i = 0; failure == -EAGAIN && i < TRIES; i++) {
        int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, ret_txn);

        if (rc != 0)
            return fail_from_mdb(rc);
        failure = meta_read(fd, *ret_txn, walk->page_size, &walk->meta);
        if (failure == 0)
            return 0;
        mdb_txn_abort(*ret_txn);
        *ret_txn = NULL;
    }
    return failure == -EAGAIN ? -EBADMSG : failure;
}

static int file_map(int fd, struct walk *walk)
{
    struct stat status;
    void *map;

    if (fstat(fd, &status) != 0)
        return -errno;
    walk->mapped = (uint64_t)status.st_size / walk->page_size;
    if (walk->meta.last_page < META_PAGES || walk->meta.last_page > walk->meta.map_size / walk->page_size ||
        walk->mapped < META_PAGES)
        return -EBADMSG;
    map = mmap(NULL, walk->mapped * walk->page_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    walk->map = map;
    walk->taken = calloc(1, walk->meta.last_page / 8 + 1);
    return walk->taken == NULL ? -ENOMEM : 0;
}

int pages_count(struct store *store, struct pages_count *ret_count)
{
    struct walk walk = {.map = NULL};
    MDB_txn *txn = NULL;
    MDB_stat stat;
    int fd = -1, rc = mdb_env_get_fd(store->env, &fd), failure;

    if (rc == 0)
        rc = mdb_env_stat(store->env, &stat);
    if (rc != 0)
        return fail_from_mdb(rc);
    walk.page_size = stat.ms_psize;
    failure = view_begin(store, fd, &walk, &txn);
    if (failure == 0 && (walk.meta.magic != MAGIC || walk.meta.version != VERSION))
        failure = -EBADMSG;
    if (failure == 0)
        failure = file_map(fd, &walk);
    if (failure == 0) {
        walk_all(&walk);
        *ret_count = walk.count;
    }
    free(walk.taken);
    if (walk.map != NULL)
        munmap((void *)(uintptr_t)walk.map, walk.mapped * walk.page_size);
    mdb_txn_abort(txn);
    return failure;
}
