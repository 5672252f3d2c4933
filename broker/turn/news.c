/* news.c - what the turn tells of itself, for the log of whoever runs it. */
#include "turn/inside.h"

void turn_tell(const struct turn *turn, const struct turn_news *news)
{
    if (turn->options.watcher.tell != NULL)
        turn->options.watcher.tell(turn->options.watcher.user, news);
}

void turn_tell_session(const struct turn *turn, enum turn_news_kind kind, const struct session *session,
                       const char *why)
{
    turn_tell(turn, &(struct turn_news){.kind = kind, .institution = session->speaker.institution, .code = why});
}

static void tell_outcome(const struct turn *turn, const struct outcome *outcome)
{
    const struct session *session = sessions_of_epoch(&turn->sessions, outcome->session);
    const struct kind_info *kind = kind_info(outcome->kind);

    if (kind == NULL || (kind->class == KIND_DELIVERY && !outcome->refused))
        return; /* the daemon's own, and acks, which are too many */
    turn_tell(turn, &(struct turn_news){.kind = NEWS_COMMAND,
                                        .institution = session != NULL ? session->speaker.institution : NULL,
                                        .referral = outcome->referral,
                                        .message_id = outcome->message_id,
                                        .what = kind->name,
                                        .code = outcome->refused ? refusal_code(outcome->refusal) : NULL});
}

static void tell_notable(const struct turn *turn, const struct notable *notable)
{
    static const enum turn_news_kind kinds[] = {
        [NOTABLE_ALARM_RAISED] = NEWS_ALARM_RAISED,
        [NOTABLE_ALARM_CLEARED] = NEWS_ALARM_CLEARED,
        [NOTABLE_FAILED_DELIVERY] = NEWS_FAILED_DELIVERY,
        [NOTABLE_DEAD_LETTER] = NEWS_DEAD_LETTER,
    };
    bool is_alarm = notable->kind == NOTABLE_ALARM_RAISED || notable->kind == NOTABLE_ALARM_CLEARED;

    turn_tell(turn, &(struct turn_news){.kind = kinds[notable->kind],
                                        .institution = is_alarm ? NULL : notable->subject,
                                        .subject = is_alarm ? notable->subject : NULL,
                                        .referral = notable->referral,
                                        .code = notable->code,
                                        .attempt = notable->attempt});
}

void turn_tell_effects(const struct turn *turn)
{
    const struct effects *effects = &turn->effects;

    if (turn->options.watcher.tell == NULL)
        return;
    for (size_t i = 0; i < effects->outcome_count; i++)
        tell_outcome(turn, &effects->outcomes[i]);
    for (size_t i = 0; i < effects->notable_count; i++)
        tell_notable(turn, &effects->notables[i]);
}
