/* engine_places.c - whatever parties, hospital and clock do to places in whatever order, several of them in a turn:
 * units, bookings, claims and entries agree (Q2, Q5, Q7, Q8, L6). A failing run prints its seed. */
#include "places.h"

#define STEPS      300
#define TURN_MOST  4
#define KNOWN_MOST 64

struct play {
    struct district d;
    uint64_t seed;
    char *entries[KNOWN_MOST];
    size_t entry_count;
    Referral__PoolRef *pools[6];
    size_t accepted, refused;
};

static uint64_t next(struct play *p)
{
    p->seed ^= p->seed << 13;
    p->seed ^= p->seed >> 7;
    p->seed ^= p->seed << 17;
    return p->seed;
}

static uint32_t below(struct play *p, uint32_t count)
{
    return (uint32_t)(next(p) % count);
}

/* Mostly something that is still of use, and who has it: a live booking, or a referral before its end. */
struct found {
    char *id;
    const char *who;
};

static bool is_live(enum table table, const void *row, const char **ret_sender, struct store_txn *txn)
{
    const Record__Booking *booking = row;
    const Record__Referral *referral = row;

    if (table == TABLE_REFERRAL) {
        *ret_sender = referral->sender;
        return !state_is_terminal((enum state)referral->state);
    }
    referral = booking->has_referral ? referral_row(txn, life_id_of(booking->referral)) : NULL;
    *ret_sender = referral == NULL ? "H1" : referral->sender;
    return booking->state <= REFERRAL__BOOKING_STATE__PLACE_BOOKED;
}

static struct found find_live(struct play *p, enum table table, const ProtobufCMessageDescriptor *descriptor)
{
    struct store_txn *txn = district_read(&p->d);
    struct store_cursor *cursor = store_scan(txn, table, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct found found = {"bd-1-1-1", "T07"};
    struct bytes key, value;
    uint32_t seen = 0;

    while (store_next(cursor, &key, &value)) {
        const char *sender;
        char text[ID_TEXT_SIZE];

        if (!is_live(table, places_unpack(&p->d, descriptor, value), &sender, txn) || below(p, ++seen) != 0)
            continue;
        id_format(text, "bd", id_from_key(key.data));
        found = (struct found){arena_text(&p->d.keep, text), arena_text(&p->d.keep, sender)};
    }
    store_scan_end(cursor);
    store_read_end(txn);
    if (below(p, 3) == 0)
        found.who = "H1";
    return found;
}

static struct found any_booking(struct play *p)
{
    return find_live(p, TABLE_BOOKING, &record__booking__descriptor);
}

static struct found any_referral(struct play *p)
{
    return find_live(p, TABLE_REFERRAL, &record__referral__descriptor);
}

static const char *somebody(struct play *p)
{
    static const char *const who[] = {"T07", "T07", "T08", "H1", "H1"};

    return who[below(p, 5)];
}

static Batch__Command *say(struct play *p, Referral__Kind kind, const char *who, const void *body)
{
    return district_command(&p->d, who, kind, arena_format(&p->d.keep, "m%d", p->d.commands), body);
}

static Batch__Command *submits(struct play *p)
{
    const char *from = below(p, 2) == 0 ? "T07" : "T08";
    Referral__Sheet *sheet = places_sheet(&p->d, from, arena_format(&p->d.keep, "patient %u", below(p, 12)));

    if (below(p, 4) == 0)
        sheet->team_id = NULL;
    if (below(p, 8) == 0) {
        FIELD_SET(sheet, priority, REFERRAL__PRIORITY__EMERGENCY);
        FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__TRAUMA);
    }
    return say(p, REFERRAL__KIND__SUBMIT, from, sheet);
}

static Batch__Command *takes(struct play *p, Referral__Kind kind)
{
    bool own = below(p, 3) == 0;
    struct found referral = own ? (struct found){NULL, "H1"} : any_referral(p);
    Referral__TakePlace *take =
        places_wish(&p->d, p->pools[below(p, 6)], own || below(p, 3) == 0 ? GENERAL : FAMILY, referral.id);

    if (below(p, 4) == 0)
        FIELD_SET(take, units, 1 + below(p, 3));
    if (own && kind == REFERRAL__KIND__BOOK_PLACE && below(p, 4) == 0)
        FIELD_SET(take, allotment, true);
    return say(p, kind, referral.who, take);
}

static Batch__Command *changes(struct play *p, Referral__Kind kind)
{
    struct found booking = any_booking(p);
    Referral__PlaceChange *change = places_change(&p->d, booking.id);
    uint32_t unit = 1 + below(p, 4);

    if (kind == REFERRAL__KIND__CANCEL_PLACE)
        FIELD_SET(change, reason, below(p, 3) == 0 ? REFERRAL__REASON__NOT_AVAILABLE : REFERRAL__REASON__DUPLICATE);
    if (kind == REFERRAL__KIND__DISPLACE_PLACE)
        FIELD_SET(change, reason, REFERRAL__REASON__NO_CAPACITY);
    if (kind == REFERRAL__KIND__MARK_PLACE)
        FIELD_SET(change, state,
                  below(p, 2) == 0 ? REFERRAL__BOOKING_STATE__PLACE_USED : REFERRAL__BOOKING_STATE__PLACE_NO_SHOW);
    if (kind == REFERRAL__KIND__CANCEL_PLACE && below(p, 4) == 0) {
        change->units = arena_alloc(&p->d.keep, sizeof unit); /* of an allotment */
        change->units[0] = unit;
        change->n_units = 1;
        change->has_reason = false;
    }
    return say(p, kind, below(p, 8) == 0 ? somebody(p) : booking.who, change);
}

static Batch__Command *moves(struct play *p)
{
    Referral__MovePlace *move = arena_alloc(&p->d.keep, sizeof *move);
    struct found booking = any_booking(p);

    referral__move_place__init(move);
    move->booking_id = booking.id;
    move->pool = p->pools[below(p, 6)];
    if (below(p, 2) == 0)
        FIELD_SET(move, first_unit, 1 + below(p, 5));
    return say(p, REFERRAL__KIND__MOVE_PLACE, booking.who, move);
}

static Batch__Command *joins(struct play *p)
{
    static const Referral__PlaceClass classes[] = {EXPERT, EXAM, BED};
    bool own = below(p, 4) == 0;
    struct found referral = own ? (struct found){NULL, "H1"} : any_referral(p);
    Referral__JoinList *list =
        places_wait(&p->d, classes[below(p, 3)], own || below(p, 3) == 0 ? GENERAL : FAMILY, referral.id);

    list->first_date = "2026-11-22";
    if (below(p, 4) == 0)
        FIELD_SET(list, units, 2);
    return say(p, REFERRAL__KIND__JOIN_LIST, referral.who, list);
}

static Batch__Command *leaves(struct play *p)
{
    Referral__LeaveList *leave = arena_alloc(&p->d.keep, sizeof *leave);

    referral__leave_list__init(leave);
    leave->entry_id = p->entry_count == 0 ? "bd-1-1-1" : p->entries[next(p) % p->entry_count % KNOWN_MOST];
    return say(p, REFERRAL__KIND__LEAVE_LIST, somebody(p), leave);
}

static Batch__Command *happens(struct play *p)
{
    static const enum event events[] = {ACCEPT,      ARRIVE, MISS,   CANCEL, CANCEL_BOOKING, LEAVE_LIST,    REJECT,
                                        SUPPLY_INFO, START,  REPORT, ANNUL,  REQUEST_INFO,   REQUEST_CANCEL};
    struct found referral = any_referral(p);
    Referral__Event *event = district_event(&p->d, referral.id, events[below(p, 13)]);

    return say(p, REFERRAL__KIND__EVENT, below(p, 2) == 0 ? "H1" : referral.who, event);
}

/* The hospital takes units away, and gives them again. */
static Batch__Command *publishes(struct play *p)
{
    static const Referral__Kind kinds[] = {REFERRAL__KIND__CUT_UNITS, REFERRAL__KIND__BLOCK_UNITS,
                                           REFERRAL__KIND__UNBLOCK_UNITS, REFERRAL__KIND__CANCEL_POOL};
    Referral__PoolChange *change = arena_alloc(&p->d.keep, sizeof *change);
    Referral__PoolRef *ref = p->pools[below(p, 6)];
    Referral__Pool *pool = places_pool(&p->d, ref, 4 + below(p, 6));
    uint32_t what = below(p, 16) == 0 ? 3 : below(p, 3);

    if (below(p, 3) == 0) {
        FIELD_SET(pool, displace, below(p, 2) == 0);
        pool->person = places_person(&p->d);
        return say(p, REFERRAL__KIND__PUT_POOL, "H1", pool);
    }
    referral__pool_change__init(change);
    change->pool = ref;
    if (what != 3)
        FIELD_SET(change, count, 1 + below(p, 2));
    if (kinds[what] != REFERRAL__KIND__UNBLOCK_UNITS) {
        FIELD_SET(change, reason, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
        change->person = places_person(&p->d);
    }
    if (kinds[what] == REFERRAL__KIND__CUT_UNITS)
        FIELD_SET(change, displace, true);
    return say(p, kinds[what], "H1", change);
}

static Batch__Command *any_command(struct play *p)
{
    switch (below(p, 16)) {
    case 0:
    case 1:
        return submits(p);
    case 2:
    case 3:
        return takes(p, REFERRAL__KIND__HOLD_PLACE);
    case 4:
    case 5:
    case 6:
        return takes(p, REFERRAL__KIND__BOOK_PLACE);
    case 7:
    case 8:
        return changes(p, REFERRAL__KIND__CONFIRM_PLACE);
    case 9:
        return changes(p, REFERRAL__KIND__CANCEL_PLACE);
    case 10:
        return below(p, 2) == 0 ? changes(p, REFERRAL__KIND__DISPLACE_PLACE) : changes(p, REFERRAL__KIND__MARK_PLACE);
    case 11:
        return moves(p);
    case 12:
        return joins(p);
    case 13:
        return leaves(p);
    case 14:
        return publishes(p);
    default:
        return happens(p);
    }
}

static void learn(struct play *p, const Referral__Reply *reply)
{
    p->refused += reply->n_refusals != 0;
    p->accepted += reply->n_refusals == 0;
    if (reply->n_refusals == 0 && reply->entry != NULL)
        p->entries[p->entry_count++ % KNOWN_MOST] = arena_text(&p->d.keep, reply->entry->entry_id);
}

/* Now and then some time passes, and the clock may be late. */
static void pass_time(struct play *p)
{
    static const int64_t steps_ms[] = {1, MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS};

    p->d.now = instant_after(p->d.now, steps_ms[below(p, 6)]);
    if (below(p, 2) == 0)
        district_clock(&p->d);
}

/* Q11: the two small sessions of that day share their reserve. */
static void group_sunday(struct play *p)
{
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;

    group.hospital = "H1";
    FIELD_SET(&group, class_, EXPERT);
    group.department = "CARD";
    group.date = "2026-11-22";
    district_assert_said(&p->d, district_say(&p->d, "H1", REFERRAL__KIND__PUT_GROUP, &group), "");
}

static void open_play(struct play *p, uint64_t seed)
{
    static const Referral__PlaceClass classes[] = {EXPERT, EXPERT, EXAM, EXAM, BED, EXPERT};
    static const char *const days[] = {TUESDAY, "2026-11-22", TUESDAY, "2026-11-23", "2026-11-25", "2026-11-22"};

    *p = (struct play){.seed = seed * 0x9E3779B97F4A7C15U};
    places_open(&p->d);
    for (size_t i = 0; i < 6; i++)
        p->pools[i] = places_publish(&p->d, classes[i], arena_format(&p->d.keep, "R%zu", i), days[i], 8);
    if (seed % 2 == 0)
        group_sunday(p);
}

static void play(uint64_t seed)
{
    struct play *p = calloc(1, sizeof *p);

    fprintf(stderr, "seed %lu\n", (unsigned long)seed);
    open_play(p, seed);
    for (int step = 0; step < STEPS; step++) {
        Batch__Command *commands[TURN_MOST];
        size_t count = 1 + below(p, TURN_MOST);

        for (size_t i = 0; i < count; i++)
            commands[i] = any_command(p);
        district_turn(&p->d, commands, count);
        for (size_t i = 0; i < count; i++)
            learn(p, district_reply(&p->d, i));
        if (below(p, 6) == 0)
            pass_time(p);
        if (step % 10 == 0)
            places_assert_sound(&p->d);
    }
    cr_assert_gt(p->accepted, STEPS / 4, "seed %lu: only %zu accepted", (unsigned long)seed, p->accepted);
    cr_assert_gt(p->refused, 0);
    places_close(&p->d);
    free(p);
}

Test(places, q_whatever_happens_to_places_their_books_agree)
{
    const char *form = getenv("REFERRALD_LONG");
    uint64_t most = form != NULL && strcmp(form, "1") == 0 ? 300 : 8;

    for (uint64_t seed = 1; seed <= most; seed++)
        play(seed);
}
