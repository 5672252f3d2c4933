/* query_live.c - who is connected (D4), and who waits longest (L4): what an operator looks at first. */
#include "engine/asking.h"
#include "engine/authority.h"
#include "engine/binary.h"
#include "engine/urgency.h"

#define LANES            3
#define EPOCH_SIZE       8
#define PUBLIC_KEY_SIZE  32
#define SESSIONS_AT_ONCE 32
#define WAITERS_A_PAGE   60 /* each asks settings and calendar for its deadline */

/* ---- Sessions ---- */

static void add_roles(struct asking *asking, Referral__SessionEntry *entry, uint32_t roles)
{
    entry->roles = arena_alloc(asking->work.arena, 32 * sizeof *entry->roles);
    for (int role = REFERRAL__ROLE__REFER; role <= REFERRAL__ROLE__OBSERVE; role++)
        if (roles >> role & 1)
            entry->roles[entry->n_roles++] = (Referral__Role)role;
}

static Referral__SessionEntry *session_entry(struct asking *asking, const struct live_session *session)
{
    struct arena *arena = asking->work.arena;
    Referral__SessionEntry *entry = asking_message(asking, &referral__session_entry__descriptor);

    entry->institution = arena_text(arena, session->speaker.institution);
    FIELD_SET(entry, public_key, binary_copy(arena, bytes_of(session->key, PUBLIC_KEY_SIZE)));
    entry->client_name = arena_text(arena, session->client_name);
    entry->client_version = arena_text(arena, session->client_version);
    add_roles(asking, entry, session->speaker.roles);
    FIELD_SET(entry, connected_at_ms, session->connected_at.ms);
    FIELD_SET(entry, heard_at_ms, session->heard_at.ms);
    FIELD_SET(entry, receives, session->receives);
    FIELD_SET(entry, credit, session->credit);
    FIELD_SET(entry, in_flight, session->in_flight);
    FIELD_SET(entry, unanswered, session->unanswered);
    FIELD_SET(entry, is_slow, session->is_slow);
    return entry;
}

/* Sessions are known by their epochs, which only rise: a page goes on after the last one looked at. */
static void add_sessions(struct page *page, uint32_t institution, uint64_t epoch)
{
    struct asking *asking = page->asking;
    uint8_t key[EPOCH_SIZE];

    while (!page_is_full(page) && !page->ended) {
        struct live_session found[SESSIONS_AT_ONCE];
        size_t count = asking->live->sessions_after(asking->live->user, epoch, found, SESSIONS_AT_ONCE);

        page->ended = count == 0;
        for (size_t i = 0; i < count && !page_is_full(page); i++) {
            epoch = found[i].epoch;
            put_be64(key, epoch);
            page_examined(page, arena_copy(asking->work.arena, bytes_of(key, sizeof key)), 1);
            if (institution == 0 || found[i].speaker.number == institution)
                page_add(page, &session_entry(asking, &found[i])->base);
        }
    }
}

/* Whose rows are asked for: 0 is everybody's. False: refused. */
static bool whose(struct asking *asking, const char *named, uint32_t *ret_institution)
{
    bool everybody = asking->all && (named == NULL || named[0] == '\0');
    const char *institution = everybody ? NULL : asking_institution(asking, named, "institution");

    *ret_institution = institution == NULL ? 0 : asking_number_of(asking, institution);
    return everybody || *ret_institution != 0;
}

ProtobufCMessage *query_sessions(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__SessionList *list = asking_message(asking, &referral__session_list__descriptor);
    uint64_t epoch = 0;
    struct page page;
    uint32_t institution;

    if (!whose(asking, query->institution, &institution))
        return NULL;
    if (query->cursor.len != 0 && query->cursor.len != EPOCH_SIZE)
        return asking_refuse(asking, REFUSED_BAD_VALUE, "cursor");
    if (query->cursor.len != 0)
        epoch = get_be64(query->cursor.data);
    page_begin(&page, asking, query->rows);
    add_sessions(&page, institution, epoch);
    list->sessions = (Referral__SessionEntry **)page.rows;
    list->n_sessions = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

/* ---- Waiters ---- */

struct destination {
    uint32_t number;
    const struct registry_institution *registered;
    const Record__Books *books;
    struct live_inbox live;
};

/* P2: whose message it is, is for those who may see a single referral: operators, and the destination. */
static bool sees_referrals(struct asking *asking, const char *institution)
{
    return authority_allows(REFERRAL__KIND__LIST_INBOX, asking->work.roles, SCOPE_OTHER) ||
           (asking_speaks_for(asking, institution) &&
            authority_allows(REFERRAL__KIND__LIST_INBOX, asking->work.roles, SCOPE_OWN));
}

static Referral__Contact *contact_of(struct asking *asking, const Referral__Institution *institution)
{
    const Referral__Contact *contact =
        institution->up_contact != NULL ? institution->up_contact : institution->down_contact;
    Referral__Contact *copy = contact == NULL ? NULL : arena_alloc(asking->work.arena, sizeof *copy);

    if (copy != NULL)
        *copy = *contact;
    return copy;
}

static void waiter_of_destination(struct asking *asking, const struct destination *destination,
                                  Referral__Waiter *waiter)
{
    const Record__Books *books = destination->books;
    const struct live_inbox *live = &destination->live;

    waiter->institution = destination->registered->institution->id;
    FIELD_SET(waiter, connections, live->connections);
    FIELD_SET(waiter, credit, live->credit);
    FIELD_SET(waiter, paused, destination->registered->row->paused);
    FIELD_SET(waiter, down, books->down);
    if (books->last_ack_ms != 0)
        FIELD_SET(waiter, last_ack_at_ms, books->last_ack_ms);
    if (!live->connected && instant_is_set(live->last_seen))
        FIELD_SET(waiter, last_seen_at_ms, live->last_seen.ms);
    waiter->contact = contact_of(asking, destination->registered->institution);
}

static uint64_t waiting_in(const Record__Books *books, Referral__Priority lane)
{
    return lane == REFERRAL__PRIORITY__EMERGENCY ? books->waiting_emergency
           : lane == REFERRAL__PRIORITY__URGENT  ? books->waiting_urgent
                                                 : books->waiting_routine;
}

static void add_waiter(struct page *page, const struct destination *destination, Referral__Priority lane)
{
    struct asking *asking = page->asking;
    const char *id = destination->registered->institution->id;
    Referral__Waiter *waiter;
    struct urgency urgency;

    if (waiting_in(destination->books, lane) == 0 ||
        !urgency_of_lane(asking->work.txn, destination->number, id, destination->registered->offset_minutes, lane,
                         &urgency))
        return;
    waiter = asking_message(asking, &referral__waiter__descriptor);
    waiter_of_destination(asking, destination, waiter);
    FIELD_SET(waiter, lane, lane);
    FIELD_SET(waiter, waiting, waiting_in(destination->books, lane));
    FIELD_SET(waiter, oldest_accepted_at_ms, urgency.oldest_at.ms);
    FIELD_SET(waiter, at_risk_at_ms, urgency.half_at.ms);
    FIELD_SET(waiter, due_at_ms, urgency.due_at.ms);
    FIELD_SET(waiter, returned, urgency.returned);
    FIELD_SET(waiter, in_flight, asking->live->in_flight(asking->live->user, urgency.ref));
    if (sees_referrals(asking, id))
        waiter->referral_id = query_referral_of(asking, urgency.row);
    page_add(page, &waiter->base);
}

static void add_waiters(struct page *page, uint32_t number)
{
    struct asking *asking = page->asking;
    const char *id = institution_id_of(asking->work.txn, number);
    struct destination destination = {.number = number, .registered = registry_institution(&asking->work, id)};

    if (destination.registered == NULL)
        return;
    destination.books = books_of(asking->work.txn, number);
    destination.live = asking->live->inbox(asking->live->user, number);
    for (int lane = REFERRAL__PRIORITY__EMERGENCY; lane <= REFERRAL__PRIORITY__ROUTINE; lane++)
        add_waiter(page, &destination, (Referral__Priority)lane);
}

/* A destination is on one page, so a page has room for its lanes at least. */
static uint32_t rows_of(uint32_t wanted)
{
    if (wanted == 0 || wanted > WAITERS_A_PAGE)
        return WAITERS_A_PAGE;
    return wanted < LANES ? LANES : wanted;
}

ProtobufCMessage *query_waiters(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__WaiterList *list = asking_message(asking, &referral__waiter_list__descriptor);
    struct bytes key, value;
    struct page page;
    uint8_t prefix[4];
    uint32_t one;

    if (!whose(asking, query->institution, &one))
        return NULL;
    put_be32(prefix, one);
    page_begin(&page, asking, rows_of(query->rows));
    if (!page_scan(&page, TABLE_INSTITUTION_NUMBER, bytes_of(prefix, one != 0 ? sizeof prefix : 0), query->cursor))
        return NULL;
    while (page.rows_max - page.count >= LANES && page_next(&page, &key, &value))
        add_waiters(&page, get_be32(key.data));
    list->waiters = (Referral__Waiter **)page.rows;
    list->n_waiters = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
