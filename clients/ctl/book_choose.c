/* book_choose.c - from what is free to what is held (or, with --yes, booked); where nothing is, to the wait-list. */
#include <stdlib.h>
#include <string.h>

#include "free_places.h"
#include "moment.h"
#include "query.h"
#include "wizard.h"

#define SEARCH_ROWS 200
#define SCREEN_ROWS 15
#define LIST_DAYS   14
#define MS_OF_A_DAY 86400000
#define ANSWER_SIZE 64

/* ---- Taking ---- */

/* Somebody was faster, or it is not for this channel now: another one may do. */
static bool another_may_do(const char *code)
{
    static const char *const codes[] = {"NO_FREE",         "RESERVED", "GENERAL_CLOSED", "UNIT_TAKEN",
                                        "NOT_CONSECUTIVE", "STARTED",  "NOT_OPEN_YET",   "POOL_CANCELLED"};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static json_t *take_body(const struct wizard *wizard, json_t *pool, uint32_t unit)
{
    json_t *body =
        json_pack("{s:O, s:O, s:s, s:O*}", "pool", pool, "channel", json_object_get(wizard->query, "channel"),
                  "referral_id", wizard_referral(wizard), "units", json_object_get(wizard->query, "units"));

    if (unit != 0)
        json_object_set_new(body, "first_unit", json_integer(unit));
    wizard_add_person(wizard, body);
    return body;
}

/* Held, or booked at once where nobody is to be asked any more. WIZARD_CHOOSE: refused, and another one may do. */
static enum wizard_step take(struct wizard *wizard, json_t *pool, uint32_t unit)
{
    json_t *body = take_body(wizard, pool, unit), *reply = NULL;
    bool at_once = ctl_has(wizard->ctl, "yes");
    long long minutes = 0;
    int result;

    ctl_number(wizard->ctl, "minutes", 0, INT32_MAX, &minutes);
    if (!at_once && minutes != 0)
        json_object_set_new(body, "hold_minutes", json_integer(minutes));
    result = wizard_command(wizard, at_once ? REFERRAL__KIND__BOOK_PLACE : REFERRAL__KIND__HOLD_PLACE, body, &reply);
    if (result == EXIT_OK)
        wizard_keep_booking(wizard, json_object_get(reply, "booking"), !at_once);
    json_decref(reply);
    if (result == EXIT_REFUSED && another_may_do(wizard_refused(wizard)))
        return WIZARD_CHOOSE;
    if (result == EXIT_REFUSED)
        wizard_tell_refusal(wizard, true);
    if (result != EXIT_OK)
        return result == EXIT_REFUSED ? WIZARD_GAVE_UP : WIZARD_FAILED;
    return at_once ? WIZARD_BOOKED : WIZARD_HOLDS;
}

enum wizard_step book_take_again(struct wizard *wizard)
{
    json_t *booking = wizard->booking, *units = json_object_get(booking, "units");
    json_t *pool = json_incref(json_object_get(booking, "pool"));
    uint32_t unit = (uint32_t)json_integer_value(json_array_get(units, 0));
    enum wizard_step step;

    wizard->ours = false; /* it has lapsed */
    wizard_give_back(wizard);
    step = take(wizard, pool, unit);
    if (step == WIZARD_CHOOSE)
        wizard_tell_refusal(wizard, false);
    json_decref(pool);
    return step;
}

/* ---- The wait-list ---- */

/* Days are those of the search; where it named none, from today on. */
static void add_days(const struct wizard *wizard, json_t *body)
{
    int64_t now_ms = referral_welcome(wizard->client)->now_ms;
    json_t *first = json_object_get(wizard->query, "first_date"), *last = json_object_get(wizard->query, "last_date");
    char text[MOMENT_TEXT_SIZE];

    if (first == NULL) {
        moment_format(text, now_ms);
        json_object_set_new(body, "first_date", json_stringn(text, 10));
    }
    if (last == NULL) {
        int64_t from_ms = now_ms;

        if (first != NULL)
            moment_parse(json_string_value(first), &from_ms);
        moment_format(text, from_ms + (int64_t)LIST_DAYS * MS_OF_A_DAY);
        json_object_set_new(body, "last_date", json_stringn(text, 10));
    }
}

static enum wizard_step join(struct wizard *wizard)
{
    static const char *const members[] = {"hospital",   "class",     "department", "resource",
                                          "first_date", "last_date", "channel",    "units"};
    json_t *body = json_pack("{s:s}", "referral_id", wizard_referral(wizard)), *reply = NULL, *entry;
    int result;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(wizard->query, members[i]) != NULL)
            json_object_set(body, members[i], json_object_get(wizard->query, members[i]));
    add_days(wizard, body);
    wizard_add_person(wizard, body);
    result = wizard_command(wizard, REFERRAL__KIND__JOIN_LIST, body, &reply);
    if (result == EXIT_REFUSED)
        wizard_tell_refusal(wizard, true);
    if (result != EXIT_OK) {
        json_decref(reply);
        return result == EXIT_REFUSED ? WIZARD_GAVE_UP : WIZARD_FAILED;
    }
    entry = json_object_get(reply, "entry");

    bool offered = wizard_keep_booking(wizard, json_object_get(entry, "offer"), false); /* Q8: something came free */

    if (!offered)
        book_tell_entry(wizard, entry);
    json_decref(reply);
    return offered ? WIZARD_HOLDS : WIZARD_WAITS;
}

static enum wizard_step nothing_free(struct wizard *wizard, json_t *places)
{
    const struct ctl *ctl = wizard->ctl;
    struct ctl conversation = *ctl;

    conversation.out = ctl->err;
    prompt_say(&wizard->prompt, "%s", ctl_say(ctl, "没有可约的号源", "nothing is free"));
    if (json_array_size(places) != 0)
        free_places_offer(&conversation, places, 1);
    if (ctl_has(ctl, "waitlist"))
        return join(wizard);
    if (ctl_has(ctl, "first"))
        return WIZARD_GAVE_UP;
    prompt_draw(&wizard->prompt,
                ctl_say(ctl, "[1]列入候补 [2]再查一次 [3]放弃: ", "join the [w]ait-list, [s]earch again, [g]ive up: "));
    switch (prompt_key(&wizard->prompt, "wsg", -1)) {
    case 'w':
        return join(wizard);
    case 's':
        return WIZARD_CHOOSE;
    default:
        return WIZARD_GAVE_UP;
    }
}

/* ---- Choosing ---- */

static json_t *free_place(json_t *places, size_t number)
{
    json_t *place;
    size_t i;

    json_array_foreach(places, i, place) if (free_places_is_bookable(place) && --number == 0) return place;
    return NULL;
}

static size_t count_free(json_t *places)
{
    json_t *place;
    size_t i, count = 0;

    json_array_foreach(places, i, place) count += free_places_is_bookable(place);
    return count;
}

/* Each one in turn until one is taken: at 07:00 everybody wants the first. */
static enum wizard_step take_first(struct wizard *wizard, json_t *places)
{
    size_t count = count_free(places);
    enum wizard_step step = WIZARD_CHOOSE;

    for (size_t number = 1; number <= count && step == WIZARD_CHOOSE; number++)
        step = take(wizard, json_object_get(free_place(places, number), "pool"), 0);
    return step == WIZARD_CHOOSE ? nothing_free(wizard, NULL) : step;
}

struct choice {
    json_t *place; /* NULL: none */
    uint32_t unit; /* 0: the earliest */
};

/* "3", or "3 08:40". */
static bool read_choice(struct wizard *wizard, json_t *places, char *answer, struct choice *ret_choice)
{
    char *rest = NULL, *number = strtok_r(answer, " @", &rest), *time = strtok_r(NULL, " @", &rest);
    struct choice choice = {.place = free_place(places, number == NULL ? 1 : strtoul(number, NULL, 10))};

    if (choice.place != NULL && time != NULL)
        choice.unit = free_places_unit_at(choice.place, time);
    if (choice.place == NULL || (time != NULL && choice.unit == 0)) {
        prompt_say(&wizard->prompt, "%s", ctl_say(wizard->ctl, "没有这一项", "there is no such place"));
        return false;
    }
    *ret_choice = choice;
    return true;
}

/* A screen of the list; returns how many of its places have a number. */
static size_t show_screen(struct wizard *wizard, json_t *places, size_t from, size_t number)
{
    struct ctl conversation = *wizard->ctl;
    json_t *screen = json_array();

    for (size_t i = from; i < from + SCREEN_ROWS && i < json_array_size(places); i++)
        json_array_append(screen, json_array_get(places, i));
    conversation.out = wizard->ctl->err;
    free_places_offer(&conversation, screen, number);
    number = count_free(screen);
    json_decref(screen);
    return number;
}

/* False: given up. */
static bool ask_choice(struct wizard *wizard, json_t *places, struct choice *ret_choice)
{
    const struct ctl *ctl = wizard->ctl;
    size_t shown = 0, numbered = 0;
    char answer[ANSWER_SIZE] = "m", question[128];

    for (;;) {
        if (answer[0] == 'm' && shown < json_array_size(places)) {
            numbered += show_screen(wizard, places, shown, numbered + 1);
            shown += SCREEN_ROWS;
        }
        bool more = shown < json_array_size(places);

        snprintf(question, sizeof question,
                 ctl_say(ctl, "选择 1-%zu, 可加时间如 \"1 08:40\"%s, g 放弃 [1]: ",
                         "which? 1-%zu, with a time if you like: \"1 08:40\"%s; g gives up [1]: "),
                 numbered, more ? ctl_say(ctl, ", m 更多", "; m shows more") : "");
        if (!prompt_line(&wizard->prompt, question, answer, sizeof answer) || answer[0] == 'g')
            return false;
        if (answer[0] != 'm' && read_choice(wizard, places, answer, ret_choice))
            return true;
    }
}

static enum wizard_step choose_from(struct wizard *wizard, json_t *places)
{
    struct choice choice;

    if (count_free(places) == 0)
        return nothing_free(wizard, places);
    if (ctl_has(wizard->ctl, "first"))
        return take_first(wizard, places);
    if (!ask_choice(wizard, places, &choice))
        return WIZARD_GAVE_UP;

    enum wizard_step step = take(wizard, json_object_get(choice.place, "pool"), choice.unit);

    if (step == WIZARD_CHOOSE)
        wizard_tell_refusal(wizard, false);
    return step;
}

enum wizard_step book_choose(struct wizard *wizard)
{
    json_t *query = json_copy(wizard->query), *answer = NULL;
    int result = query_ask_all(wizard->ctl, wizard->client, REFERRAL__KIND__SEARCH_PLACES, query, SEARCH_ROWS, &answer);
    enum wizard_step step = result == EXIT_REFUSED ? WIZARD_GAVE_UP : WIZARD_FAILED;

    if (result == EXIT_OK) {
        json_t *places = free_places_by_time(json_object_get(answer, "places"));

        step = choose_from(wizard, places);
        json_decref(places);
    }
    json_decref(answer);
    json_decref(query);
    return step;
}
