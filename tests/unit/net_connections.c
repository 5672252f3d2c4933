/* net_connections.c - which connection is whose, whatever the order in which the reports come. */
#include <criterion/criterion.h>

#include "net/connections.h"

static struct connections *all;

static void set_up(void)
{
    cr_assert_eq(connections_open(&all), 0);
}

static void tear_down(void)
{
    connections_close(all);
}

TestSuite(connections, .init = set_up, .fini = tear_down);

static void accepted(int fd, uint64_t inode)
{
    connections_accepted(all, (struct connection_shape){.fd = fd, .inode = inode});
}

static void heard_of(uint64_t peer, int fd, uint8_t key)
{
    connections_heard(all, peer, fd, (const uint8_t[32]){key});
}

static void heard(uint64_t peer, int fd)
{
    heard_of(peer, fd, 1);
}

/* The peers that are lost now, in order, up to `count` of them. */
static void check_lost(const uint64_t *peers, size_t count)
{
    uint64_t peer;
    for (size_t i = 0; i < count; i++) {
        cr_assert(connections_reap(all, &peer), "only %zu are lost", i);
        cr_assert_eq(peer, peers[i]);
        cr_assert_not(connections_knows(all, peer));
    }
    cr_assert_not(connections_reap(all, &peer), "one too many: %lu", (unsigned long)peer);
}
#define LOST(...) check_lost((uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

Test(connections, a_peer_is_lost_when_its_connection_ended)
{
    accepted(7, 70);
    heard(1, 7);
    heard(1, 7);
    cr_assert(connections_knows(all, 1));
    check_lost(NULL, 0);
    connections_ended(all, 7);
    LOST(1);
    cr_assert_eq(connections_count(all), 0);
}

Test(connections, one_that_never_spoke_goes_silently)
{
    accepted(7, 70);
    connections_ended(all, 7);
    check_lost(NULL, 0);
}

Test(connections, frames_read_after_the_end_still_belong_to_the_ended_one)
{
    accepted(7, 70);
    connections_ended(all, 7);
    accepted(7, 71);
    heard(1, 7); /* the first connection's, read late */
    heard(2, 7);
    LOST(1);
    cr_assert(connections_knows(all, 2));
    connections_ended(all, 7);
    LOST(2);
}

Test(connections, a_frame_after_its_end_was_reaped_is_lost_again)
{
    accepted(7, 70);
    connections_ended(all, 7);
    check_lost(NULL, 0);
    heard(1, 7);
    struct connection_shape shape;
    cr_assert_not(connections_shape(all, 1, &shape), "there is no socket to shut");
    LOST(1);
}

Test(connections, a_descriptor_given_twice_ends_the_first)
{
    accepted(7, 70);
    heard(1, 7);
    accepted(7, 71);
    LOST(1);
    heard(2, 7);
    struct connection_shape shape;
    cr_assert(connections_shape(all, 2, &shape));
    cr_assert_eq(shape.inode, 71);
}

Test(connections, only_an_open_one_has_a_shape)
{
    struct connection_shape shape;
    accepted(7, 70);
    cr_assert_not(connections_shape(all, 1, &shape));
    heard(1, 7);
    cr_assert(connections_shape(all, 1, &shape));
    cr_assert_eq(shape.fd, 7);
    cr_assert_eq(shape.inode, 70);
    connections_ended(all, 7);
    cr_assert_not(connections_shape(all, 1, &shape));
}

Test(connections, beyond_the_bound_the_oldest_silent_one_is_named_once)
{
    struct connection_shape shape;
    for (int fd = 10; fd < 14; fd++)
        accepted(fd, 0);
    heard(1, 10);
    cr_assert_not(connections_excess(all, 3, 100, &shape), "three are silent");
    accepted(14, 0);
    cr_assert(connections_excess(all, 3, 100, &shape));
    cr_assert_eq(shape.fd, 11);
    cr_assert_not(connections_excess(all, 3, 100, &shape));
    accepted(15, 0);
    cr_assert(connections_excess(all, 3, 100, &shape));
    cr_assert_eq(shape.fd, 12);
    cr_assert_eq(connections_count(all), 4);
    connections_ended(all, 11);
    connections_ended(all, 12);
    cr_assert_eq(connections_count(all), 4);
}

static void accepted_from(uint8_t address, int fd)
{
    connections_accepted(all, (struct connection_shape){.fd = fd, .address = {address}});
}

/* The descriptor of the silent one that has to give; 0: none. */
static int excess(size_t max_silent)
{
    struct connection_shape shape = {0};
    return connections_excess(all, max_silent, 100, &shape) ? shape.fd : 0;
}

Test(connections, beyond_the_bound_the_address_with_most_silent_ones_gives)
{
    accepted_from('a', 10);
    accepted_from('b', 11);
    accepted_from('b', 12);
    accepted_from('b', 13);
    accepted_from('c', 14);
    cr_assert_eq(excess(4), 11, "b has most, and others are older");
    cr_assert_eq(excess(4), 0);
    heard(1, 12);
    accepted_from('b', 15);
    accepted_from('c', 16);
    cr_assert_eq(excess(4), 13, "b and c have two each, and b's is older");
    connections_ended(all, 10);
    connections_ended(all, 16);
    accepted_from('d', 17);
    cr_assert_eq(excess(1), 14, "one each, and c's is the oldest");
    cr_assert_eq(excess(1), 15);
    cr_assert_eq(excess(1), 0);
}

Test(connections, beyond_the_bound_of_all_a_silent_one_goes_and_never_one_that_spoke)
{
    struct connection_shape shape;
    accepted(10, 0);
    heard(1, 10);
    accepted(11, 0);
    heard(2, 11);
    cr_assert_not(connections_excess(all, 100, 1, &shape));
    accepted(12, 0);
    cr_assert(connections_excess(all, 100, 2, &shape));
    cr_assert_eq(shape.fd, 12);
    cr_assert_not(connections_excess(all, 100, 2, &shape));
}

/* The descriptor that has to give after this one spoke; 0: none. */
static int crowded_out(uint64_t newcomer, size_t max)
{
    struct connection_shape shape = {0};
    return connections_crowd(all, newcomer, max, &shape) ? shape.fd : 0;
}

Test(connections, of_too_many_that_spoke_the_key_with_most_loses_the_one_still_for_longest)
{
    for (int fd = 11; fd < 17; fd++)
        accepted(fd, 0);
    heard_of(1, 11, 'a');
    heard_of(2, 12, 'b');
    heard_of(3, 13, 'b');
    heard_of(4, 14, 'b');
    cr_assert(connections_heard_again(all, 2));
    cr_assert_eq(crowded_out(4, 4), 0);
    heard_of(5, 15, 'c');
    cr_assert_eq(crowded_out(5, 4), 13, "b has most, and 12 spoke again");
    cr_assert_eq(crowded_out(5, 4), 0, "it is told to go once");
    cr_assert_eq(connections_count(all), 5);
    heard_of(6, 16, 'a');
    cr_assert_eq(crowded_out(6, 4), 11, "a and b have as many, and a came last");
    connections_ended(all, 12);
    connections_ended(all, 13);
    connections_ended(all, 14);
    cr_assert_eq(crowded_out(6, 1), 16, "a and c have one each");
    cr_assert_eq(crowded_out(6, 0), 0, "it has given");
    LOST(2, 3, 4);
    cr_assert_eq(connections_count(all), 1);
}

static uint64_t bytes_of_7;
static int stuffed_fd;

static uint64_t received(struct connection_shape shape)
{
    return shape.fd == 7 ? bytes_of_7 : 0;
}

static void stuffed(struct connection_shape shape)
{
    stuffed_fd = shape.fd;
}

/* The next look, after 7 has received so many bytes in all: is it found stuffed? */
static bool look(uint64_t bytes)
{
    bytes_of_7 = bytes;
    stuffed_fd = 0;
    connections_watch(all, 1000, received, stuffed);
    cr_assert(stuffed_fd == 0 || stuffed_fd == 7);
    return stuffed_fd == 7;
}

Test(connections, one_that_receives_without_making_a_frame_is_found)
{
    accepted(6, 60);
    accepted(7, 70);
    cr_assert_not(look(900));
    cr_assert_not(look(1000));
    cr_assert(look(1001), "it has not said anything yet");
    heard(1, 7);
    cr_assert_not(look(5000), "a frame came");
    cr_assert_not(look(6000));
    cr_assert(connections_heard_again(all, 1));
    cr_assert_not(look(9000));
    cr_assert_not(look(10000));
    cr_assert(look(10001));
    connections_ended(all, 7);
    cr_assert_not(look(99999));
}
