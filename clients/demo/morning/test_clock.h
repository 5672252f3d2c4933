/* test_clock.h - the time of a store made for test time (C4): a file that the broker reads, in the local time of the
 * district. */
#pragma once
#include <stdint.h>

#define TEST_CLOCK_PATH_SIZE 512
#define TEST_CLOCK_TEXT_SIZE 32

struct test_clock {
    char path[TEST_CLOCK_PATH_SIZE];
    int64_t now_ms; /* as last written */
};

/* Day 0 is the Monday the morning begins on. */
int64_t test_clock_at(int day, int hour, int minute);
/* "2027-03-10" */
const char *test_clock_date(int day);
/* "周二 Tue 07:00:05" */
void test_clock_text(int64_t ms, char ret_text[TEST_CLOCK_TEXT_SIZE]);
/* Writes the file; the broker follows within a tenth of a second. Never goes back. */
void test_clock_set(struct test_clock *clock, int64_t ms);
/* Real milliseconds, to pace what people see. */
int64_t real_ms(void);
