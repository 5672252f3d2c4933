/* recorder.h - what a process does to the files below one directory, in order: a library to be preloaded.
 *
 * It stands between the process and the C library: open, write, pwrite, writev, pwritev, ftruncate, fsync, fdatasync, rename, unlink. Each
 * call that succeeded is appended to a log, with the bytes it wrote; notes of the process itself ("this was said to a client") stand
 * among them. What a mapped page leaves is not seen: the store never writes its data that way.
 *
 * A program finds the functions with dlsym; a daemon is recorded from its start by REFERRALD_RECORD=LOG and REFERRALD_RECORD_ROOT=DIRECTORY. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum recorded {
    RECORDED_WRITE = 1, /* `bytes` at `offset` */
    RECORDED_DURABLE,   /* the same through a descriptor of O_DSYNC: on disk when it returned */
    RECORDED_SYNC,      /* all before, of this file, is on disk */
    RECORDED_SIZE,      /* `offset` is the new one */
    RECORDED_RENAME,    /* `bytes` is the new name */
    RECORDED_UNLINK,
    RECORDED_SYNC_DIRECTORY, /* all names before are on disk */
    RECORDED_NOTE,           /* `offset` and `bytes` are the process's own */
};

struct record_head { /* then `name_size` bytes of the file's name below the root, then `size` bytes */
    uint32_t what, name_size;
    uint64_t offset, size;
};

/* Weaknesses to be found by whoever enumerates: planted in the real LMDB. */
enum recorder_weakness { RECORDER_SOUND = 0, RECORDER_NOSYNC = 1, RECORDER_NOMETASYNC = 2 };

typedef int recorder_begin_call(const char *log,
                                const char *root); /* files open already are taken along; 0 or -errno */
typedef void recorder_end_call(void);
typedef void recorder_note_call(uint64_t what, const void *bytes, size_t size);
typedef void recorder_weaken_call(enum recorder_weakness weakness); /* of environments opened from now on */
