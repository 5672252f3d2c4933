/* displace.h - units that go, and what becomes of those who had them (Q10).
 *
 * Who loses a unit gets others of the pool. Family doctors' patients choose first, in the order in which they booked:
 * each gets the earliest units that lie together and stay. Where there are none, general bookings make room, the newest
 * first, one at a time until the units lie together; only those in the way lose theirs, and wait. Then the general ones
 * whose units go choose, also in the order in which they booked: any free units will do, for G does not rise by it. For
 * whom none are left waits first. An allotment just loses the units. What has begun, was used or missed stays. */
#pragma once
#include "engine/booking.h"

struct picture; /* a pool's units, and whose they are */

/* With `booked`, all bookings of the pool and their referrals are read, so that what is due of them has happened; the
 * picture is of what there is afterwards. */
struct picture *displace_look(struct work *work, struct pool_of *pool, bool booked);
/* The units that may go: not begun; booked ones only if those were looked at. In their order, as pool 0. */
struct units displace_may_go(const struct picture *picture);
/* Frees these units, which then may be removed. Returns how many bookings were moved, displaced or lost some units. */
uint32_t displace_from(struct picture *picture, const uint32_t *units, size_t count);
