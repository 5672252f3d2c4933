/* query_referral.c - one referral, lists of them, and journeys (P2: parties see theirs; operators states, times and
 * contacts). */
#include <assert.h>

#include "engine/asking.h"
#include "engine/binary.h"
#include "store/record.h"
#include "store/search.h"

/* Rows of a party's inbox lane that are looked through for messages of one referral. */
#define WAITING_ROWS_MAX  1000
#define WAITING_SHOWN_MAX ((size_t)32)

static const char *next_actor(const Record__Referral *row)
{
    return state_next_actor((enum life)row->life, (enum state)row->state, row->child.len != 0);
}

static void summary_of_clock(const Record__Referral *row, Referral__ReferralSummary *summary)
{
    FIELD_SET(summary, submitted_at_ms, row->submitted_at_ms);
    FIELD_SET(summary, state_since_ms, row->state_since_ms);
    if (row->clock_kind == 0)
        return;
    FIELD_SET(summary, due_at_ms, row->clock_due_ms);
    FIELD_SET(summary, escalated, row->clock_escalated);
}

Referral__ReferralSummary *query_summary(struct asking *asking, struct id id, const Record__Referral *row, int party)
{
    Referral__ReferralSummary *summary = asking_message(asking, &referral__referral_summary__descriptor);
    enum state state = (enum state)row->state;

    summary->referral_id = asking_id_text(asking, id);
    summary->sender_reference = (party & BY_SENDER) != 0 ? row->sender_reference : NULL;
    summary->journey_id = asking_id_text(asking, life_id_of(row->journey));
    summary->parent_referral_id = asking_id_text(asking, life_id_of(row->parent));
    FIELD_SET(summary, direction, (Referral__Direction)row->direction);
    if (row->has_kind) /* F5 */
        FIELD_SET(summary, kind, (Referral__ReferralKind)row->kind);
    FIELD_SET(summary, priority, (Referral__Priority)row->priority);
    summary->sender = row->sender;
    summary->receiver = row->receiver;
    summary->department = row->department;
    summary->team_id = row->team_id;
    FIELD_SET(summary, state, (Referral__State)state);
    FIELD_SET(summary, core_status, state_core_status(state));
    summary_of_clock(row, summary);
    summary->next_actor = arena_text(asking->work.arena, next_actor(row));
    FIELD_SET(summary, sheet_version, row->sheet_version);
    if (row->reason != 0)
        FIELD_SET(summary, reason, (Referral__Reason)row->reason);
    if (row->archived != NULL)
        summary->archived_in = row->archived->file;
    if (row->hold != NULL)
        FIELD_SET(summary, held_at_ms, row->hold->at_ms);
    return summary;
}

const Referral__Contact *query_contact(struct asking *asking, const Record__Referral *row, enum called called)
{
    const char *id = called == CALL_SENDER ? row->sender : row->receiver;
    const struct registry_institution *found = registry_institution(&asking->work, id);

    return found != NULL ? tidings_contact(found->institution, (Referral__Direction)row->direction, called) : NULL;
}

static Referral__Contact *contact_copy(struct asking *asking, const Referral__Contact *contact)
{
    Referral__Contact *copy;

    if (contact == NULL)
        return NULL;
    copy = arena_alloc(asking->work.arena, sizeof *copy);
    *copy = *contact;
    return copy;
}

const Record__Inbox *query_waiting(struct asking *asking, struct id id, const Record__Referral *row,
                                   uint32_t institution, struct inbox_ref *at, uint32_t *left)
{
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, id);
    if (at->institution == 0)
        *at = (struct inbox_ref){institution, (uint8_t)row->priority, id.index - 1, UINT16_MAX};
    while (*left > 0) {
        const Record__Inbox *waiting = inbox_row_next(asking->work.txn, *at, at);

        if (waiting == NULL)
            return NULL;
        --*left;
        if (bytes_equal(binary_bytes(waiting->referral), bytes_of(key, sizeof key)))
            return waiting;
    }
    return NULL;
}

static void add_waiting(struct asking *asking, struct id id, const Record__Referral *row, uint32_t institution,
                        Referral__ReferralView *view)
{
    const Record__Inbox *waiting;
    uint32_t left = WAITING_ROWS_MAX;
    struct inbox_ref at = {0};

    while (view->n_waiting < WAITING_SHOWN_MAX &&
           (waiting = query_waiting(asking, id, row, institution, &at, &left)) != NULL)
        view->waiting[view->n_waiting++] = query_inbox_entry(asking, at, waiting);
}

static Referral__Place *place_of(struct asking *asking, const Record__Place *place)
{
    Referral__Place *shown;

    if (place == NULL)
        return NULL;
    shown = asking_message(asking, &referral__place__descriptor);
    FIELD_SET(shown, class_, (Referral__PlaceClass)place->class_);
    FIELD_SET(shown, start_ms, place->start_ms);
    FIELD_SET(shown, end_ms, place->end_ms);
    shown->department = place->department;
    shown->doctor = place->doctor;
    return shown;
}

/* L1: what the asking party may do now. */
static void add_allowed(struct asking *asking, struct id id, Record__Referral *row, Referral__ReferralView *view)
{
    const struct life_of life = {.id = id, .row = row};
    enum event events[EVENT_TABLE_COUNT];
    size_t count = lifecycle_allowed((enum life)row->life, (enum state)row->state, life_party(&asking->work, &life),
                                     (Referral__Priority)row->priority, events);

    view->n_allowed_events = count;
    view->allowed_events = arena_alloc(asking->work.arena, EVENT_TABLE_COUNT * sizeof *view->allowed_events);
    for (size_t i = 0; i < count; i++)
        view->allowed_events[i] = (Referral__EventType)events[i];
}

static void view_of_times(const Record__Referral *row, Referral__ReferralView *view)
{
    if (row->delivered_at_ms != 0)
        FIELD_SET(view, delivered_at_ms, row->delivered_at_ms);
    if (row->acknowledged_at_ms != 0)
        FIELD_SET(view, acknowledged_at_ms, row->acknowledged_at_ms);
    if (row->valid_until_ms != 0)
        FIELD_SET(view, valid_until_ms, row->valid_until_ms);
    if (row->answered_at_ms != 0)
        FIELD_SET(view, answered_at_ms, row->answered_at_ms);
}

ProtobufCMessage *query_referral(struct asking *asking)
{
    const Referral__ReferralQuery *query = (const Referral__ReferralQuery *)asking->work.body;
    Referral__ReferralView *view;
    Record__Referral *row;
    struct id id;
    int party;

    row = asking_find_referral(asking, &id, &party);
    if (row == NULL)
        return NULL;
    view = asking_message(asking, &referral__referral_view__descriptor);
    view->summary = query_summary(asking, id, row, party);
    view_of_times(row, view);
    view->place = place_of(asking, row->place);
    if (asking->all && row->hold != NULL)
        view->hold_reason = row->hold->reason;
    FIELD_SET(view, info_rounds, row->info_rounds);
    FIELD_SET(view, rebookings, row->rebookings);
    FIELD_SET(view, hops, row->hops);
    FIELD_SET(view, eligible_for_down_referral, row->eligible_down);
    view->sender_contact = contact_copy(asking, query_contact(asking, row, CALL_SENDER));
    view->receiver_contact = contact_copy(asking, query_contact(asking, row, CALL_RECEIVER));
    view->waiting = arena_alloc(asking->work.arena, WAITING_SHOWN_MAX * sizeof *view->waiting);
    add_waiting(asking, id, row, row->receiver_number, view);
    add_waiting(asking, id, row, row->sender_number, view);
    add_allowed(asking, id, row, view);
    query_timeline(asking, id, row, party, query->cursor, view);
    return &view->base;
}

static bool has_state(const Referral__ReferralsQuery *query, uint32_t state)
{
    for (size_t i = 0; i < query->n_states; i++)
        if ((uint32_t)query->states[i] == state)
            return true;
    return query->n_states == 0;
}

static bool has_priority(const Referral__ReferralsQuery *query, uint32_t priority)
{
    for (size_t i = 0; i < query->n_priorities; i++)
        if ((uint32_t)query->priorities[i] == priority)
            return true;
    return query->n_priorities == 0;
}

/* `institution`: whose list it is; 0: everybody's, which nobody sent alone. What is void is hidden from lists (section
 * 4). */
static bool is_wanted(const struct asking *asking, const Referral__ReferralsQuery *query, uint32_t institution,
                      const Record__Referral *row)
{
    int64_t now = asking->work.now.ms;
    if (row->state == VOID || !has_state(query, row->state) || !has_priority(query, row->priority))
        return false;
    if (query->as_sender && row->sender_number != institution)
        return false;
    if (query->as_receiver && row->receiver_number != institution)
        return false;
    if (query->has_older_than_ms && now - row->state_since_ms < query->older_than_ms)
        return false;
    if (query->overdue && (row->clock_kind == 0 || row->clock_due_ms > now))
        return false;
    return !query->open || !state_is_terminal((enum state)row->state);
}

static void add_wanted(struct page *page, const Referral__ReferralsQuery *query, uint32_t institution, struct id id,
                       Record__Referral *row)
{
    int party = asking_party(page->asking, row);

    if (party != 0 && is_wanted(page->asking, query, institution, row))
        page_add(page, &query_summary(page->asking, id, row, party)->base);
}

static void list_of_all(struct page *page, const Referral__ReferralsQuery *query)
{
    struct bytes key, value;

    if (!page_scan(page, TABLE_REFERRAL, bytes_of(NULL, 0), query->cursor))
        return;
    while (page_next(page, &key, &value))
        add_wanted(page, query, 0, id_from_key(key.data),
                   record_unpack(page->asking->work.txn, TABLE_REFERRAL, key, value, &record__referral__descriptor));
}

/* What the index finds, and what is looked at beyond it, counts as examined. */
static bool next_of_one(struct page *page, uint32_t institution, struct id *at)
{
    struct work *work = &page->asking->work;
    uint32_t before = PAGE_RECORDS_MAX - page->examined, left = before;
    bool found = search_next(work->txn, SEARCH_INSTITUTION, institution, NULL, *at, &left, at);
    uint8_t key[ID_KEY_SIZE];

    page->ended = !found && left > 0;
    if (page->ended)
        return false;
    id_to_key(key, *at);
    page_examined(page, arena_copy(work->arena, bytes_of(key, sizeof key)), left < before ? before - left : 1);
    return found;
}

static void list_of_one(struct page *page, const Referral__ReferralsQuery *query, uint32_t institution)
{
    struct id at = {0};

    if (query->cursor.len != 0 && query->cursor.len != ID_KEY_SIZE) {
        refuse(&page->asking->work, REFUSED_BAD_VALUE, "cursor");
        return;
    }
    if (query->cursor.len != 0)
        at = id_from_key(query->cursor.data);
    while (!page_is_full(page) && next_of_one(page, institution, &at)) {
        Record__Referral *row = referral_row(page->asking->work.txn, at);

        if (row != NULL)
            add_wanted(page, query, institution, at, row);
    }
}

ProtobufCMessage *query_referrals(struct asking *asking)
{
    const Referral__ReferralsQuery *query = (const Referral__ReferralsQuery *)asking->work.body;
    bool everybody = asking->all && (query->institution == NULL || query->institution[0] == '\0');
    Referral__ReferralList *list = asking_message(asking, &referral__referral_list__descriptor);
    const char *institution = everybody ? NULL : asking_institution(asking, query->institution, "institution");
    struct page page;

    if (everybody && (query->as_sender || query->as_receiver))
        return asking_refuse(asking, REFUSED_MISSING, "institution");
    if (!everybody && institution == NULL)
        return NULL;
    page_begin(&page, asking, query->rows);
    if (everybody)
        list_of_all(&page, query);
    else
        list_of_one(&page, query, asking_number_of(asking, institution));
    if (is_refused(&asking->work))
        return NULL;
    list->referrals = (Referral__ReferralSummary **)page.rows;
    list->n_referrals = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

static void add_member(struct page *page, struct id id)
{
    Record__Referral *row = referral_row(page->asking->work.txn, id);
    int party = row != NULL ? asking_party(page->asking, row) : 0;

    if (party != 0 && row->state != VOID)
        page_add(page, &query_summary(page->asking, id, row, party)->base);
}

/* The first referral of a journey names it; the others are rows below it. */
static void add_members(struct page *page, struct id root, ProtobufCBinaryData cursor)
{
    uint8_t prefix[ID_KEY_SIZE];
    struct bytes key, value;

    id_to_key(prefix, root);
    if (!page_scan(page, TABLE_JOURNEY, bytes_of(prefix, sizeof prefix), cursor))
        return;
    if (cursor.len == 0)
        add_member(page, root);
    while (page_next(page, &key, &value)) {
        struct id member = id_from_key(key.data + ID_KEY_SIZE);

        if (!id_equal(member, root))
            add_member(page, member);
    }
}

ProtobufCMessage *query_journey(struct asking *asking)
{
    const Referral__ReferralQuery *query = (const Referral__ReferralQuery *)asking->work.body;
    Referral__ReferralList *list;
    const Record__Referral *row;
    struct page page;
    struct id id;
    int party;

    row = asking_find_referral(asking, &id, &party);
    if (row == NULL)
        return NULL;
    page_begin(&page, asking, 0);
    add_members(&page, row->journey.len != 0 ? life_id_of(row->journey) : id, query->cursor);
    if (is_refused(&asking->work))
        return NULL;
    list = asking_message(asking, &referral__referral_list__descriptor);
    list->referrals = (Referral__ReferralSummary **)page.rows;
    list->n_referrals = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
