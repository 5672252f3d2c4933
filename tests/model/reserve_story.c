/* reserve_story.c - a command as a line that people read. */
#include "reserve_model.h"

#include <stdio.h>
#include <string.h>

static const char *const op_names[OP_COUNT] = {
    [OP_CLOCK] = "the clock", [OP_SUBMIT] = "submits",      [OP_EVENT] = "event",        [OP_PUT] = "puts",
    [OP_CUT] = "cuts",        [OP_CANCEL_POOL] = "cancels", [OP_BLOCK] = "blocks",       [OP_UNBLOCK] = "unblocks",
    [OP_GROUP] = "groups",    [OP_HOLD] = "holds",          [OP_BOOK] = "books",         [OP_CONFIRM] = "confirms",
    [OP_CANCEL] = "cancels",  [OP_MOVE] = "moves",          [OP_DISPLACE] = "displaces", [OP_MARK] = "marks",
    [OP_JOIN] = "joins list", [OP_LEAVE] = "leaves list",   [OP_WEEK] = "puts week",     [OP_DROP_WEEK] = "drops week",
};

struct line {
    char *out;
    size_t size;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *format, ...)
{
    size_t used = strlen(line->out);
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    vsnprintf(line->out + used, line->size - used, format, arguments);
    __builtin_va_end(arguments);
}

static void add_time(struct line *line, const char *what, int64_t at_ms)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ms == 0)
        return;
    instant_format_local(text, instant_of(at_ms), RESERVE_OFFSET_MINUTES);
    add(line, "%s%s:%02lld.%03lld", what, text + 5, (long long)(at_ms / SECOND_MS % 60),
        (long long)(at_ms % SECOND_MS));
}

static void add_pool(struct line *line, const struct command *command)
{
    const struct slot *slot = &reserve_slots[command->slot];
    static const char *const classes[] = {"", "EXPERT", "BED", "EXAM"};

    add(line, " pool %d (%s %s %s, day %d)", command->slot, classes[slot->class], slot->department, slot->resource,
        slot->day);
}

static void add_picked(struct line *line, const struct command *command)
{
    for (int i = 0; i < command->picked_count; i++)
        add(line, "%s%d", i == 0 ? ", units " : " ", command->picked[i]);
}

static void add_terms(struct line *line, const struct command *command)
{
    for (int i = 0; i < command->run_count; i++)
        add(line, ", %d units at %02d:%02d each %d min", command->runs[i].count, command->runs[i].start_minute / 60,
            command->runs[i].start_minute % 60, command->runs[i].minutes);
    if (command->reserve_bp != 0)
        add(line, ", p %d", command->reserve_bp);
    if (command->span != 0)
        add(line, ", span %d", command->span);
    add_time(line, ", family from ", command->fd_opens_at);
    add_time(line, ", general from ", command->general_opens_at);
    add_time(line, ", release ", command->release_at);
}

static void add_taking(struct line *line, const struct command *command)
{
    add(line, ", %d unit(s)", command->count);
    if (command->first != 0)
        add(line, " from %d", command->first);
    add(line, ", %s", command->channel == REFERRAL__CHANNEL__GENERAL ? "general" : "family");
    if (command->referral != NOBODY)
        add(line, ", referral #%d", command->referral);
    if (command->reference)
        add(line, ", own reference");
    if (command->minutes != 0)
        add(line, ", for %d min", command->minutes);
    if (command->allotment)
        add(line, ", allotment");
    if (command->op == OP_JOIN)
        add(line, ", %s, days %d to %d", command->any_resource ? "any resource" : "this resource", command->first_day,
            command->last_day);
}

static void add_referral(struct line *line, const struct command *command)
{
    static const char *const priorities[] = {"", "emergency", "urgent", "routine"};

    add(line, " referral #%d to %s, %s, patient %d", command->label, reserve_who[command->receiver],
        priorities[command->priority], command->patient);
    if (command->team != 0)
        add(line, ", team %d", command->team);
}

static void add_session(struct line *line, const struct session *session, int day)
{
    if (day == NOBODY)
        add(line, "; weekday %d", session->weekday);
    else
        add(line, "; day %d", day);
    add(line, " %s", reserve_slots[session->slot].resource);
    for (int i = 0; i < session->run_count; i++)
        add(line, " %dx%d'@%d", session->runs[i].count, session->runs[i].minutes, session->runs[i].start_minute);
    if (session->reserve_bp != 0)
        add(line, " p %d", session->reserve_bp);
    if (session->span != 0)
        add(line, " span %d", session->span);
    if (session->release_before != NOBODY)
        add(line, " release -%d'", session->release_before);
}

static void add_week(struct line *line, const struct command *command)
{
    const struct week *week = &command->week;

    add(line, " %d%s, days %d to %d, horizon %d", reserve_week_number(command->slot, week->id),
        week->grouped ? " grouped" : "", week->first_day, week->end_day, week->horizon);
    if (week->family.minute != NOBODY)
        add(line, ", family -%d %d'", week->family.days_before, week->family.minute);
    if (week->general.minute != NOBODY)
        add(line, ", general -%d %d'", week->general.days_before, week->general.minute);
    for (int i = 0; i < week->session_count; i++)
        add_session(line, &week->sessions[i], NOBODY);
    for (int i = 0; i < week->exception_count; i++) {
        add(line, "; not day %d", week->exceptions[i].day);
        for (int s = 0; s < week->exceptions[i].session_count; s++)
            add_session(line, &week->exceptions[i].sessions[s], week->exceptions[i].day);
    }
    if (week->displace)
        add(line, "; displaces");
}

static void add_details(struct line *line, const struct command *command)
{
    switch (command->op) {
    case OP_SUBMIT:
        add_referral(line, command);
        return;
    case OP_EVENT:
        add(line, " %s on referral #%d",
            protobuf_c_enum_descriptor_get_value(&referral__event_type__descriptor, (int)command->event)->name,
            command->referral);
        return;
    case OP_PUT:
    case OP_GROUP:
        add_pool(line, command);
        add_terms(line, command);
        return;
    case OP_CUT:
    case OP_CANCEL_POOL:
    case OP_BLOCK:
    case OP_UNBLOCK:
        add_pool(line, command);
        if (command->picked_count == 0 && command->op != OP_CANCEL_POOL)
            add(line, ", %d units", command->count);
        return;
    case OP_HOLD:
    case OP_BOOK:
    case OP_JOIN:
        add_pool(line, command);
        add_taking(line, command);
        return;
    case OP_LEAVE:
        add(line, " entry %d of #%d", command->entry.nth, command->entry.label);
        return;
    case OP_MOVE:
    case OP_CONFIRM:
    case OP_CANCEL:
    case OP_DISPLACE:
    case OP_MARK:
        add(line, " booking %d of #%d", command->booking.nth, command->booking.label);
        break;
    case OP_WEEK:
        add_week(line, command);
        return;
    case OP_DROP_WEEK:
        add(line, " %d", reserve_week_number(command->slot, command->week.id));
        return;
    case OP_CLOCK:
    case OP_COUNT:
        return;
    }
    if (command->op == OP_MOVE) {
        add(line, " to");
        add_pool(line, command);
        if (command->first != 0)
            add(line, " from unit %d", command->first);
    }
    if (command->op == OP_MARK)
        add(line, command->mark == REFERRAL__BOOKING_STATE__PLACE_USED ? " used" : " missed");
}

void reserve_tell(char *out, size_t size, const struct command *command)
{
    struct line line = {out, size};

    out[0] = '\0';
    add_time(&line, "[", command->at_ms);
    add(&line, "]%s%s #%d %s %s", command->doubt ? " in doubt" : "",
        command->late    ? " late"
        : command->apart ? " apart"
                         : "",
        command->label, command->op == OP_CLOCK ? "" : reserve_who[command->who], op_names[command->op]);
    add_details(&line, command);
    add_picked(&line, command);
    if (command->reason != 0)
        add(&line, ", reason %d", command->reason);
    if (command->displace)
        add(&line, ", displaces");
}
