/* route.h - may this institution refer to that one? (T1-T4, T7) Pure. */
#pragma once
#include "base/instant.h"
#include "registry.pb-c.h"
#include "rules/refusal.h"

struct route {
    const Referral__Institution *sender, *receiver; /* receiver NULL: unknown */
    const Referral__Relation *relation;             /* sender -> receiver, explicit; NULL: none */
    Referral__Direction direction;
    Referral__ReferralKind kind; /* 0: not said, as by an emergency (F5) */
    const char *department;      /* receiver's code; NULL: not named */
    bool emergency;
};

/* What an emergency goes ahead without (T7); each raises an alarm. Bits. */
enum route_gap { GAP_RELATION = 1, GAP_TIER = 2, GAP_CONTACT = 4, GAP_DEPARTMENT = 8 };

/* Adds every refusal; returns the gaps of an emergency (0 for others: theirs are refusals). */
int route_check(const struct route *route, struct findings *findings);
/* The direction the tiers give (T3): LATERAL for equal tiers, or where one has none. */
Referral__Direction route_direction(const Referral__Institution *sender, const Referral__Institution *receiver);
/* The contact for this direction (T2): DOWN's for DOWN, else UP's; NULL where its name or phone is missing. */
const Referral__Contact *route_contact(const Referral__Institution *institution, Referral__Direction direction);
/* T6: may this team book today? */
bool team_is_active(const Referral__Team *team, struct date today);
