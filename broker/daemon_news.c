/* daemon_news.c - what the turn tells of itself becomes lines of the log. A message id leaves as its keyed hash only,
 * and of an alarm's subject the institution alone: the rest may be a hospital's own words (P1). */
#include "daemon_inside.h"
#include "sys/journal.h"
#include <stdio.h>
#include <string.h>

#define INSTITUTION_SIZE 72

/* What texts of the line point to. */
struct line {
    struct journal_about about;
    char referral_id[ID_TEXT_SIZE], institution[INSTITUTION_SIZE];
    uint8_t message_key[JOURNAL_KEY_SIZE];
};

/* Subjects are "broker", or begin with an institution: "H1", "H1/EXPERT/...", "T07>H1". */
static const char *institution_of(const char *subject, char out[INSTITUTION_SIZE])
{
    if (strcmp(subject, DAEMON_ALARM_SUBJECT) == 0)
        return NULL;
    snprintf(out, INSTITUTION_SIZE, "%.*s", (int)strcspn(subject, "/>"), subject);
    return out;
}

static void line_init(struct line *line, const struct daemon *daemon, const struct turn_news *news)
{
    line->about = (struct journal_about){.institution = news->institution};
    if (news->subject)
        line->about.institution = institution_of(news->subject, line->institution);
    if (id_is_set(news->referral)) {
        id_format(line->referral_id, store_identity(daemon->store)->short_name, news->referral);
        line->about.referral_id = line->referral_id;
    }
    if (news->message_id) {
        store_keyed_hash(daemon->store, bytes_text(news->message_id), line->message_key);
        line->about.message_key = line->message_key;
    }
}

static enum journal_event event_of(enum turn_news_kind kind)
{
    static const enum journal_event events[] = {
        [NEWS_COMMAND] = JOURNAL_command,
        [NEWS_SESSION_BEGUN] = JOURNAL_session_begun,
        [NEWS_SESSION_ENDED] = JOURNAL_session_ended,
        [NEWS_SESSION_LOST] = JOURNAL_session_lost,
        [NEWS_FAILED_DELIVERY] = JOURNAL_redelivery,
        [NEWS_DEAD_LETTER] = JOURNAL_dead_letter,
        [NEWS_ALARM_RAISED] = JOURNAL_alarm_raised,
        [NEWS_ALARM_CLEARED] = JOURNAL_alarm_cleared,
        [NEWS_STORE_REOPENED] = JOURNAL_store_reopened,
        [NEWS_ROW_DAMAGED] = JOURNAL_row_damaged,
    };
    return events[kind];
}

void daemon_on_news(void *user, const struct turn_news *news)
{
    struct daemon *daemon = user;
    enum journal_event event = event_of(news->kind);
    struct line line;
    if (news->kind == NEWS_ROW_DAMAGED)
        daemon->alarms.damaged_ms = clock_wall_ms();
    if (!journal_wants(event))
        return;
    line_init(&line, daemon, news);
    switch (news->kind) {
    case NEWS_COMMAND:
        journal_about(&line.about, event, "kind=%s code=%s", news->what, news->code ? news->code : "ok");
        break;
    case NEWS_SESSION_BEGUN:
    case NEWS_SESSION_ENDED:
        journal_about(&line.about, event, "sessions=%u", turn_counters(daemon->turn).sessions);
        break;
    case NEWS_SESSION_LOST:
        journal_about(&line.about, event, "why=%s", news->code);
        break;
    case NEWS_FAILED_DELIVERY:
    case NEWS_DEAD_LETTER:
        journal_about(&line.about, event, "cause=%s attempt=%u", news->code, news->attempt);
        break;
    case NEWS_ALARM_RAISED:
    case NEWS_ALARM_CLEARED:
        journal_about(&line.about, event, "alarm=%s", news->code);
        break;
    case NEWS_STORE_REOPENED:
        journal_about(&line.about, event, "the store was opened anew after a write failed");
        break;
    case NEWS_ROW_DAMAGED:
        journal_about(&line.about, event, "%s", store_error(daemon->store));
        break;
    }
}

void daemon_note_refused_key(struct daemon *daemon, const uint8_t public_key[32], struct bytes address)
{
    char hex[2 * 8 + 1];
    hex_encode(hex, bytes_of(public_key, 8));
    if (daemon->serving) /* the self-test is a stranger, too */
        journal(JOURNAL_key_refused, "key=%s address=%.*s", hex, (int)address.size, (const char *)address.data);
}
