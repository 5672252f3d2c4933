/* names.h - the names of institutions, for tables that would otherwise show their ids alone. */
#pragma once
#include <jansson.h>

#include "ctl.h"

/* Puts the name behind the id: "121201151000010194 宝坻区人民医院", in this member of every row. Asks the broker; where it does not
 * say, the ids stay alone. */
void names_add(const struct ctl *ctl, json_t *rows, const char *member);
