/* rush.c - see rush.h. Prints "begin" and "end" around the rush, then one line of JSON; README.md tells what its
 * figures are. */
#include "rush.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct latencies {
    uint32_t *us;
    size_t count;
};

struct rush {
    struct rush_plan plan;
    struct server *server;
    int epoll;
    uint32_t asks, next, answered;
    int64_t asked_ns[RUSH_CLIENTS_MAX];
    struct latencies granted, refused;
};

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------------------ */

/* The same sequence for every server: splitmix64 of the ask's number. */
static uint32_t random_below(uint64_t number, uint32_t limit)
{
    uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
    return (uint32_t)((mixed ^ mixed >> 31) % limit);
}

static void ask_next(struct rush *rush, uint32_t client)
{
    const struct rush_plan *plan = &rush->plan;
    uint32_t number = rush->next++;
    uint64_t unique = (uint64_t)plan->first_session * plan->asks_each + number;
    uint32_t session = plan->spread ? random_below(number, plan->sessions) : number / plan->asks_each;
    struct rush_ask ask = {.client = client, .session = plan->first_session + session, .family = client % 3 == 0};
    snprintf(ask.message_id, sizeof ask.message_id, "01RVSH%020llu", (unsigned long long)unique);
    rush->asked_ns[client] = clock_ns(CLOCK_MONOTONIC);
    server_ask(rush->server, &ask);
}

static void note(struct rush *rush, uint32_t client, enum rush_answer answer)
{
    struct latencies *latencies = answer == RUSH_GRANTED ? &rush->granted : &rush->refused;
    latencies->us[latencies->count++] = (uint32_t)((clock_ns(CLOCK_MONOTONIC) - rush->asked_ns[client]) / 1000);
    rush->answered++;
}

static void on_readable(struct rush *rush, uint32_t client)
{
    enum rush_answer answer = server_answer(rush->server, client);
    if (answer == RUSH_NOT_YET)
        return;
    note(rush, client, answer);
    if (rush->next < rush->asks)
        ask_next(rush, client);
}

static void run(struct rush *rush)
{
    struct epoll_event events[RUSH_CLIENTS_MAX];
    for (uint32_t client = 0; client < rush->plan.clients; client++)
        ask_next(rush, client);
    while (rush->answered < rush->asks) {
        int count = epoll_wait(rush->epoll, events, RUSH_CLIENTS_MAX, -1);
        if (count < 0 && errno != EINTR)
            rush_fail("epoll: %s", strerror(errno));
        for (int i = 0; i < count; i++)
            on_readable(rush, events[i].data.u32);
    }
}

/* ---- Before and after ---------------------------------------------------------------------------------------------------------- */

static void *room_for(size_t count, size_t size)
{
    void *room = calloc(count, size);
    if (room == NULL)
        rush_fail("out of memory");
    return room;
}

static void prepare(struct rush *rush)
{
    rush->asks = rush->plan.sessions * rush->plan.asks_each;
    rush->granted.us = room_for(rush->asks, sizeof(uint32_t));
    rush->refused.us = room_for(rush->asks, sizeof(uint32_t));
    rush->server = server_open(&rush->plan);
    rush->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t client = 0; client < rush->plan.clients; client++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = client};
        if (epoll_ctl(rush->epoll, EPOLL_CTL_ADD, server_fd(rush->server, client), &event) != 0)
            rush_fail("epoll: %s", strerror(errno));
    }
}

/* A server that is fast because it sells what it must not does not count. */
static void look_at_what_was_sold(struct rush *rush)
{
    const struct rush_plan *plan = &rush->plan;
    struct rush_sold *sold = room_for(plan->sessions, sizeof *sold);
    uint32_t reserve = (plan->capacity * plan->reserve_bp + 9999) / 10000, total = 0;
    if (!server_sold(rush->server, plan, sold)) {
        free(sold);
        return;
    }
    for (uint32_t i = 0; i < plan->sessions; i++) {
        uint32_t kept = sold[i].family > reserve ? sold[i].family : reserve;
        if (sold[i].general + kept > plan->capacity || sold[i].general + sold[i].family != sold[i].bookings) {
            rush_fail("session %u: %u general, %u family, %u bookings", plan->first_session + i, sold[i].general,
                      sold[i].family, sold[i].bookings);
        }
        total += sold[i].bookings;
    }
    if (total != rush->granted.count)
        rush_fail("%zu places granted, %u sold", rush->granted.count, total);
    free(sold);
}

static void finish(struct rush *rush)
{
    server_close(rush->server);
    close(rush->epoll);
    free(rush->granted.us);
    free(rush->refused.us);
}

/* ---- Figures ------------------------------------------------------------------------------------------------------------------- */

static int compare_us(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_ms(const struct latencies *sorted, double share)
{
    return sorted->count == 0 ? 0 : (double)sorted->us[(size_t)((double)(sorted->count - 1) * share)] / 1000;
}

static void print_answers(const char *name, struct latencies *latencies, double seconds)
{
    qsort(latencies->us, latencies->count, sizeof *latencies->us, compare_us);
    printf(", \"%s\": {\"count\": %zu, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}", name,
           latencies->count, (double)latencies->count / seconds, percentile_ms(latencies, 0.5),
           percentile_ms(latencies, 0.99));
}

/* Whoever started this looks at the server's processor time between the two. */
static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void measure(struct rush *rush)
{
    say("begin");
    int64_t from = clock_ns(CLOCK_MONOTONIC), own_from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    run(rush);
    double own_seconds = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own_from) / 1e9;
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - from) / 1e9;
    say("end");
    look_at_what_was_sold(rush);
    printf("{\"asks\": %u, \"seconds\": %.3f, \"load_cpu_percent\": %.1f", rush->asks, seconds,
           100 * own_seconds / seconds);
    print_answers("granted", &rush->granted, seconds);
    print_answers("refused", &rush->refused, seconds);
    puts("}");
}

/* ---- Arguments ----------------------------------------------------------------------------------------------------------------- */

static void usage(void)
{
    fputs("Usage: rush-SERVER --server ADDRESS [--clients N] [--sessions N] [--first-session N] [--asks-each N]\n"
          "                   [--capacity N] [--reserve-bp N] [--spread]\n",
          stderr);
    _exit(2);
}

static uint32_t number_of(const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (*end != '\0' || number > 100000000)
        usage();
    return (uint32_t)number;
}

static void take_option(struct rush_plan *plan, int option)
{
    uint32_t *numbers[] = {['c'] = &plan->clients,   ['n'] = &plan->sessions, ['f'] = &plan->first_session,
                           ['a'] = &plan->asks_each, ['C'] = &plan->capacity, ['p'] = &plan->reserve_bp};
    if (option == 's')
        plan->server = optarg;
    else if (option == 'r')
        plan->spread = true;
    else if (option < (int)(sizeof numbers / sizeof numbers[0]) && numbers[option] != NULL)
        *numbers[option] = number_of(optarg);
    else
        usage();
}

static void parse(struct rush_plan *plan, int argc, char **argv)
{
    static const struct option options[] = {
        {"server", required_argument, NULL, 's'},
        {"clients", required_argument, NULL, 'c'},
        {"sessions", required_argument, NULL, 'n'},
        {"first-session", required_argument, NULL, 'f'},
        {"asks-each", required_argument, NULL, 'a'},
        {"capacity", required_argument, NULL, 'C'},
        {"reserve-bp", required_argument, NULL, 'p'},
        {"spread", no_argument, NULL, 'r'},
        {0},
    };
    int option;
    *plan = (struct rush_plan){.clients = 64, .sessions = 1000, .asks_each = 80, .capacity = 40, .reserve_bp = 2000};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(plan, option);
    if (optind != argc || plan->server == NULL || plan->clients < 1 || plan->clients > RUSH_CLIENTS_MAX ||
        plan->sessions < 1 || (uint64_t)plan->sessions * plan->asks_each < plan->clients ||
        (uint64_t)plan->sessions * plan->asks_each > 100000000)
        usage();
}

int main(int argc, char **argv)
{
    struct rush rush = {0};
    prctl(PR_SET_PDEATHSIG, 9); /* never outlives who started it */
    parse(&rush.plan, argc, argv);
    prepare(&rush);
    measure(&rush);
    finish(&rush);
    return 0;
}
