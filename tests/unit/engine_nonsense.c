/* engine_nonsense.c - rows that are sealed as ours are, and that no version writes: whoever asks, or commands, fails
 * with damage, and nobody follows what they say (P3). */
#include <errno.h>

#include "ask.h"

#include "engine/inbox_parts.h"
#include "engine/settings.h"
#include "engine/speaker.h"
#include "places.h"
#include "store/record.h"

/* The first row of the table says this instead, from a turn of its own. */
static void spoil(struct district *d, enum table table, struct bytes value)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    struct store_cursor *cursor;
    struct store_txn *txn;
    struct bytes key = bytes_of("T07\0H1", 6); /* where there is none */

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    cursor = store_scan(txn, table, bytes_of(NULL, 0), bytes_of(NULL, 0));
    store_next_key(cursor, &key);
    store_scan_end(cursor);
    store_put(txn, table, key, value);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

struct asked {
    const struct question *question;
    const struct live *live;
};

static void answer(void *user, struct store_txn *txn)
{
    const struct asked *asked = user;

    query_answer(txn, store_arena(txn), asked->question, asked->live);
}

static void assert_damaged(struct district *d, Referral__Kind kind)
{
    struct stage stage;
    struct question question = {.key = district_key(d, "OPS").data, .kind = kind, .language = "en", .now = d->now};
    struct asked asked = {.question = &question, .live = &stage.live};
    struct store_txn *txn = district_read(d);

    stage_init(&stage);
    cr_assert_eq(store_within(txn, answer, &asked), -EBADMSG, "kind %d", (int)kind);
    cr_assert_not_null(strstr(store_error(d->store), "restore a backup"), "%s", store_error(d->store));
    store_read_end(txn);
}

Test(nonsense, p3_a_row_that_does_not_unpack_answers_nobody)
{
    static const struct {
        enum table table;
        Referral__Kind kind;
    } rows[] = {
        {TABLE_INSTITUTION, REFERRAL__KIND__LIST_INSTITUTIONS},
        {TABLE_RELATION, REFERRAL__KIND__LIST_RELATIONS},
        {TABLE_TEAM, REFERRAL__KIND__LIST_TEAMS},
        {TABLE_ACCESS_KEY, REFERRAL__KIND__LIST_KEYS},
        {TABLE_REFERRAL, REFERRAL__KIND__LIST_REFERRALS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct district d;

        places_open(&d);
        places_refer(&d, "T07", "Wang Fang");
        spoil(&d, rows[i].table, bytes_text("\377nonsense"));
        assert_damaged(&d, rows[i].kind);
        district_close(&d);
    }
}

/* It unpacks, as does what it holds, but does not say between whom it is. */
Test(nonsense, p3_a_relation_of_nobody_answers_nobody)
{
    struct district d;

    places_open(&d);
    spoil(&d, TABLE_RELATION, bytes_of("\x12\0", 2));
    assert_damaged(&d, REFERRAL__KIND__LIST_RELATIONS);
    district_close(&d);
}

static void speak(void *user, struct store_txn *txn)
{
    struct district *d = user;
    struct speaker speaker;

    engine_speaker(txn, district_key(d, "H1").data, d->now, &speaker);
}

/* P2: a number that is no role is not another's bit. */
Test(nonsense, p2_a_key_with_a_role_that_is_none_speaks_for_nobody)
{
    struct district d;
    struct store_txn *txn;
    Record__AccessKey row = RECORD__ACCESS_KEY__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {(Referral__Role)64};
    uint8_t packed[64];

    places_open(&d);
    key.institution = "H1";
    key.n_roles = 1;
    key.roles = roles;
    FIELD_SET(&row, access_key, binary_pack(&d.keep, &key.base));
    spoil(&d, TABLE_ACCESS_KEY, bytes_of(packed, record__access_key__pack(&row, packed)));
    txn = district_read(&d);
    cr_assert_eq(store_within(txn, speak, &d), -EBADMSG);
    store_read_end(txn);
    district_close(&d);
}

/* L4: its deadline would never come, or be over before it began. */
Test(nonsense, l4_a_setting_out_of_its_range_is_not_reckoned_with)
{
    struct district d;
    struct store_txn *txn;

    places_open(&d);
    txn = district_read(&d);
    cr_assert_eq(setting_number(txn, SETTING_validity_ms, NULL), 1209600000);
    store_read_end(txn);
    arena_reset(&d.turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
    setting_row_put(txn, "validity_ms", "", "9223372036854775807");
    setting_number(txn, SETTING_validity_ms, NULL);
    cr_assert_eq(store_failure(txn), -EBADMSG);
    store_turn_abort(txn);
    district_close(&d);
}

static void load(void *user, struct store_txn *txn)
{
    struct work work = {.txn = txn, .arena = store_arena(txn)};

    registry_institution_of(&work, *(const uint32_t *)user);
}

Test(nonsense, p3_a_number_that_nobody_has_leads_nowhere)
{
    struct district d;
    struct store_txn *txn;
    uint32_t nobody = 4711;

    places_open(&d);
    txn = district_read(&d);
    cr_assert_eq(store_within(txn, load, &nobody), -EBADMSG);
    store_read_end(txn);
    district_close(&d);
}

static void wait_no_more(void *user, struct store_txn *txn)
{
    struct work work = {.txn = txn, .arena = store_arena(txn)};
    Record__Inbox row = RECORD__INBOX__INIT;

    row.size_bytes = *(const uint32_t *)user;
    inbox_waits_no_more(&work, (struct inbox_ref){.institution = 999, .lane = 3}, &row);
}

Test(nonsense, d7_books_that_know_less_than_what_waits_are_damage)
{
    struct district d;
    struct store_txn *txn;
    uint32_t size = 10;

    places_open(&d);
    txn = district_read(&d);
    cr_assert_eq(store_within(txn, wait_no_more, &size), -EBADMSG);
    store_read_end(txn);
    district_close(&d);
}
