/* sim_compare.c - the whole of the broker's state beside the model's, as its parties and operators can ask for it; and
 * the end of a play. */
#include <stdio.h>

#include "query.pb-c.h"
#include "sim/sim_inside.h"
#include "store/verify.h"

#define PAGE 200

/* ---- What waits ---- */

uint64_t sim_turn_of(const uint8_t *id)
{
    uint64_t turn = 0;

    for (size_t i = 9; i < 17; i++) /* incarnation, institution, lane; then the turn */
        turn = turn << 8 | id[i];
    return turn;
}

uint64_t sim_number(uint64_t turn, uint64_t ordinal)
{
    return turn << 20 | ordinal;
}

/* From now on it is known which of its turn's messages it is. */
void sim_learn_id(struct model_message *message, const uint8_t *id, size_t id_size)
{
    memcpy(message->id, id, id_size);
    message->id_size = id_size;
    message->number = sim_number(sim_turn_of(id), (uint64_t)id[17] << 8 | id[18]);
}

static struct model_message *find_entry(struct sim *s, enum house who, const Referral__InboxEntry *entry)
{
    struct model *m = &s->model;
    struct model_message *known = model_message(m, entry->delivery_id.data, entry->delivery_id.len);
    int referral = sim_referral_of(s, who, (int)entry->lane, entry->referral_id, sim_turn_of(entry->delivery_id.data));

    for (int i = 0; known == NULL && i < m->message_count; i++) {
        struct model_message *message = &m->messages[i];

        if (message->to == who && !message->is_dead && message->id_size == 0 &&
            message->turn == sim_turn_of(entry->delivery_id.data) && message->lane == (int)entry->lane &&
            message->referral == referral && message->event == (int)entry->event)
            known = message;
    }
    if (known != NULL)
        sim_learn_id(known, entry->delivery_id.data, entry->delivery_id.len);
    return known;
}

static void compare_entry(struct sim *s, enum house who, const Referral__InboxEntry *entry, uint64_t *last)
{
    const struct model_message *message = find_entry(s, who, entry);
    uint64_t place;

    if (message == NULL || message->to != who || message->is_dead) {
        sim_fail(s, "D: in the inbox of %s waits what should not", party_name(who));
        return;
    }
    place = ((uint64_t)message->lane << 60) | message->number;
    if (place <= *last)
        sim_fail(s, "D3: the inbox of %s is out of order: event %d of %s, turn %lu", party_name(who), message->event,
                 entry->referral_id, (unsigned long)message->turn);
    *last = place;
    if (entry->attempts != (uint32_t)message->failed)
        sim_fail(s, "D4: %u failed attempts instead of %d", entry->attempts, message->failed);
    if (entry->in_flight != (message->holder != 0))
        sim_fail(s, "D4: in flight or not");
}

static size_t count_messages(const struct sim *s, enum house who, bool is_dead)
{
    size_t count = 0;

    for (int i = 0; i < s->model.message_count; i++)
        count += s->model.messages[i].to == who && s->model.messages[i].is_dead == is_dead;
    return count;
}

/* Of those that should wait: the first that nobody has ever shown. */
static const char *first_unheard(const struct sim *s, enum house who)
{
    const struct model *m = &s->model;

    for (int i = 0; i < m->message_count; i++)
        if (m->messages[i].to == who && !m->messages[i].is_dead && m->messages[i].id_size == 0 &&
            m->messages[i].referral >= 0)
            return arena_format(&s->w->arena, ": event %d of %s, turn %lu", m->messages[i].event,
                                m->referrals[m->messages[i].referral].id, (unsigned long)m->messages[i].turn);
    return "";
}

/* A query with a cursor is packed by hand: its bytes are no text. */
static const void *ask_page(struct sim *s, struct sim_peer *peer, Referral__Kind kind, ProtobufCMessage *body)
{
    s->result = NULL;
    s->asked = kind_info((uint32_t)kind)->result;
    sim_transmit(s, peer, kind, NULL, NO_PARTY, wire_pack(body, &s->w->arena));
    sim_settle(s);
    s->asked = NULL;
    return s->result;
}

static void compare_inbox(struct sim *s, enum house who, struct sim_peer *peer)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    uint64_t last = 0;
    size_t count = 0;

    query.institution = (char *)party_name(who);
    query.has_rows = true;
    query.rows = PAGE;
    do {
        const Referral__InboxList *list = ask_page(s, peer, REFERRAL__KIND__LIST_INBOX, &query.base);

        if (list == NULL) {
            sim_fail(s, "the inbox of %s is not shown", party_name(who));
            return;
        }
        for (size_t i = 0; i < list->n_entries && !sim_failed(s); i++, count++)
            compare_entry(s, who, list->entries[i], &last);
        query.has_cursor = list->has_next;
        query.cursor = list->next;
    } while (query.has_cursor && !sim_failed(s));
    if (!sim_failed(s) && count != count_messages(s, who, false))
        sim_fail(s, "D2: in the inbox of %s wait %zu messages instead of %zu%s", party_name(who), count,
                 count_messages(s, who, false), first_unheard(s, who));
}

void sim_learn_parked(struct sim *s, struct sim_peer *peer)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    struct sim_peer *operator= sim_speaker(s, OP);

    query.institution = (char *)party_name(peer->party);
    query.has_rows = true;
    query.rows = PAGE;
    do {
        const Referral__InboxList *list = ask_page(s, operator, REFERRAL__KIND__LIST_INBOX, &query.base);

        for (size_t i = 0; list != NULL && i < list->n_entries && !sim_failed(s); i++) {
            struct model_message *message = find_entry(s, peer->party, list->entries[i]);

            if (message == NULL || !list->entries[i]->in_flight || message->holder != 0)
                continue;
            if (s->is_known)
                sim_fail(s, "D4: %s is handed more while it takes nothing", party_name(peer->party));
            message->parked = true;
            s->out->parked++;
            sim_take_over(s, peer, message);
        }
        query.has_cursor = list != NULL && list->has_next;
        query.cursor = list != NULL ? list->next : query.cursor;
    } while (query.has_cursor && !sim_failed(s));
    s->is_known = s->is_stopped;
    sim_check_order(s);
}

static void compare_dead(struct sim *s, enum house who, struct sim_peer *peer)
{
    const Referral__DeadList *list =
        sim_query(s, peer, REFERRAL__KIND__LIST_DEAD, "institution=%s; rows=%d", party_name(who), PAGE);
    size_t expected = count_messages(s, who, true);

    if (list == NULL || (!list->has_next && list->n_entries != expected)) {
        sim_fail(s, "D5: %s has other dead letters", party_name(who));
        return;
    }
    for (size_t i = 0; i < list->n_entries && !sim_failed(s); i++) {
        const ProtobufCBinaryData id = list->entries[i]->entry->delivery_id;
        const struct model_message *message = model_message(&s->model, id.data, id.len);

        if (message == NULL || !message->is_dead || message->to != who)
            sim_fail(s, "D5: what is dead by the broker lives by the rules");
    }
}

/* D7 */
static void compare_books(struct sim *s, struct sim_peer *peer)
{
    const Referral__StatusView *status = sim_query(s, peer, REFERRAL__KIND__GET_STATUS, "rows=%d", PAGE);

    for (size_t i = 0; status != NULL && i < status->n_inboxes; i++) {
        const Referral__InboxBooks *books = status->inboxes[i];
        enum house who = party_of(books->institution);
        const struct model_books *mine = who >= INBOXES ? NULL : &s->model.books[who];

        if (mine != NULL &&
            (books->accepted != mine->accepted || books->acknowledged != mine->acknowledged ||
             books->waiting != mine->waiting || books->dead != mine->dead || books->dropped != mine->dropped))
            sim_fail(s, "D7: the books of %s: accepted %lu (%lu), acknowledged %lu (%lu), waiting %lu (%lu)",
                     party_name(who), books->accepted, mine->accepted, books->acknowledged, mine->acknowledged,
                     books->waiting, mine->waiting);
        if (books->accepted != books->acknowledged + books->waiting + books->dead + books->dropped)
            sim_fail(s, "D7: the books of %s do not balance", party_name(who));
    }
    if (status == NULL)
        sim_fail(s, "an operator is not told how things stand");
}

/* ---- Referrals ---- */

static void compare_referral(struct sim *s, const Referral__ReferralSummary *seen, enum house who)
{
    int number = model_find(&s->model, seen->referral_id);
    struct model_referral *r = number < 0 ? NULL : &s->model.referrals[number];

    if (r == NULL || !model_sees(r, who)) {
        sim_fail(s, "P2: %s is shown a referral that is not its", party_name(who));
        return;
    }
    if ((seen->archived_in != NULL) != r->archived)
        sim_fail(s, "D8: a referral is in the archive, or is not");
    if (seen->has_held_at_ms != r->held)
        sim_fail(s, "D8: an operator holds a referral, or does not");
    if (seen->state != (Referral__State)r->state)
        sim_fail(s, "L: a referral is in state %d, by the rules in %d", (int)seen->state, r->state);
    if (seen->state_since_ms != r->since)
        sim_fail(s, "L: a referral has been in its state for another time");
    if (r->watch != WATCH_NONE && seen->due_at_ms != r->late_at)
        sim_fail(s, "L4: another deadline: %ld instead of %ld", (long)seen->due_at_ms, (long)r->late_at);
    if (seen->escalated != r->escalated)
        sim_fail(s, "L4: escalated or not");
}

static void compare_referrals(struct sim *s, enum house who, struct sim_peer *peer)
{
    Referral__ReferralsQuery query = REFERRAL__REFERRALS_QUERY__INIT;
    size_t seen = 0, expected = 0;

    query.has_rows = true;
    query.rows = PAGE;
    do {
        const Referral__ReferralList *list = ask_page(s, peer, REFERRAL__KIND__LIST_REFERRALS, &query.base);

        if (list == NULL) {
            sim_fail(s, "%s is shown no referrals", party_name(who));
            return;
        }
        for (size_t i = 0; i < list->n_referrals && !sim_failed(s); i++, seen++)
            compare_referral(s, list->referrals[i], who);
        query.has_cursor = list->has_next;
        query.cursor = list->next;
    } while (query.has_cursor && !sim_failed(s));
    for (int i = 0; i < s->model.referral_count; i++) {
        const struct model_referral *r = &s->model.referrals[i];

        expected += (who == OP || r->sender == who || r->receiver == who || r->submitted_by == who) &&
                    r->state != REFERRAL__STATE__VOID;
    }
    if (!sim_failed(s) && seen != expected)
        sim_fail(s, "D2: %s is shown %zu referrals instead of %zu", party_name(who), seen, expected);
}

/* D8: what went might go; and after a pass that was whole, what had to go went. */
static void compare_archived(struct sim *s, const Referral__ReferralSummary *seen, bool is_whole)
{
    int number = model_find(&s->model, seen->referral_id);
    struct model_referral *r = number < 0 ? NULL : &s->model.referrals[number];
    bool is_archived = seen->archived_in != NULL;

    if (r == NULL || r->archived)
        return;
    if (is_archived && !model_may_leave(&s->model, r))
        sim_fail(s, "D8: %s went to the archive before its time", r->id);
    if (is_whole && !is_archived && model_may_leave(&s->model, r))
        sim_fail(s, "D8: %s of journey %s stays in state %d, and nothing keeps it", r->id,
                 s->model.referrals[r->journey].id, r->state);
    r->archived = is_archived;
    s->out->archived += is_archived;
}

void sim_compare_archived(struct sim *s, bool is_whole)
{
    Referral__ReferralsQuery query = REFERRAL__REFERRALS_QUERY__INIT;

    query.has_rows = true;
    query.rows = PAGE;
    do {
        const Referral__ReferralList *list =
            ask_page(s, sim_speaker(s, OP), REFERRAL__KIND__LIST_REFERRALS, &query.base);

        if (list == NULL)
            return;
        for (size_t i = 0; i < list->n_referrals && !sim_failed(s); i++)
            compare_archived(s, list->referrals[i], is_whole);
        query.has_cursor = list->has_next;
        query.cursor = list->next;
    } while (query.has_cursor && !sim_failed(s));
}

/* ---- The audit: one record for each transition (P3) ---- */

static void compare_audit(struct sim *s, struct sim_peer *peer)
{
    static int counts[MODEL_REFERRALS][MODEL_EVENTS];
    uint64_t from = 1;

    memset(counts, 0, sizeof counts);
    while (from != 0) {
        const Referral__AuditList *list =
            sim_query(s, peer, REFERRAL__KIND__LIST_AUDIT, "from_index=%lu; rows=%d", (unsigned long)from, PAGE);

        if (list == NULL) {
            sim_fail(s, "P3: the audit is not shown");
            return;
        }
        for (size_t i = 0; i < list->n_rows; i++) {
            const Referral__AuditRow *row = list->rows[i];
            int number = row->code == NULL && row->has_event ? model_find(&s->model, row->subject) : -1;

            if (number >= 0 && row->event < MODEL_EVENTS)
                counts[number][row->event]++;
        }
        from = list->next_index;
    }
    for (int i = 0; i < s->model.referral_count && !sim_failed(s); i++)
        for (int event = 1; event < MODEL_EVENTS; event++)
            if (counts[i][event] != s->model.referrals[i].audit[event])
                sim_fail(s, "P3: %d audit records of event %d of a referral instead of %d", counts[i][event], event,
                         s->model.referrals[i].audit[event]);
}

void sim_compare(struct sim *s, enum house party)
{
    size_t mark = arena_mark(&s->w->arena);
    struct sim_peer *peer = sim_speaker(s, OP);

    sim_settle(s);
    for (enum house who = V1; who < INBOXES && !sim_failed(s); who++) {
        compare_inbox(s, who, peer);
        if (!sim_failed(s))
            compare_dead(s, who, peer);
    }
    if (!sim_failed(s))
        compare_referrals(s, OP, peer);
    if (!sim_failed(s) && sim_any_peer(s, party) != NULL)
        compare_referrals(s, party, sim_any_peer(s, party));
    if (!sim_failed(s))
        compare_books(s, peer);
    if (!sim_failed(s))
        sim_compare_places(s, false);
    if (!sim_failed(s))
        sim_compare_service(s);
    s->out->compared++;
    arena_rewind(&s->w->arena, mark);
}

/* ---- The end ---- */

static void order(struct sim *s, Referral__Kind kind, enum house to, struct bytes body, bool is_all)
{
    struct deed deed = {.kind = kind, .to = to, .is_all = is_all, .is_off = true};

    sim_order(s, &deed, body);
}

static void free_everybody(struct sim *s)
{
    if (s->model.draining)
        order(s, REFERRAL__KIND__DRAIN, NO_PARTY, sim_body(s, REFERRAL__KIND__DRAIN, "off=true"), false);
    for (enum house who = V1; who < INBOXES && !sim_failed(s); who++) {
        if (s->model.disabled[who])
            order(s, REFERRAL__KIND__PUT_INSTITUTION, who, sim_institution(s, who, true), false);
        if (s->model.books[who].paused)
            order(s, REFERRAL__KIND__RESUME, who,
                  sim_body(s, REFERRAL__KIND__RESUME, "institution=%s", party_name(who)), false);
        if (s->model.books[who].dead != 0)
            order(s, REFERRAL__KIND__REPLAY_DEAD, who,
                  sim_body(s, REFERRAL__KIND__REPLAY_DEAD, "institution=%s; all=true", party_name(who)), true);
    }
}

static uint64_t waiting(const struct sim *s)
{
    uint64_t count = 0;

    for (enum house who = V1; who < INBOXES; who++)
        count += s->model.books[who].waiting;
    return count;
}

static void judge_store(struct sim *s)
{
    struct verify_result result;

    if (store_verify(s->store, NULL, NULL, &result) != 0 || result.faults != 0)
        sim_fail(s, "the store does not verify: %s", result.first_fault);
}

/* Faults have stopped: everybody is there and acknowledges, until nothing waits at the end of a round. The clock goes
 * on and has more to tell, so it is not asked that nothing comes afterwards. */
void sim_drain(struct sim *s)
{
    sim_tell(s, "[the faults stop]");
    sim_disk(s, false);
    sim_connect_all(s);
    free_everybody(s);
    for (int round = 0; round < 60 && (round < 20 || waiting(s) != 0) && !sim_failed(s); round++) {
        for (size_t i = 0; i < SIM_PEERS; i++)
            if (s->peers[i].number != 0 && s->peers[i].party != OP)
                sim_ack_all(s, &s->peers[i]);
        sim_pass(s, 20, 20);
        sim_settle(s);
        if (round % 4 == 3 && waiting(s) != 0) {
            sim_pass(s, 900000, 900000);
            sim_settle(s);
        }
    }
    sim_compare(s, V1);
    for (enum house party = V1 + 1; party < INBOXES && !sim_failed(s); party++)
        compare_referrals(s, party, sim_speaker(s, party));
    if (!sim_failed(s) && waiting(s) != 0)
        sim_fail(s, "after faults stopped %lu messages still wait", (unsigned long)waiting(s));
    if (!sim_failed(s))
        compare_audit(s, sim_speaker(s, OP));
    if (!sim_failed(s))
        sim_judge_kept(s);
    if (!sim_failed(s))
        judge_store(s);
    if (!sim_failed(s))
        sim_compare_places(s, true);
    if (!sim_failed(s))
        sim_judge_pools(s);
    if (!sim_failed(s))
        sim_judge_service(s);
}
