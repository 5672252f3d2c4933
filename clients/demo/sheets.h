/* sheets.h - filled national sheets for invented patients, as bytes ready to submit. */
#pragma once
#include <referral/client.h>

/* Generated structures take `char *` even for what is only packed: lent, never written. */
static inline char *lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* What differs between the demonstration's sheets; the rest is filled with plausible text. */
struct sheet_plan {
    const char *sender, *receiver, *department;
    const char *team_id;
    Referral__Direction direction;
    Referral__Priority priority;
    Referral__EmergencyCategory category; /* EMERGENCY only */
    const char *impression;
    const char *parent_referral_id; /* down: the referral it answers */
    unsigned patient;               /* number of the invented patient */
    bool without_findings, without_plan;
};

struct sheet_bytes {
    uint8_t data[8192];
    size_t size;
};
void sheet_fill(const struct sheet_plan *plan, struct sheet_bytes *ret_bytes);
