/* search.c - `search`: what the caller could book now, by which channel, and what opens later. */
#include <string.h>

#include "free_places.h"
#include "handlers.h"
#include "labels.h"
#include "names.h"
#include "query.h"
#include "referral.pb-c.h"
#include "table.h"

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text == NULL ? "" : text;
}

static const char *own_id(const struct ctl *ctl, struct referral_client *client)
{
    const char *acting_for = ctl_option(ctl, "acting-for");

    return acting_for != NULL ? acting_for : referral_welcome(client)->institution;
}

/* Where none is named: a hospital's schedulers book for everybody else, whoever refers for family doctors' patients
 * (Q5). */
static void choose_channel(const struct ctl *ctl, struct referral_client *client, json_t *query)
{
    json_t *own;

    if (json_object_get(query, "channel") != NULL)
        return;
    own = names_institution(ctl, client, own_id(ctl, client));
    json_object_set_new(query, "channel",
                        json_string(strcmp(text_of(own, "kind"), "HOSPITAL") == 0 ? "GENERAL" : "FAMILY_DOCTOR"));
    json_decref(own);
}

static void print_found(const struct ctl *ctl, const char *channel, json_t *answer, const char *own)
{
    json_t *places = free_places_by_time(json_object_get(answer, "places"));

    fprintf(ctl->out, ctl_say(ctl, "渠道: %s\n", "channel: %s\n"),
            label_of_value(&referral__channel__descriptor, channel, ctl->zh));
    free_places_print(ctl, places, own);
    json_decref(places);
    query_tell_of_more(ctl, answer);
}

int search_run(struct ctl *ctl)
{
    struct referral_client *client;
    json_t *query, *answer = NULL;
    int result = query_open(ctl, &client, &query);

    if (result == EXIT_OK) {
        choose_channel(ctl, client, query);
        result = query_answer(ctl, client, query, &answer);
    }
    if (result == EXIT_OK && ctl->json)
        table_json(ctl, answer);
    else if (result == EXIT_OK)
        print_found(ctl, text_of(query, "channel"), answer, own_id(ctl, client));
    json_decref(answer);
    json_decref(query);
    referral_close(client);
    return result;
}
