/* recorder.h - what processes do to the files below one directory, in order: a library to be preloaded.
 *
 * It stands between the process and the C library: open, openat, write, pwrite, writev, pwritev, dprintf, ftruncate,
 * fsync, fdatasync, rename, renameat, renameat2, unlink, unlinkat, mkdir, mkdirat, rmdir. Each call that succeeded is
 * appended to a log, with the bytes it wrote; notes of the process itself ("this was said to a client") stand among
 * them. What a mapped page leaves is not seen: the store never writes its data that way.
 *
 * A program finds the functions with dlsym; what it starts, or a daemon, is recorded from its own start by
 * REFERRALD_RECORD=LOG and REFERRALD_RECORD_ROOT=DIRECTORY, behind what the log has. Only one process at a time
 * writes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum recorded {
    RECORDED_WRITE = 1,      /* `bytes` at `offset` */
    RECORDED_DURABLE,        /* the same through a descriptor of O_DSYNC: on disk when it returned */
    RECORDED_SYNC,           /* all before, of this file, is on disk */
    RECORDED_SIZE,           /* `offset` is the new one */
    RECORDED_CREATE,         /* a file that was not there before */
    RECORDED_RENAME,         /* `bytes` is the new name */
    RECORDED_UNLINK,         /* of a folder, too */
    RECORDED_FOLDER,         /* was made */
    RECORDED_SYNC_DIRECTORY, /* all names in it are on disk */
    RECORDED_NOTE,           /* `offset` and `bytes` are the process's own */
};

struct record_head { /* then `name_size` bytes of the file's name below the root, then `size` bytes */
    uint32_t what, name_size;
    uint64_t file; /* its number, which stays when its name does not */
    uint64_t offset, size;
};

/* Weaknesses to be found by whoever enumerates: planted in the real LMDB. */
enum recorder_weakness { RECORDER_SOUND = 0, RECORDER_NOSYNC = 1, RECORDER_NOMETASYNC = 2 };

typedef int recorder_begin_call(const char *log,
                                const char *root); /* files open already are taken along; 0 or -errno */
typedef void recorder_end_call(void);
typedef void recorder_note_call(uint64_t what, const void *bytes, size_t size);
typedef void recorder_weaken_call(enum recorder_weakness weakness); /* of environments opened from now on */

/* A process of which this is REFERRALD_RECORD_DEAF leaves out the syncs of files and directories whose name below the
 * root is like this (fnmatch). */
#define RECORDER_DEAF "REFERRALD_RECORD_DEAF"
/* The same, of folders, until this process has given a file its name there: what is to be durable before that is
 * not. */
#define RECORDER_UNREADY "REFERRALD_RECORD_UNREADY"
