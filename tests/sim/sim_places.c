/* sim_places.c - places among the rest. */
#include "sim/sim_inside.h"

void sim_act_place(struct sim *s)
{
    (void)s;
}

void sim_learn_reply(struct sim *s, struct deed *deed, const Referral__Reply *reply)
{
    (void)s, (void)deed, (void)reply;
}

void sim_judge_pools(struct sim *s)
{
    (void)s;
}
