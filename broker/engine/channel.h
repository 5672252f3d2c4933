/* channel.h - who may have a place of a class at a hospital, or wait for one, and through which channel (Q5, Q12,
 * section 4).
 *
 * FAMILY_DOCTOR: a live up-referral to this hospital from a primary institution by an active team (T6), in a state that
 * may book, whose patient holds no other place of that class there; whoever asks is its sender or the hospital, or acts
 * for one of them. GENERAL: the sender of a referral without a team, or the hospital for it (an EMERGENCY may have a
 * team: it takes no reserved place, Q12); or the hospital's schedulers under a reference of their own, without patient
 * data. The request names its channel: it is never turned silently. Who had a place of a further class that outlives
 * the referral's care, and lost it to the hospital, may take the one offered for it then (Q10). */
#pragma once
#include "engine/claim.h"

struct claimant { /* somebody who asks for a place */
    const struct registry_institution *hospital;
    Referral__PlaceClass class;
    Referral__Channel channel;
    struct life_of *life;          /* NULL: the hospital itself, under its own reference */
    int by;                        /* BY_SENDER, or BY_RECEIVER */
    bool again;                    /* a hold that has lapsed is taken again */
    bool displaced;                /* it is offered another place for one that the hospital took away */
    const struct transition *step; /* channel_check: what its life does then; NULL: a place of a further class (Q5) */
};

/* What a request says about itself. */
struct channel_request {
    bool has_channel;
    Referral__Channel channel;
    const char *referral_id;
    const Referral__PatientProof *patient;
    const char *reference;
};
/* The form alone: findings for what is missing, or does not belong to this channel. */
void channel_check_form(struct work *work, const struct channel_request *request);
/* Whose affair is this? `hospital` NULL: the referral's receiver. Loads the referral: pools first. Refuses
 * REFERRAL_NEEDED, NOT_FOUND, NOT_ALLOWED. */
bool channel_find(struct work *work, const struct channel_request *request, const struct registry_institution *hospital,
                  Referral__PlaceClass class, struct claimant *ret_claimant);
/* As which party of `life` does this command act on its places? BY_SENDER, BY_RECEIVER; 0 after NOT_FOUND `field`, or
 * NOT_ALLOWED for a key whose roles do not reach. */
int channel_party(struct work *work, const struct life_of *life, const char *field);
/* The same for a place or an entry without a referral: the hospital's schedulers alone. */
bool channel_is_own(struct work *work, uint32_t hospital, const char *field);

/* The conditions of Q5 and Q12 for what BOOK or WAITLIST does to its life; `claimed`: the booking or entry on account
 * of which it may go ahead although the referral has a claim already (unset: none). Fills `step`. One refusal: the
 * first that fails. */
bool channel_check(struct work *work, struct claimant *claimant, enum event event, struct id claimed);
/* Does the proof agree with the sheet? Else PATIENT_DISAGREES. */
bool channel_check_patient(struct work *work, const struct claimant *claimant, const Referral__PatientProof *proof);
