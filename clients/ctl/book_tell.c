/* book_tell.c - what the team reads to the patient. */
#include <stdlib.h>

#include "labels.h"
#include "moment.h"
#include "names.h"
#include "place.pb-c.h"
#include "pool_text.h"
#include "table.h"
#include "wizard.h"

static void add(json_t *rows, const char *label, json_t *text)
{
    json_array_append_new(rows, json_pack("{s:s, s:o}", "label", label, "text", text));
}

/* "2026-12-02 Wed 08:10-08:20" */
static json_t *when(const struct ctl *ctl, json_t *booking)
{
    const char *date = wizard_text(json_object_get(booking, "pool"), "date");
    char start[MOMENT_TEXT_SIZE], end[MOMENT_TEXT_SIZE];

    moment_format_time(start, wizard_number(booking, "start_ms"));
    moment_format_time(end, wizard_number(booking, "end_ms"));
    return json_sprintf("%s %s %s-%s", date, moment_weekday(date, ctl->zh), start, end);
}

static void print_booking(struct wizard *wizard, json_t *booking)
{
    const struct ctl *ctl = wizard->ctl;
    json_t *rows = json_array(), *pool = json_object_get(booking, "pool");
    json_t *summary = json_object_get(wizard->view, "summary"),
           *contact = json_object_get(wizard->view, "receiver_contact");
    const char *department = wizard_text(pool, "department"), *id = wizard_text(pool, "hospital");
    json_t *hospital = names_institution(ctl, wizard->client, id);
    char *session = pool_text_session(pool, wizard_text(booking, "doctor"));

    add(rows, ctl_say(ctl, "已预约", "booked"), json_string(wizard_text(booking, "booking_id")));
    add(rows, ctl_say(ctl, "转诊", "referral"),
        json_sprintf("%s %s", wizard_referral(wizard), wizard_text(summary, "sender_reference")));
    add(rows, ctl_say(ctl, "团队", "team"), json_string(wizard_text(summary, "team_id")));
    add(rows, ctl_say(ctl, "时间", "when"), when(ctl, booking));
    add(rows, ctl_say(ctl, "地点", "where"),
        json_sprintf("%s %s, %s %s", id, wizard_text(hospital, "name"), department,
                     names_department(hospital, department)));
    add(rows, ctl_say(ctl, "号源", "session"),
        json_sprintf("%s %s", label_of_value(&referral__place_class__descriptor, wizard_text(pool, "class"), ctl->zh),
                     session == NULL ? "" : session));
    add(rows, ctl_say(ctl, "联系人", "contact"),
        json_sprintf("%s %s", wizard_text(contact, "name"), wizard_text(contact, "phone")));
    table_pairs(ctl, rows);
    free(session);
    json_decref(hospital);
    json_decref(rows);
}

void book_tell(struct wizard *wizard)
{
    json_t *answer;

    wizard->told = true;
    if (!wizard->ctl->json) {
        print_booking(wizard, wizard->booking);
        return;
    }
    answer = json_pack("{s:s, s:O, s:O*}", "referral_id", wizard_referral(wizard), "booking", wizard->booking,
                       "receiver_contact", json_object_get(wizard->view, "receiver_contact"));
    table_json(wizard->ctl, answer);
    json_decref(answer);
}

void book_tell_entry(struct wizard *wizard, json_t *entry)
{
    const struct ctl *ctl = wizard->ctl;
    json_t *answer;

    wizard->told = true;
    if (ctl->json) {
        answer = json_pack("{s:s, s:O}", "referral_id", wizard_referral(wizard), "entry", entry);
        table_json(ctl, answer);
        json_decref(answer);
        return;
    }
    fprintf(ctl->out,
            ctl_say(ctl, "已列入候补 %s: %s 至 %s, 有空号时会通知团队, 须在时限内确认 (referralctl book %s)\n",
                    "in the wait-list as %s, %s to %s: the team is told of an offer, and confirms it in time "
                    "(referralctl book %s)\n"),
            wizard_text(entry, "entry_id"), wizard_text(entry, "first_date"), wizard_text(entry, "last_date"),
            wizard_referral(wizard));
}

void book_tell_nothing(struct wizard *wizard)
{
    json_t *answer;

    if (!wizard->ctl->json || wizard->told)
        return;
    answer = json_pack("{s:s}", "referral_id", wizard_referral(wizard));
    table_json(wizard->ctl, answer);
    json_decref(answer);
}
