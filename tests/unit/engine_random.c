/* engine_random.c - whatever happens in whatever order: the books balance, each referral has its one due row, every
 * step is in the table. */
#include "district.h"

struct dice { /* the same in every run */
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state = dice->state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(dice->state >> 33) % sides;
}

#define REFERRALS_MAX 400

struct play {
    struct district d;
    struct dice dice;
    char *referrals[REFERRALS_MAX];
    size_t count, accepted, refused;
};

static const char *const everyone[] = {"T07", "T08", "H1", "H2", "H3", "OPS"};

static void note(struct play *play, const Referral__Reply *reply)
{
    if (reply == NULL)
        return;
    if (reply->n_refusals != 0)
        play->refused++;
    else
        play->accepted++;
    if (reply->n_refusals == 0 && play->count < REFERRALS_MAX && reply->child_referral_id != NULL)
        play->referrals[play->count++] = reply->child_referral_id;
}

static void submit(struct play *play)
{
    const char *from = everyone[roll(&play->dice, 2)], *to = everyone[2 + roll(&play->dice, 3)];
    Referral__Priority priority = (Referral__Priority)(1 + roll(&play->dice, 3));
    Referral__Reply *reply =
        district_say(&play->d, from, REFERRAL__KIND__SUBMIT, district_sheet(&play->d, from, to, false, priority));

    note(play, reply);
    if (reply->n_refusals == 0 && play->count < REFERRALS_MAX)
        play->referrals[play->count++] = reply->referral_id;
}

static void send_down(struct play *play, char *parent)
{
    const Record__Referral *row = district_row(&play->d, parent);
    Referral__Sheet *sheet =
        district_sheet(&play->d, row->receiver, everyone[roll(&play->dice, 2)], true, REFERRAL__PRIORITY__URGENT);
    Referral__Reply *reply;

    sheet->parent_referral_id = parent;
    reply = district_say(&play->d, row->receiver, REFERRAL__KIND__SUBMIT, sheet);
    note(play, reply);
    if (reply->n_refusals == 0 && play->count < REFERRALS_MAX)
        play->referrals[play->count++] = reply->referral_id;
}

/* Mostly what a party may do now, so that lives get far; else anything by anybody. */
static enum event choose(struct play *play, const Record__Referral *row, const char **ret_who)
{
    static const int parties[] = {BY_SENDER, BY_RECEIVER, BY_RECEIVER, BY_OPERATOR};
    int by = parties[roll(&play->dice, 20) == 0 ? 3 : roll(&play->dice, 3)];
    enum event events[EVENT_TABLE_COUNT];
    size_t count =
        lifecycle_allowed((enum life)row->life, (enum state)row->state, by, (Referral__Priority)row->priority, events);

    *ret_who = by == BY_OPERATOR ? "OPS" : by == BY_SENDER ? row->sender : row->receiver;
    if (count != 0 && roll(&play->dice, 6) != 0)
        return events[roll(&play->dice, (uint32_t)count)];
    *ret_who = everyone[roll(&play->dice, 6)];
    return (enum event)(ACKNOWLEDGE + roll(&play->dice, EVENT_TABLE_COUNT - ACKNOWLEDGE));
}

/* What is accepted is a row of the table for the state before. */
static void event(struct play *play, char *referral)
{
    const Record__Referral *before = district_row(&play->d, referral);
    const char *who;
    enum event type = choose(play, before, &who);
    Referral__Event *event = district_event(&play->d, referral, type);
    Referral__Reply *reply;
    bool found = false;

    if (type == REDIRECT)
        event->receiver = arena_text(&play->d.keep, everyone[2 + roll(&play->dice, 3)]);
    reply = district_say(&play->d, who, REFERRAL__KIND__EVENT, event);
    note(play, reply);
    if (reply->n_refusals != 0)
        return;
    for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1)
        found |= lifecycle_find((enum life)before->life, (enum state)before->state, type, by,
                                (Referral__Priority)before->priority) != NULL;
    cr_assert(found, "%s in %s", event_name(type), state_name((enum state)before->state));
}

static void consume(struct play *play)
{
    const char *who = everyone[roll(&play->dice, 5)];
    ProtobufCBinaryData ids[64];
    size_t count = district_waiting(&play->d, who, ids);
    Referral__Nack nack = REFERRAL__NACK__INIT;

    if (count == 0)
        return;
    if (roll(&play->dice, 4) != 0) {
        district_ack(&play->d, who, ids, 1 + roll(&play->dice, (uint32_t)count));
        return;
    }
    FIELD_SET(&nack, delivery_id, ids[roll(&play->dice, (uint32_t)count)]);
    FIELD_SET(&nack, code, (Referral__NackCode)(1 + roll(&play->dice, 4)));
    district_say(&play->d, who, REFERRAL__KIND__NACK, &nack);
}

static void replay_dead(struct play *play)
{
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    bool drops = roll(&play->dice, 2) == 0;

    letters.institution = arena_text(&play->d.keep, everyone[roll(&play->dice, 5)]);
    letters.reason = "by hand";
    FIELD_SET(&letters, all, true);
    note(play,
         district_say(&play->d, "OPS", drops ? REFERRAL__KIND__DROP_DEAD : REFERRAL__KIND__REPLAY_DEAD, &letters));
}

/* Mostly one of the latest. */
static char *pick(struct play *play)
{
    uint32_t count = (uint32_t)play->count;

    if (count == 0)
        return NULL;
    return play->referrals[roll(&play->dice, 4) == 0 ? roll(&play->dice, count)
                                                     : count - 1 - roll(&play->dice, count < 6 ? count : 6)];
}

static void step(struct play *play)
{
    uint32_t what = roll(&play->dice, 40);
    char *referral = pick(play);

    play->d.now = instant_after(play->d.now, roll(&play->dice, 4) != 0 ? 1000 : roll(&play->dice, 12 * HOUR_MS));
    if (what < 4 || referral == NULL)
        submit(play);
    else if (what < 7)
        send_down(play, referral);
    else if (what < 8)
        replay_dead(play);
    else if (what < 14)
        consume(play);
    else if (what < 17)
        district_clock(&play->d);
    else
        event(play, referral);
}

static uint64_t count_rows(struct store_txn *txn, enum table table, struct bytes prefix)
{
    struct store_cursor *cursor = store_scan(txn, table, prefix, prefix);
    struct bytes key;
    uint64_t count = 0;

    while (store_next_key(cursor, &key))
        count++;
    store_scan_end(cursor);
    return count;
}

/* D7: the books say what the rows say. */
static void check_books(struct play *play)
{
    struct store_txn *txn = district_read(&play->d);

    for (uint32_t number = 1; institution_id_of(txn, number) != NULL; number++) {
        const Record__Books *books = books_of(txn, number);
        uint8_t key[4];

        put_be32(key, number);
        cr_assert_eq(count_rows(txn, TABLE_INBOX, bytes_of(key, 4)), books->waiting);
        cr_assert_eq(count_rows(txn, TABLE_DEAD, bytes_of(key, 4)), books->dead);
    }
    store_read_end(txn);
    district_assert_books(&play->d);
}

/* Each referral that time can change has one due row, at its time, and no other row is left. */
static void check_due_rows(struct play *play)
{
    struct store_txn *txn = district_read(&play->d);
    struct store_cursor *cursor = store_scan(txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key, value;
    uint64_t expected = 0, found = 0;

    while (store_next_key(cursor, &key)) {
        const Record__Referral *row = referral_row(txn, id_from_key(key.data));
        uint8_t due[9 + ID_KEY_SIZE];

        if (row->due_ms == 0)
            continue;
        put_be64(due, (uint64_t)row->due_ms);
        due[8] = DUE_REFERRAL;
        memcpy(due + 9, key.data, ID_KEY_SIZE);
        cr_assert(store_get(txn, TABLE_DUE, bytes_of(due, sizeof due), &value));
        expected++;
    }
    store_scan_end(cursor);
    cursor = store_scan(txn, TABLE_DUE, bytes_of(NULL, 0), bytes_of(NULL, 0));
    while (store_next_key(cursor, &key))
        found += key.data[8] == DUE_REFERRAL;
    store_scan_end(cursor);
    store_read_end(txn);
    cr_assert_eq(found, expected);
}

Test(random, d7_l4_books_and_due_rows_agree_whatever_happens)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct play *play = calloc(1, sizeof *play);

        play->dice.state = seed;
        district_open(&play->d);
        for (int i = 0; i < 700; i++)
            step(play);
        check_books(play);
        check_due_rows(play);
        cr_assert_gt(play->accepted, 100, "seed %lu: %zu accepted, %zu refused", seed, play->accepted, play->refused);
        district_close(&play->d);
        free(play);
    }
}
