/* store_fixture.h - a store in a directory of its own, for one test. */
#pragma once
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/rows.h"
#include "tests/scratch.h"

#define FIXTURE_ARENA_BYTES (256UL << 20)
#define FIXTURE_NOW_MS      1700000000000LL

struct fixture {
    char base[64], directory[80]; /* base/store */
    char error[STORE_ERROR_SIZE];
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    uint64_t map_bytes;
    struct arena arena;
    struct store *store;
};

static inline struct store_options fixture_options(struct fixture *f)
{
    return (struct store_options){
        .directory = f->directory, .map_bytes = f->map_bytes, .host_key = f->host_key, .error = f->error};
}

static inline void fixture_open(struct fixture *f)
{
    struct store_options options = fixture_options(f);

    cr_assert_eq(store_open(&options, &f->store), 0, "%s", f->error);
}

static inline void fixture_close(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static inline void fixture_init_sized(struct fixture *f, uint64_t map_bytes)
{
    *f = (struct fixture){.base = SCRATCH "/store-test-XXXXXX", .map_bytes = map_bytes};
    cr_assert_not_null(scratch_make(f->base));
    snprintf(f->directory, sizeof(f->directory), "%s/store", f->base);
    memset(f->host_key, 7, sizeof(f->host_key));
    cr_assert_eq(arena_open(&f->arena, FIXTURE_ARENA_BYTES), 0);

    struct store_options options = fixture_options(f);

    cr_assert_eq(store_create(&options, "bd", instant_of(FIXTURE_NOW_MS), false), 0, "%s", f->error);
    fixture_open(f);
}

static inline void fixture_init(struct fixture *f)
{
    fixture_init_sized(f, 1UL << 30);
}

static inline void fixture_remove(struct fixture *f)
{
    scratch_remove(f->base);
}

static inline void fixture_fini(struct fixture *f)
{
    store_close(f->store);
    arena_close(&f->arena);
    fixture_remove(f);
}

static inline struct store_txn *fixture_turn(struct fixture *f)
{
    struct store_txn *txn = NULL;

    arena_reset(&f->arena, 1 << 20);
    cr_assert_eq(store_turn_begin(f->store, &f->arena, &txn), 0, "%s", store_error(f->store));
    return txn;
}

static inline int fixture_try_end(struct fixture *f, struct store_txn *txn)
{
    struct store_turn turn = {.index = store_mark(f->store).index + 1, .time = instant_of(FIXTURE_NOW_MS)};

    memset(turn.batch_digest, (int)turn.index, sizeof(turn.batch_digest));
    return store_turn_end(txn, &turn);
}

static inline void fixture_end(struct fixture *f, struct store_txn *txn)
{
    cr_assert_eq(fixture_try_end(f, txn), 0, "%s", store_error(f->store));
}

static inline struct store_txn *fixture_read(struct fixture *f)
{
    struct store_txn *txn = NULL;

    arena_reset(&f->arena, 1 << 20);
    cr_assert_eq(store_read_begin(f->store, &f->arena, &txn), 0, "%s", store_error(f->store));
    return txn;
}

static inline struct id fixture_id(struct fixture *f, uint64_t index, uint16_t ordinal)
{
    return (struct id){.incarnation = store_identity(f->store)->incarnation, .index = index, .ordinal = ordinal};
}
