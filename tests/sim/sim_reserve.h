/* sim_reserve.h - the reserve model's commands as a client sends them, and its places beside the broker's
 * (sim_reserve.c). */
#pragma once
#include "base/bytes.h"
#include "engine/replay.h"
#include "place.pb-c.h"
#include "query.pb-c.h"
#include "sim/model.h"
#include "store/store.h"

struct sim_reserve;
struct sim_reserve *sim_reserve_open(void);
void sim_reserve_close(struct sim_reserve *reserve);
/* What somebody does with places, as these dice fall. False: nothing. The body lasts until the next one is drawn. */
bool sim_reserve_draw(struct sim_reserve *reserve, struct model *m, uint64_t dice, struct deed *ret_deed,
                      struct bytes *ret_body, char *ret_line, size_t size);
/* Is what was answered what the rules say? */
bool sim_reserve_agrees(struct sim_reserve *reserve, struct model *m, const struct deed *deed,
                        const Referral__Reply *reply);
/* It was answered before, and nobody heard it. */
bool sim_reserve_learn(struct sim_reserve *reserve, struct model *m, const struct deed *deed,
                       const Referral__Reply *reply);
/* Every pool, booking, entry, claim and ledger row; or the pools of these days, and of the rest what changed. */
enum how_much { THESE_DAYS, ALL_POOLS, EVERYTHING };
bool sim_reserve_compare(struct sim_reserve *reserve, struct model *m, struct store *store, enum how_much how_much);
bool sim_reserve_shows(struct sim_reserve *reserve, struct model *m, const Referral__PoolList *list);
bool sim_reserve_shows_weeks(struct sim_reserve *reserve, struct model *m, const Referral__TimetableList *list);
bool sim_reserve_shows_alarms(struct sim_reserve *reserve, struct model *m, const Referral__AlarmList *list);
/* Is the report that a commission makes of the ledger the model's (Q13)? */
bool sim_reserve_reports(struct sim_reserve *reserve, struct model *m, const struct replay *replay);
/* What could be booked from today on for so many days, as one of the channel was told. */
bool sim_reserve_offers(struct sim_reserve *reserve, struct model *m, const Referral__PlaceList *list,
                        Referral__Channel channel, int units, int days);
const char *sim_reserve_trouble(const struct sim_reserve *reserve);
