/* sheets.h - real up-referral sheets of about 1 KiB for invented patients, made faster than anything that reads them.
 *
 * A form is packed once for a sender, a receiver and a lane. What differs from sheet to sheet has a fixed width and a
 * known place in the bytes, so that the load generator costs the measured machine little. */
#pragma once
#include <referral/client.h>

#define SHEET_BYTES_MAX 2048

struct sheet_parties {
    unsigned sender, receiver; /* indices, below 100: institutions BS00 ... and BR00 ... */
    Referral__Priority lane;
    const char *team; /* NULL: none */
};

struct sheet_form {
    uint8_t bytes[SHEET_BYTES_MAX];
    size_t size;
    size_t reference, name, resident_id, birth_date; /* where these begin */
};

/* Institution ids of the district that bench.py and test_kill.py register. */
#define PARTY_ID_SIZE 8
void sheet_sender_id(char ret_id[PARTY_ID_SIZE], unsigned sender);
void sheet_receiver_id(char ret_id[PARTY_ID_SIZE], unsigned receiver);

void sheet_form_make(struct sheet_form *ret_form, struct sheet_parties parties);
/* Turns the form into the sheet of trip `number`: a patient, an id number with its check character, and a sender
 * reference. */
void sheet_fill(struct sheet_form *form, uint32_t number);

struct sheet_origin {
    unsigned sender, receiver;
    uint32_t number;
};
/* Reads who sent it, to whom and as what from the sender reference, which is a sheet's first field. False: not one of
 * ours. */
bool sheet_read(ProtobufCBinaryData sheet, struct sheet_origin *ret_origin);
