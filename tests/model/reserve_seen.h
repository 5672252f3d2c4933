/* reserve_seen.h - what happens to places that nobody says in so many words: a play that never saw one of these has not
 * tried it. */
#pragma once

enum seen {
    SEEN_BED_TAKEN,
    SEEN_SPAN_TAKEN,     /* several units of an examination */
    SEEN_END_FREES_HOLD, /* L6: a referral that ends gives back a hold, */
    SEEN_END_FREES_PLACE,
    SEEN_END_FREES_ENTRY,
    SEEN_END_KEEPS_PLACE, /* after the patient has come: a further one, */
    SEEN_END_KEEPS_ENTRY, /* or one that the hospital owes */
    SEEN_WEEK_PUBLISHES,  /* a timetable does this, */
    SEEN_WEEK_WITHDRAWS,
    SEEN_WEEK_GROUPS,
    SEEN_WEEK_CONFLICTS,
    SEEN_WEEK_GOES_ON,      /* without an end */
    SEEN_PATIENT_HAS_PLACE, /* Q5: through another referral */
    SEEN_PLACE_PASSES,      /* to the patient whom an amended sheet names */
    SEEN_UNKEPT,            /* Q14: a hospital's cancellation moves units to B */
    SEEN_GAP,               /* Q13: a report says that a reserve was short */
    SEEN_COUNT
};
