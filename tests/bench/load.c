/* load.c - referral-load: many institutions at once, through libreferral, against a real broker or the echo.
 *
 * A round trip is: submit, durable, reply, deliver, acknowledged. Prints one line of JSON; see README.md for the
 * figures. */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 30000
#define WARM_UP_NS 500000000
#define CREDIT     512

enum mode { TRIPS, RATE, SUBMIT, DRAIN, LEDGER, MODE_COUNT };

static const struct {
    const char *name, *help;
} modes[MODE_COUNT] = {
    [TRIPS] = {"trips", "round trips with --in-flight of them under way, for --seconds"},
    [RATE] = {"rate", "--per-second trips by the clock for --seconds; latencies"},
    [SUBMIT] = {"submit", "--count referrals as fast as they are accepted; nobody receives"},
    [DRAIN] =
        {"drain",
         "receive what waits for --seconds; nobody sends; --since (wall clock, ns) measures to the first delivery"},
    [LEDGER] = {"ledger", "round trips with ledgers in --ledger, until standard input says drain, and then ends"},
};

struct run {
    enum mode mode;
    struct plan plan;
    double seconds;
    int64_t since_ns;
    pid_t broker; /* whose processor time is wanted; 0: nobody's */
    struct board board;
    struct sender senders[SENDERS_MAX];
    struct receiver receivers[RECEIVERS_MAX];
    pthread_t sender_threads[SENDERS_MAX], receiver_threads[RECEIVERS_MAX];
};

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("referral-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint32_t board_us(const struct board *board)
{
    return (uint32_t)((monotonic_ns() - board->start_ns) / 1000);
}

/* ---- Start and stop ---------------------------------------------------------------------------------------------------------- */

static void connect_one(struct referral_client *client)
{
    if (referral_connect(client, CONNECT_MS) != REFERRAL_OK)
        fail("no session: %s", referral_trouble_text(referral_trouble_now(client), "en"));
}

static void open_all(struct run *run)
{
    struct board *board = &run->board;
    board->plan = &run->plan;
    board->close_fd = eventfd(0, EFD_CLOEXEC);
    if (run->mode == RATE) {
        board->times = calloc(run->plan.count, sizeof *board->times);
        if (board->times == NULL)
            fail("out of memory");
    }
    for (unsigned i = 0; i < run->plan.receivers && run->mode != SUBMIT; i++) {
        receiver_open(&run->receivers[i], board, i);
        if (run->mode != DRAIN)
            connect_one(run->receivers[i].client);
    }
    for (unsigned i = 0; i < run->plan.senders; i++) {
        sender_open(&run->senders[i], board, i);
        connect_one(run->senders[i].client);
    }
}

static void start_thread(pthread_t *ret_thread, void *(*call)(void *), void *user)
{
    int failure = pthread_create(ret_thread, NULL, call, user);
    if (failure != 0)
        fail("no thread: %s", strerror(failure));
}

static void start_all(struct run *run)
{
    run->board.start_ns = monotonic_ns();
    for (unsigned i = 0; i < run->plan.receivers && run->mode != SUBMIT; i++)
        start_thread(&run->receiver_threads[i], receiver_run, &run->receivers[i]);
    for (unsigned i = 0; i < run->plan.senders; i++)
        start_thread(&run->sender_threads[i], sender_run, &run->senders[i]);
}

static void join_senders(struct run *run)
{
    for (unsigned i = 0; i < run->plan.senders; i++)
        pthread_join(run->sender_threads[i], NULL);
}

static void end_receivers(struct run *run)
{
    static const uint64_t one = 1;
    if (write(run->board.close_fd, &one, sizeof one) < 0)
        fail("receivers cannot be ended: %s", strerror(errno));
    for (unsigned i = 0; i < run->plan.receivers && run->mode != SUBMIT; i++)
        pthread_join(run->receiver_threads[i], NULL);
    for (unsigned i = 0; i < run->plan.senders; i++)
        close(run->board.senders[i].wake_fd); /* receivers have woken senders to the last */
    close(run->board.close_fd);
    free(run->board.times);
}

/* ---- Measuring --------------------------------------------------------------------------------------------------------------- */

struct sample {
    int64_t at_ns, broker_ns, own_ns; /* processor time */
    uint64_t answered, acked, received;
};

static int64_t processor_ns(pid_t pid)
{
    clockid_t clock;
    return pid != 0 && clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) : 0;
}

static struct sample take_sample(struct run *run)
{
    struct sample sample = {
        .at_ns = monotonic_ns(), .broker_ns = processor_ns(run->broker), .own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    for (unsigned i = 0; i < run->plan.senders; i++) {
        sample.answered += atomic_load(&run->board.senders[i].answered);
        sample.acked += atomic_load(&run->board.senders[i].acked);
    }
    for (unsigned i = 0; i < run->plan.receivers; i++)
        sample.received += atomic_load(&run->board.received[i]);
    return sample;
}

static void wait_ns(int64_t ns)
{
    struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

static void print_figures(uint64_t trips, struct sample from, struct sample to)
{
    double seconds = (double)(to.at_ns - from.at_ns) / 1e9;
    double each = trips == 0 ? 0 : 1.0 / (double)trips;
    printf("\"trips\": %llu, \"seconds\": %.3f, \"per_second\": %.1f, \"broker_cpu_us\": %.3f, \"client_cpu_us\": %.3f",
           (unsigned long long)trips, seconds, (double)trips / seconds,
           (double)(to.broker_ns - from.broker_ns) / 1e3 * each, (double)(to.own_ns - from.own_ns) / 1e3 * each);
}

static void measure_trips(struct run *run)
{
    wait_ns(WARM_UP_NS);
    struct sample from = take_sample(run);
    wait_ns((int64_t)(run->seconds * 1e9));
    struct sample to = take_sample(run);
    atomic_store(&run->board.stopping, true);
    join_senders(run);
    printf("{");
    print_figures(to.acked - from.acked, from, to);
    printf(", \"all_trips\": %llu}\n", (unsigned long long)take_sample(run).acked);
}

static void measure_submit(struct run *run)
{
    struct sample from = take_sample(run);
    join_senders(run);
    struct sample to = take_sample(run);
    printf("{");
    print_figures(to.answered, from, to);
    printf("}\n");
}

static void measure_drain(struct run *run)
{
    for (int i = 0; atomic_load(&run->board.first_received_ns) == 0; i++) {
        if (i == CONNECT_MS)
            fail("nothing was delivered");
        wait_ns(1000000);
    }
    struct sample from = take_sample(run);
    wait_ns((int64_t)(run->seconds * 1e9));
    struct sample to = take_sample(run);
    printf("{");
    print_figures(to.received - from.received, from, to);
    printf(", \"first_ms\": %.1f}\n", (double)(atomic_load(&run->board.first_received_ns) - run->since_ns) / 1e6);
}

static int compare_us(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void print_percentiles(const char *name, uint32_t *us, size_t count)
{
    static const struct {
        const char *name;
        double share;
    } percentiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    qsort(us, count, sizeof *us, compare_us);
    printf("\"%s\": {", name);
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        size_t at = (size_t)((double)(count - 1) * percentiles[i].share);
        printf("%s\"%s\": %.3f", i == 0 ? "" : ", ", percentiles[i].name, (double)us[at] / 1000);
    }
    printf("}");
}

/* In milliseconds, from the moment the trip was due, so that a late sender does not hide a slow broker. */
static void measure_rate(struct run *run)
{
    struct sample from = take_sample(run);
    join_senders(run);
    struct sample to = take_sample(run);
    size_t count = run->plan.count;
    uint32_t *us = calloc(count, sizeof *us);
    if (us == NULL)
        fail("out of memory");
    printf("{");
    print_figures(to.acked, from, to);
    for (size_t i = 0; i < count; i++)
        us[i] = run->board.times[i].answered - run->board.times[i].due;
    printf(", ");
    print_percentiles("answered_ms", us, count);
    for (size_t i = 0; i < count; i++)
        us[i] = run->board.times[i].acked - run->board.times[i].due;
    printf(", ");
    print_percentiles("acked_ms", us, count);
    printf("}\n");
    free(us);
}

/* "drain": no new trips; then the end of standard input. Its parent gone, the load is gone. */
static void follow_orders(struct run *run)
{
    char line[16];
    while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "drain\n") != 0) {
    }
    atomic_store(&run->board.stopping, true);
    join_senders(run);
    puts("drained");
    while (fgets(line, sizeof line, stdin) != NULL) {
    }
}

/* ---- Arguments --------------------------------------------------------------------------------------------------------------- */

static const struct option options[] = {
    {"address", required_argument, NULL, 'a'},    {"server-key", required_argument, NULL, 'k'},
    {"keys", required_argument, NULL, 'd'},       {"senders", required_argument, NULL, 's'},
    {"receivers", required_argument, NULL, 'r'},  {"first-receiver", required_argument, NULL, 'f'},
    {"in-flight", required_argument, NULL, 'i'},  {"count", required_argument, NULL, 'c'},
    {"per-second", required_argument, NULL, 'p'}, {"seconds", required_argument, NULL, 't'},
    {"ledger", required_argument, NULL, 'l'},     {"since", required_argument, NULL, 'n'},
    {"broker", required_argument, NULL, 'b'},     {0},
};

static void usage(void)
{
    fputs("Usage: referral-load MODE --address ENDPOINT --server-key HEX --keys FOLDER [--senders N] [--receivers N] "
          "...\n",
          stderr);
    for (size_t i = 0; i < MODE_COUNT; i++)
        fprintf(stderr, "  %-8s%s\n", modes[i].name, modes[i].help);
    _exit(2);
}

static void take_option(struct run *run, int option, const char *value)
{
    struct plan *plan = &run->plan;
    unsigned number = (unsigned)strtoul(value, NULL, 10);
    switch (option) {
    case 'a':
        plan->address = value;
        return;
    case 'd':
        plan->keys = value;
        return;
    case 'l':
        plan->ledger = value;
        return;
    case 'k':
        if (!referral_key_from_hex(value, plan->server_key))
            fail("--server-key: 64 hex digits");
        return;
    case 's':
        plan->senders = number;
        return;
    case 'r':
        plan->receivers = number;
        return;
    case 'f':
        plan->first_receiver = number;
        return;
    case 'i':
        plan->in_flight = number;
        return;
    case 'c':
        plan->count = number;
        return;
    case 'p':
        plan->per_second = number;
        return;
    case 't':
        run->seconds = strtod(value, NULL);
        return;
    case 'n':
        run->since_ns = strtoll(value, NULL, 10);
        return;
    case 'b':
        run->broker = (pid_t)number;
        return;
    default:
        usage();
    }
}

static bool mode_parse(const char *name, enum mode *ret_mode)
{
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (strcmp(modes[i].name, name) == 0) {
            *ret_mode = (enum mode)i;
            return true;
        }
    }
    return false;
}

static void parse(struct run *run, int argc, char **argv)
{
    struct plan *plan = &run->plan;
    int option;
    *plan = (struct plan){.senders = 4, .receivers = 4, .in_flight = 16, .credit = CREDIT};
    run->seconds = 3;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(run, option, optarg);
    if (optind + 1 != argc || !mode_parse(argv[optind], &run->mode) || plan->address == NULL || plan->keys == NULL ||
        plan->senders < 1 || plan->senders > SENDERS_MAX || plan->receivers < 1 || plan->receivers > RECEIVERS_MAX ||
        (run->mode == RATE && plan->per_second == 0) || (run->mode == SUBMIT && plan->count == 0) ||
        (run->mode == LEDGER) != (plan->ledger != NULL))
        usage();
    if (run->mode == DRAIN)
        plan->senders = 0;
    plan->one_way = run->mode == SUBMIT || run->mode == LEDGER;
    if (run->mode == RATE)
        plan->count = (uint32_t)(plan->per_second * run->seconds);
}

int main(int argc, char **argv)
{
    static void (*const measure[MODE_COUNT])(struct run *) = {[TRIPS] = measure_trips,
                                                              [RATE] = measure_rate,
                                                              [SUBMIT] = measure_submit,
                                                              [DRAIN] = measure_drain,
                                                              [LEDGER] = follow_orders};
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        fail("out of memory");
    prctl(PR_SET_PDEATHSIG, 9); /* never outlives who started it */
    setvbuf(stdout, NULL, _IOLBF, 0);
    parse(run, argc, argv);
    open_all(run);
    start_all(run);
    measure[run->mode](run);
    end_receivers(run);
    free(run);
    return 0;
}
