/* archives.c - the archive read by the host's key: what there is, where a referral is, and, for a stated reason that is
 * noted first, what it says (P3). */
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "handlers.h"
#include "message.h"
#include "moment.h"
#include "offline.h"
#include "payload.h"
#include "query.pb-c.h"
#include "store/archive_look.h"
#include "table.h"

struct shelf { /* an archive's directory and what opens it */
    struct ctl *ctl;
    struct offline offline;
    struct keys *keys; /* NULL: nothing was archived yet */
    char **names;
};

static int fail(const struct ctl *ctl, const char *where, int failure)
{
    const char *what = failure == -EBADMSG ? ctl_say(ctl, "已损坏", "is damaged")
                       : failure == -EPROTO
                           ? ctl_say(ctl, "不是归档文件, 或来自其他版本", "is no archive, or of another version")
                       : failure == -EACCES ? ctl_say(ctl, "不是该主机密钥的归档", "is not of this host key")
                                            : strerror(-failure);

    ctl_complain(ctl, "%s: %s", where, what);
    return failure == -EBADMSG ? EXIT_CHECK_FAILED : EXIT_BAD_FILE;
}

static void shelf_close(struct shelf *shelf)
{
    archive_list_free(shelf->names);
    if (shelf->keys != NULL)
        archive_keys_close(shelf->keys);
    offline_fini(&shelf->offline);
}

/* No keys lie there: then there should be no files either. */
static int open_empty(struct shelf *shelf)
{
    const struct ctl *ctl = shelf->ctl;
    const char *directory = shelf->offline.archives;
    bool is_named = ctl_has(ctl, "archives");
    int failure = archive_list(directory, &shelf->names);

    if (failure == -ENOENT && !is_named) { /* nothing was archived yet */
        shelf->names = calloc(1, sizeof *shelf->names);
        failure = shelf->names == NULL ? -ENOMEM : 0;
    }
    if (failure != 0)
        return fail(ctl, directory, failure);
    if (shelf->names[0] == NULL && !is_named)
        return EXIT_OK;
    ctl_complain(ctl,
                 shelf->names[0] == NULL
                     ? ctl_say(ctl, "%s: 其中没有归档", "%s: holds no archive")
                     : ctl_say(ctl, "%s: 缺少文件 `keys`; 备份旁的 NAME.archive 中也有",
                               "%s: the file `keys` is missing; NAME.archive beside the backups has it, too"),
                 directory);
    return EXIT_BAD_FILE;
}

static int shelf_open(struct ctl *ctl, struct shelf *shelf)
{
    *shelf = (struct shelf){.ctl = ctl};

    int result = offline_find(ctl, ctl_option(ctl, "archives"), &shelf->offline);

    if (result != EXIT_OK)
        return result;

    int failure = archive_keys_open(shelf->offline.archives, shelf->offline.host_key, &shelf->keys);

    if (failure == 0)
        failure = archive_list(shelf->offline.archives, &shelf->names);
    if (failure == -ENOENT)
        result = open_empty(shelf);
    else if (failure != 0)
        result = fail(ctl, shelf->offline.archives, failure);
    if (result != EXIT_OK)
        shelf_close(shelf);
    return result;
}

/* Calls `each` for every file (with --file, for that one) until it returns false, once all of it agrees with its
 * digest: a manifest stands in the open, and one that was changed would hide what its file has. EXIT_OK, or what kept
 * one of them from being read, complained of. */
static int each_file(struct shelf *shelf, bool (*each)(void *user, const char *name, const struct archive *archive),
                     void *user)
{
    const char *only = ctl_option(shelf->ctl, "file");
    int result = EXIT_OK;
    bool goes_on = true;

    for (char **name = shelf->names; goes_on && *name != NULL; name++) {
        struct archive *archive = NULL;
        int failure;

        if (only != NULL && strcmp(*name, only) != 0)
            continue;
        failure = archive_open(shelf->keys, shelf->offline.archives, *name, &archive);
        if (failure == 0)
            failure = archive_check(archive);
        if (failure != 0)
            result = fail(shelf->ctl, *name, failure);
        else
            goes_on = each(user, *name, archive);
        archive_close(archive);
    }
    return result;
}

static json_t *time_json(const struct ctl *ctl, struct instant at)
{
    char text[MOMENT_TEXT_SIZE];

    if (ctl->json)
        return json_integer((json_int_t)at.ms);
    moment_format(text, at.ms);
    return json_string(text);
}

static void print_rows(const struct ctl *ctl, const char *const *headings, json_t *rows)
{
    if (ctl->json)
        table_json(ctl, rows);
    else if (json_array_size(rows) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无)", "(none)"));
    else
        table_plain(ctl, headings, rows);
    json_decref(rows);
}

/* ---- What there is ---- */

struct listing {
    const struct ctl *ctl;
    json_t *rows;
    char short_name[STORE_NAME_MAX + 1]; /* of the store, where it is needed */
};

static bool list_file(void *user, const char *name, const struct archive *archive)
{
    struct listing *listing = user;
    const struct archive_about *about = archive_about(archive);
    size_t count;

    archive_entries(archive, &count);
    json_array_append_new(listing->rows,
                          json_pack("{s:s, s:o, s:I, s:I, s:s, s:I, s:I}", "file", name, "at_ms",
                                    time_json(listing->ctl, about->time), "referrals", (json_int_t)count, "bytes",
                                    (json_int_t)about->bytes, "store", about->short_name, "incarnation",
                                    (json_int_t)about->incarnation, "index", (json_int_t)about->index));
    return true;
}

int archives_list_run(struct ctl *ctl)
{
    static const char *const zh[] = {"文件", "时间", "转诊", "字节", "库", "代次", "批", NULL};
    static const char *const en[] = {"file", "at", "referrals", "bytes", "store", "incarnation", "index", NULL};
    struct listing listing = {.ctl = ctl};
    struct shelf shelf;
    int result = shelf_open(ctl, &shelf);

    if (result != EXIT_OK)
        return result;
    listing.rows = json_array();
    result = each_file(&shelf, list_file, &listing);
    print_rows(ctl, ctl->zh ? zh : en, listing.rows);
    shelf_close(&shelf);
    return result;
}

/* ---- Where a referral is ---- */

struct search {
    const char *referral; /* as text: the short name of the store is the file's to say */
    char file[ARCHIVE_NAME_MAX];
    struct archive_entry entry; /* of the newest file that has it: an older one may have it as it was before */
    bool is_found;
};

static bool search_file(void *user, const char *name, const struct archive *archive)
{
    struct search *search = user;
    size_t count;
    const struct archive_entry *entries = archive_entries(archive, &count);
    struct id id;

    if (!id_parse(search->referral, archive_about(archive)->short_name, &id))
        return true;
    for (size_t i = 0; i < count; i++)
        if (id_equal(entries[i].id, id)) {
            snprintf(search->file, sizeof search->file, "%s", name);
            search->entry = entries[i];
            search->is_found = true;
        }
    return true;
}

static bool has_file(const struct shelf *shelf, const char *file)
{
    for (char **name = shelf->names; *name != NULL; name++)
        if (strcmp(*name, file) == 0)
            return true;
    ctl_complain(shelf->ctl, ctl_say(shelf->ctl, "%s: 归档中没有此文件", "%s: no such file in the archive"), file);
    return false;
}

static int search_for(struct shelf *shelf, struct search *search)
{
    const char *only = ctl_option(shelf->ctl, "file");
    int result;

    if (only != NULL && !has_file(shelf, only))
        return EXIT_BAD_FILE;
    *search = (struct search){.referral = shelf->ctl->arguments[0]};
    result = each_file(shelf, search_file, search);
    if (search->is_found)
        return EXIT_OK;
    if (result == EXIT_OK) {
        ctl_complain(shelf->ctl, "%s", ctl_say(shelf->ctl, "归档中没有该转诊", "no such referral in the archive"));
        result = EXIT_REFUSED;
    }
    return result;
}

int archives_find_run(struct ctl *ctl)
{
    static const char *const zh[] = {"转诊编号", "文件", "结束时间", "位置", "长度", NULL};
    static const char *const en[] = {"referral id", "file", "ended at", "offset", "length", NULL};
    struct search search;
    struct shelf shelf;
    int result = shelf_open(ctl, &shelf);

    if (result != EXIT_OK)
        return result;
    result = search_for(&shelf, &search);
    if (result == EXIT_OK) {
        json_t *row = json_pack("{s:s, s:s, s:o, s:I, s:I}", "referral_id", search.referral, "file", search.file,
                                "ended_at_ms", time_json(ctl, search.entry.ended_at), "offset",
                                (json_int_t)search.entry.offset, "length", (json_int_t)search.entry.length);

        print_rows(ctl, ctl->zh ? zh : en, json_pack("[o]", row));
    }
    shelf_close(&shelf);
    return result;
}

/* ---- What it says ---- */

/* Who it is by the system, and for whom he works as another user. */
static void name_of_user(char *out, size_t size)
{
    const struct passwd *entry = getpwuid(getuid());
    const char *behind = getenv("SUDO_USER");

    snprintf(out, size, "%s%s%s", entry != NULL ? entry->pw_name : "?", behind != NULL ? " for " : "",
             behind != NULL ? behind : "");
}

static int note_look(struct shelf *shelf, const struct search *search)
{
    char user[256];
    struct archive_look look = {.at = instant_of(moment_now()),
                                .user = user,
                                .referral = search->entry.id,
                                .file = search->file,
                                .reason = ctl_option(shelf->ctl, "reason")};

    name_of_user(user, sizeof user);

    int failure = archive_look_add(shelf->keys, shelf->offline.archives, &look);

    return failure == 0 ? EXIT_OK : fail(shelf->ctl, ctl_say(shelf->ctl, "查阅记录", "the log of looks"), failure);
}

static json_t *unpacked_json(const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, bytes.len, bytes.data);
    json_t *json = message == NULL ? json_null() : message_to_json(message);

    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
    return json;
}

static json_t *timeline_json(const Record__ArchiveRecord *record)
{
    json_t *list = json_array();

    for (size_t i = 0; i < record->n_timeline; i++) {
        Record__Timeline *row = record__timeline__unpack(NULL, record->timeline[i].len, record->timeline[i].data);

        if (row == NULL)
            continue;

        json_t *entry = unpacked_json(&referral__timeline_entry__descriptor, row->entry);

        if (row->has_original)
            json_object_set_new(entry, "original", unpacked_json(&referral__event__descriptor, row->original));
        json_array_append_new(list, entry);
        record__timeline__free_unpacked(row, NULL);
    }
    return list;
}

static json_t *record_json(const struct search *search, const Record__ArchiveRecord *record)
{
    json_t *json = json_pack("{s:s, s:s, s:o, s:[], s:o, s:[]}", "referral_id", search->referral, "file", search->file,
                             "record", unpacked_json(&record__referral__descriptor, record->referral), "sheets",
                             "timeline", timeline_json(record), "bookings");

    for (size_t i = 0; i < record->n_sheets; i++)
        json_array_append_new(json_object_get(json, "sheets"),
                              payload_json(REFERRAL__DELIVERY_KIND__SHEET, record->sheets[i]));
    for (size_t i = 0; i < record->n_bookings; i++)
        json_array_append_new(json_object_get(json, "bookings"),
                              unpacked_json(&record__booking__descriptor, record->bookings[i]->booking));
    return json;
}

/* For people the newest sheet; all of it is in the JSON. */
static int print_record(const struct ctl *ctl, const struct search *search, const Record__ArchiveRecord *record)
{
    json_t *json = record_json(search, record), *sheets = json_object_get(json, "sheets");
    json_t *newest = json_array_get(sheets, json_array_size(sheets) - 1);

    if (ctl->json || newest == NULL)
        table_json(ctl, json);
    else
        table_record(ctl, payload_descriptor(REFERRAL__DELIVERY_KIND__SHEET), newest);
    json_decref(json);
    return EXIT_OK;
}

static int show_found(struct shelf *shelf, const struct search *search)
{
    struct archive *archive = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int failure = archive_open(shelf->keys, shelf->offline.archives, search->file, &archive);
    int result;

    if (failure == 0)
        failure = archive_read(archive, &search->entry, &bytes, &size);
    archive_close(archive);
    if (failure != 0)
        return fail(shelf->ctl, search->file, failure);

    Record__ArchiveRecord *record = record__archive_record__unpack(NULL, size, bytes);

    free(bytes);
    result = record == NULL ? fail(shelf->ctl, search->file, -EBADMSG) : print_record(shelf->ctl, search, record);
    if (record != NULL)
        record__archive_record__free_unpacked(record, NULL);
    return result;
}

int archives_show_run(struct ctl *ctl)
{
    const char *reason = ctl_option(ctl, "reason");
    struct search search;
    struct shelf shelf;
    int result;

    if (reason == NULL || text_is_blank(reason)) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "须用 --reason 说明理由", "state why, by --reason"));
        return EXIT_USAGE;
    }
    result = shelf_open(ctl, &shelf);
    if (result != EXIT_OK)
        return result;
    result = search_for(&shelf, &search);
    if (result == EXIT_OK)
        result = note_look(&shelf, &search);
    if (result == EXIT_OK)
        result = show_found(&shelf, &search);
    shelf_close(&shelf);
    return result;
}

/* ---- Who looked ---- */

static bool take_short_name(void *user, const char *name, const struct archive *archive)
{
    struct listing *listing = user;

    (void)name;
    snprintf(listing->short_name, sizeof listing->short_name, "%s", archive_about(archive)->short_name);
    return false;
}

static void list_look(void *user, const struct archive_look *look)
{
    struct listing *listing = user;
    char id[ID_TEXT_SIZE];

    id_format(id, listing->short_name, look->referral);
    json_array_append_new(listing->rows,
                          json_pack("{s:o, s:s, s:s, s:s, s:s}", "at_ms", time_json(listing->ctl, look->at), "user",
                                    look->user, "referral_id", id, "file", look->file, "reason", look->reason));
}

int archives_looks_run(struct ctl *ctl)
{
    static const char *const zh[] = {"时间", "用户", "转诊", "文件", "理由", NULL};
    static const char *const en[] = {"at", "user", "referral", "file", "reason", NULL};
    struct listing listing = {.ctl = ctl};
    struct shelf shelf;
    int result = shelf_open(ctl, &shelf);

    if (result != EXIT_OK)
        return result;
    listing.rows = json_array();
    each_file(&shelf, take_short_name, &listing);

    int failure = shelf.keys == NULL ? 0 : archive_looks(shelf.keys, shelf.offline.archives, list_look, &listing);

    print_rows(ctl, ctl->zh ? zh : en, listing.rows);
    if (failure != 0)
        result = fail(ctl, ctl_say(ctl, "查阅记录", "the log of looks"), failure);
    shelf_close(&shelf);
    return result;
}
