/* owner.h - owner.lock: one daemon a store, and how far the store had come.
 *
 * LMDB does not refuse a second writer process, so the daemon holds a flock. The file also notes incarnation and index
 * of the store: where a raw copy of an older data.mdb was put in its place, going on would give ids twice, and so it is
 * refused. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define OWNER_FILE "owner.lock"

struct owner_note {
    uint32_t incarnation;
    uint64_t index;
};

/* 0 and the descriptor that holds the lock; -EBUSY: another holds it. */
int owner_lock(const char *directory, int *ret_fd);
void owner_unlock(int fd); /* -1 is fine */
/* To the user whose directory it lies in: root, who may do all, must not leave what the daemon cannot read. 0 or a
 * negative errno. */
int owner_give(int folder, int fd);
int owner_give_in(const char *directory, int fd);
/* Zeros where the file is new or says nothing. */
struct owner_note owner_read(int fd);
/* The same without the lock. */
struct owner_note owner_peek(const char *directory);
/* Is this the note of a store that had gone further than `here`? */
bool owner_is_ahead(struct owner_note note, struct owner_note here);
void owner_write(int fd, struct owner_note note);
