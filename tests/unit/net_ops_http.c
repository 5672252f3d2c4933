/* net_ops_http.c - connections without a daemon: who is let go when, and addresses that only this machine reaches. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/ops_http.h"
#include "net/ops_listen.h"

#define PATIENCE_S 20
#define GOOD       "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"

struct stage {
    struct event_base *base;
    struct ops_http *http;
    bool knows; /* what to answer */
    size_t asked;
    char target[OPS_TARGET_MAX + 1];
};

static bool answer(void *user, const char *target, struct ops_answer *ret_answer)
{
    struct stage *stage = user;

    stage->asked++;
    snprintf(stage->target, sizeof stage->target, "%s", target);
    *ret_answer = (struct ops_answer){.status = 200, .type = "text/plain"};
    return stage->knows;
}

static void stage_open(struct stage *stage)
{
    *stage = (struct stage){.base = event_base_new(), .knows = true};

    const struct ops_http_options options = {
        .base = stage->base, .listen = "127.0.0.1:0", .user = stage, .answer = answer};

    cr_assert_eq(ops_http_open(&options, &stage->http), 0);
}

static void stage_close(struct stage *stage)
{
    ops_http_close(stage->http);
    event_base_free(stage->base);
}

static int client_open(struct stage *stage, const char *says)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)atoi(strrchr(ops_http_address(stage->http), ':') + 1));
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    cr_assert_eq(write(fd, says, strlen(says)), (ssize_t)strlen(says));
    return fd;
}

static time_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void breathe(struct stage *stage)
{
    static const struct timeval breath = {0, 10000};

    event_base_loopexit(stage->base, &breath);
    event_base_loop(stage->base, EVLOOP_ONCE);
}

/* Runs the loop until `condition` holds; false if it never does. */
#define until(stage, condition)                                                                                        \
    ({                                                                                                                 \
        const time_t until_limit = seconds() + PATIENCE_S;                                                             \
        while (!(condition) && seconds() < until_limit)                                                                \
            breathe(stage);                                                                                            \
        (condition);                                                                                                   \
    })

/* All that the broker says until it closes; the status. 0: nothing. */
static int client_hears(struct stage *stage, int fd)
{
    char text[4096] = "";
    size_t size = 0;
    ssize_t got = -1;

    cr_assert(until(stage, (got = recv(fd, text + size, sizeof text - 1 - size, 0)) == 0 ||
                               (got < 0 && errno == ECONNRESET) || (size += got > 0 ? (size_t)got : 0, false)));
    close(fd);
    return size > 12 ? atoi(text + 9) : 0;
}

Test(ops_http, a_good_head_is_asked_for_and_answered)
{
    struct stage stage;

    stage_open(&stage);
    cr_assert_eq(client_hears(&stage, client_open(&stage, GOOD)), 200);
    cr_assert_str_eq(stage.target, "/a");
    cr_assert(until(&stage, ops_http_counters(stage.http).open == 0));
    cr_assert_eq(ops_http_counters(stage.http).answered, 1);
    stage_close(&stage);
}

Test(ops_http, a_bad_head_is_answered_and_nobody_is_asked)
{
    struct stage stage;

    stage_open(&stage);
    cr_assert_eq(client_hears(&stage, client_open(&stage, "GET / HTTP/1.1\n")), 400);
    cr_assert_eq(stage.asked, 0);
    cr_assert_eq(ops_http_counters(stage.http).refused, 1);
    stage_close(&stage);
}

Test(ops_http, who_waits_for_an_answer_gets_it_when_it_is_known)
{
    struct stage stage;

    stage_open(&stage);
    stage.knows = false;

    int one = client_open(&stage, GOOD), two = client_open(&stage, GOOD);

    cr_assert(until(&stage, stage.asked == 2));
    ops_http_ready(stage.http);
    cr_assert_eq(stage.asked, 4);
    stage.knows = true;
    ops_http_ready(stage.http);
    cr_assert_eq(client_hears(&stage, one), 200);
    cr_assert_eq(client_hears(&stage, two), 200);
    stage_close(&stage);
}

/* Each answer begins a pulse, within which no other leaves: however slow the machine, it takes at least that long. */
Test(ops_http, who_asks_in_a_loop_is_answered_once_in_a_pulse)
{
    struct stage stage;
    struct timespec before, after;

    stage_open(&stage);
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 20; i++) {
        bool good = i % 2 == 0;

        cr_assert_eq(client_hears(&stage, client_open(&stage, good ? GOOD : "nonsense\r\n")), good ? 200 : 400);
    }
    clock_gettime(CLOCK_MONOTONIC, &after);

    int64_t ms = (after.tv_sec - before.tv_sec) * 1000LL + (after.tv_nsec - before.tv_nsec) / 1000000;

    cr_assert(ms >= 19LL * (OPS_PULSE_MS - 1), "%lld ms", (long long)ms);
    stage_close(&stage);
}

Test(ops_http, a_head_that_does_not_come_is_told_408)
{
    struct stage stage;

    stage_open(&stage);
    cr_assert_eq(client_hears(&stage, client_open(&stage, "GET / HT")), 408);
    cr_assert_eq(ops_http_counters(stage.http).late, 1);
    stage_close(&stage);
}

Test(ops_http, an_answer_that_does_not_come_is_told_503)
{
    struct stage stage;

    stage_open(&stage);
    stage.knows = false;
    cr_assert_eq(client_hears(&stage, client_open(&stage, GOOD)), 503);
    cr_assert_eq(ops_http_counters(stage.http).late, 1);
    stage_close(&stage);
}

/* The newest come in; the oldest that have said nothing make room. */
Test(ops_http, beyond_the_bound_the_oldest_silent_one_makes_room)
{
    struct stage stage;
    int silent[OPS_CONNECTIONS_FEW], waiting;
    struct rlimit files = {0};

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = 1024;
    setrlimit(RLIMIT_NOFILE, &files);
    stage_open(&stage);
    stage.knows = false;
    waiting = client_open(&stage, GOOD);
    cr_assert(until(&stage, stage.asked == 1));
    for (int i = 1; i < OPS_CONNECTIONS_FEW; i++)
        silent[i] = client_open(&stage, "G");
    cr_assert(until(&stage, ops_http_counters(stage.http).open == OPS_CONNECTIONS_FEW));
    stage.knows = true;
    cr_assert_eq(client_hears(&stage, client_open(&stage, GOOD)), 200);
    cr_assert_eq(ops_http_counters(stage.http).displaced, 1);
    cr_assert_eq(client_hears(&stage, silent[1]), 0);
    ops_http_ready(stage.http);
    cr_assert_eq(client_hears(&stage, waiting), 200, "it was older, but it had asked");
    for (int i = 2; i < OPS_CONNECTIONS_FEW; i++)
        close(silent[i]);
    cr_assert(until(&stage, ops_http_counters(stage.http).open == 0));
    stage_close(&stage);
}

/* Where all of them have asked, the oldest goes; and one that was answered and does not close goes before anybody. */
Test(ops_http, beyond_the_bound_whoever_was_answered_goes_first_and_else_the_oldest)
{
    struct stage stage;
    int waiting[OPS_CONNECTIONS_FEW + 1], idle;
    struct rlimit files = {0};

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = 1024;
    setrlimit(RLIMIT_NOFILE, &files);
    stage_open(&stage);
    idle = client_open(&stage, GOOD);
    cr_assert(until(&stage, ops_http_counters(stage.http).answered == 1));
    stage.knows = false;
    for (int i = 1; i < OPS_CONNECTIONS_FEW; i++)
        waiting[i] = client_open(&stage, GOOD);
    cr_assert(until(&stage, ops_http_counters(stage.http).open == OPS_CONNECTIONS_FEW));
    waiting[0] = client_open(&stage, GOOD);
    cr_assert(until(&stage, ops_http_counters(stage.http).displaced == 1));
    cr_assert_eq(client_hears(&stage, idle), 200, "it has had its answer");
    waiting[OPS_CONNECTIONS_FEW] = client_open(&stage, GOOD);
    cr_assert(until(&stage, ops_http_counters(stage.http).displaced == 2));
    cr_assert_eq(client_hears(&stage, waiting[1]), 0);
    stage.knows = true;
    cr_assert_eq(client_hears(&stage, waiting[OPS_CONNECTIONS_FEW]), 200);
    for (int i = 0; i < OPS_CONNECTIONS_FEW; i++)
        if (i != 1)
            close(waiting[i]);
    stage_close(&stage);
}

/* What comes behind a head is read, so that the answer can be heard, but not for ever. */
Test(ops_http, who_goes_on_sending_is_let_go)
{
    static char rest[65536];
    struct stage stage;
    size_t sent = 0;

    stage_open(&stage);

    int fd = client_open(&stage, GOOD);

    cr_assert(until(&stage, ops_http_counters(stage.http).answered == 1));
    cr_assert(until(&stage, ({
        ssize_t size = send(fd, rest, sizeof rest, MSG_NOSIGNAL);
        sent += size > 0 ? (size_t)size : 0;
        size < 0 && (errno == EPIPE || errno == ECONNRESET);
    })));
    cr_assert(sent >= 2 << 20, "%zu bytes", sent);
    cr_assert_eq(ops_http_counters(stage.http).open, 0);
    close(fd);
    stage_close(&stage);
}

Test(ops_http, who_breaks_off_is_gone_whatever_it_waits_for)
{
    static const struct linger at_once = {.l_onoff = 1};
    struct stage stage;

    stage_open(&stage);
    stage.knows = false;

    int fd = client_open(&stage, GOOD);

    cr_assert(until(&stage, stage.asked == 1));
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
    cr_assert(until(&stage, ops_http_counters(stage.http).open == 0));
    cr_assert_eq(ops_http_counters(stage.http).answered, 0);
    stage_close(&stage);
}

Test(ops_http, closing_ends_what_is_open)
{
    struct stage stage;

    stage_open(&stage);
    stage.knows = false;

    int waiting = client_open(&stage, GOOD), silent = client_open(&stage, "G");

    cr_assert(until(&stage, ops_http_counters(stage.http).open == 2 && stage.asked == 1));
    stage_close(&stage);
    close(waiting);
    close(silent);
}

Test(ops_listen, only_this_machine_can_be_listened_for)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "0.0.0.0:0",
                                      "10.0.0.1:0",
                                      "[::]:0",
                                      "localhost:0",
                                      "unix:a",
                                      "unix:",
                                      ":0",
                                      "127.0.0.1:a",
                                      "127.0.0.1:65536",
                                      "128.0.0.1:0",
                                      "[::2]:0",
                                      "[::ffff:10.0.0.1]:0",
                                      "[1::1]:0",
                                      "[0:1::1]:0",
                                      "[0:0:1::1]:0",
                                      "[0:0:0:1::1]:0",
                                      "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:0"};
    char address[OPS_ADDRESS_SIZE], long_path[OPS_ADDRESS_SIZE] = "unix:/";

    memset(long_path + strlen(long_path), 'a', 108);
    cr_assert_eq(ops_listen(long_path, address), -EINVAL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(ops_listen(bad[i], address), -EINVAL, "%s", bad[i]);
}

Test(ops_listen, a_port_of_zero_is_any_free_one)
{
    char address[OPS_ADDRESS_SIZE], again[OPS_ADDRESS_SIZE];
    int fd = ops_listen("127.0.0.1:0", address);

    cr_assert(fd >= 0);
    cr_assert_eq(strncmp(address, "127.0.0.1:", 10), 0);
    cr_assert_neq(atoi(address + 10), 0);
    cr_assert_eq(ops_listen(address, again), -EADDRINUSE);
    close(fd);
}

Test(ops_listen, the_other_loopback_will_do)
{
    char address[OPS_ADDRESS_SIZE];
    int fd = ops_listen("[::1]:0", address);

    if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT)
        cr_skip_test("not run: this machine has no IPv6");
    cr_assert(fd >= 0);
    cr_assert_eq(strncmp(address, "[::1]:", 6), 0);
    cr_assert_neq(atoi(address + 6), 0);
    close(fd);
}

Test(ops_listen, a_path_that_somebody_listens_on_or_that_is_no_socket_stays)
{
    char folder[] = "/tmp/ops-listen.XXXXXX", path[64], address[OPS_ADDRESS_SIZE];

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "unix:%s/s", folder);

    int fd = ops_listen(path, address);

    cr_assert(fd >= 0);
    cr_assert_str_eq(address, path);
    cr_assert_eq(ops_listen(path, address), -EADDRINUSE);
    close(fd);
    fd = ops_listen(path, address); /* stale: nobody listens any more */
    cr_assert(fd >= 0);
    close(fd);
    ops_listen_end(path);
    fd = open(path + strlen("unix:"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    cr_assert_eq(ops_listen(path, address), -EADDRINUSE);
    cr_assert_eq(access(path + strlen("unix:"), F_OK), 0);
    ops_listen_end(path);
    rmdir(folder);
}
