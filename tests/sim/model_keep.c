/* model_keep.c - what may leave the store, for the archive or for good, and what an operator keeps in it (D8). */
#include "sim/model.h"

#define RETENTION 2592000000LL /* of both, as set on the stage */

void model_hold(struct model *m, struct deed *deed)
{
    struct model_referral *r = &m->referrals[deed->subject];
    bool holds = deed->kind == REFERRAL__KIND__HOLD_REFERRAL;

    deed->verdict = r->held == holds ? REFUSED : GRANTED;
    r->held = holds;
}

/* Finished long enough ago, without a place, and nobody waits to hear of it. */
static bool is_over(const struct model *m, const struct model_referral *r)
{
    if (r->held || !model_is_terminal(r->state) || r->since + RETENTION > m->now || places_has_claim(m, r))
        return false;
    for (int i = 0; i < m->message_count; i++)
        if (m->messages[i].referral == (int)(r - m->referrals))
            return false;
    return true;
}

bool model_may_forget(const struct model *m, const struct model_key *key)
{
    const struct model_referral *about = key->about >= 0 ? &m->referrals[key->about] : NULL;

    for (int i = 0; about != NULL && i < m->referral_count; i++)
        if (m->referrals[i].journey == about->journey && !model_is_terminal(m->referrals[i].state))
            return false;
    return key->at + RETENTION <= m->now;
}

bool model_may_leave(const struct model *m, const struct model_referral *r)
{
    for (const struct model_referral *other = m->referrals; other < m->referrals + m->referral_count; other++)
        if (other->journey == r->journey && !is_over(m, other))
            return false;
    return true;
}
