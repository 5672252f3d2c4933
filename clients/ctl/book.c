/* book.c - `referralctl book`: search, choose, hold, confirm; nothing is left held when it comes to nothing (Q5, Q7,
 * Q8). */
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "connect.h"
#include "handlers.h"
#include "progress.h"
#include "query.h"
#include "wire/wire.h"
#include "wizard.h"

#define HOLD_MINUTES_MAX 30 /* Q7 */

/* The class of place that a kind of referral wants; NULL: it must be said. */
static const char *class_of_kind(const char *kind)
{
    static const struct {
        const char *kind, *class;
    } classes[] = {{"OUTPATIENT", "EXPERT"}, {"INPATIENT", "BED"}, {"EXAMINATION", "EXAM"}};

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(kind, classes[i].kind) == 0)
            return classes[i].class;
    return NULL;
}

static void set_default(json_t *query, const char *member, const char *text)
{
    if (json_object_get(query, member) == NULL && text != NULL && text[0] != '\0')
        json_object_set_new(query, member, json_string(text));
}

/* What options do not say, the referral says. */
static int complete_query(struct wizard *wizard)
{
    json_t *summary = json_object_get(wizard->view, "summary");

    set_default(wizard->query, "hospital", wizard_text(summary, "receiver"));
    set_default(wizard->query, "department", wizard_text(summary, "department"));
    set_default(wizard->query, "class", class_of_kind(wizard_text(summary, "kind")));
    set_default(wizard->query, "channel", "FAMILY_DOCTOR");
    if (json_object_get(wizard->query, "class") != NULL)
        return EXIT_OK;
    ctl_complain(wizard->ctl, "%s",
                 ctl_say(wizard->ctl, "请用 --class 指明号源类别", "say which class of place: --class"));
    return EXIT_USAGE;
}

static bool is_of_class(const struct wizard *wizard, json_t *object)
{
    return strcmp(wizard_text(object, "class"), wizard_text(wizard->query, "class")) == 0;
}

/* The rows of the referral that are of this class, as `member` of the answer; NULL: it cannot be asked. A new
 * reference. */
static json_t *of_referral(struct wizard *wizard, Referral__Kind kind, const char *member)
{
    json_t *answer = NULL, *rows = NULL;

    if (wizard_ask(wizard, kind, json_pack("{s:s}", "referral_id", wizard_referral(wizard)), &answer) == EXIT_OK)
        rows = json_incref(json_object_get(answer, member));
    json_decref(answer);
    return rows;
}

/* What it has of this class is booked: no other (Q5). What is held, or offered, is decided on first; it is not ours to
 * give back. */
static enum wizard_step find_booking(struct wizard *wizard)
{
    json_t *rows = of_referral(wizard, REFERRAL__KIND__LIST_BOOKINGS, "bookings"), *booking;
    enum wizard_step step = WIZARD_CHOOSE;
    size_t i;

    json_array_foreach(rows, i, booking)
    {
        const char *state = wizard_text(booking, "state");

        if (!is_of_class(wizard, json_object_get(booking, "pool")))
            continue;
        if (strcmp(state, "PLACE_HELD") == 0)
            step = WIZARD_HOLDS;
        else if (strcmp(state, "PLACE_BOOKED") == 0)
            step = WIZARD_HAS_PLACE;
        else
            continue;
        wizard_keep_booking(wizard, booking, false);
    }
    json_decref(rows);
    return step;
}

static enum wizard_step find_entry(struct wizard *wizard)
{
    json_t *rows = of_referral(wizard, REFERRAL__KIND__LIST_WAITING, "entries"), *entry;
    enum wizard_step step = WIZARD_CHOOSE;
    size_t i;

    json_array_foreach(rows, i, entry) if (is_of_class(wizard, entry))
    {
        book_tell_entry(wizard, entry);
        step = WIZARD_HAS_PLACE;
    }
    json_decref(rows);
    return step;
}

static enum wizard_step find_place(struct wizard *wizard)
{
    enum wizard_step step = find_booking(wizard);

    return step == WIZARD_CHOOSE ? find_entry(wizard) : step;
}

static enum wizard_step walk(struct wizard *wizard)
{
    enum wizard_step step = WIZARD_BEGIN;

    while (step == WIZARD_BEGIN || step == WIZARD_CHOOSE || step == WIZARD_HOLDS)
        step = step == WIZARD_BEGIN    ? find_place(wizard)
               : step == WIZARD_CHOOSE ? book_choose(wizard)
                                       : book_hold(wizard);
    if (step == WIZARD_HAS_PLACE)
        prompt_say(
            &wizard->prompt, "%s",
            ctl_say(wizard->ctl, "该转诊已有同类号源或候补", "the referral has, or waits for, a place of this class"));
    if (step == WIZARD_BOOKED || (step == WIZARD_HAS_PLACE && wizard->booking != NULL))
        book_tell(wizard);
    else
        wizard_give_back(wizard);
    if (step == WIZARD_GAVE_UP)
        book_tell_nothing(wizard);
    return step;
}

static int exit_code_of(enum wizard_step step)
{
    switch (step) {
    case WIZARD_BOOKED:
    case WIZARD_WAITS:
        return EXIT_OK;
    case WIZARD_FAILED:
        return EXIT_NO_BROKER;
    case WIZARD_BEGIN:
    case WIZARD_CHOOSE:
    case WIZARD_HOLDS:
    case WIZARD_HAS_PLACE:
    case WIZARD_GAVE_UP:
        break;
    }
    return EXIT_REFUSED;
}

static int converse(struct wizard *wizard)
{
    int result = query_ask(wizard->ctl, wizard->client, REFERRAL__KIND__GET_REFERRAL,
                           json_object_get(wizard->query, "referral"), false, &wizard->view);

    json_object_del(wizard->query, "referral");
    if (result == EXIT_OK)
        result = complete_query(wizard);
    if (result == EXIT_OK)
        result = prompt_open(&wizard->prompt, wizard->ctl, wizard->client);
    if (result == EXIT_OK) {
        result = exit_code_of(walk(wizard));
        prompt_close(&wizard->prompt);
    }
    return result;
}

int book_run(struct ctl *ctl)
{
    struct wizard wizard = {.ctl = ctl};
    long long minutes = 0;
    int result = EXIT_USAGE;

    if (ctl_number(ctl, "minutes", 1, HOLD_MINUTES_MAX, &minutes))
        result = body_of_verb(ctl, kind_info(ctl->verb->kind)->body, &wizard.query);
    if (result == EXIT_OK)
        result = connect_open(ctl, 0, &wizard.client);
    if (result == EXIT_OK) {
        wizard.connected_ms = progress_clock_ms();
        json_object_set_new(wizard.query, "referral", json_pack("{s:s}", "referral_id", ctl->arguments[0]));
        result = converse(&wizard);
    }
    referral_reply_free(wizard.refusal);
    json_decref(wizard.booking);
    json_decref(wizard.view);
    json_decref(wizard.query);
    referral_close(wizard.client);
    return result;
}
