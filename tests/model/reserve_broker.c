/* reserve_broker.c - one store for all stories, and turns of commands in it. */
#include "reserve_broker.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_BYTES (1UL << 30)

static struct store_options options_of(const char *directory, const uint8_t *host_key)
{
    return (struct store_options){.directory = directory, .map_bytes = MAP_BYTES, .host_key = host_key};
}

static void make_directory(char *path)
{
    const char *made = mkdtemp(path);

    assert(made != NULL);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void remove_directory(const char *directory)
{
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- The institutions of the model ---- */

static ProtobufCBinaryData key_of(struct broker *broker, const char *institution)
{
    ProtobufCBinaryData key = {.len = 32, .data = arena_zalloc(&broker->keep, 32)};

    memcpy(key.data, institution, strlen(institution));
    return key;
}

static void found_say(struct broker *broker, uint32_t kind, const void *body)
{
    static int said;
    Batch__Command *command = arena_alloc(&broker->keep, sizeof *command);
    Referral__Reply *reply;

    batch__command__init(command);
    FIELD_SET(command, kind, kind);
    command->message_id = arena_format(&broker->keep, "found-%d", said++);
    command->institution = "OPS";
    FIELD_SET(command, key, key_of(broker, "OPS"));
    FIELD_SET(command, body, binary_pack(&broker->keep, body));
    broker_turn(broker, RESERVE_BASE, &command, 1, &reply);
    assert(reply->n_refusals == 0);
}

static void found_institution(struct broker *broker, const char *id, bool hospital)
{
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    Referral__Department cardiology = REFERRAL__DEPARTMENT__INIT, neurology = REFERRAL__DEPARTMENT__INIT;
    Referral__Department *departments[] = {&cardiology, &neurology};
    Referral__PutContact put = REFERRAL__PUT_CONTACT__INIT;
    Referral__Contact contact = REFERRAL__CONTACT__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {REFERRAL__ROLE__REFER, REFERRAL__ROLE__RECEIVE, REFERRAL__ROLE__SCHEDULE};

    institution.id = institution.name = arena_text(&broker->keep, id);
    FIELD_SET(&institution, kind,
              hospital ? REFERRAL__INSTITUTION_KIND__HOSPITAL : REFERRAL__INSTITUTION_KIND__PRIMARY);
    FIELD_SET(&institution, tier,
              hospital                 ? REFERRAL__TIER__COUNTY
              : strcmp(id, "V01") == 0 ? REFERRAL__TIER__VILLAGE
                                       : REFERRAL__TIER__TOWNSHIP);
    institution.consortium = "C1";
    cardiology.code = cardiology.name = "CARD";
    neurology.code = neurology.name = "NEUR";
    institution.departments = departments;
    institution.n_departments = hospital ? 2 : 0;
    found_say(broker, REFERRAL__KIND__PUT_INSTITUTION, &institution);

    contact.name = "contact";
    contact.phone = "13800000000";
    put.institution = institution.id;
    put.contact = &contact;
    for (int direction = REFERRAL__DIRECTION__UP; direction <= REFERRAL__DIRECTION__DOWN; direction++) {
        FIELD_SET(&put, direction, (Referral__Direction)direction);
        found_say(broker, REFERRAL__KIND__PUT_CONTACT, &put);
    }
    FIELD_SET(&key, public_key, key_of(broker, id));
    key.institution = institution.id;
    key.roles = roles;
    key.n_roles = 3;
    found_say(broker, REFERRAL__KIND__ADD_KEY, &key);
}

static void found_team(struct broker *broker, const char *id, const char *institution)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT, *members[] = {&doctor};

    doctor.name = "Dr Sun";
    team.id = team.name = arena_text(&broker->keep, id);
    team.institution = arena_text(&broker->keep, institution);
    team.members = members;
    team.n_members = 1;
    team.active_from = "2026-01-01";
    found_say(broker, REFERRAL__KIND__PUT_TEAM, &team);
}

/* No deadline of an answer comes in between: what wakes a referral wakes its pools. */
static void found_setting(struct broker *broker, const char *name, const char *value)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = arena_text(&broker->keep, name);
    setting.value = arena_text(&broker->keep, value);
    found_say(broker, REFERRAL__KIND__PUT_SETTING, &setting);
}

static void found(struct broker *broker)
{
    struct store_turn turn = {.index = 1, .time = instant_of(RESERVE_BASE)};
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;
    struct store_txn *txn;
    int failed = store_turn_begin(broker->store, &broker->turn, &txn);

    assert(failed == 0);
    failed = registry_found(txn, "OPS", "operators", key_of(broker, "OPS").data, turn.time);
    assert(failed == 0);
    failed = store_turn_end(txn, &turn);
    assert(failed == 0);
    for (int who = WHO_H1; who < WHO_COUNT; who++)
        found_institution(broker, reserve_who[who], who == WHO_H1 || who == WHO_H2);
    found_team(broker, "TM1", "T07");
    found_team(broker, "TM2", "T07");
    found_team(broker, "TM3", "T08");
    relation.from = "H2";
    relation.to = "H1";
    found_say(broker, REFERRAL__KIND__PUT_RELATION, &relation);
    delegation.agent = "T07";
    delegation.principal = "V01";
    found_say(broker, REFERRAL__KIND__PUT_DELEGATION, &delegation);
    found_setting(broker, "answer_emergency_ms", "86400000");
    found_setting(broker, "answer_urgent_ms", "604800000");
    found_setting(broker, "answer_routine_days", "60");
}

static void arenas_open(struct broker *broker)
{
    int failed = arena_open(&broker->turn, 1UL << 28) | arena_open(&broker->keep, 1UL << 28);

    assert(failed == 0);
}

void ground_open(struct ground *ground)
{
    struct broker *broker = calloc(1, sizeof *broker);
    struct store_options options;
    int failed;

    memset(ground, 0, sizeof *ground);
    /* Where fsync costs nothing. */
    snprintf(ground->directory, sizeof ground->directory, "%s/reserve-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    make_directory(ground->directory);
    snprintf(ground->store, sizeof ground->store, "%s/store", ground->directory);
    options = options_of(ground->store, ground->host_key);
    failed = store_create(&options, "bd", instant_of(RESERVE_BASE), true);
    assert(failed == 0);
    failed = store_open(&options, &broker->store);
    assert(failed == 0);
    arenas_open(broker);
    found(broker);
    store_close(broker->store);
    arena_close(&broker->turn);
    arena_close(&broker->keep);
    free(broker);
}

void ground_close(struct ground *ground)
{
    remove_directory(ground->directory);
}

/* ---- A story's own store ---- */

static void copy_file(const char *from, const char *to)
{
    static char buffer[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t got;

    assert(in >= 0 && out >= 0);
    while ((got = read(in, buffer, sizeof buffer)) > 0) {
        ssize_t put = write(out, buffer, (size_t)got);

        assert(put == got);
    }
    close(in);
    close(out);
}

static void copy_directory(const char *from, const char *to)
{
    DIR *directory = opendir(from);
    const struct dirent *entry;

    assert(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        char source[400], target[400];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        copy_file(source, target);
    }
    closedir(directory);
}

void ground_derive(struct ground *ground, const struct ground *from, const char *name)
{
    int failed;

    *ground = *from;
    snprintf(ground->store, sizeof ground->store, "%s/%s", from->directory, name);
    failed = mkdir(ground->store, 0700);
    assert(failed == 0);
    copy_directory(from->store, ground->store);
}

static void open_store(struct broker *broker)
{
    struct store_options options = options_of(broker->directory, broker->host_key);
    int failed = store_open(&options, &broker->store);

    assert(failed == 0);
}

void broker_restart(struct broker *broker)
{
    store_close(broker->store);
    open_store(broker);
}

/* Of a directory that is there. */
static void open_in(struct broker *broker, const struct ground *ground)
{
    struct store_txn *txn;
    int failed;

    memcpy(broker->host_key, ground->host_key, sizeof broker->host_key);
    open_store(broker);
    arenas_open(broker);
    failed = store_read_begin(broker->store, &broker->turn, &txn);
    assert(failed == 0);
    broker->hospital = institution_row(txn, "H1")->number;
    store_read_end(txn);
}

void broker_open_ground(struct broker *broker, const struct ground *ground)
{
    memset(broker, 0, sizeof *broker);
    snprintf(broker->directory, sizeof broker->directory, "%s", ground->store);
    open_in(broker, ground);
}

void broker_close_ground(struct broker *broker)
{
    store_close(broker->store);
    arena_close(&broker->turn);
    arena_close(&broker->keep);
}

void broker_open(struct broker *broker, const struct ground *ground)
{
    memset(broker, 0, sizeof *broker);
    snprintf(broker->directory, sizeof broker->directory, "%s/story-XXXXXX", ground->directory);
    make_directory(broker->directory);
    copy_directory(ground->store, broker->directory);
    open_in(broker, ground);
}

void broker_close(struct broker *broker)
{
    broker_close_ground(broker);
    remove_directory(broker->directory);
}

void broker_remember(struct broker *broker, const struct broker *ground)
{
    memcpy(broker->bookings, ground->bookings, sizeof broker->bookings);
    memcpy(broker->entries, ground->entries, sizeof broker->entries);
    memcpy(broker->referrals, ground->referrals, sizeof broker->referrals);
    memcpy(broker->told, ground->told, sizeof broker->told);
    broker->ledger_rows = ground->ledger_rows;
}

static struct bytes seal(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count)
{
    const struct store_identity *identity = store_identity(broker->store);
    Batch__Batch batch = BATCH__BATCH__INIT;

    FIELD_SET(&batch, format, 1);
    FIELD_SET(&batch, store_id, binary_copy(&broker->keep, bytes_of(identity->store_id, sizeof identity->store_id)));
    FIELD_SET(&batch, incarnation, identity->incarnation);
    FIELD_SET(&batch, rules_version, RULES_VERSION);
    FIELD_SET(&batch, index, store_mark(broker->store).index + ++broker->applied);
    FIELD_SET(&batch, now_ms, at_ms);
    FIELD_SET(&batch, hold, broker->doubt);
    batch.n_commands = count;
    batch.commands = commands;
    return wire_pack(&batch.base, &broker->keep);
}

static Referral__Reply *reply_of(struct broker *broker, struct bytes bytes)
{
    enum refusal refusal;

    if (bytes.size == 0)
        return NULL;
    return (Referral__Reply *)wire_unpack(&referral__reply__descriptor, arena_copy(&broker->keep, bytes), &broker->keep,
                                          &refusal);
}

void broker_begin(struct broker *broker)
{
    int failed;

    arena_reset(&broker->turn, 1 << 22);
    broker->applied = 0;
    failed = store_turn_begin(broker->store, &broker->turn, &broker->txn);
    assert(failed == 0);
}

void broker_apply(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                  Referral__Reply **ret_replies)
{
    struct bytes sealed = seal(broker, at_ms, commands, count);
    int failed = engine_apply(broker->txn, sealed, &broker->effects);

    assert(failed == 0);
    broker->at_ms = at_ms;
    for (size_t i = 0; i < count; i++)
        ret_replies[i] = reply_of(broker, broker->effects.outcomes[i].reply);
}

void broker_commit(struct broker *broker)
{
    struct store_turn turn = {.index = store_mark(broker->store).index + broker->applied,
                              .time = instant_of(broker->at_ms)};
    int failed = store_turn_end(broker->txn, &turn);

    assert(failed == 0);
    broker->txn = NULL;
}

void broker_abort(struct broker *broker)
{
    store_turn_abort(broker->txn);
    broker->txn = NULL;
}

void broker_turn(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                 Referral__Reply **ret_replies)
{
    broker_begin(broker);
    broker_apply(broker, at_ms, commands, count, ret_replies);
    broker_commit(broker);
}

bool broker_differs(struct broker *broker, const char *format, ...)
{
    size_t used = strlen(broker->trouble);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(broker->trouble + used, sizeof broker->trouble - used, format, arguments);
    va_end(arguments);
    return false;
}
