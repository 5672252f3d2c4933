/* wizard.h - what the parts of `referralctl book` share: one family-doctor team on the way to one place. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "prompt.h"

struct wizard {
    struct ctl *ctl;
    struct referral_client *client;
    int64_t connected_ms; /* of our monotonic clock: when the broker said what time it is */
    struct prompt prompt;
    json_t *view;    /* the ReferralView */
    json_t *query;   /* the PlaceQuery that finds places; its channel, class and units are those that are taken */
    json_t *booking; /* held or booked; NULL: none */
    bool ours;       /* the hold was taken by this run: it is given back when it comes to nothing */
    Referral__Reply *refusal; /* the last one; NULL: none yet */
    bool told;                /* how it ended is said, on the output stream */
};

/* What a step came to. */
enum wizard_step {
    WIZARD_BEGIN,     /* what has the referral of this class? */
    WIZARD_CHOOSE,    /* nothing is held: search and choose */
    WIZARD_HOLDS,     /* `booking` is held */
    WIZARD_BOOKED,    /* `booking` is booked */
    WIZARD_WAITS,     /* in the wait-list, and told so */
    WIZARD_HAS_PLACE, /* of this class already: `booking`, or an entry that was told */
    WIZARD_GAVE_UP,
    WIZARD_FAILED, /* told; the connection, a file */
};

/* wizard.c: one request each. Texts of an object; "" where absent. */
const char *wizard_text(json_t *object, const char *member);
int64_t wizard_number(json_t *object, const char *member);
const char *wizard_referral(const struct wizard *wizard);
/* Sends a command; takes `body`. EXIT_OK with the reply, a new reference (may be NULL: not wanted); EXIT_REFUSED: kept,
 * not told; else told. */
int wizard_command(struct wizard *wizard, Referral__Kind kind, json_t *body, json_t **ret_reply);
/* The last refusal. `final`: the run ends with it, as JSON where that is wanted. */
void wizard_tell_refusal(struct wizard *wizard, bool final);
/* Its first code; "" where there is none. */
const char *wizard_refused(const struct wizard *wizard);
/* Asks; takes `query`. EXIT_OK with a new reference; refusals are not told. */
int wizard_ask(struct wizard *wizard, Referral__Kind kind, json_t *query, json_t **ret_answer);
/* What a command says of booking or entry becomes `booking`; false: it says nothing. */
bool wizard_keep_booking(struct wizard *wizard, json_t *booking, bool ours);
/* --person and --phone, into the body of a command. */
void wizard_add_person(const struct wizard *wizard, json_t *body);
/* The hold is given back where it is ours, and forgotten; told where that cannot be done. */
void wizard_give_back(struct wizard *wizard);

/* book_choose.c: what is free, which of it, and the taking; or the wait-list. */
enum wizard_step book_choose(struct wizard *wizard);
/* The units of `booking`, whose hold has lapsed, once more. */
enum wizard_step book_take_again(struct wizard *wizard);
/* book_hold.c: the hold counts down until somebody decides. */
enum wizard_step book_hold(struct wizard *wizard);
/* book_tell.c: who, when, where, whom to call. */
void book_tell(struct wizard *wizard);
void book_tell_entry(struct wizard *wizard, json_t *entry);
/* For programs, where nothing else was told: it has no place. */
void book_tell_nothing(struct wizard *wizard);
