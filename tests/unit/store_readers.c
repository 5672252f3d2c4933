/* store_readers.c - who pins an old state of the store is known, by a real process that reads it. */
#include <signal.h>
#include <sys/wait.h>

#include "store_fixture.h"

static void write_turn(struct fixture *f)
{
    struct store_txn *txn = fixture_turn(f);

    setting_row_put(txn, "name", "", arena_format(store_arena(txn), "%llu", (unsigned long long)store_put_count(txn)));
    fixture_end(f, txn);
}

/* Reads the newest state, says so, and stays. */
static _Noreturn void read_for_ever(struct fixture *f, int said)
{
    struct store_options options = fixture_options(f);
    struct store_txn *txn = NULL;
    struct arena arena;

    options.read_only = true;
    if (arena_open(&arena, 1 << 20) != 0 || store_open(&options, &f->store) != 0 ||
        store_read_begin(f->store, &arena, &txn) != 0 || write(said, "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* No store is open while it forks: LMDB does not go over one. */
static pid_t begin_reader(struct fixture *f)
{
    char byte;
    int said[2];
    pid_t pid;

    fixture_close(f);
    cr_assert_eq(pipe(said), 0);
    pid = fork();
    if (pid == 0)
        read_for_ever(f, said[1]);
    cr_assert_eq(read(said[0], &byte, 1), 1);
    close(said[0]);
    close(said[1]);
    fixture_open(f);
    return pid;
}

Test(store_readers, a_process_that_reads_an_old_state_is_named_until_it_ends)
{
    struct fixture f;
    struct store_reader reader, then;
    int status;

    fixture_init(&f);
    write_turn(&f);

    pid_t pid = begin_reader(&f);

    cr_assert_eq(store_oldest_reader(f.store, &reader), 0);
    cr_assert_eq(reader.pid, 0, "what is read is the newest state");
    write_turn(&f);
    cr_assert_eq(store_oldest_reader(f.store, &reader), 0);
    cr_assert_eq(reader.pid, pid);
    cr_assert_eq(reader.turns, 1);
    write_turn(&f);
    cr_assert_eq(store_oldest_reader(f.store, &then), 0);
    cr_assert_eq(then.state, reader.state, "the same state");
    cr_assert_eq(then.turns, 2);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(store_oldest_reader(f.store, &reader), 0);
    cr_assert_eq(reader.pid, 0, "a killed one pins nothing any more");
    fixture_fini(&f);
}

Test(store_readers, the_one_that_reads_the_oldest_state_is_named)
{
    struct fixture f;
    struct store_reader reader;
    pid_t pids[3];
    int status;

    fixture_init(&f);
    for (int i = 0; i < 3; i++) {
        write_turn(&f);
        pids[i] = begin_reader(&f);
    }
    write_turn(&f);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(store_oldest_reader(f.store, &reader), 0);
        cr_assert_eq(reader.pid, pids[i]);
        cr_assert_eq(reader.turns, (uint64_t)(3 - i));
        cr_assert_eq(kill(pids[i], SIGKILL), 0);
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
    }
    fixture_fini(&f);
}
