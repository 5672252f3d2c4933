/* seeds.c - first inputs for the harnesses of frames, commands, records and ledgers, taken from a story on the stage:
 * `fuzz_seeds FOLDER`. */
#include <assert.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "fuzz/stage.h"
#include "store/rows_place.h"

void __real_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);
void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock);

static struct {
    const char *folder;
    struct world *w; /* NULL: what is said is not kept */
    size_t count[128];
} seeds;

static void keep(const char *target, const char *name, struct bytes head, struct bytes rest)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", seeds.folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/seed-%s", seeds.folder, target, name);
    out = fopen(path, "we");
    assert(out != NULL);
    fwrite(head.data, 1, head.size, out);
    fwrite(rest.data, 1, rest.size, out);
    assert(fclose(out) == 0);
}

/* ---- Frames and commands ---- */

static uint8_t speaker_number(const uint8_t key[32])
{
    uint8_t other[32];

    for (uint8_t i = 0; i < STAGE_SPEAKERS; i++) {
        world_key(other, stage_speaker(i));
        if (memcmp(key, other, sizeof other) == 0)
            return i;
    }
    return 0;
}

static uint8_t kind_number(const struct kind_info *kind)
{
    size_t count;

    return (uint8_t)(kind - kind_infos(&count));
}

static void keep_envelope(uint8_t speaker, ProtobufCBinaryData bytes)
{
    const Referral__Envelope *envelope = referral__envelope__unpack(&seeds.w->allocator, bytes.len, bytes.data);
    const struct kind_info *kind = kind_info((uint32_t)envelope->kind);
    uint8_t command[4] = {speaker, kind_number(kind)}, first = (uint8_t)(130 + speaker); /* 130 is OP's again */
    char name[64];

    if (seeds.count[command[1]]++ > 2)
        return;
    snprintf(name, sizeof name, "%s-%zu", kind->name, seeds.count[command[1]]);
    keep("command", name, bytes_of(command, sizeof command), bytes_of(envelope->body.data, envelope->body.len));
    if (seeds.count[command[1]] == 1)
        keep("frame", name, bytes_of(&first, 1), bytes_of(bytes.data, bytes.len));
}

void __wrap_turn_receive(struct turn *turn, uint64_t peer, const uint8_t key[32], struct bytes frame,
                         struct turn_clock clock)
{
    uint8_t speaker = speaker_number(key);

    if (seeds.w != NULL) {
        const Referral__Frame *read = referral__frame__unpack(&seeds.w->allocator, frame.size, frame.data);

        keep_envelope(speaker, read->envelopes[0]);
        keep("frame", "whole", bytes_of(&speaker, 1), frame);
    }
    __real_turn_receive(turn, peer, key, frame, clock);
}

static void talk(struct world *w)
{
    static const char *const events[] = {"request-info r3", "supply-info r2",   "arrive r20",        "report r20",
                                         "close r20",       "reject r4",        "redirect r5",       "cancel r6",
                                         "no-show r3",      "move r1",          "request-cancel r3", "answer-cancel r3",
                                         "void r22",        "cancel-booking r1"};
    static const char *const operator_says[][2] = {
        {"PUT_CALENDAR_DAY", "date=2026-05-01; working=false"},
        {"PAUSE", "institution=C1; reason=test"},
        {"RESUME", "institution=C1"},
        {"DRAIN", "reason=test"},
        {"DRAIN", "off=true"},
        {"CONFIRM_TIME", "reason=test"},
        {"HOLD_REFERRAL", "referral_id=r1; reason=test"},
        {"RELEASE_REFERRAL", "referral_id=r1; reason=test"},
        {"FIND_PATIENT", "id_type=PASSPORT; id_value=E00000001; reason=test"},
        {"SHOW_PAYLOAD", "referral_id=r1; reason=test"},
        {"REVOKE_KEY", "public_key=key:V1"},
        {"DELETE_RELATION", "from=C1; to=T07"},
        {"DELETE_DELEGATION", "agent=T07; principal=V1"},
        {"REPLAY_DEAD", "institution=H1; all=true"},
        {"PUT_SETTING", "name=attempts; value=3"},
        {"LIST_INSTITUTIONS", ""},
        {"LIST_AUDIT", ""},
        {"GET_STATUS", ""},
        {"LIST_SESSIONS", ""},
        {"LIST_INBOX", "institution=H1"},
        {"LIST_ALARMS", ""},
        {"LIST_LEDGER", "hospital=H1"},
        {"GET_SERVICE_FACTS", ""},
    };
    static const char *const hospital_says[][2] = {
        {"PUT_GROUP", "hospital=H1; class=EXPERT; department=MED; date=2026-03-06"},
        {"PUT_TIMETABLE", "hospital=H1; class=EXPERT; department=MED; id=week; first_date=2026-03-09; "
                          "sessions[0].resource=ZHAO; sessions[0].weekday=1; sessions[0].units[0].count=4; "
                          "sessions[0].units[0].start_minute=540; sessions[0].units[0].minutes=10"},
        {"LIST_BOOKINGS", "referral_id=r1"},
        {"LIST_WAITING", "hospital=H1"},
        {"LIST_POOLS", "hospital=H1; class=EXPERT; department=MED; first_date=2026-03-05"},
        {"SEARCH_PLACES", "hospital=H1; class=EXPERT; department=MED; first_date=2026-03-05; last_date=2026-03-06"},
        {"GET_REFERRAL", "referral_id=r1"},
        {"WHY", "referral_id=r1"},
        {"LIST_REFERRALS", ""},
    };

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        world_event(w, i % 3 == 1 || events[i][0] == 'c' ? "T07" : "H1", events[i]);
    for (size_t i = 0; i < sizeof hospital_says / sizeof *hospital_says; i++)
        world_say(w, "H1", hospital_says[i][0], hospital_says[i][1]);
    world_place(w, "T07", "hold LI family r4");
    world_place(w, "T07", "confirm b3");
    world_place(w, "T07", "move b3 to WANG");
    world_place(w, "H1", "displace b2");
    world_place(w, "H1", "used b1");
    world_place(w, "T07", "cancel b1");
    world_place(w, "T07", "leave w1");
    world_place(w, "H1", "cut WANG; count=2; displace=true");
    world_place(w, "H1", "unblock WANG; count=1");
    world_place(w, "H1", "call-off LI");
    world_submit(w, "T07", "r40", "up to H1, urgent, patient 9; attachments[0].name=a; attachments[0].content=abc");
    world_ack_quietly(w, world_peer(w, "H1"), "all");
    world_nack(w, "C1", "all", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    for (size_t i = 0; i < sizeof operator_says / sizeof *operator_says; i++)
        world_say(w, "OP", operator_says[i][0], operator_says[i][1]);
}

/* ---- Rows ---- */

static void keep_rows(struct store_txn *txn, enum table table)
{
    struct bytes none = bytes_of(NULL, 0), key, value;
    struct store_cursor *cursor = store_scan(txn, table, none, none);
    size_t last = 0;

    for (uint8_t row = 0; row < 250 && store_next(cursor, &key, &value); row++) {
        uint8_t head[4] = {(uint8_t)table, 0, row, row};
        char name[64];

        if (row > 6 || (row != 0 && value.size == last)) /* others of the same size are much alike */
            continue;
        last = value.size;
        snprintf(name, sizeof name, "%s-%u", table_name(table), row);
        keep("record", name, bytes_of(head, sizeof head), value);
    }
    store_scan_end(cursor);
}

static void keep_ledger(struct store_txn *txn)
{
    static uint8_t all[1 << 16];
    size_t used = 0;
    uint64_t number = 1, first;
    uint32_t hospital = 0;
    struct bytes page;
    char name[32];

    assert(ledger_hospital_from(txn, 0, &hospital));
    while (ledger_page(txn, hospital, number, &page, &first) && used + page.size + 2 < 1 << 13) {
        put_be16(all + used, (uint16_t)page.size);
        memcpy(all + used + 2, page.data, page.size);
        used += page.size + 2;
        number++;
        snprintf(name, sizeof name, "%lu", (unsigned long)number);
        if (number % 8 == 2)
            keep("ledger", name, bytes_of(NULL, 0), bytes_of(all, used));
    }
    keep("ledger", "all", bytes_of(NULL, 0), bytes_of(all, used));
}

int main(int count, char **arguments)
{
    struct world *w = stage_begin();
    struct store_txn *txn;

    assert(count == 2);
    seeds.folder = arguments[1];
    assert(store_read_begin(w->store, &w->arena, &txn) == 0);
    for (unsigned table = 0; table < TABLE_COUNT; table++)
        keep_rows(txn, (enum table)table);
    keep_ledger(txn);
    store_read_end(txn);
    seeds.w = w;
    for (uint8_t i = 0; i < STAGE_SPEAKERS; i++)
        world_connect(w, stage_speaker(i), i == 0 ? 0 : 10);
    talk(w);
    stage_end(w);
    return 0;
}
