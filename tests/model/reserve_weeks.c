/* reserve_weeks.c - timetables as a client sends them, and what the engine's store holds of them beside what the model
 * has. */
#include "reserve_broker.h"

#define DAYS_OF_ALL 60

const char *broker_week_name(int id)
{
    return id == 0 ? "a week" : "the other"; /* in the order of their numbers */
}

/* ---- Sent ---- */

static void *blank(struct broker *broker, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(&broker->keep, descriptor->sizeof_message);

    protobuf_c_message_init(descriptor, message);
    return message;
}
#define BLANK(broker, type) ((void *)blank((broker), &referral__##type##__descriptor))

static Referral__TimetableSession *session_of(struct broker *broker, const struct session *session)
{
    Referral__TimetableSession *sent = BLANK(broker, timetable_session);

    if (session->weekday != 0)
        FIELD_SET(sent, weekday, (uint32_t)session->weekday);
    sent->resource = (char *)(uintptr_t)reserve_slots[session->slot].resource;
    sent->doctor = "Wang";
    sent->units = arena_alloc(&broker->keep, WEEK_RUNS_MAX * sizeof *sent->units);
    for (int i = 0; i < session->run_count; i++) {
        Referral__SessionRun *run = BLANK(broker, session_run);

        FIELD_SET(run, count, (uint32_t)session->runs[i].count);
        FIELD_SET(run, start_minute, (uint32_t)session->runs[i].start_minute);
        FIELD_SET(run, minutes, (uint32_t)session->runs[i].minutes);
        sent->units[sent->n_units++] = run;
    }
    if (session->reserve_bp != 0)
        FIELD_SET(sent, reserve_bp, (uint32_t)session->reserve_bp);
    if (session->span != 0)
        FIELD_SET(sent, span, (uint32_t)session->span);
    if (session->release_before != NOBODY)
        FIELD_SET(sent, release_before_minutes, (uint32_t)session->release_before);
    return sent;
}

static Referral__TimetableSession **sessions_of(struct broker *broker, const struct session *sessions, int count)
{
    Referral__TimetableSession **sent = arena_alloc(&broker->keep, SESSIONS_MAX * sizeof *sent);

    for (int i = 0; i < count; i++)
        sent[i] = session_of(broker, &sessions[i]);
    return sent;
}

static void add_exceptions(struct broker *broker, const struct week *week, Referral__Timetable *sent)
{
    sent->exceptions = arena_alloc(&broker->keep, EXCEPTIONS_MAX * sizeof *sent->exceptions);
    for (int i = 0; i < week->exception_count; i++) {
        Referral__TimetableException *exception = BLANK(broker, timetable_exception);

        exception->date = broker_date_text(broker, week->exceptions[i].day);
        exception->n_sessions = (size_t)week->exceptions[i].session_count;
        exception->sessions = sessions_of(broker, week->exceptions[i].sessions, week->exceptions[i].session_count);
        sent->exceptions[sent->n_exceptions++] = exception;
    }
}

static void add_openings(const struct week *week, Referral__Timetable *sent)
{
    if (week->family.minute != NOBODY) {
        FIELD_SET(sent, fd_opens_days_before, (uint32_t)week->family.days_before);
        FIELD_SET(sent, fd_opens_minute, (uint32_t)week->family.minute);
    }
    if (week->general.minute != NOBODY) {
        FIELD_SET(sent, general_opens_days_before, (uint32_t)week->general.days_before);
        FIELD_SET(sent, general_opens_minute, (uint32_t)week->general.minute);
    }
}

static Referral__Timetable *named(struct broker *broker, const struct command *command)
{
    Referral__Timetable *sent = BLANK(broker, timetable);

    sent->hospital = "H1";
    FIELD_SET(sent, class_, reserve_slots[command->slot].class);
    sent->department = (char *)(uintptr_t)reserve_slots[command->slot].department;
    sent->id = (char *)(uintptr_t)broker_week_name(command->week.id);
    return sent;
}

void *broker_pack_week(struct broker *broker, const struct command *command)
{
    const struct week *week = &command->week;
    Referral__Timetable *sent = named(broker, command);

    if (command->op == OP_DROP_WEEK)
        return sent;
    sent->n_sessions = (size_t)week->session_count;
    sent->sessions = sessions_of(broker, week->sessions, week->session_count);
    add_exceptions(broker, week, sent);
    add_openings(week, sent);
    sent->first_date = week->first_day == NOBODY ? NULL : broker_date_text(broker, week->first_day);
    sent->end_date = week->end_day == NOBODY ? NULL : broker_date_text(broker, week->end_day);
    if (week->horizon != 0)
        FIELD_SET(sent, horizon_days, (uint32_t)week->horizon);
    if (week->grouped)
        FIELD_SET(sent, grouped, true);
    if (week->displace) {
        FIELD_SET(sent, displace, true);
        sent->person = BLANK(broker, person);
        sent->person->name = "Zhao Min";
    }
    return sent;
}

/* ---- Compared ---- */

static bool is_conflict(const struct m_week *week, int day)
{
    for (int i = 0; i < week->conflict_count; i++)
        if (week->conflicts[i] == day)
            return true;
    return false;
}

static bool same_conflicts(struct broker *broker, const struct m_week *week, const struct timetable_key *key,
                           struct store_txn *txn, int from, int to)
{
    const char *class = protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, (int)key->class)->name;

    for (int day = from; day <= to; day++) {
        const char *subject = arena_format(&broker->turn, "H1/%s/%s/%s/%s", class, key->department, key->id,
                                           broker_date_text(broker, day));
        bool stands = alarm_row(txn, "timetable-conflict", subject) != NULL;

        if (stands != is_conflict(week, day))
            return broker_differs(broker, "timetable \"%s\" of %s: the alarm about day %d %s\n", key->id, class, day,
                                  stands ? "stands" : "does not stand");
    }
    return true;
}

static bool same_week(struct broker *broker, const struct m_week *week, const struct timetable_key *key,
                      struct store_txn *txn)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
    const Record__Timetable *row = timetable_row(txn, key);

    if ((row != NULL) != week->exists)
        return broker_differs(broker, "timetable \"%s\" of class %d: is%s there\n", key->id, key->class,
                              row == NULL ? " not" : "");
    if (row != NULL && row->next_day - date_to_days(base) != week->next_day)
        return broker_differs(broker, "timetable \"%s\" of class %d: published to day %lld, by the rules %d\n", key->id,
                              key->class, (long long)(row->next_day - date_to_days(base)), week->next_day);
    return true;
}

bool broker_same_weeks(struct broker *broker, const struct world *world, struct store_txn *txn, int from, int to)
{
    bool seen[WEEKS_MAX] = {false};

    for (int slot = 0; slot < SLOTS && world->weeks_said != 0; slot++)
        for (int id = 0; id < 2 && broker_begins_list(slot); id++) {
            int number = reserve_week_number(slot, id);
            struct timetable_key key = {.hospital = broker->hospital, .class = (uint8_t)reserve_slots[slot].class};

            if (seen[number])
                continue; /* of another department */
            seen[number] = true;
            memcpy(key.department, reserve_slots[slot].department, strlen(reserve_slots[slot].department));
            memcpy(key.id, broker_week_name(id), strlen(broker_week_name(id)));
            if (!same_week(broker, &world->weeks[number], &key, txn) ||
                !same_conflicts(broker, &world->weeks[number], &key, txn, from == NOBODY ? 0 : from,
                                to == NOBODY ? DAYS_OF_ALL : to))
                return false;
        }
    return true;
}

/* ---- Shown ---- */

static const struct m_week *week_shown(const struct world *world, const Referral__Timetable *shown)
{
    for (int i = 0; i < WEEKS_MAX; i++) {
        const struct m_week *week = &world->weeks[i];

        if (week->exists && reserve_slots[week->slot].class == shown->class_ &&
            strcmp(broker_week_name(week->plan.id), shown->id) == 0)
            return week;
    }
    return NULL;
}

static int count_sessions(const struct week *week)
{
    int count = week->session_count;

    for (int i = 0; i < week->exception_count; i++)
        count += week->exceptions[i].session_count;
    return count;
}

static int count_shown(const Referral__Timetable *shown)
{
    size_t count = shown->n_sessions;

    for (size_t i = 0; i < shown->n_exceptions; i++)
        count += shown->exceptions[i]->n_sessions;
    return (int)count;
}

bool broker_shows_weeks(struct broker *broker, const struct world *world, const Referral__TimetableList *list)
{
    size_t count = 0;

    for (int i = 0; i < WEEKS_MAX; i++)
        count += world->weeks[i].exists;
    if (list->n_timetables != count)
        return broker_differs(broker, "%zu timetables are shown, of %zu\n", list->n_timetables, count);
    for (size_t i = 0; i < count; i++) {
        const Referral__Timetable *shown = list->timetables[i];
        const struct m_week *week = week_shown(world, shown);

        if (week == NULL || strcmp(shown->published_to, broker_date_text(broker, week->next_day)) != 0 ||
            count_shown(shown) != count_sessions(&week->plan) || shown->grouped != week->plan.grouped ||
            (int)shown->n_exceptions != week->plan.exception_count)
            return broker_differs(broker, "timetable \"%s\" is shown otherwise, published to %s\n", shown->id,
                                  shown->published_to);
    }
    return true;
}

/* Each of those that stand is compared in the store; and there are no others. */
bool broker_shows_alarms(struct broker *broker, const struct world *world, const Referral__AlarmList *list)
{
    int shown = 0, count = 0;

    for (int i = 0; i < WEEKS_MAX; i++)
        count += world->weeks[i].conflict_count;
    for (size_t i = 0; i < list->n_alarms; i++)
        shown += strcmp(list->alarms[i]->code, "timetable-conflict") == 0;
    return shown == count ||
           broker_differs(broker, "%d days of timetables are told to be in conflict, of %d\n", shown, count);
}
