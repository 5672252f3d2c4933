/* claim.c - claims of referrals, patients and teams. */
#include "engine/claim.h"

#include "engine/binary.h"

Record__Claim *claim_of(const Record__Referral *row, Referral__PlaceClass class)
{
    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i]->class_ == class)
            return row->claims[i];
    return NULL;
}

Record__Claim *claim_main(const Record__Referral *row)
{
    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i]->is_main)
            return row->claims[i];
    return NULL;
}

void claim_make_main(Record__Referral *row, Record__Claim *claim)
{
    for (size_t i = 0; i < row->n_claims; i++)
        row->claims[i]->has_is_main = row->claims[i]->is_main = row->claims[i] == claim;
}

/* ---- The patient's ---- */

static Record__PatientClaim *patients_row(struct work *work, uint32_t hospital, Referral__PlaceClass class,
                                          ProtobufCBinaryData patient)
{
    return patient.len != PATIENT_KEY_SIZE ? NULL
                                           : patient_claim_row(work->txn, hospital, (uint8_t) class, patient.data);
}

/* How many of the row's referrals are not this one; they come first. */
static size_t others_first(Record__PatientClaim *row, struct id referral)
{
    size_t others = 0;

    for (size_t i = 0; row != NULL && i < row->n_referrals; i++)
        if (!id_equal(life_id_of(row->referrals[i]), referral))
            row->referrals[others++] = row->referrals[i];
    return others;
}

bool claim_is_another(struct work *work, uint32_t hospital, Referral__PlaceClass class, ProtobufCBinaryData patient,
                      struct id referral)
{
    return others_first(patients_row(work, hospital, class, patient), referral) != 0;
}

/* The general channel asks for no such claim, so that there may be several. */
static void begin_patients(struct work *work, struct id referral, Referral__PlaceClass class, uint32_t hospital,
                           ProtobufCBinaryData patient)
{
    Record__PatientClaim *old = patients_row(work, hospital, class, patient), row = RECORD__PATIENT_CLAIM__INIT;
    size_t others = others_first(old, referral);

    if (patient.len != PATIENT_KEY_SIZE)
        return;
    FIELD_SET(&row, schema, STORE_SCHEMA);
    row.referrals = arena_alloc(work->arena, (others + 1) * sizeof *row.referrals);
    for (size_t i = 0; i < others; i++)
        row.referrals[i] = old->referrals[i];
    row.referrals[others] = life_id_bytes(work, referral);
    row.n_referrals = others + 1;
    patient_claim_row_put(work->txn, hospital, (uint8_t) class, patient.data, &row);
}

static void end_patients(struct work *work, struct id referral, Referral__PlaceClass class, uint32_t hospital,
                         ProtobufCBinaryData patient)
{
    Record__PatientClaim *row = patients_row(work, hospital, class, patient);

    if (row == NULL)
        return;
    row->n_referrals = others_first(row, referral);
    patient_claim_row_put(work->txn, hospital, (uint8_t) class, patient.data, row->n_referrals == 0 ? NULL : row);
}

/* ---- The referral's ---- */

Record__Claim *claim_make(struct work *work, struct life_of *life, Referral__PlaceClass class, uint32_t hospital,
                          ProtobufCBinaryData patient)
{
    Record__Referral *row = life->row;
    Record__Claim *claim = claim_of(row, class), **more;

    if (claim != NULL)
        return claim;
    claim = arena_alloc(work->arena, sizeof *claim);
    record__claim__init(claim);
    FIELD_SET(claim, class_, (uint32_t) class);
    more = arena_alloc(work->arena, (row->n_claims + 1) * sizeof(Record__Claim *));
    for (size_t i = 0; i < row->n_claims; i++)
        more[i] = row->claims[i];
    more[row->n_claims++] = claim;
    row->claims = more;
    begin_patients(work, life->id, class, hospital, patient);
    return claim;
}

void claim_settle(struct work *work, struct life_of *life, Record__Claim *claim, uint32_t hospital,
                  ProtobufCBinaryData patient)
{
    Record__Referral *row = life->row;
    size_t kept = 0;

    if (claim->has_booking || claim->has_entry)
        return;
    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i] != claim)
            row->claims[kept++] = row->claims[i];
    row->n_claims = kept;
    end_patients(work, life->id, (Referral__PlaceClass)claim->class_, hospital, patient);
}

void claim_pass(struct work *work, const struct life_of *life, const Record__Claim *claim, uint32_t hospital,
                ProtobufCBinaryData from, ProtobufCBinaryData to)
{
    end_patients(work, life->id, (Referral__PlaceClass)claim->class_, hospital, from);
    begin_patients(work, life->id, (Referral__PlaceClass)claim->class_, hospital, to);
}

/* ---- Who the patient is ---- */

/* Ids are written with small letters and blanks around them too; names with blanks. */
static void normalise(char *text)
{
    size_t size = 0;

    for (const char *at = text; *at != '\0'; at++)
        if (*at != ' ')
            text[size++] = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    text[size] = '\0';
}

static char *identity_text(struct work *work, const Referral__Patient *patient)
{
    if (patient->has_id_type && patient->id_value != NULL)
        return arena_format(work->arena, "id\n%d\n%s", (int)patient->id_type, patient->id_value);
    if (patient->name == NULL || !patient->has_sex || (patient->birth_date == NULL && !patient->has_age_years))
        return NULL;
    if (patient->birth_date != NULL)
        return arena_format(work->arena, "born\n%s\n%d\n%s", patient->name, (int)patient->sex, patient->birth_date);
    return arena_format(work->arena, "aged\n%s\n%d\n%u", patient->name, (int)patient->sex, patient->age_years);
}

ProtobufCBinaryData claim_patient_key(struct work *work, const Referral__Patient *patient)
{
    ProtobufCBinaryData key = {0};
    char *text = patient == NULL ? NULL : identity_text(work, patient);

    if (text == NULL)
        return key;
    normalise(text);
    key.len = PATIENT_KEY_SIZE;
    key.data = arena_alloc(work->arena, PATIENT_KEY_SIZE);
    store_keyed_hash(store_of(work->txn), bytes_text(text), key.data);
    return key;
}

/* What is not told proves nothing, and disproves nothing. */
static bool texts_agree(struct work *work, const char *told, const char *known)
{
    char *a = arena_text(work->arena, told), *b = arena_text(work->arena, known != NULL ? known : "");

    if (told == NULL)
        return true;
    normalise(a);
    normalise(b);
    return strcmp(a, b) == 0;
}

bool claim_patient_agrees(struct work *work, const Referral__PatientProof *proof, const Referral__Patient *patient)
{
    return (!proof->has_id_type || (patient->has_id_type && proof->id_type == patient->id_type)) &&
           (!proof->has_sex || (patient->has_sex && proof->sex == patient->sex)) &&
           texts_agree(work, proof->id_value, patient->id_value) && texts_agree(work, proof->name, patient->name) &&
           texts_agree(work, proof->birth_date, patient->birth_date);
}

/* ---- The team's (Q7) ---- */

/* A hold that has expired may stand here until its pool is looked at; while the time is in doubt it lives on (C4). */
static bool lives(const struct work *work, const Record__TeamHold *hold)
{
    return work->hold || hold->expires_at_ms > work->now.ms;
}

size_t team_holds(struct work *work, const char *team)
{
    const Record__TeamHolds *row = team_holds_row(work->txn, team);
    size_t count = 0;

    for (size_t i = 0; row != NULL && i < row->n_holds; i++)
        count += lives(work, row->holds[i]);
    return count;
}

/* The team's row without this booking, and without what has expired; with room for one more. */
static Record__TeamHolds *other_holds(struct work *work, const char *team, struct id booking)
{
    const Record__TeamHolds *old = team_holds_row(work->txn, team);
    size_t room = old == NULL ? 0 : old->n_holds;
    Record__TeamHolds *row = arena_alloc(work->arena, sizeof *row);

    record__team_holds__init(row);
    FIELD_SET(row, schema, STORE_SCHEMA);
    row->holds = arena_alloc(work->arena, (room + 1) * sizeof(Record__TeamHold *));
    for (size_t i = 0; i < room; i++)
        if (lives(work, old->holds[i]) && !id_equal(life_id_of(old->holds[i]->booking), booking))
            row->holds[row->n_holds++] = old->holds[i];
    return row;
}

void team_hold_add(struct work *work, const char *team, struct id booking, struct instant expires_at)
{
    Record__TeamHolds *row = other_holds(work, team, booking);
    Record__TeamHold *hold = arena_alloc(work->arena, sizeof *hold);

    record__team_hold__init(hold);
    FIELD_SET(hold, booking, life_id_bytes(work, booking));
    FIELD_SET(hold, expires_at_ms, expires_at.ms);
    row->holds[row->n_holds++] = hold;
    team_holds_row_put(work->txn, team, row);
}

void team_hold_end(struct work *work, const char *team, struct id booking)
{
    team_holds_row_put(work->txn, team, other_holds(work, team, booking));
}
