/* tidings.c - timeline entries and notices, composed from one account of what happened. */
#include "engine/tidings.h"

#include "engine/binary.h"
#include "engine/inbox.h"
#include "rules/route.h"

/* P4: what the clock and the broker say to people. */
static const struct sentence {
    enum event event;
    const char *deadline; /* NULL: any */
    const char *zh, *en;
} sentences[] = {
    {ESCALATED, "answer", "接收方未在时限内答复,请双方联系人跟进",
     "the receiver has not answered in time: both contacts, please follow up"},
    {ESCALATED, "information", "发送方未在时限内补充资料,请双方联系人跟进",
     "the sender has not supplied the information in time: both contacts, please follow up"},
    {ESCALATED, "cancel-answer", "接收方未在时限内答复撤回申请,请双方联系人跟进",
     "the receiver has not answered the request to cancel in time: both contacts, please follow up"},
    {ESCALATED, "receipt", "诊疗结果或回转未在时限内确认接收,请双方联系人跟进",
     "the receipt has not been confirmed in time: both contacts, please follow up"},
    {CURED, NULL, "逾期事项已处理", "what was overdue has been done"},
    {REMINDER, NULL, "请确认接收", "please confirm the receipt"},
    {DEAD_LETTER, NULL, "一条消息未能送达,已转入死信,请联系接收方或运维人员",
     "a message could not be delivered and is a dead letter now: call the receiver or an operator"},
    {RETURN_FAILED, NULL, "下转未被接收,请重新安排", "the down-referral was not taken over: please arrange it anew"},
    {MISS, NULL, "未收到到诊消息,按爽约处理", "nobody reported an arrival: taken for a no-show"},
    {EXPIRE, NULL, "转诊已超过有效期", "the referral has passed its validity"},
    {PLACE_LAPSED, NULL, "暂占的号源已过期释放", "the hold has expired: the place is no longer kept"},
    {PLACE_OFFERED, NULL, "候补已到号,请在时限内确认或放弃",
     "a place has become free for an entry of the wait-list: please confirm or decline it in time"},
    {LIST_LEFT, NULL, "已移出候补:到号三次未确认,或候补日期已过",
     "taken off the wait-list: three offers have lapsed, or its last day is over"},
};

static const struct sentence *find_sentence(const struct tidings *tidings)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const struct sentence *sentence = &sentences[i];

        if (sentence->event != tidings->event || (tidings->event == MISS && !tidings->assumed))
            continue;
        if (sentence->deadline == NULL || strcmp(sentence->deadline, tidings->deadline) == 0)
            return sentence;
    }
    return NULL;
}

static void entry_add_detail(Referral__TimelineEntry *entry, const Referral__Event *detail)
{
    entry->person = detail->person;
    entry->has_reason = detail->has_reason;
    entry->reason = detail->reason;
    entry->text = detail->text;
    entry->has_occurred_at_ms = detail->has_occurred_at_ms;
    entry->occurred_at_ms = detail->occurred_at_ms;
    entry->has_close_code = detail->has_close_code;
    entry->close_code = detail->close_code;
}

static void entry_add_delivery(struct work *work, Referral__TimelineEntry *entry, const struct delivery_event *delivery)
{
    entry->destination = arena_text(work->arena, delivery->destination);
    entry->cause = arena_text(work->arena, delivery->cause);
    if (delivery->attempt != 0)
        FIELD_SET(entry, attempt, delivery->attempt);
    if (instant_is_set(delivery->not_before))
        FIELD_SET(entry, not_before_ms, delivery->not_before.ms);
}

/* An amended sheet is a body of its own; every other event as received stays with its entry. */
static bool keeps_original(const struct tidings *tidings)
{
    return tidings->original.size != 0 && tidings->event != AMEND;
}

void tidings_record(struct work *work, struct life_of *life, const struct tidings *tidings)
{
    Referral__TimelineEntry entry = REFERRAL__TIMELINE_ENTRY__INIT;
    Record__Timeline row = RECORD__TIMELINE__INIT;
    uint32_t number = life->row->timeline_next;

    FIELD_SET(&entry, index, work->index);
    FIELD_SET(&entry, at_ms, work->now.ms);
    FIELD_SET(&entry, event, (Referral__EventType)tidings->event);
    FIELD_SET(&entry, from_state, (Referral__State)tidings->from);
    FIELD_SET(&entry, state, (Referral__State)life->row->state);
    entry.by = arena_text(work->arena, tidings->by_name);
    if (tidings->assumed)
        FIELD_SET(&entry, assumed, true);
    if (tidings->event == AMEND)
        FIELD_SET(&entry, sheet_version, life->row->sheet_version);
    entry.child_referral_id = arena_text(work->arena, tidings->child_referral_id);
    if (tidings->deadline != NULL)
        entry.cause = arena_text(work->arena, tidings->deadline);
    if (tidings->detail != NULL)
        entry_add_detail(&entry, tidings->detail);
    if (tidings->delivery != NULL)
        entry_add_delivery(work, &entry, tidings->delivery);
    if (tidings->booking != NULL)
        entry.booking_id = tidings->booking->booking_id;

    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, entry, binary_pack(work->arena, &entry.base));
    if (keeps_original(tidings))
        FIELD_SET(&row, original, binary_copy(work->arena, tidings->original));
    timeline_add(work->txn, life->id, number, &row);
    FIELD_SET(life->row, timeline_next, number + 1);
}

/* The sender of an up-referral is called where down-referrals come in, and the other way round; LATERAL ones use the UP
 * contact. */
const Referral__Contact *tidings_contact(const Referral__Institution *institution, Referral__Direction direction,
                                         enum called called)
{
    bool down = direction != REFERRAL__DIRECTION__LATERAL &&
                (direction == REFERRAL__DIRECTION__DOWN) == (called == CALL_RECEIVER);
    Referral__Direction first = down ? REFERRAL__DIRECTION__DOWN : REFERRAL__DIRECTION__UP;
    Referral__Direction other = down ? REFERRAL__DIRECTION__UP : REFERRAL__DIRECTION__DOWN;
    const Referral__Contact *contact = route_contact(institution, first);

    return contact != NULL ? contact : route_contact(institution, other);
}

Referral__Contact *tidings_call(struct work *work, const struct life_of *life, enum called called)
{
    const Record__Referral *row = life->row;
    const struct registry_institution *found =
        registry_institution(work, called == CALL_RECEIVER ? row->receiver : row->sender);
    const Referral__Contact *contact =
        found == NULL ? NULL : tidings_contact(found->institution, (Referral__Direction)row->direction, called);

    if (contact == NULL)
        return NULL;

    Referral__Contact *copy = arena_alloc(work->arena, sizeof *copy);

    *copy = *contact;
    return copy;
}

/* T2: whom to call. To a party that is the other one, whoever acts next: nobody calls himself. To a team's home or the
 * receiver of a return it is the one who acts next, else the receiver. An escalation names both. */
static void notice_add_contacts(struct work *work, const struct life_of *life, Referral__Notice *notice,
                                const char *institution)
{
    const Record__Referral *row = life->row;
    bool to_sender = strcmp(institution, row->sender) == 0, to_receiver = strcmp(institution, row->receiver) == 0;
    bool of_receiver = to_sender || (!to_receiver && strcmp(life_next_actor(life), "sender") != 0);

    if (notice->event == REFERRAL__EVENT_TYPE__EVENT_ESCALATED)
        of_receiver = true;
    notice->contact = tidings_call(work, life, of_receiver ? CALL_RECEIVER : CALL_SENDER);
    notice->contact_institution = of_receiver ? row->receiver : row->sender;
    if (notice->event == REFERRAL__EVENT_TYPE__EVENT_ESCALATED)
        notice->other_contact = tidings_call(work, life, CALL_SENDER);
}

static void notice_add_detail(Referral__Notice *notice, const Referral__Event *detail)
{
    notice->person = detail->person;
    notice->has_reason = detail->has_reason;
    notice->reason = detail->reason;
    notice->place = detail->place;
}

static void notice_add_state(struct work *work, Referral__Notice *notice, const struct life_of *life)
{
    const Record__Referral *row = life->row;

    notice->referral_id = arena_text(work->arena, work_id_text(work, life->id));
    notice->journey_id = arena_text(work->arena, work_id_text(work, life_id_of(row->journey)));
    FIELD_SET(notice, state, (Referral__State)row->state);
    FIELD_SET(notice, core_status, state_core_status((enum state)row->state));
    FIELD_SET(notice, at_ms, work->now.ms);
    FIELD_SET(notice, sheet_version, row->sheet_version);
    notice->team_id = row->team_id;
}

/* Messages of messages want to be writable. */
static void *copy_of(struct work *work, const void *message, size_t size)
{
    void *copy = arena_alloc(work->arena, size);

    memcpy(copy, message, size);
    return copy;
}

static void notice_add_told(struct work *work, Referral__Notice *notice, const struct tidings *tidings)
{
    const struct sentence *sentence = find_sentence(tidings);
    bool by_clock = strcmp(tidings->by_name, "clock") == 0;

    FIELD_SET(notice, event, (Referral__EventType)tidings->event);
    FIELD_SET(notice, from_state, (Referral__State)tidings->from);
    notice->by = arena_text(work->arena, by_clock ? "broker" : tidings->by_name);
    notice->child_referral_id = arena_text(work->arena, tidings->child_referral_id);
    notice->deadline = arena_text(work->arena, tidings->deadline);
    if (instant_is_set(tidings->due_at))
        FIELD_SET(notice, due_at_ms, tidings->due_at.ms);
    if (tidings->assumed)
        FIELD_SET(notice, assumed, true);
    if (tidings->booking != NULL)
        notice->booking = copy_of(work, tidings->booking, sizeof *tidings->booking);
    if (tidings->entry != NULL)
        notice->entry = copy_of(work, tidings->entry, sizeof *tidings->entry);
    if (tidings->delivery != NULL)
        notice->dead_delivery_id = arena_text(work->arena, tidings->delivery->dead_delivery_id);
    if (tidings->original.size != 0)
        FIELD_SET(notice, original, binary_copy(work->arena, tidings->original));
    if (sentence != NULL) {
        notice->text_zh = arena_text(work->arena, sentence->zh);
        notice->text_en = arena_text(work->arena, sentence->en);
    }
}

/* D8: what is told to others than the parties keeps a referral from the archive, too, wherever its team has gone
 * since. */
static void remember_told(struct work *work, Record__Referral *row, uint32_t number)
{
    uint32_t *more;

    if (number == row->sender_number || number == row->receiver_number || number == row->submitted_by_number)
        return;
    for (size_t i = 0; i < row->n_told_numbers; i++)
        if (row->told_numbers[i] == number)
            return;
    more = arena_alloc(work->arena, (row->n_told_numbers + 1) * sizeof *more);
    if (row->n_told_numbers != 0)
        memcpy(more, row->told_numbers, row->n_told_numbers * sizeof *more);
    more[row->n_told_numbers++] = number;
    row->told_numbers = more;
}

void tidings_notify(struct work *work, struct life_of *life, const struct tidings *tidings, const char *institution,
                    uint32_t cause)
{
    Record__Referral *row = life->row;
    const struct registry_institution *addressee = registry_institution(work, institution);
    Referral__Notice notice = REFERRAL__NOTICE__INIT;

    if (addressee == NULL || addressee->institution->query_only)
        return;
    notice_add_state(work, &notice, life);
    notice_add_told(work, &notice, tidings);
    if (tidings->detail != NULL)
        notice_add_detail(&notice, tidings->detail);
    if (strcmp(institution, row->sender) == 0)
        notice.sender_reference = row->sender_reference;
    notice_add_contacts(work, life, &notice, institution);
    remember_told(work, row, addressee->row->number);
    inbox_put_notice(work, addressee->row->number, (Referral__Priority)row->priority, life->id, &notice, cause);
}

void tidings_notify_own(struct work *work, const struct registry_institution *hospital, const struct tidings *tidings,
                        struct id about)
{
    Referral__Notice notice = REFERRAL__NOTICE__INIT;

    if (hospital->institution->query_only)
        return;
    notice_add_told(work, &notice, tidings);
    FIELD_CLEAR(&notice, from_state); /* there is no referral that has one */
    FIELD_SET(&notice, at_ms, work->now.ms);
    if (tidings->detail != NULL)
        notice_add_detail(&notice, tidings->detail);
    inbox_put_notice(work, hospital->row->number, REFERRAL__PRIORITY__ROUTINE, about, &notice, 0);
}

/* The institution of the referral's team, where it is neither sender nor receiver and still acts for the one that the
 * team serves: the sender, or on the way down the receiver (T6, P2). NULL: none. */
static const struct registry_institution *home_of_team(struct work *work, const Record__Referral *row)
{
    const Referral__Team *team = row->team_id == NULL ? NULL : registry_team(work, row->team_id);
    const char *home = team == NULL ? NULL : team->institution;

    if (home == NULL || strcmp(home, row->sender) == 0 || strcmp(home, row->receiver) == 0 ||
        !delegation_exists(work->txn, home, row->life == LIFE_DOWN ? row->receiver : row->sender))
        return NULL;
    return registry_institution(work, home);
}

void tidings_notify_team(struct work *work, struct life_of *life, const struct tidings *tidings, uint32_t but)
{
    const Record__Referral *row = life->row;
    const struct registry_institution *home = home_of_team(work, row);
    uint32_t served = row->life == LIFE_DOWN ? row->receiver_number : row->sender_number;
    bool spoke = but == served && home != NULL && home->row->number == work->speaker_number;

    /* What it said for the one it serves it caused itself. */
    if (home != NULL && home->row->number != but && !spoke)
        tidings_notify(work, life, tidings, home->institution->id, but);
}

void tidings_notify_parties(struct work *work, struct life_of *life, const struct tidings *tidings, uint32_t but)
{
    const Record__Referral *row = life->row;

    if (row->sender_number != but)
        tidings_notify(work, life, tidings, row->sender, but);
    if (row->receiver_number != but)
        tidings_notify(work, life, tidings, row->receiver, but);
    tidings_notify_team(work, life, tidings, but);
}
