/* sense.h - is a record one that we could have written? A seal says only that it was written by somebody who has the
 * keys.
 *
 * Asked once, where a record is unpacked (record.c), of what would lead whoever follows it out of its range: ids that
 * are none, numbers that name nothing, times that cannot be counted on with. What a record needs at all, record.proto
 * says. Whether rows agree with each other is for those to say who read them (store_damaged). */
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* The store knows no rules: where these come from, it is asserted that they are the same. */
#define SENSE_LIFE_LAST      1
#define SENSE_STATE_LAST     18
#define SENSE_EVENT_LAST     44
#define SENSE_CLOCK_LAST     4
#define SENSE_PRIORITY_LAST  3
#define SENSE_REASON_LAST    12
#define SENSE_CLASS_LAST     3
#define SENSE_CHANNEL_LAST   2
#define SENSE_BOOKING_LAST   7
#define SENSE_UNITS_MAX      8
#define SENSE_UNIT_BOOKED    2 /* from here on somebody has it */
#define SENSE_UNIT_LAST      3
#define SENSE_POOL_UNITS_MAX 500
#define SENSE_RESERVE_LEAST  2000
#define SENSE_RESERVE_MOST   10000

bool sense_is_made(const ProtobufCMessage *record);
