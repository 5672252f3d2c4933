/* claim.h - what a referral has or waits for, at most one place a class; the same for its patient; and a team's live
 * holds (Q5, Q7).
 *
 * Claims stand in the referral's row: whoever changes them saves the referral. A patient has one place or entry of a
 * class at a hospital; who it is, is known by a keyed hash only. */
#pragma once
#include "engine/life.h"
#include "place.pb-c.h"
#include "store/rows_place.h"

#define PATIENT_KEY_SIZE 16

/* The claim of a class; NULL: none. */
Record__Claim *claim_of(const Record__Referral *row, Referral__PlaceClass class);
/* The one that drives the referral's state; NULL: none. */
Record__Claim *claim_main(const Record__Referral *row);
/* The claim of the class, made where there is none; then the patient, by its key, has one at this hospital too. */
Record__Claim *claim_make(struct work *work, struct life_of *life, Referral__PlaceClass class, uint32_t hospital,
                          ProtobufCBinaryData patient);
/* Ends the claim, and the patient's, unless a booking or an entry is left of it. */
void claim_settle(struct work *work, struct life_of *life, Record__Claim *claim, uint32_t hospital,
                  ProtobufCBinaryData patient);
/* The sheet names another patient: whose claim it is, is found by that one's key from now on. */
void claim_pass(struct work *work, const struct life_of *life, const Record__Claim *claim, uint32_t hospital,
                ProtobufCBinaryData from, ProtobufCBinaryData to);
/* From now on this one drives the state, and no other. */
void claim_make_main(Record__Referral *row, Record__Claim *claim);
/* Q5: does the patient have, or wait for, such a place through another referral? */
bool claim_is_another(struct work *work, uint32_t hospital, Referral__PlaceClass class, ProtobufCBinaryData patient,
                      struct id referral);

/* Q5: who the patient is: type and value of the id; without one: name, sex and birth date (or age). Empty: it cannot be
 * told. */
ProtobufCBinaryData claim_patient_key(struct work *work, const Referral__Patient *patient);
/* Does what was told over the telephone agree with the sheet, in every field it names? */
bool claim_patient_agrees(struct work *work, const Referral__PatientProof *proof, const Referral__Patient *patient);

/* Q7: live holds of a team; offers do not count. */
size_t team_holds(struct work *work, const char *team);
void team_hold_add(struct work *work, const char *team, struct id booking, struct instant expires_at);
void team_hold_end(struct work *work, const char *team, struct id booking);
