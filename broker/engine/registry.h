/* registry.h - institutions, contacts, relations, delegations, teams, keys, pause (T1-T6, D9, P2). Handlers of the operator's commands. */
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

/* The first operator's institution and key, made by `referralctl init` in a turn of its own. */
int registry_found(struct store_txn *txn, const char *institution_id, const char *name, const uint8_t public_key[32], struct instant now);
