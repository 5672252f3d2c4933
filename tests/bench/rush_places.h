/* rush_places.h - the district of the rush, as rush.py registers it, and how its hospitals publish.
 *
 * Hospitals BR00 ...; schedulers of BR00, each with a key RG00 ...; township centres BS00 ..., each with its
 * family-doctor team. Address of the broker: ENDPOINT KEY FOLDER, its public key and the folder of everybody's keys. */
#pragma once
#include <referral/place.pb-c.h>

#include "rush_session.h"

struct rush_place { /* of publishing and asking */
    char hospital[8], department[8], resource[16], date[16];
};

/* A date so many days from now, as a Chinese hospital counts days. */
void rush_date(char ret_date[16], unsigned days);

/* Connects with the key of this name. */
struct rush_session *rush_places_connect(const char *address, const char *key_name);
/* Asks for an EXPERT session of `units` places from 08:00 on, ten minutes each, open to everybody at once; the reply is
 * to be waited for. */
void rush_places_publish(struct rush_session *session, const struct rush_place *place, const char *message_id,
                         uint32_t units, uint32_t reserve_bp);
void rush_places_name(const struct rush_place *place, Referral__PoolRef *ret_ref);
/* Waits for the reply, which must be no refusal; it is the caller's. */
Referral__Reply *rush_places_accepted(struct rush_session *session, const char *what);
