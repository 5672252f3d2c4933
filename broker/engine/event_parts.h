/* event_parts.h - what the files of the events share; included by nobody else.
 *
 * event.c: the one path of all events. event_check.c: which fields, what they must say. event_amend.c,
 * event_redirect.c, event_book.c: the three that carry more than a step. */
#pragma once
#include "engine/life.h"

struct happening { /* one EVENT on its way through checks and writes */
    struct work *work;
    struct life_of *life;
    const Referral__Event *event;
    enum event type;
    int by; /* the party bit the actor acts as */
    const struct transition *row;
    const struct registry_institution *sender, *receiver; /* of the referral */
    const struct registry_institution *new_receiver;      /* REDIRECT */
    int gaps;                                             /* T7, of an emergency's REDIRECT */
    const struct admission *admission;                    /* AMEND */
    const char *child_referral_id;                        /* REDIRECT */
};

/* Findings for fields the type does not use, and for what the row needs and the event lacks. */
void event_check_fields(const struct happening *happening);

/* What each must find beyond that; findings are added. Afterwards nothing refuses. */
void event_check_amend(struct happening *happening);
void event_check_redirect(struct happening *happening);
void event_check_place(struct happening *happening);
void event_check_unit(struct happening *happening);
/* Writes that come before the step. */
void event_amend(struct happening *happening);
void event_redirect(struct happening *happening);
void event_book(struct happening *happening);
