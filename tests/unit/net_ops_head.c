/* net_ops_head.c - heads judged without a socket: the first fault in order of bytes decides, however the bytes
 * arrive. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/ops_head.h"

#define HOST "Host: localhost\r\n"

static int judged(const char *head, size_t size, char ret_target[128])
{
    struct bytes target = {0};
    int status = ops_head_judge(bytes_of(head, size), &target);

    snprintf(ret_target, 128, "%.*s", (int)target.size, target.data == NULL ? "" : (const char *)target.data);
    return status;
}

Test(ops_head, a_good_head_names_its_target)
{
    static const char head[] = "GET /healthz?verbose HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n";
    char target[128];

    cr_assert_eq(judged(head, strlen(head), target), OPS_HEAD_GOOD);
    cr_assert_str_eq(target, "/healthz?verbose");
}

Test(ops_head, every_beginning_of_a_good_head_needs_more)
{
    static const char head[] = "GET /livez HTTP/1.1\r\n" HOST "\r\n";
    char target[128];

    for (size_t size = 0; size < strlen(head); size++)
        cr_assert_eq(judged(head, size, target), OPS_HEAD_MORE, "%zu bytes", size);
}

/* A fault is told as soon as it is there, and what follows changes nothing. */
Test(ops_head, a_verdict_does_not_depend_on_how_much_has_arrived)
{
    static const struct {
        int status;
        const char *head;
    } rows[] = {
        {400, "GET /livez\r\n" HOST "\r\n"},
        {405, "POST /livez HTTP/1.1\r\nContent-Length: 4\r\n\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {400, "GET /a%20b HTTP/1.1\r\n" HOST HOST "\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
        {421, "GET / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1\r\n\r\n"},
        {417, "GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nno line\r\n\r\n"},
        {400, "GET / HTTP/1.1\n" HOST "\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"},
    };
    char target[128];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int last = OPS_HEAD_MORE;

        for (size_t size = 0; size <= strlen(rows[i].head); size++) {
            int status = judged(rows[i].head, size, target);

            cr_assert(last == OPS_HEAD_MORE || status == last, "%s: %d, then %d", rows[i].head, last, status);
            last = status;
        }
        cr_assert_eq(last, rows[i].status, "%s: %d", rows[i].head, last);
    }
}

/* In memory of exactly that size, so that a sanitizer sees a look beyond its end. */
Test(ops_head, any_bytes_are_judged_within_their_bounds)
{
    static const char head[] = "GET /livez HTTP/1.1\r\nHost: [::1]:80\r\nA: b\r\n\r\n";
    struct bytes target;

    for (size_t size = 1; size <= strlen(head); size++) {
        for (int c = 0; c < 256; c++) {
            uint8_t *exact = malloc(size);

            memcpy(exact, head, size);
            exact[size - 1] = (uint8_t)c;

            int status = ops_head_judge(bytes_of(exact, size), &target);

            cr_assert(status == OPS_HEAD_MORE || (status >= 200 && status < 600));
            free(exact);
        }
    }
}

Test(ops_head, a_head_may_be_as_long_as_the_limit_and_no_longer)
{
    static char head[OPS_HEAD_BYTES_MAX + 16];
    char target[128];
    size_t start = (size_t)snprintf(head, sizeof head, "GET / HTTP/1.1\r\n" HOST "A: ");

    memset(head + start, 'a', sizeof head - start);
    memcpy(head + OPS_HEAD_BYTES_MAX - 4, "\r\n\r\n", 4);
    cr_assert_eq(judged(head, OPS_HEAD_BYTES_MAX - 1, target), OPS_HEAD_MORE);
    cr_assert_eq(judged(head, OPS_HEAD_BYTES_MAX, target), OPS_HEAD_GOOD);
    cr_assert_eq(judged(head, sizeof head, target), OPS_HEAD_GOOD);
    memset(head + OPS_HEAD_BYTES_MAX - 4, 'a', 4);
    memcpy(head + OPS_HEAD_BYTES_MAX - 3, "\r\n\r\n", 4);
    cr_assert_eq(judged(head, sizeof head, target), 431);
    memset(head + 5, 'a', sizeof head - 5);
    cr_assert_eq(judged(head, sizeof head, target), 414);
}

struct host {
    int status;
    char host[40];
};

ParameterizedTestParameters(ops_head, host_is_localhost_or_an_address)
{
    static struct host hosts[] = {
        {200, "localhost"},
        {200, "LOCALHOST:1"},
        {200, "127.0.0.1"},
        {200, "10.1.2.3:65535"},
        {200, "[::1]"},
        {200, "[fe80::1]:80"},
        {421, "broker.example"},
        {421, "localhost."},
        {421, "127.1"},
        {421, "0x7f000001"},
        {421, "[::1]x"},
        {400, "[::1]:"},
        {400, "localhost:a"},
        {400, "[::1"},
        {400, ":"},
        {400, ""},
        {400, "[v1.fe80::a+en1]"},
        {400, "::1"},
    };
    return cr_make_param_array(struct host, hosts, sizeof hosts / sizeof *hosts);
}

ParameterizedTest(struct host *row, ops_head, host_is_localhost_or_an_address)
{
    char head[128], target[128];

    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", row->host);
    cr_assert_eq(judged(head, strlen(head), target), row->status, "%s: %d", row->host,
                 judged(head, strlen(head), target));
}
