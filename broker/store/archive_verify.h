/* archive_verify.h - do the archive's files and the store agree (D8)? Reads only; safe beside a daemon, whose store is
 * looked at in between and not kept from using its pages. */
#pragma once
#include "store/verify.h"

struct archive_verify_result {
    uint64_t files, records, referrals; /* known files; records in them; referrals of the store that are in them */
    uint64_t untold; /* files that the store does not know, or not wholly: the next pass tells them */
    uint64_t faults;
    char first_fault[256]; /* name of a file, or a referral's key in hex; no content */
};

/* Every file that the store knows is there, agrees with its digest, and each of its records opens; every referral that
 * the store says is archived is in its file as it says. A file that could not be read for a reason of the machine's is
 * no fault; where no other was found, that is the failure. */
int archive_verify(struct store *store, const char *directory, verify_progress progress, void *user,
                   struct archive_verify_result *ret_result);
