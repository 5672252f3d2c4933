/* channel.c - the conditions of Q5, one after the other. */
#include "engine/channel.h"

#include "base/utf8.h"
#include "engine/binary.h"
#include "engine/hospital.h"
#include "rules/route.h"

void channel_check_form(struct work *work, const struct channel_request *request)
{
    bool family = request->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
    bool referred = request->referral_id != NULL;

    if (!request->has_channel) {
        refuse(work, REFUSED_NO_CHANNEL, "channel");
        return;
    }
    if (family && !referred)
        refuse(work, REFUSED_REFERRAL_NEEDED, "referral_id");
    if (request->reference != NULL && (family || referred))
        refuse(work, REFUSED_NOT_EXPECTED, "reference");
    if (request->patient != NULL && !family && !referred)
        refuse(work, REFUSED_NOT_EXPECTED, "patient");
}

/* ---- Whose affair ---- */

/* The first of these parties that the key has a role for; 0: none. */
static int party_by_role(const struct work *work, int party)
{
    if ((party & BY_SENDER) != 0 && has_role(work, REFERRAL__ROLE__REFER))
        return BY_SENDER;
    if ((party & BY_RECEIVER) != 0 &&
        (has_role(work, REFERRAL__ROLE__RECEIVE) || has_role(work, REFERRAL__ROLE__SCHEDULE)))
        return BY_RECEIVER;
    return 0;
}

/* What the actor is itself goes before what it may speak for. */
int channel_party(struct work *work, const struct life_of *life, const char *field)
{
    int party = life_party(work, life) & (BY_SENDER | BY_RECEIVER), by;

    if (party == 0) {
        refuse(work, REFUSED_NOT_FOUND, field);
        return 0;
    }
    by = party_by_role(work, party & life_own_party(work, life));
    if (by == 0)
        by = party_by_role(work, party);
    if (by == 0)
        refuse(work, REFUSED_NOT_ALLOWED, NULL);
    work->decides_for = by == BY_RECEIVER ? life->row->receiver_number : 0;
    return by;
}

bool channel_is_own(struct work *work, uint32_t hospital, const char *field)
{
    if (work->actor_number != hospital)
        return refuse(work, REFUSED_NOT_FOUND, field);
    return has_role(work, REFERRAL__ROLE__SCHEDULE) || refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

static bool find_own(struct work *work, const struct channel_request *request, struct claimant *claimant)
{
    if (claimant->hospital == NULL)
        claimant->hospital = registry_institution(work, work->actor);
    if (claimant->hospital == NULL || claimant->hospital->row->number != work->actor_number ||
        !has_role(work, REFERRAL__ROLE__SCHEDULE))
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    if (text_is_blank(request->reference))
        return refuse(work, REFUSED_REFERENCE_NEEDED, "reference");
    claimant->by = BY_RECEIVER;
    return true;
}

bool channel_find(struct work *work, const struct channel_request *request, const struct registry_institution *hospital,
                  Referral__PlaceClass class, struct claimant *ret_claimant)
{
    struct claimant claimant = {.hospital = hospital, .class = class, .channel = request->channel};
    struct id id;

    if (request->referral_id == NULL) {
        if (!find_own(work, request, &claimant))
            return false;
        *ret_claimant = claimant;
        return true;
    }
    if (work_parse_id(work, request->referral_id, &id))
        claimant.life = life_load(work, id);
    if (claimant.life == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "referral_id");
    claimant.by = channel_party(work, claimant.life, "referral_id");
    if (claimant.hospital == NULL)
        claimant.hospital = registry_institution(work, claimant.life->row->receiver);
    *ret_claimant = claimant;
    return claimant.by != 0;
}

/* ---- May the referral use the channel? ---- */

/* T6: of the sender, or of an institution that acts for it. */
static bool has_active_team(struct work *work, const Record__Referral *row)
{
    const Referral__Team *team = row->team_id == NULL ? NULL : registry_team(work, row->team_id);
    const struct registry_institution *sender = registry_institution(work, row->sender);

    return team != NULL && team->institution != NULL && sender != NULL &&
           team_is_active(team, instant_local_date(work->now, sender->offset_minutes)) &&
           (strcmp(team->institution, row->sender) == 0 ||
            delegation_exists(work->txn, team->institution, row->sender));
}

static bool is_from_primary(struct work *work, const Record__Referral *row)
{
    const struct registry_institution *sender = registry_institution(work, row->sender);

    return row->direction == REFERRAL__DIRECTION__UP && sender != NULL &&
           sender->institution->kind == REFERRAL__INSTITUTION_KIND__PRIMARY;
}

static enum refusal channel_refusal(struct work *work, const struct claimant *claimant)
{
    const Record__Referral *row = claimant->life->row;
    bool emergency = row->priority == REFERRAL__PRIORITY__EMERGENCY;

    if (row->life != LIFE_UP)
        return REFUSED_DOWN_NEVER_BOOKED;
    if (row->receiver_number != claimant->hospital->row->number)
        return REFUSED_OTHER_HOSPITAL;
    if (claimant->channel == REFERRAL__CHANNEL__GENERAL) /* an emergency's team does not bind it (Q12) */
        return !emergency && has_active_team(work, row) ? REFUSED_FAMILY_CHANNEL : REFUSED_NOT;
    if (!is_from_primary(work, row))
        return REFUSED_NOT_FROM_PRIMARY;
    if (emergency)
        return REFUSED_EMERGENCY_TAKES_NONE;
    return has_active_team(work, row) ? REFUSED_NOT : REFUSED_TEAM_NEEDED;
}

/* ---- Is it in a state that may book? ---- */

/* Q5: there, a place of a further class leaves the state as it is. */
static bool may_have_further(enum state state)
{
    return state == BOOKED || state == ARRIVED || state == IN_CARE;
}

/* Q10: after arrival booked places stay, whatever becomes of the referral, and so does what is owed for one of them. */
static bool keeps_what_it_had(const struct claimant *claimant, enum state state)
{
    return claimant->displaced && !state_is_before_arrival(state);
}

/* Also where a place of another class has brought it further; what it holds or was offered already, it keeps. */
static bool is_booked_directly(const struct claimant *claimant)
{
    const Record__Referral *row = claimant->life->row;

    return (claimant->step != NULL && (claimant->step->needs & NEEDS_DIRECT_BOOKING) != 0) ||
           (life_awaits_acceptance(row) && claim_of(row, claimant->class) == NULL);
}

static enum refusal state_refusal(struct claimant *claimant, enum event event)
{
    const Record__Referral *row = claimant->life->row;
    enum state state = (enum state)row->state;

    claimant->step =
        lifecycle_find((enum life)row->life, state, event, claimant->by, (Referral__Priority)row->priority);
    if (claimant->step == NULL && !may_have_further(state) && !keeps_what_it_had(claimant, state))
        return REFUSED_NOT_BOOKABLE;
    if (is_booked_directly(claimant) && !hospital_books_directly(claimant->hospital->institution, claimant->class))
        return REFUSED_NOT_BOOKABLE_YET;
    if (claimant->step == NULL)
        return REFUSED_NOT;
    if (state == NO_SHOW && row->rebookings >= REBOOKINGS_MAX)
        return REFUSED_TOO_MANY_REBOOKINGS;
    if (event == WAITLIST && state == WAITLISTED)
        claimant->step = NULL; /* it waits for something of another class already */
    return REFUSED_NOT;
}

/* ---- Has it a place already? ---- */

static bool is_on_account_of(const Record__Claim *claim, struct id claimed)
{
    return id_is_set(claimed) &&
           (id_equal(life_id_of(claim->booking), claimed) || id_equal(life_id_of(claim->entry), claimed));
}

/* One a class, with a unit or without (Q15), and none after it was used; and one for the patient, whoever refers
 * him. */
static enum refusal claim_refusal(struct work *work, const struct claimant *claimant, struct id claimed)
{
    const Record__Referral *row = claimant->life->row;
    const Record__Claim *claim = claim_of(row, claimant->class);

    if (claim != NULL && !is_on_account_of(claim, claimed))
        return REFUSED_HAS_PLACE;
    if ((row->used_classes & 1U << claimant->class) != 0)
        return REFUSED_HAS_PLACE;
    if (claim == NULL && row->state == BOOKED && claim_main(row) == NULL && row->place != NULL &&
        row->place->class_ == claimant->class)
        return REFUSED_HAS_PLACE;
    if (claimant->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR &&
        claim_is_another(work, claimant->hospital->row->number, claimant->class, row->patient, claimant->life->id))
        return REFUSED_PATIENT_HAS_PLACE;
    return REFUSED_NOT;
}

bool channel_check(struct work *work, struct claimant *claimant, enum event event, struct id claimed)
{
    enum refusal refusal;

    if (claimant->life == NULL)
        return true;
    refusal = channel_refusal(work, claimant);
    if (refusal != REFUSED_NOT)
        return refuse(work, refusal, "referral_id");
    refusal = state_refusal(claimant, event);
    if (refusal != REFUSED_NOT)
        return life_refuse(work, claimant->life, claimant->by, refusal, "referral_id");
    refusal = claim_refusal(work, claimant, claimed);
    return refusal == REFUSED_NOT || refuse(work, refusal, "referral_id");
}

bool channel_check_patient(struct work *work, const struct claimant *claimant, const Referral__PatientProof *proof)
{
    const struct life_of *life = claimant->life;
    const Referral__Sheet *sheet = NULL;
    enum refusal refusal;
    struct bytes bytes;

    if (proof == NULL || life == NULL)
        return true;
    if (referral_sheet(work->txn, life->id, life->row, life->row->sheet_version, &bytes))
        sheet = (const Referral__Sheet *)wire_unpack(&referral__sheet__descriptor, bytes, work->arena, &refusal);
    if (sheet != NULL && sheet->patient != NULL && claim_patient_agrees(work, proof, sheet->patient))
        return true;
    return refuse(work, REFUSED_PATIENT_DISAGREES, "patient");
}
