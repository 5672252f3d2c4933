/* names.h - the names of institutions, for tables that would otherwise show their ids alone. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"

/* Puts the name behind the id: "121201151000010194 宝坻区人民医院", in this member of every row. Asks the broker; where
 * it does not say, the ids stay alone. */
void names_add(const struct ctl *ctl, json_t *rows, const char *member);
/* Names by id, a new reference; what the broker does not say is not there. */
json_t *names_read(const struct ctl *ctl, struct referral_client *client);
/* One institution's record, a new reference; NULL: the broker does not say. */
json_t *names_institution(const struct ctl *ctl, struct referral_client *client, const char *id);
/* The name of one of its departments; "" where it has none. */
const char *names_department(json_t *institution, const char *code);
