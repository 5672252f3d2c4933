/* life_clock.c - deadlines as the record keeps them, and what happens when they pass. */
#include "engine/life_clock.h"

#include "engine/binary.h"
#include "engine/settings.h"

/* Section 4: validity reaches this far beyond the last booked session. */
#define VALID_AFTER_SESSION_MS DAY_MS

const struct terms *life_terms(struct work *work, const char *receiver)
{
    struct terms *terms = cache_find(work->cache, CACHE_TERMS, bytes_text(receiver), bytes_text(""));

    if (terms != NULL)
        return terms;

    const struct registry_institution *institution = registry_institution(work, receiver);
    int offset_minutes = institution == NULL ? 0 : institution->offset_minutes;

    terms = arena_alloc(work->arena, sizeof *terms);
    terms->settings = settings_deadlines(work->txn, receiver);
    terms->calendar = settings_calendar(work->txn, work->arena, work->now, offset_minutes);
    return cache_keep(work->cache, CACHE_TERMS, bytes_text(receiver), bytes_text(""), terms);
}

static struct deadline deadline_of(const Record__Referral *row)
{
    return (struct deadline){.kind = (enum clock_kind)row->clock_kind,
                             .started_at = instant_of(row->clock_started_ms),
                             .warn_at = instant_of(row->clock_warn_ms),
                             .due_at = instant_of(row->clock_due_ms),
                             .warned = row->clock_warned,
                             .escalated = row->clock_escalated};
}

static void deadline_keep(Record__Referral *row, const struct deadline *deadline)
{
    FIELD_SET(row, clock_kind, deadline->kind);
    FIELD_SET(row, clock_started_ms, deadline->started_at.ms);
    FIELD_SET(row, clock_warn_ms, deadline->warn_at.ms);
    FIELD_SET(row, clock_due_ms, deadline->due_at.ms);
    FIELD_SET(row, clock_warned, deadline->warned);
    FIELD_SET(row, clock_escalated, deadline->escalated);
}

static void start_clock(struct work *work, struct life_of *life, enum clock_kind kind)
{
    const struct terms *terms = life_terms(work, life->row->receiver);
    struct deadline deadline =
        deadline_start(kind, (Referral__Priority)life->row->priority, work->now, &terms->settings, &terms->calendar);

    deadline_keep(life->row, &deadline);
}

void life_clock_begin(struct work *work, struct life_of *life)
{
    const struct deadline_settings *settings = &life_terms(work, life->row->receiver)->settings;
    bool emergency = life->row->priority == REFERRAL__PRIORITY__EMERGENCY;
    int64_t validity_ms = emergency ? settings->emergency_validity_ms : settings->validity_ms;

    FIELD_SET(life->row, valid_until_ms, instant_after(work->now, validity_ms).ms);
    start_clock(work, life, deadline_kind((enum life)life->row->life, SUBMITTED, false));
}

/* What ends the waiting before anybody did what was asked is no cure. */
static bool is_given_up(enum event event)
{
    return event == EXPIRE || event == CANCEL || event == ANNUL || event == MISS;
}

bool life_clock_follow(struct work *work, struct life_of *life, enum event event, struct deadline *ret_stopped)
{
    Record__Referral *row = life->row;
    enum state state = (enum state)row->state;
    enum clock_kind kind = deadline_kind((enum life)row->life, state, row->has_answered_at_ms);

    *ret_stopped = deadline_of(row);
    if (state != BOOKED)
        FIELD_CLEAR(row, no_show_at_ms);
    if (!state_is_before_arrival(state))
        FIELD_CLEAR(row, valid_until_ms);
    if (kind == ret_stopped->kind && event != RETURN && event != RETURN_FAILED)
        return false;
    start_clock(work, life, kind);
    /* A receipt that is another's to confirm from now on is waited for anew: nothing is cured. */
    return ret_stopped->escalated && kind != ret_stopped->kind && !is_given_up(event);
}

void life_clock_book(struct work *work, struct life_of *life, struct instant session_end)
{
    const struct deadline_settings *settings = &life_terms(work, life->row->receiver)->settings;

    FIELD_SET(life->row, no_show_at_ms, instant_after(session_end, settings->no_show_after_ms).ms);
    life_clock_extend(work, life, session_end);
}

/* A referral does not expire before its no-show is assumed, however late its receiver has set that. */
void life_clock_extend(struct work *work, struct life_of *life, struct instant session_end)
{
    int64_t no_show_after_ms = life_terms(work, life->row->receiver)->settings.no_show_after_ms;
    bool later = no_show_after_ms > VALID_AFTER_SESSION_MS;
    struct instant valid = instant_after(session_end, later ? no_show_after_ms : VALID_AFTER_SESSION_MS);

    if (state_is_before_arrival((enum state)life->row->state) && valid.ms > life->row->valid_until_ms)
        FIELD_SET(life->row, valid_until_ms, valid.ms);
}

static struct due due_of(const struct work *work, const Record__Referral *row)
{
    return (struct due){.deadline = deadline_of(row),
                        .valid_until = work_held_back(work, instant_of(row->valid_until_ms)),
                        .no_show_at = work_held_back(work, instant_of(row->no_show_at_ms))};
}

static void step_by_clock(struct work *work, struct life_of *life, enum event event)
{
    const Record__Referral *row = life->row;
    const struct transition *transition = lifecycle_find((enum life)row->life, (enum state)row->state, event, BY_CLOCK,
                                                         (Referral__Priority)row->priority);
    struct step step = {.event = event, .by = BY_CLOCK, .by_name = "clock", .assumed = event == MISS};

    life_step(work, life, transition, &step); /* there is one: life_clock_follow clears what no longer applies */
}

static void tell_deadline(struct work *work, struct life_of *life, enum event event)
{
    const struct deadline deadline = deadline_of(life->row);

    life_tell(work, life, event, "clock", clock_kind_name(deadline.kind), deadline.due_at);
}

/* A no-show is assumed at the very instant at which the validity would end: the sender, told only now, has a day to
 * book again. */
static void leave_time_to_rebook(struct work *work, struct life_of *life)
{
    struct instant until = instant_after(work->now, VALID_AFTER_SESSION_MS);

    if (until.ms > life->row->valid_until_ms)
        FIELD_SET(life->row, valid_until_ms, until.ms);
}

static void fall_due(struct work *work, struct life_of *life, enum due_kind kind)
{
    switch (kind) {
    case DUE_WARN:
        FIELD_SET(life->row, clock_warned, true);
        tell_deadline(work, life, life->row->clock_kind == CLOCK_RECEIPT ? REMINDER : WARNING);
        break;
    case DUE_ESCALATE:
        FIELD_SET(life->row, clock_escalated, true);
        tell_deadline(work, life, ESCALATED);
        break;
    case DUE_NO_SHOW:
        step_by_clock(work, life, MISS);
        leave_time_to_rebook(work, life);
        break;
    case DUE_EXPIRE:
        step_by_clock(work, life, EXPIRE);
        break;
    case DUE_NOTHING:
        break;
    }
}

bool life_clock_run(struct work *work, struct life_of *life)
{
    bool ran = false;

    while (store_failure(work->txn) == 0) {
        struct due due = due_of(work, life->row);
        struct instant at;
        enum due_kind kind = due_next(&due, &at);

        if (kind == DUE_NOTHING || !instant_is_due(at, work->now))
            return ran;
        work->catching_up++;
        fall_due(work, life, kind);
        work->catching_up--;
        ran = true;
    }
    return ran;
}

void life_clock_save(struct work *work, struct life_of *life)
{
    uint8_t key[ID_KEY_SIZE];
    struct due due = due_of(work, life->row);
    struct instant old = instant_of(life->row->due_ms), at = instant_of(0);

    if (due_next(&due, &at) == DUE_NOTHING)
        at = instant_of(0);
    if (at.ms == old.ms)
        return;
    id_to_key(key, life->id);
    if (instant_is_set(old))
        due_delete(work->txn, old, DUE_REFERRAL, bytes_of(key, sizeof key));
    if (instant_is_set(at))
        due_add(work->txn, at, DUE_REFERRAL, bytes_of(key, sizeof key));
    FIELD_SET(life->row, due_ms, at.ms);
}
