/* held.c - the kernel's lists of this process, and the leak sanitizer's. */
#include "fault/held.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#ifdef SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

#define DESCRIPTORS 1024
#define LINE_SIZE   4608 /* a path, and what stands before it */

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Lines of the kernel's list of mappings with this in them. */
static int count_lines(const char *text, const char *but)
{
    char line[LINE_SIZE];
    FILE *maps = fopen("/proc/self/maps", "re");
    int count = 0;

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, text) != NULL && (but == NULL || strstr(line, but) == NULL);
    if (maps != NULL)
        fclose(maps);
    return count;
}

#ifdef SANITIZED

/* A sanitizer makes and keeps some of its own. */
static int count_guarded(void)
{
    return 0;
}

static bool is_memory_lost(void)
{
    return __lsan_do_recoverable_leak_check() != 0;
}

#else

static void *idle(void *user)
{
    return user;
}

/* The stack of a thread that ended, LMDB's for a copy, stays for the next one: there is one from now on. */
static void keep_stack(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, idle, NULL) == 0)
        pthread_join(thread, NULL);
}

static int count_guarded(void)
{
    keep_stack();
    return count_lines(" ---p ", "/"); /* of no file */
}

/* Nobody keeps account of it. */
static bool is_memory_lost(void)
{
    return false;
}

#endif

struct held held_now(const char *below)
{
    return (struct held){
        .descriptors = count_descriptors(),
        .mapped = count_lines(below, NULL),
        .guarded = count_guarded(),
    };
}

bool held_more(const struct held *before, const char *below, char *ret_text, size_t text_size)
{
    struct held now = held_now(below);
    bool is_lost = is_memory_lost();

    if (now.descriptors != before->descriptors)
        snprintf(ret_text, text_size, "%d descriptors before, %d after", before->descriptors, now.descriptors);
    else if (now.mapped != before->mapped)
        snprintf(ret_text, text_size, "%d files mapped before, %d after", before->mapped, now.mapped);
    else if (now.guarded != before->guarded)
        snprintf(ret_text, text_size, "%d guarded pieces before, %d after", before->guarded, now.guarded);
    else if (is_lost)
        snprintf(ret_text, text_size, "memory is lost");
    else
        return false;
    return true;
}
