/* arena.c - a reserved stretch of address space and a pointer that moves through it. */
#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <sanitizer/asan_interface.h> /* its macros are nothing without the sanitizer */
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 16

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

int arena_open(struct arena *arena, size_t reserved)
{
    reserved = round_up(reserved, (size_t)sysconf(_SC_PAGESIZE));

    void *base = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED)
        return -ENOMEM;
    *arena = (struct arena){.base = base, .reserved = reserved};
    return 0;
}

void arena_close(struct arena *arena)
{
    if (arena == NULL || arena->base == NULL)
        return;
    ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->high);
    munmap(arena->base, arena->reserved);
    *arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size)
{
    /* Written so that no size, however large, overflows the question. */
    assert(size <= arena->reserved - arena->used && round_up(size, ALIGNMENT) <= arena->reserved - arena->used);

    void *at = arena->base + arena->used;

    arena->used += round_up(size, ALIGNMENT);
    if (arena->used > arena->high)
        arena->high = arena->used;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    uint8_t *copy = arena_alloc(arena, bytes.size);

    if (bytes.size != 0)
        memcpy(copy, bytes.data, bytes.size);
    return bytes_of(copy, bytes.size);
}

char *arena_text(struct arena *arena, const char *text)
{
    if (text == NULL)
        return NULL;

    size_t size = strlen(text) + 1;

    return memcpy(arena_alloc(arena, size), text, size);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    assert(format != NULL);

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);

    char *text = arena_alloc(arena, (size_t)length + 1);

    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

size_t arena_mark(const struct arena *arena)
{
    return arena->used;
}

void arena_rewind(struct arena *arena, size_t mark)
{
    assert(mark <= arena->used);
    /* Under the address sanitizer, whoever still points there is found out. */
    ASAN_POISON_MEMORY_REGION(arena->base + mark, arena->used - mark);
    arena->used = mark;
}

void arena_reset(struct arena *arena, size_t keep)
{
    arena_rewind(arena, 0);
    keep = round_up(keep, (size_t)sysconf(_SC_PAGESIZE));
    if (arena->high <= keep)
        return;
    ASAN_UNPOISON_MEMORY_REGION(arena->base + keep, arena->high - keep);
    madvise(arena->base + keep, arena->high - keep, MADV_DONTNEED);
    arena->high = keep;
}
