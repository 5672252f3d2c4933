/* rush_search.c - a family doctor's team looks for a place among a million, while others rush.
 *
 *   rush-search --server ADDRESS publish         four hospitals' next 25 days: 25,000 sessions of 40 places
 *   rush-search --server ADDRESS ask PER_SECOND  asks until its input ends, then prints one line of JSON
 *
 * A question is the usual one: one hospital, one department, a fortnight, for the family-doctor channel. Address: as in
 * rush_places.h. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "rush.h"
#include "rush_places.h"

#define HOSPITALS    4
#define DEPARTMENTS  25
#define DAYS         25
#define A_DAY        10 /* sessions of a department */
#define PLACES       40
#define RESERVE_BP   2000
#define SIDE_BY_SIDE 16 /* connections of each hospital that publish */
#define ASKS_MAX     1000000

/* Of all sessions, the one of this number. */
static struct rush_place place_of(uint32_t number)
{
    struct rush_place place;
    snprintf(place.hospital, sizeof place.hospital, "BR%02u", number % HOSPITALS);
    snprintf(place.department, sizeof place.department, "D%02u", number / HOSPITALS % DEPARTMENTS);
    snprintf(place.resource, sizeof place.resource, "P%u", number / HOSPITALS / DEPARTMENTS % A_DAY);
    rush_date(place.date, 1 + number / HOSPITALS / DEPARTMENTS / A_DAY);
    return place;
}

static void publish(const char *address)
{
    struct rush_session *sessions[HOSPITALS * SIDE_BY_SIDE];
    uint32_t all = HOSPITALS * DEPARTMENTS * DAYS * A_DAY, connections = HOSPITALS * SIDE_BY_SIDE;
    char text[RUSH_MESSAGE_ID_SIZE];
    for (uint32_t i = 0; i < connections; i++) {
        snprintf(text, sizeof text, "BR%02u", i % HOSPITALS);
        sessions[i] = rush_places_connect(address, text);
    }
    for (uint32_t from = 0; from < all; from += connections) {
        uint32_t to = all - from < connections ? all : from + connections;
        for (uint32_t number = from; number < to; number++) {
            const struct rush_place place = place_of(number);
            snprintf(text, sizeof text, "01PVS%021u", number);
            rush_places_publish(sessions[number - from], &place, text, PLACES, RESERVE_BP);
        }
        for (uint32_t number = from; number < to; number++)
            referral__reply__free_unpacked(rush_places_accepted(sessions[number - from], "publishing"), NULL);
    }
    for (uint32_t i = 0; i < connections; i++)
        rush_session_close(sessions[i]);
}

/* ---- Asking -------------------------------------------------------------------------------------------------------------------- */

struct search {
    struct rush_session *session;
    uint32_t *us, count;
    uint64_t places;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void ask(struct search *search)
{
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    struct rush_place place = place_of(search->count * 7919);
    rush_date(place.date, 1);
    query.hospital = place.hospital;
    query.has_class_ = true;
    query.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    query.department = place.department;
    query.first_date = place.date;
    int64_t from = now_us();
    rush_session_ask(search->session, REFERRAL__KIND__SEARCH_PLACES, NULL, &query.base);
    Referral__Reply *reply = rush_places_accepted(search->session, "searching");
    search->us[search->count++] = (uint32_t)(now_us() - from);
    Referral__PlaceList *list = referral__place_list__unpack(NULL, reply->result.len, reply->result.data);
    if (list == NULL || list->n_places == 0)
        rush_fail("nothing was found");
    search->places += list->n_places;
    referral__place_list__free_unpacked(list, NULL);
    referral__reply__free_unpacked(reply, NULL);
}

static int compare_us(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static bool ends_before(int64_t due)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int64_t now = now_us(), us = due > now ? due - now : 0;
    struct timespec wait = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    return ppoll(&input, 1, &wait, NULL) != 0;
}

static void ask_on(const char *address, uint32_t per_second)
{
    struct search search = {.session = rush_places_connect(address, "BS00"), .us = calloc(ASKS_MAX, sizeof(uint32_t))};
    int64_t due = now_us();
    do {
        ask(&search);
        due += 1000000 / per_second;
        due = due > now_us() ? due : now_us(); /* what came late does not come twice as fast afterwards */
    } while (search.count < ASKS_MAX && !ends_before(due));
    qsort(search.us, search.count, sizeof *search.us, compare_us);
    printf("{\"asks\": %u, \"places_each\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", search.count,
           (double)search.places / search.count, search.us[(search.count - 1) / 2] / 1000.0,
           search.us[(uint64_t)(search.count - 1) * 99 / 100] / 1000.0);
    rush_session_close(search.session);
    free(search.us);
}

int main(int argc, char **argv)
{
    bool known = argc >= 4 && strcmp(argv[1], "--server") == 0;
    prctl(PR_SET_PDEATHSIG, 9); /* never outlives who started it */
    if (known && argc == 4 && strcmp(argv[3], "publish") == 0) {
        publish(argv[2]);
    } else if (known && argc == 5 && strcmp(argv[3], "ask") == 0 && atoi(argv[4]) > 0) {
        ask_on(argv[2], (uint32_t)atoi(argv[4]));
    } else {
        fputs("Usage: rush-search --server ADDRESS publish | ask PER_SECOND\n", stderr);
        return 2;
    }
    return 0;
}
