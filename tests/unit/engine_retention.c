/* What is finished and old enough leaves the store for the archive, whole or not at all; what is not, what is held and
 * what somebody waits for stays (D8). */
#include "ask.h"
#include "engine/retention.h"
#include "engine/service_count.h"
#include "store/archive.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define KIND(name) REFERRAL__KIND__##name
#define YEAR_MS    (365 * DAY_MS)

static void keep_for(struct district *d, const char *ms)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = "retention_finished_ms";
    setting.value = arena_text(&d->keep, ms);
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_SETTING), &setting), "");
}

static void open_year(struct district *d)
{
    district_open(d);
    keep_for(d, "31536000000");
}

static struct id id_of(struct district *d, const char *text)
{
    struct id id = {0};

    cr_assert(id_parse(text, store_identity(d->store)->short_name, &id));
    return id;
}

/* Everybody but this one (NULL: nobody) has acknowledged everything. */
static void empty_inboxes_but(struct district *d, const char *but)
{
    for (int pass = 0; pass < 2; pass++) {
        struct store_txn *txn = district_read(d);
        struct store_cursor *cursor = store_scan(txn, TABLE_INBOX, bytes_of(NULL, 0), bytes_of(NULL, 0));
        struct inbox_ref *refs = arena_alloc(&d->keep, 64 * sizeof *refs);
        struct bytes key;
        size_t count = 0;

        while (count < 64 && store_next_key(cursor, &key))
            refs[count++] = inbox_ref_from_key(key.data);
        store_scan_end(cursor);

        const char *names[64];

        for (size_t i = 0; i < count; i++)
            names[i] = arena_text(&d->keep, institution_id_of(txn, refs[i].institution));
        store_read_end(txn);
        for (size_t i = 0; i < count; i++) {
            Referral__Ack ack = REFERRAL__ACK__INIT;
            ProtobufCBinaryData id = {.len = DELIVERY_ID_SIZE, .data = arena_alloc(&d->keep, DELIVERY_ID_SIZE)};

            if (but != NULL && strcmp(names[i], but) == 0)
                continue;
            delivery_id_encode(id.data, store_identity(d->store)->incarnation, refs[i]);
            ack.delivery_ids = &id;
            ack.n_delivery_ids = 1;
            district_say(d, names[i], KIND(ACK), &ack);
        }
    }
}

static void empty_inboxes(struct district *d)
{
    empty_inboxes_but(d, NULL);
}

/* What the daemon would put into a file now. */
static size_t choose(struct district *d, const char *first, struct id ids[RETENTION_JOURNEY_MAX])
{
    struct store_txn *txn = district_read(d);
    size_t count = retention_choose(txn, id_of(d, first), retention_limit(txn, d->now), ids);

    store_read_end(txn);
    return count;
}

static size_t ripe(struct district *d, const char *first)
{
    return choose(d, first, arena_alloc(&d->keep, RETENTION_JOURNEY_MAX * sizeof(struct id)));
}

static struct bytes record_of(struct district *d, struct id id)
{
    struct store_txn *txn = district_read(d);
    struct bytes record;

    cr_assert_eq(archive_record(txn, id, referral_row(txn, id), &record), 0);
    record = arena_copy(&d->keep, record);
    store_read_end(txn);
    return record;
}

static Batch__ArchivedRecord *written(struct district *d, struct id id)
{
    Batch__ArchivedRecord *line = arena_alloc(&d->keep, sizeof *line);
    uint8_t *key = arena_alloc(&d->keep, ID_KEY_SIZE), *digest = arena_alloc(&d->keep, ARCHIVE_HASH_SIZE);

    batch__archived_record__init(line);
    id_to_key(key, id);
    store_keyed_hash(d->store, record_of(d, id), digest);
    FIELD_SET(line, referral, ((ProtobufCBinaryData){ID_KEY_SIZE, key}));
    FIELD_SET(line, offset, 12);
    FIELD_SET(line, length, 100);
    FIELD_SET(line, digest, ((ProtobufCBinaryData){ARCHIVE_HASH_SIZE, digest}));
    return line;
}

static void tell(struct district *d, Batch__ArchivedRecord **lines, size_t count)
{
    static uint8_t digest[STORE_DIGEST_SIZE] = {1};
    Batch__Archived told = BATCH__ARCHIVED__INIT;

    told.file = "archive-2028-01-01-1.rfa";
    FIELD_SET(&told, digest, ((ProtobufCBinaryData){sizeof digest, digest}));
    FIELD_SET(&told, count, (uint64_t)count);
    FIELD_SET(&told, last, true);
    told.records = lines;
    told.n_records = count;
    district_say(d, NULL, BATCH__INTERNAL__ARCHIVED, &told);
}

static void archive(struct district *d, const char *referral)
{
    Batch__ArchivedRecord *line = written(d, id_of(d, referral));

    tell(d, &line, 1);
}

static bool is_archived(struct district *d, const char *referral)
{
    struct store_txn *txn = district_read(d);
    bool archived = referral_row(txn, id_of(d, referral))->archived != NULL;

    store_read_end(txn);
    return archived;
}

static size_t rows_of(struct district *d, enum table table)
{
    struct store_txn *txn = district_read(d);
    struct store_cursor *cursor = store_scan(txn, table, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key;
    size_t count = 0;

    while (store_next_key(cursor, &key))
        count++;
    store_scan_end(cursor);
    store_read_end(txn);
    return count;
}

static char *cancelled(struct district *d, const char *to)
{
    char *id = district_refer(d, "T07", to, ROUTINE);

    district_assert_said(d, district_happen(d, "T07", id, CANCEL), "");
    empty_inboxes(d);
    return id;
}

static const char *hold(struct district *d, Referral__Kind kind, char *referral, char *reason)
{
    Referral__LegalHold body = REFERRAL__LEGAL_HOLD__INIT;

    body.referral_id = referral;
    body.reason = reason;
    return district_said(d, district_say(d, "OPS", kind, &body));
}

Test(retention, d8_nothing_is_ripe_before_its_age_and_all_of_it_at_that_instant)
{
    struct district d;
    char *id;

    open_year(&d);
    id = cancelled(&d, "H1");
    cr_assert_eq(ripe(&d, id), 0);
    d.now.ms += YEAR_MS - 1;
    cr_assert_eq(ripe(&d, id), 0);
    d.now.ms += 1;
    cr_assert_eq(ripe(&d, id), 1);
    keep_for(&d, "0");
    cr_assert_eq(ripe(&d, id), 0, "0 is never");
    district_close(&d);
}

Test(retention, d8_what_is_not_finished_is_never_ripe)
{
    struct district d;
    char *open, *accepted;

    open_year(&d);
    open = district_refer(&d, "T07", "H1", ROUTINE);
    accepted = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", accepted, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "H1", accepted, ARRIVE), "");
    empty_inboxes(&d);
    d.now.ms += 10 * YEAR_MS; /* nothing has run that would let it expire */
    cr_assert_eq(ripe(&d, open), 0);
    cr_assert_eq(ripe(&d, accepted), 0);
    archive(&d, accepted);
    cr_assert_not(is_archived(&d, accepted), "whoever tells so");
    district_close(&d);
}

Test(retention, d8_what_waits_in_an_inbox_or_among_the_dead_stays)
{
    struct district d;
    char *id;

    open_year(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    d.now.ms += 2 * YEAR_MS;
    cr_assert_eq(ripe(&d, id), 0, "H1 has not taken it yet");
    archive(&d, id);
    cr_assert_not(is_archived(&d, id));
    empty_inboxes(&d);
    cr_assert_eq(ripe(&d, id), 1);
    district_close(&d);
}

/* L2: the institution of the team is told of it and is neither party; also where the team has moved since. */
Test(retention, d8_what_waits_for_the_team_stays)
{
    Referral__Sheet *sheet;
    Referral__Reply *reply;
    struct district d;

    open_year(&d);
    district_team(&d, "T07");
    district_delegate(&d, "T07", "T08");
    sheet = district_sheet(&d, "T08", "H1", false, ROUTINE);
    sheet->team_id = "TEAM7";
    reply = district_say(&d, "T08", KIND(SUBMIT), sheet);
    district_assert_said(&d, district_happen(&d, "T08", reply->referral_id, CANCEL), "");
    d.now.ms += 2 * YEAR_MS;
    empty_inboxes_but(&d, "T07");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit, cancel");
    cr_assert_eq(ripe(&d, reply->referral_id), 0, "T07 has not heard of it yet");
    district_team(&d, "T08");
    cr_assert_eq(ripe(&d, reply->referral_id), 0, "whose team it was");
    empty_inboxes(&d);
    cr_assert_eq(ripe(&d, reply->referral_id), 1);
    district_close(&d);
}

Test(retention, d8_an_age_from_before_there_was_a_clock_is_never)
{
    struct district d;
    char *id;

    district_open(&d);
    id = cancelled(&d, "H1");
    d.now.ms += 40 * YEAR_MS;
    keep_for(&d, "3153600000000");
    cr_assert_eq(ripe(&d, id), 0, "a hundred years");
    keep_for(&d, "1261440000000");
    cr_assert_eq(ripe(&d, id), 1, "forty");
    district_close(&d);
}

/* Of others' messages between its first and its last one neither keeps it. */
Test(retention, d8_what_waits_for_another_referral_keeps_nothing)
{
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    Referral__Nack nack = REFERRAL__NACK__INIT;
    ProtobufCBinaryData ids[64];
    struct district d;
    char *id;

    open_year(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    cr_assert_eq(district_waiting(&d, "H1", ids), 4);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    for (int i = 0; i < 2; i++) {
        FIELD_SET(&nack, delivery_id, ids[i]);
        district_say(&d, "H1", KIND(NACK), &nack);
    }
    district_assert_said(&d, district_ack(&d, "H1", ids + 3, 1), "");
    d.now.ms += 2 * YEAR_MS;
    cr_assert_eq(ripe(&d, id), 0, "its sheet is among the dead");
    letters.institution = "H1";
    letters.delivery_ids = ids;
    letters.n_delivery_ids = 1;
    letters.reason = "told by telephone";
    district_assert_said(&d, district_say(&d, "OPS", KIND(DROP_DEAD), &letters), "");
    empty_inboxes(&d); /* also of what T07 heard of the dead */
    letters.delivery_ids = ids + 1;
    district_assert_said(&d, district_say(&d, "OPS", KIND(REPLAY_DEAD), &letters), "");
    cr_assert_eq(ripe(&d, id), 1, "what waits again is another's");
    district_close(&d);
}

static size_t journey_size(struct district *d, char *first)
{
    Referral__ReferralQuery query = about(first);
    Referral__ReferralList *list;
    size_t size = 0;

    do {
        list = ask(d, "T07", KIND(GET_JOURNEY), &query);
        size += list->n_referrals;
        query.has_cursor = list->has_next;
        query.cursor = list->next;
    } while (list->has_next && list->n_referrals != 0);
    return size;
}

/* One redirected to and fro so often stays in the store: it is not looked at in pieces. */
Test(retention, d8_a_journey_of_more_than_its_bound_stays)
{
    struct district d;
    Referral__Sheet *sheet;
    Referral__Reply *reply;
    char *first;

    open_year(&d);
    first = cancelled(&d, "H1");
    for (size_t i = 1; i <= RETENTION_JOURNEY_MAX; i++) {
        sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
        sheet->journey_id = first;
        reply = district_say(&d, "T07", KIND(SUBMIT), sheet);
        district_assert_said(&d, reply, "");
        district_assert_said(&d, district_happen(&d, "T07", reply->referral_id, CANCEL), "");
        if (i % 20 == 0 || i == RETENTION_JOURNEY_MAX - 1) {
            empty_inboxes(&d);
            empty_inboxes(&d);
        }
        if (i == RETENTION_JOURNEY_MAX - 1) {
            d.now.ms += YEAR_MS;
            cr_assert_eq(ripe(&d, first), RETENTION_JOURNEY_MAX);
        }
    }
    d.now.ms += 2 * YEAR_MS;
    cr_assert_eq(ripe(&d, first), 0, "its last message waits");
    empty_inboxes(&d);
    cr_assert_eq(ripe(&d, first), RETENTION_JOURNEY_MAX + 1, "so many stay");
    cr_assert_eq(journey_size(&d, first), RETENTION_JOURNEY_MAX + 1, "all of them are told, page by page");
    archive(&d, first);
    cr_assert_not(is_archived(&d, first));
    district_close(&d);
}

Test(retention, d8_a_legal_hold_keeps_a_referral_until_it_is_released)
{
    struct district d;
    char *id;

    open_year(&d);
    id = cancelled(&d, "H1");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), id, NULL), "MISSING reason");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), id, " "), "BLANK reason");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), NULL, "case 12"), "MISSING referral_id");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), "bd-1-1-1", "case 12"), "NOT_FOUND");
    cr_assert_str_eq(hold(&d, KIND(RELEASE_REFERRAL), id, "case 12"), "NOT_HELD referral_id");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), id, "case 12"), "");
    cr_assert_str_eq(hold(&d, KIND(HOLD_REFERRAL), id, "case 13"), "HELD_ALREADY referral_id");

    Referral__ReferralQuery query = about(id);
    Referral__ReferralView *view = ask(&d, "OPS", KIND(GET_REFERRAL), &query);

    cr_assert_eq(view->summary->held_at_ms, d.now.ms);
    cr_assert_str_eq(view->hold_reason, "case 12");
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_null(view->hold_reason, "why is the operators' affair");

    Batch__ArchivedRecord *line = written(&d, id_of(&d, id));

    d.now.ms += 2 * YEAR_MS;
    cr_assert_eq(ripe(&d, id), 0);
    tell(&d, &line, 1);
    cr_assert_not(is_archived(&d, id));
    cr_assert_str_eq(hold(&d, KIND(RELEASE_REFERRAL), id, "case 12 is closed"), "");
    cr_assert_eq(ripe(&d, id), 1);
    district_close(&d);
}

Test(retention, p3_holds_are_the_operators_and_audited)
{
    Referral__LegalHold body = REFERRAL__LEGAL_HOLD__INIT;
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__AuditList *list;
    struct district d;

    open_year(&d);
    body.referral_id = cancelled(&d, "H1");
    body.reason = "case 12";
    district_assert_said(&d, district_say(&d, "H1", KIND(HOLD_REFERRAL), &body), "NOT_ALLOWED");
    district_assert_said(&d, district_say(&d, "OPS", KIND(HOLD_REFERRAL), &body), "");
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &audit);
    cr_assert_eq(list->rows[0]->kind, KIND(HOLD_REFERRAL));
    cr_assert_str_eq(list->rows[0]->subject, body.referral_id);
    cr_assert_str_eq(list->rows[0]->reason, "case 12");
    district_close(&d);
}

Test(retention, d8_a_journey_goes_together_and_waits_for_its_youngest)
{
    struct id *ids;
    Referral__Event *event;
    Referral__Reply *reply;
    struct district d;
    char *first, *second;

    open_year(&d);
    ids = arena_alloc(&d.keep, RETENTION_JOURNEY_MAX * sizeof *ids);
    first = district_refer(&d, "T07", "H1", ROUTINE);
    event = district_event(&d, first, REDIRECT);
    event->receiver = "H2";
    event->department = "CARD";
    reply = district_say(&d, "H1", KIND(EVENT), event);
    district_assert_said(&d, reply, "");
    second = reply->child_referral_id;
    d.now.ms += 2 * YEAR_MS;
    empty_inboxes(&d);
    cr_assert_eq(ripe(&d, first), 0, "the second one is open");
    district_clock(&d); /* it expires */
    empty_inboxes(&d);
    cr_assert_eq(ripe(&d, first), 0, "and has ended only now");
    d.now.ms += YEAR_MS;
    cr_assert_eq(choose(&d, first, ids), 2);
    cr_assert(id_equal(ids[0], id_of(&d, second)), "the youngest first: it reads the sheet of the other");
    cr_assert_eq(ripe(&d, second), 0, "it is found by the first");

    Batch__ArchivedRecord *lines[] = {written(&d, ids[0]), written(&d, ids[1])}, *wrong[] = {lines[1], lines[0]};

    tell(&d, wrong, 1);
    cr_assert_not(is_archived(&d, first), "the other one still reads its sheet");
    tell(&d, lines, 2);
    cr_assert(is_archived(&d, first));
    cr_assert(is_archived(&d, second));
    cr_assert_eq(rows_of(&d, TABLE_BODY), 0);
    district_close(&d);
}

static char *redirected(struct district *d, const char *who, const char *id, char *to)
{
    Referral__Event *event = district_event(d, id, REDIRECT);
    Referral__Reply *reply;

    event->receiver = to;
    event->department = "CARD";
    reply = district_say(d, who, KIND(EVENT), event);
    district_assert_said(d, reply, "");
    return reply->child_referral_id;
}

/* The first one's version is read by the last, over the one in between. */
Test(retention, d8_what_was_redirected_amended_and_redirected_again_goes_together)
{
    struct id *ids;
    Referral__Event *event;
    struct district d;
    char *first, *second, *third;

    open_year(&d);
    ids = arena_alloc(&d.keep, RETENTION_JOURNEY_MAX * sizeof *ids);
    first = district_refer(&d, "T07", "H1", ROUTINE);
    second = redirected(&d, "H1", first, "H2");
    event = district_event(&d, second, AMEND);
    FIELD_SET(event, sheet, binary_pack(&d.keep, &district_sheet(&d, "T07", "H2", false, ROUTINE)->base));
    district_assert_said(&d, district_say(&d, "T07", KIND(EVENT), event), "");
    third = redirected(&d, "H2", second, "H3");
    district_assert_said(&d, district_happen(&d, "H3", third, REJECT), "");
    empty_inboxes(&d);
    d.now.ms += 2 * YEAR_MS;
    cr_assert_eq(choose(&d, first, ids), 3);

    Batch__ArchivedRecord *lines[] = {written(&d, ids[0]), written(&d, ids[1]), written(&d, ids[2])};

    tell(&d, lines + 2, 1);
    cr_assert_not(is_archived(&d, first), "two still read its sheet");
    tell(&d, lines, 3);
    cr_assert(is_archived(&d, first) && is_archived(&d, second) && is_archived(&d, third));
    cr_assert_eq(rows_of(&d, TABLE_BODY), 0);
    district_close(&d);
}

Test(retention, d8_what_changed_since_it_was_written_stays)
{
    Referral__ShowPayload show = REFERRAL__SHOW_PAYLOAD__INIT;
    Batch__ArchivedRecord *line;
    struct district d;

    open_year(&d);
    show.referral_id = cancelled(&d, "H1");
    d.now.ms += 2 * YEAR_MS;
    line = written(&d, id_of(&d, show.referral_id));
    district_assert_said(&d, district_say(&d, "T07", KIND(SHOW_PAYLOAD), &show), "");
    tell(&d, &line, 1);
    cr_assert_not(is_archived(&d, show.referral_id));
    cr_assert_eq(rows_of(&d, TABLE_ARCHIVE), 0, "nothing went to that file");
    archive(&d, show.referral_id);
    cr_assert(is_archived(&d, show.referral_id));
    cr_assert_eq(rows_of(&d, TABLE_ARCHIVE), 1);
    district_close(&d);
}

Test(retention, c4_while_the_time_is_in_doubt_nothing_goes)
{
    struct district d;
    char *id;

    open_year(&d);
    id = cancelled(&d, "H1");
    d.now.ms += 2 * YEAR_MS;
    d.hold = true;
    archive(&d, id);
    cr_assert_not(is_archived(&d, id));
    cr_assert_eq(rows_of(&d, TABLE_ARCHIVE), 0);
    district_close(&d);
}

Test(retention, d8_what_was_archived_is_found_and_says_where_it_is)
{
    Referral__ShowPayload show = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__ReferralsQuery all = REFERRAL__REFERRALS_QUERY__INIT;
    Referral__ReferralQuery query;
    Referral__ReferralView *before, *after;
    Referral__ReferralList *list;
    Batch__Command *again;
    Referral__Reply *first;
    struct district d;
    char *id;

    open_year(&d);
    again = district_command(&d, "T07", KIND(SUBMIT), "m-again", district_sheet(&d, "T07", "H1", false, ROUTINE));
    first = district_send(&d, again);
    id = first->referral_id;
    district_assert_said(&d, district_happen(&d, "H1", id, REJECT), "");
    empty_inboxes(&d);
    d.now.ms += 2 * YEAR_MS;
    query = about(id);
    before = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    archive(&d, id);
    after = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_null(before->summary->archived_in);
    cr_assert_str_eq(after->summary->archived_in, "archive-2028-01-01-1.rfa");
    cr_assert_eq(after->summary->state, REFERRAL__STATE__REJECTED);
    cr_assert_str_eq(after->summary->sender_reference, "ref-1");
    cr_assert_eq(after->n_timeline, before->n_timeline);
    for (size_t i = 0; i < after->n_timeline; i++) {
        cr_assert_eq(after->timeline[i]->event, before->timeline[i]->event);
        cr_assert_eq(after->timeline[i]->at_ms, before->timeline[i]->at_ms);
        cr_assert_null(after->timeline[i]->text, "remarks have gone (P1)");
        cr_assert_null(after->timeline[i]->person);
    }
    list = ask(&d, "H1", KIND(LIST_REFERRALS), &all);
    cr_assert_eq(list->n_referrals, 1);
    show.referral_id = id;
    district_assert_said(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &show), "ARCHIVED referral_id");
    district_assert_said(&d, district_say(&d, "T08", KIND(SHOW_PAYLOAD), &show), "NOT_FOUND");
    cr_assert_str_eq(district_send(&d, again)->referral_id, id, "and sent again it is still the same (D1)");
    cr_assert_eq(rows_of(&d, TABLE_REFERRAL), 1);
    cr_assert_eq(rows_of(&d, TABLE_BODY), 0);
    district_close(&d);
}

Test(retention, d8_told_again_after_a_crash_it_is_done_once)
{
    Batch__ArchivedRecord *lines[2];
    struct district d;
    char *one, *other;

    open_year(&d);
    one = cancelled(&d, "H1");
    other = cancelled(&d, "H2");
    d.now.ms += 2 * YEAR_MS;
    lines[0] = written(&d, id_of(&d, one));
    lines[1] = written(&d, id_of(&d, other));
    tell(&d, lines, 1);
    tell(&d, lines, 2);
    tell(&d, lines, 2);

    struct store_txn *txn = district_read(&d);
    const Record__ArchiveFile *file = archive_file_row(txn, "archive-2028-01-01-1.rfa");

    cr_assert_eq(file->referrals, 2);
    store_read_end(txn);
    cr_assert(is_archived(&d, other));
    district_close(&d);
}

static struct bytes facts_of(struct district *d, uint64_t index, struct instant at)
{
    struct store_txn *txn = district_read(d);
    Referral__ServiceFacts facts = REFERRAL__SERVICE_FACTS__INIT;
    struct service_range range = {.hospital = institution_row(txn, "H1")->number,
                                  .from = instant_of(DISTRICT_NOW - DAY_MS),
                                  .to = instant_of(DISTRICT_NOW + YEAR_MS),
                                  .as_of_index = index,
                                  .as_of = at};
    struct id from = {0};
    struct bytes packed;

    service_count(txn, &range, &from, &facts);
    packed = wire_pack(&facts.base, &d->keep);
    store_read_end(txn);
    return packed;
}

/* Persons sent down in a calendar year stay counted, and so does what a report of before said. */
Test(retention, d8_the_reports_are_the_same_before_and_after)
{
    uint64_t indices[200];
    struct instant times[200];
    struct bytes before[200];
    struct district d;
    char *ids[5];
    size_t turns = 0;

    open_year(&d);
    ids[0] = cancelled(&d, "H1");
    ids[1] = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT); /* never answered: overdue, expired */
    ids[2] = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", ids[2], REJECT), "");
    ids[3] = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", ids[3], ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "T07", ids[3], BOOK), "");

    Referral__Reply *down = district_say(&d, "H1", KIND(SUBMIT), district_sheet(&d, "H1", "T07", true, ROUTINE));

    district_assert_said(&d, down, "");
    ids[4] = down->referral_id;
    district_assert_said(&d, district_happen(&d, "T07", ids[4], CONFIRM_RECEIPT), "");
    for (int day = 0; day < 40; day++) {
        d.now.ms += DAY_MS;
        district_clock(&d);
    }
    empty_inboxes(&d);
    d.now.ms += 2 * YEAR_MS;
    district_clock(&d);
    for (uint64_t index = 1; index <= store_mark(d.store).index && turns < 200; index++) {
        struct store_txn *txn = district_read(&d);
        const Record__Audit *record = audit_record(txn, index);

        if (record != NULL) {
            indices[turns] = index;
            times[turns++] = instant_of(record->at_ms);
        }
        store_read_end(txn);
    }
    for (size_t i = 0; i < turns; i++)
        before[i] = facts_of(&d, indices[i], times[i]);
    for (size_t i = 0; i < 5; i++) {
        archive(&d, ids[i]);
        cr_assert(is_archived(&d, ids[i]), "%zu", i);
    }
    for (size_t i = 0; i < turns; i++)
        cr_assert(bytes_equal(before[i], facts_of(&d, indices[i], times[i])), "as of turn %zu", (size_t)indices[i]);
    district_close(&d);
}
