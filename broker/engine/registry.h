/* registry.h - institutions, contacts, relations, delegations, teams, keys, pause (T1-T6, D9, P2). Handlers of the
 * operator's commands; each reports all violations at once, with their field paths (F2). registry_key.c holds those of
 * keys. */
#pragma once
#include "engine/work.h"

bool registry_apply_institution(struct work *work);
bool registry_apply_contact(struct work *work);
bool registry_apply_relation(struct work *work);
bool registry_apply_delete_relation(struct work *work);
bool registry_apply_delegation(struct work *work);
bool registry_apply_delete_delegation(struct work *work);
bool registry_apply_team(struct work *work);
bool registry_apply_add_key(struct work *work);
bool registry_apply_revoke_key(struct work *work);
bool registry_apply_pause(struct work *work);
bool registry_apply_resume(struct work *work);
bool registry_apply_confirm_time(struct work *work);
bool registry_apply_drain(struct work *work); /* DRAIN: nothing of it is stored but its audit */

/* Shared by the handlers: may this command touch that institution (own or other, authority.h)? Else refused
 * NOT_ALLOWED, which does not tell "not yours" from "does not exist" (P2). NULL counts as another's. */
bool registry_may_touch(struct work *work, const char *institution);
/* Adds MISSING, BAD_ID or UNKNOWN_INSTITUTION at `field`; true where the institution is there. */
bool registry_requires_institution(struct work *work, const char *institution, const char *field);

/* The first operator's institution and key, made by `referralctl init` in a turn of its own. 0, -EINVAL for what is no
 * institution id, or the store's failure. */
int registry_found(struct store_txn *txn, const char *institution_id, const char *name, const uint8_t public_key[32],
                   struct instant now);
