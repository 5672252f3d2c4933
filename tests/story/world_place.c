/* world_place.c - places in words: what a hospital publishes, who takes it, and how a pool looks now (section 6). */
#include <stdio.h>
#include <stdlib.h>

#include "engine/replay_compare.h"
#include "store/rows.h"
#include "story/world_inside.h"

/* ---- Pools by their name ---- */

static const struct world_pool *find_pool(const struct world *w, const char *name)
{
    for (size_t i = w->pool_count; i-- != 0;)
        if (strcmp(w->pools[i].name, name) == 0)
            return &w->pools[i];
    return NULL;
}

static const char *enum_word(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *entry = protobuf_c_enum_descriptor_get_value(descriptor, value);

    return entry == NULL ? "?" : entry->name;
}

static const char *pool_edits(struct world *w, const char *name)
{
    const struct world_pool *pool = find_pool(w, name);

    cr_assert_not_null(pool, "no pool is called %s", name);
    return arena_format(&w->arena,
                        "pool.hospital=%s; pool.class=%s; pool.department=%s; pool.resource=%s; pool.date=%s;",
                        pool->hospital, pool->class, pool->department, pool->resource, pool->date);
}

/* The word after `key` in `what`, or `otherwise`. */
static const char *word_after(struct world *w, const char *what, const char *key, const char *otherwise)
{
    const char *at = strstr(what, key);

    if (at == NULL)
        return otherwise;
    at += strlen(key);
    return arena_format(&w->arena, "%.*s", (int)strcspn(at, " ;"), at);
}

/* Local time in China. */
static int64_t moment(const char *date, const char *time)
{
    struct date day;
    int hour, minute;

    cr_assert(date_parse(date, &day));
    cr_assert_eq(sscanf(time, "%d:%d", &hour, &minute), 2);
    return instant_of_local(day, hour * HOUR_MS + minute * MINUTE_MS, CHINA_MINUTES).ms;
}

static struct world_pool *name_pool(struct world *w, const char *who, const char *what)
{
    struct world_pool *pool = &w->pools[w->pool_count++];
    char name[24], class[8];

    cr_assert(w->pool_count < WORLD_POOLS);
    cr_assert_eq(sscanf(what, "%23s %7s", name, class), 2, "which pool? %s", what);
    *pool = (struct world_pool){0};
    snprintf(pool->name, sizeof pool->name, "%s", name);
    snprintf(pool->class, sizeof pool->class, "%s", class);
    snprintf(pool->hospital, sizeof pool->hospital, "%.*s", (int)strcspn(who, "/"), who);
    snprintf(pool->department, sizeof pool->department, "%s", word_after(w, what, " in ", "MED"));
    snprintf(pool->resource, sizeof pool->resource, "%s", word_after(w, what, " as ", name));
    snprintf(pool->date, sizeof pool->date, "%s", word_after(w, what, " on ", WORLD_POOL_DATE));
    return pool;
}

/* "12 places", the word before; 0 where it is not said. */
static unsigned long count_of(const char *what)
{
    const char *at = strstr(what, " places");

    while (at != NULL && at > what && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return at == NULL ? 0 : strtoul(at, NULL, 10);
}

void world_publish(struct world *w, const char *who, const char *what)
{
    const char *phrase = arena_format(&w->arena, "%.*s", (int)strcspn(what, ";"), what), *edits = strchr(what, ';');
    Referral__Pool *body = (Referral__Pool *)world_new(w, &referral__pool__descriptor);
    const struct world_pool *pool;
    const char *message_id;

    world_tell(w, who, "publish %s", what);
    message_id = world_take_message_id(w, &phrase);
    pool = name_pool(w, who, phrase);
    world_edit(w, &body->base, pool_edits(w, pool->name));
    world_edit(w, &body->base,
               arena_format(&w->arena, "units[0].count=%lu; units[0].start_ms=%ld; units[0].minutes=%s",
                            count_of(phrase), (long)moment(pool->date, word_after(w, phrase, " at ", "09:00")),
                            word_after(w, phrase, " every ", "10")));
    if (edits != NULL)
        world_edit(w, &body->base, edits + 1);
    world_send(w, world_peer(w, who), REFERRAL__KIND__PUT_POOL, message_id, NULL, wire_pack(&body->base, &w->arena));
}

/* ---- Doing something with a place ---- */

#define PERSON "person.name=赵护士;"

enum about { ABOUT_POOL, ABOUT_POOL_CHANGE, ABOUT_BOOKING, ABOUT_MOVE, ABOUT_CLASS, ABOUT_ENTRY };

static const struct verb {
    const char *word;
    Referral__Kind kind;
    enum about about;
    const char *needs; /* so that a story only says what it is about */
} verbs[] = {
    {"hold", REFERRAL__KIND__HOLD_PLACE, ABOUT_POOL, ""},
    {"book", REFERRAL__KIND__BOOK_PLACE, ABOUT_POOL, ""},
    {"confirm", REFERRAL__KIND__CONFIRM_PLACE, ABOUT_BOOKING, ""},
    {"cancel", REFERRAL__KIND__CANCEL_PLACE, ABOUT_BOOKING, PERSON "reason=PATIENT_DECLINED"},
    {"displace", REFERRAL__KIND__DISPLACE_PLACE, ABOUT_BOOKING, PERSON "reason=NO_CAPACITY"},
    {"used", REFERRAL__KIND__MARK_PLACE, ABOUT_BOOKING, PERSON "state=PLACE_USED"},
    {"missed", REFERRAL__KIND__MARK_PLACE, ABOUT_BOOKING, PERSON "state=PLACE_NO_SHOW"},
    {"move", REFERRAL__KIND__MOVE_PLACE, ABOUT_MOVE, ""},
    {"join", REFERRAL__KIND__JOIN_LIST, ABOUT_CLASS,
     "department=MED; first_date=" WORLD_POOL_DATE "; last_date=2026-03-31"},
    {"leave", REFERRAL__KIND__LEAVE_LIST, ABOUT_ENTRY, ""},
    {"cut", REFERRAL__KIND__CUT_UNITS, ABOUT_POOL_CHANGE, PERSON "reason=PLAN_CHANGED"},
    {"call-off", REFERRAL__KIND__CANCEL_POOL, ABOUT_POOL_CHANGE, PERSON "reason=STAFF_ABSENT"},
    {"block", REFERRAL__KIND__BLOCK_UNITS, ABOUT_POOL_CHANGE, PERSON "reason=MAINTENANCE"},
    {"unblock", REFERRAL__KIND__UNBLOCK_UNITS, ABOUT_POOL_CHANGE, ""},
};

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    cr_assert_fail("nobody can %s a place", word);
    return NULL;
}

/* "family r1", "general HIS-7": a referral where one is called so, else the hospital's own number. */
static const char *for_whom(struct world *w, const char *channel, const char *whom)
{
    return arena_format(&w->arena, "channel=%s; %s=%s;",
                        strcmp(channel, "family") == 0    ? "FAMILY_DOCTOR"
                        : strcmp(channel, "general") == 0 ? "GENERAL"
                                                          : "",
                        world_id(w, whom) != NULL ? "referral_id" : "reference", whom);
}

static const char *object_of(struct world *w, const struct verb *verb, const char *words)
{
    char first[24] = "", second[24] = "", third[24] = "";

    sscanf(words, "%23s %23s %23s", first, second, third);
    switch (verb->about) {
    case ABOUT_POOL:
        return arena_format(&w->arena, "%s %s", pool_edits(w, first), for_whom(w, second, third));
    case ABOUT_POOL_CHANGE:
        return pool_edits(w, first);
    case ABOUT_MOVE:
        return arena_format(&w->arena, "booking_id=%s; %s", first, pool_edits(w, third)); /* "b1 to LI" */
    case ABOUT_CLASS:
        return arena_format(&w->arena, "class=%s; %s", first, for_whom(w, second, third));
    case ABOUT_BOOKING:
        return arena_format(&w->arena, "booking_id=%s;", first);
    case ABOUT_ENTRY:
        return arena_format(&w->arena, "entry_id=%s;", first);
    }
    return "";
}

void world_place(struct world *w, const char *who, const char *what)
{
    const char *edits = strchr(what, ';');
    const struct verb *verb;
    ProtobufCMessage *body;
    const char *message_id;
    char word[16];

    world_tell(w, who, "%s", what);
    message_id = world_take_message_id(w, &what);
    cr_assert_eq(sscanf(what, "%15s", word), 1);
    verb = find_verb(word);
    body = world_new(w, kind_info((uint32_t)verb->kind)->body);
    what = arena_format(&w->arena, "%.*s", (int)strcspn(what, ";"), what);
    world_edit(w, body, object_of(w, verb, what + strlen(word)));
    world_edit(w, body, verb->needs);
    if (edits != NULL)
        world_edit(w, body, edits + 1);
    world_send(w, world_peer(w, who), verb->kind, message_id, NULL, wire_pack(body, &w->arena));
}

/* ---- Many at once, without a word ---- */

struct world *world_open_morning(void)
{
    struct world *w = world_open();

    world_connect(w, "H1", 1000);
    world_connect(w, "T07", 1000);
    world_good(w, "H1");
    world_good(w, "T07");
    world_forget(w);
    return w;
}

static void granted(struct world *w, size_t refused)
{
    cr_assert_eq(world_count(w, "refused"), refused, "%s", w->trace);
    world_forget(w);
}

const char *world_refer(struct world *w, int number)
{
    const char *name = arena_format(&w->arena, "r%d", number);
    size_t refused = world_count(w, "refused");

    world_submit(w, "T07", name, arena_format(&w->arena, "up to H1, routine, patient %d", number));
    granted(w, refused);
    return name;
}

void world_book_family(struct world *w, const char *pool, int from, int count)
{
    for (int i = 0; i < count; i++) {
        const char *name = world_refer(w, from + i);

        world_place(w, "T07", arena_format(&w->arena, "book %s family %s", pool, name));
        granted(w, 0);
    }
}

void world_book_general(struct world *w, const char *pool, int count)
{
    size_t refused = world_count(w, "refused");

    for (int i = 0; i < count; i++)
        world_place(w, "H1", arena_format(&w->arena, "book %s general HIS-%d", pool, i));
    granted(w, refused);
}

/* ---- What is said of them ---- */

static const char *name_as(struct world *w, char letter, size_t *count, const char *id)
{
    if (!world_is_named(w, id))
        world_name(w, arena_format(&w->arena, "%c%zu", letter, ++*count), id);
    return world_name_of(w, id);
}

static const char *pool_name(const struct world *w, const Referral__PoolRef *ref)
{
    for (size_t i = w->pool_count; ref != NULL && i-- != 0;)
        if (strcmp(w->pools[i].resource, ref->resource) == 0 && strcmp(w->pools[i].date, ref->date) == 0)
            return w->pools[i].name;
    return ref == NULL ? "?" : ref->resource;
}

static long second_of(const struct world *w, int64_t ms)
{
    return (long)((ms - w->begin.ms) / 1000);
}

/* "b1 HELD WANG 3-5 until 600" */
const char *world_booking_text(struct world *w, const Referral__Booking *booking)
{
    const char *state = enum_word(&referral__booking_state__descriptor, (int)booking->state) + strlen("PLACE_");
    const char *text = arena_format(&w->arena, "%s %s %s", name_as(w, 'b', &w->booking_count, booking->booking_id),
                                    state, pool_name(w, booking->pool));

    if (booking->n_units != 0)
        text = arena_format(&w->arena, "%s %u", text, booking->units[0]);
    if (booking->n_units > 1)
        text = arena_format(&w->arena, "%s-%u", text, booking->units[booking->n_units - 1]);
    if (booking->has_expires_at_ms)
        text = arena_format(&w->arena, "%s until %ld", text, second_of(w, booking->expires_at_ms));
    return text;
}

/* "w1 waits for EXPERT" */
const char *world_entry_text(struct world *w, const Referral__WaitEntry *entry)
{
    return arena_format(&w->arena, "%s waits%s for %s", name_as(w, 'w', &w->entry_count, entry->entry_id),
                        entry->displaced ? " first" : "",
                        enum_word(&referral__place_class__descriptor, (int)entry->class_));
}

/* ---- Looking, without a word ---- */

static const Referral__PoolView *look(struct world *w, const char *name)
{
    const struct world_pool *pool = find_pool(w, name);
    Referral__PoolQuery *query = (Referral__PoolQuery *)world_new(w, &referral__pool_query__descriptor);
    size_t trace_used = w->trace_used;
    int64_t told_s = w->told_s;
    const Referral__PoolList *list;

    cr_assert_not_null(pool, "no pool is called %s", name);
    world_edit(w, &query->base,
               arena_format(&w->arena, "hospital=%s; class=%s; department=%s; resource=%s; first_date=%s; units=true",
                            pool->hospital, pool->class, pool->department, pool->resource, pool->date));
    world_send(w, world_peer(w, pool->hospital), REFERRAL__KIND__LIST_POOLS, NULL, NULL,
               wire_pack(&query->base, &w->arena));
    list = world_result(w);
    cr_assert_eq(list->n_pools, 1);
    w->trace_used = trace_used;
    w->trace[trace_used] = '\0';
    w->told_s = told_s;
    return list->pools[0];
}

static char sign_of(const Referral__UnitView *unit)
{
    bool held = unit->has_booking_state && unit->booking_state == REFERRAL__BOOKING_STATE__PLACE_HELD;

    switch ((int)unit->state) {
    case REFERRAL__UNIT_STATE__UNIT_BLOCKED:
        return 'B';
    case REFERRAL__UNIT_STATE__UNIT_GENERAL:
        return held ? 'g' : 'G';
    case REFERRAL__UNIT_STATE__UNIT_FAMILY:
        return held ? 'f' : 'F';
    default:
        return unit->marked ? '*' : '.';
    }
}

const char *world_units(struct world *w, const char *pool)
{
    const Referral__PoolView *view = look(w, pool);
    char *text = arena_zalloc(&w->arena, view->n_units + 1);

    for (size_t i = 0; i < view->n_units; i++)
        text[i] = sign_of(view->units[i]);
    return text;
}

const char *world_numbers(struct world *w, const char *pool)
{
    const Referral__PoolView *view = look(w, pool);
    const char *text = arena_format(&w->arena, "C %lu R %lu B %lu G %lu F %lu", (unsigned long)view->capacity,
                                    (unsigned long)view->reserve, (unsigned long)view->blocked,
                                    (unsigned long)view->general, (unsigned long)view->family);

    if (view->deficit != 0)
        text = arena_format(&w->arena, "%s, %lu short", text, (unsigned long)view->deficit);
    return text;
}

/* ---- Judging ---- */

static void tell_difference(void *user, const struct replay_difference *difference)
{
    (void)user;
    cr_log_error("%s: the ledger says %s, the store %s", difference->what, difference->ledger, difference->store);
}

/* Q13: the ledger alone makes every pool, and no row of it breaks a rule. */
static void judge_ledger(struct world *w, struct store_txn *txn, uint32_t hospital)
{
    struct replay *replay = replay_open();
    uint64_t number = 1, first;
    struct bytes page;

    while (ledger_page(txn, hospital, number, &page, &first)) {
        cr_assert_eq(replay_page(replay, page), 0, "%s\n%s", replay_error(replay), w->trace);
        number = replay_rows(replay) + 1;
    }
    cr_assert_eq(replay_end(replay), 0, "%s", replay_error(replay));
    cr_assert_eq(replay_compare(replay, txn, hospital, tell_difference, NULL), 0);
    replay_close(replay);
}

void world_judge_ledgers(struct world *w)
{
    struct store_txn *txn;

    cr_assert_eq(store_read_begin(w->store, &w->arena, &txn), 0);
    for (size_t i = 0; i < w->pool_count; i++)
        judge_ledger(w, txn, institution_row(txn, w->pools[i].hospital)->number);
    store_read_end(txn);
}
