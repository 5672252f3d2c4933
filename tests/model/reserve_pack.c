/* reserve_pack.c - the model's commands as a client sends them. */
#include "reserve_broker.h"

static const uint32_t kinds[OP_COUNT] = {
    [OP_SUBMIT] = REFERRAL__KIND__SUBMIT,
    [OP_EVENT] = REFERRAL__KIND__EVENT,
    [OP_PUT] = REFERRAL__KIND__PUT_POOL,
    [OP_CUT] = REFERRAL__KIND__CUT_UNITS,
    [OP_CANCEL_POOL] = REFERRAL__KIND__CANCEL_POOL,
    [OP_BLOCK] = REFERRAL__KIND__BLOCK_UNITS,
    [OP_UNBLOCK] = REFERRAL__KIND__UNBLOCK_UNITS,
    [OP_GROUP] = REFERRAL__KIND__PUT_GROUP,
    [OP_HOLD] = REFERRAL__KIND__HOLD_PLACE,
    [OP_BOOK] = REFERRAL__KIND__BOOK_PLACE,
    [OP_CONFIRM] = REFERRAL__KIND__CONFIRM_PLACE,
    [OP_CANCEL] = REFERRAL__KIND__CANCEL_PLACE,
    [OP_MOVE] = REFERRAL__KIND__MOVE_PLACE,
    [OP_DISPLACE] = REFERRAL__KIND__DISPLACE_PLACE,
    [OP_MARK] = REFERRAL__KIND__MARK_PLACE,
    [OP_JOIN] = REFERRAL__KIND__JOIN_LIST,
    [OP_LEAVE] = REFERRAL__KIND__LEAVE_LIST,
    [OP_WEEK] = REFERRAL__KIND__PUT_TIMETABLE,
    [OP_DROP_WEEK] = REFERRAL__KIND__DELETE_TIMETABLE,
};

struct packing {
    struct arena *arena;
    struct broker *broker;
    const struct world *world;
    const struct command *command;
};

static void *blank(const struct packing *packing, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(packing->arena, descriptor->sizeof_message);

    protobuf_c_message_init(descriptor, message);
    return message;
}
#define BLANK(packing, type) ((void *)blank((packing), &referral__##type##__descriptor))

static const char *date_text(const struct packing *packing, int day)
{
    char text[DATE_TEXT_SIZE];
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);

    date_format(text, date_from_days(date_to_days(base) + day));
    return arena_text(packing->arena, text);
}

static char *id_text(const struct packing *packing, struct id id)
{
    char text[ID_TEXT_SIZE];

    id_format(text, "bd", id);
    return arena_text(packing->arena, text);
}

static char *referral_text(const struct packing *packing)
{
    int referral = reserve_find_referral(packing->world, packing->command->referral);

    return packing->command->referral == NOBODY ? NULL : id_text(packing, packing->broker->referrals[referral]);
}

static Referral__PoolRef *pool_ref_of(const struct packing *packing)
{
    const struct slot *slot = &reserve_slots[packing->command->slot];
    Referral__PoolRef *ref = BLANK(packing, pool_ref);

    ref->hospital = "H1";
    FIELD_SET(ref, class_, slot->class);
    ref->department = (char *)(uintptr_t)slot->department;
    ref->resource = (char *)(uintptr_t)slot->resource;
    ref->date = (char *)(uintptr_t)date_text(packing, slot->day);
    return ref;
}

static Referral__Person *person(const struct packing *packing)
{
    Referral__Person *who = BLANK(packing, person);

    who->name = "Zhao Min";
    return who;
}

static void *put_pool(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__Pool *pool = BLANK(packing, pool);
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
    struct date date = date_from_days(date_to_days(base) + reserve_slots[command->slot].day);

    pool->pool = pool_ref_of(packing);
    pool->doctor = "Wang";
    pool->units = arena_alloc(packing->arena, RUNS_MAX * sizeof *pool->units);
    for (int i = 0; i < command->run_count; i++) {
        Referral__UnitRun *run = BLANK(packing, unit_run);

        FIELD_SET(run, count, (uint32_t)command->runs[i].count);
        FIELD_SET(run, minutes, (uint32_t)command->runs[i].minutes);
        FIELD_SET(run, start_ms,
                  instant_of_local(date, command->runs[i].start_minute * MINUTE_MS, RESERVE_OFFSET_MINUTES).ms);
        pool->units[pool->n_units++] = run;
    }
    if (command->reserve_bp != 0)
        FIELD_SET(pool, reserve_bp, (uint32_t)command->reserve_bp);
    if (command->span != 0)
        FIELD_SET(pool, span, (uint32_t)command->span);
    if (command->fd_opens_at != 0)
        FIELD_SET(pool, fd_opens_at_ms, command->fd_opens_at);
    if (command->general_opens_at != 0)
        FIELD_SET(pool, general_opens_at_ms, command->general_opens_at);
    if (command->release_at != 0)
        FIELD_SET(pool, release_at_ms, command->release_at);
    if (command->displace) {
        FIELD_SET(pool, displace, true);
        pool->person = person(packing);
    }
    return pool;
}

static void *put_group(const struct packing *packing)
{
    const struct command *command = packing->command;
    const struct slot *slot = &reserve_slots[command->slot];
    Referral__PoolGroup *group = BLANK(packing, pool_group);

    group->hospital = "H1";
    FIELD_SET(group, class_, slot->class);
    group->department = (char *)(uintptr_t)slot->department;
    group->date = (char *)(uintptr_t)date_text(packing, slot->day);
    if (command->reserve_bp != 0)
        FIELD_SET(group, reserve_bp, (uint32_t)command->reserve_bp);
    if (command->span != 0)
        FIELD_SET(group, span, (uint32_t)command->span);
    if (command->fd_opens_at != 0)
        FIELD_SET(group, fd_opens_at_ms, command->fd_opens_at);
    if (command->general_opens_at != 0)
        FIELD_SET(group, general_opens_at_ms, command->general_opens_at);
    if (command->release_at != 0)
        FIELD_SET(group, release_at_ms, command->release_at);
    return group;
}

static uint32_t *picked(const struct packing *packing)
{
    uint32_t *units = arena_alloc(packing->arena, PICKED_MAX * sizeof *units);

    for (int i = 0; i < packing->command->picked_count; i++)
        units[i] = (uint32_t)packing->command->picked[i];
    return units;
}

static void *pool_change(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__PoolChange *change = BLANK(packing, pool_change);

    change->pool = pool_ref_of(packing);
    change->units = picked(packing);
    change->n_units = (size_t)command->picked_count;
    if (command->picked_count == 0 && command->op != OP_CANCEL_POOL)
        FIELD_SET(change, count, (uint32_t)command->count);
    if (command->op != OP_UNBLOCK) {
        FIELD_SET(change, reason, (Referral__BlockReason)command->reason);
        change->person = person(packing);
    }
    if (command->displace)
        FIELD_SET(change, displace, true);
    return change;
}

static void *take(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__TakePlace *taking = BLANK(packing, take_place);

    taking->pool = pool_ref_of(packing);
    FIELD_SET(taking, units, (uint32_t)command->count);
    if (command->first != 0)
        FIELD_SET(taking, first_unit, (uint32_t)command->first);
    FIELD_SET(taking, channel, command->channel);
    taking->referral_id = referral_text(packing);
    taking->reference = command->reference ? "MZ-1" : NULL;
    if (command->minutes != 0)
        FIELD_SET(taking, hold_minutes, (uint32_t)command->minutes);
    if (command->allotment)
        FIELD_SET(taking, allotment, true);
    taking->person = person(packing);
    return taking;
}

static void *place_change(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__PlaceChange *change = BLANK(packing, place_change);

    change->booking_id =
        id_text(packing, packing->broker->bookings[reserve_find_booking(packing->world, command->booking)]);
    change->person = person(packing);
    if (command->reason != 0)
        FIELD_SET(change, reason, (Referral__Reason)command->reason);
    change->units = picked(packing);
    change->n_units = (size_t)command->picked_count;
    if (command->op == OP_MARK) {
        FIELD_SET(change, state, command->mark);
        FIELD_SET(change, occurred_at_ms, command->occurred_at != 0 ? command->occurred_at : command->at_ms);
    }
    return change;
}

static void *move(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__MovePlace *moving = BLANK(packing, move_place);

    moving->booking_id =
        id_text(packing, packing->broker->bookings[reserve_find_booking(packing->world, command->booking)]);
    moving->pool = pool_ref_of(packing);
    if (command->first != 0)
        FIELD_SET(moving, first_unit, (uint32_t)command->first);
    moving->person = person(packing);
    return moving;
}

static void *join(const struct packing *packing)
{
    const struct command *command = packing->command;
    const struct slot *slot = &reserve_slots[command->slot];
    Referral__JoinList *joining = BLANK(packing, join_list);

    joining->hospital = "H1";
    FIELD_SET(joining, class_, slot->class);
    joining->department = (char *)(uintptr_t)slot->department;
    joining->resource = command->any_resource ? NULL : (char *)(uintptr_t)slot->resource;
    joining->first_date = (char *)(uintptr_t)date_text(packing, command->first_day);
    joining->last_date = (char *)(uintptr_t)date_text(packing, command->last_day);
    FIELD_SET(joining, units, (uint32_t)command->count);
    FIELD_SET(joining, channel, command->channel);
    joining->referral_id = referral_text(packing);
    joining->reference = command->reference ? "MZ-1" : NULL;
    joining->person = person(packing);
    return joining;
}

static void *leave(const struct packing *packing)
{
    Referral__LeaveList *leaving = BLANK(packing, leave_list);

    leaving->entry_id =
        id_text(packing, packing->broker->entries[reserve_find_entry(packing->world, packing->command->entry)]);
    leaving->person = person(packing);
    return leaving;
}

static void *event(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__Event *event = BLANK(packing, event);

    event->referral_id = referral_text(packing);
    FIELD_SET(event, type, command->event);
    event->person = person(packing);
    if (command->reason != 0)
        FIELD_SET(event, reason, (Referral__Reason)command->reason);
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_REQUEST_INFO ||
        command->event == REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO)
        event->text = "more";
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_ARRIVE)
        FIELD_SET(event, occurred_at_ms, command->at_ms);
    return event;
}

static void *patient(const struct packing *packing)
{
    Referral__Patient *patient = BLANK(packing, patient);

    patient->name = arena_format(packing->arena, "patient %d", packing->command->patient);
    FIELD_SET(patient, sex, REFERRAL__SEX__FEMALE);
    patient->birth_date = "1960-01-02";
    patient->no_id_reason = "not at hand";
    patient->address = "3 Mill Lane";
    patient->phone = "13900000002";
    return patient;
}

static void *sheet(const struct packing *packing)
{
    const struct command *command = packing->command;
    Referral__Sheet *sheet = BLANK(packing, sheet);
    Referral__Diagnosis *diagnosis = BLANK(packing, diagnosis);

    FIELD_SET(sheet, direction, command->who == WHO_H2 ? REFERRAL__DIRECTION__LATERAL : REFERRAL__DIRECTION__UP);
    FIELD_SET(sheet, kind, REFERRAL__REFERRAL_KIND__OUTPATIENT);
    FIELD_SET(sheet, priority, command->priority);
    if (command->priority == REFERRAL__PRIORITY__EMERGENCY)
        FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
    sheet->sender = (char *)(uintptr_t)reserve_who[command->who];
    sheet->receiver = (char *)(uintptr_t)reserve_who[command->receiver];
    sheet->department = "CARD";
    sheet->team_id = command->team == 0 ? NULL : arena_format(packing->arena, "TM%d", command->team);
    sheet->doctor = person(packing);
    sheet->doctor->phone = "13900000001";
    sheet->patient = patient(packing);
    sheet->record_number = "A-77";
    diagnosis->icd10 = "I10";
    sheet->diagnoses = arena_alloc(packing->arena, sizeof *sheet->diagnoses);
    sheet->diagnoses[0] = diagnosis;
    sheet->n_diagnoses = 1;
    sheet->present_history = "headaches for two weeks";
    sheet->past_history = "none known";
    sheet->treatment = "rest and tablets";
    FIELD_SET(sheet, consent, REFERRAL__CONSENT__GIVEN);
    return sheet;
}

static void *body_of(const struct packing *packing)
{
    switch (packing->command->op) {
    case OP_SUBMIT:
        return sheet(packing);
    case OP_EVENT:
        return event(packing);
    case OP_PUT:
        return put_pool(packing);
    case OP_GROUP:
        return put_group(packing);
    case OP_HOLD:
    case OP_BOOK:
        return take(packing);
    case OP_MOVE:
        return move(packing);
    case OP_JOIN:
        return join(packing);
    case OP_LEAVE:
        return leave(packing);
    case OP_WEEK:
    case OP_DROP_WEEK:
        return broker_pack_week(packing->broker, packing->command);
    case OP_CUT:
    case OP_CANCEL_POOL:
    case OP_BLOCK:
    case OP_UNBLOCK:
        return pool_change(packing);
    case OP_CLOCK:
    case OP_COUNT:
    case OP_CONFIRM:
    case OP_CANCEL:
    case OP_DISPLACE:
    case OP_MARK:
        break;
    }
    return place_change(packing);
}

/* Is what it names known to the engine? */
static bool has_ids(const struct packing *packing)
{
    const struct command *command = packing->command;
    int booking = reserve_find_booking(packing->world, command->booking);
    int entry = reserve_find_entry(packing->world, command->entry);

    switch (command->op) {
    case OP_CONFIRM:
    case OP_CANCEL:
    case OP_MOVE:
    case OP_DISPLACE:
    case OP_MARK:
        return booking != NOBODY && id_is_set(packing->broker->bookings[booking]);
    case OP_LEAVE:
        return entry != NOBODY && id_is_set(packing->broker->entries[entry]);
    case OP_EVENT:
    case OP_HOLD:
    case OP_BOOK:
    case OP_JOIN:
        return command->referral == NOBODY || reserve_find_referral(packing->world, command->referral) != NOBODY;
    case OP_CLOCK:
    case OP_SUBMIT:
    case OP_PUT:
    case OP_CUT:
    case OP_CANCEL_POOL:
    case OP_BLOCK:
    case OP_UNBLOCK:
    case OP_GROUP:
    case OP_WEEK:
    case OP_DROP_WEEK:
    case OP_COUNT:
        break;
    }
    return true;
}

Batch__Command *broker_command(struct broker *broker, const struct world *world, const struct command *command)
{
    struct packing packing = {&broker->keep, broker, world, command};
    Batch__Command *sent = arena_alloc(&broker->keep, sizeof *sent);

    if (!has_ids(&packing))
        return NULL;
    batch__command__init(sent);
    if (command->op == OP_CLOCK) {
        FIELD_SET(sent, kind, BATCH__INTERNAL__CLOCK);
        return sent;
    }
    FIELD_SET(sent, kind, kinds[command->op]);
    sent->message_id = arena_format(&broker->keep, "m%d", command->label);
    sent->institution = (char *)(uintptr_t)reserve_who[command->who];
    if (command->who == WHO_V01) { /* has no system of its own */
        sent->institution = "T07";
        sent->acting_for = "V01";
    }
    sent->has_key = true;
    sent->key.len = 32;
    sent->key.data = arena_zalloc(&broker->keep, 32);
    memcpy(sent->key.data, sent->institution, strlen(sent->institution));
    FIELD_SET(sent, body, binary_pack(&broker->keep, body_of(&packing)));
    return sent;
}
