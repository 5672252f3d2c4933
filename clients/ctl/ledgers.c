/* ledgers.c - the same pages by two ways. */
#include "ledgers.h"

#include <string.h>

#include "call.h"
#include "connect.h"
#include "offline.h"
#include "place.pb-c.h"
#include "progress.h"
#include "query.h"

#define VIEW_BYTES (16UL << 30) /* address space, as verify takes */

bool ledgers_are_offline(const struct ctl *ctl)
{
    return ctl_has(ctl, "store") || ctl_has(ctl, "broker-config");
}

static int open_view(struct ledgers *ledgers)
{
    int result = offline_open(ledgers->ctl, true, &ledgers->store);

    if (result != EXIT_OK)
        return result;
    ledgers->test_time = store_identity(ledgers->store)->test_time;
    if (arena_open(&ledgers->arena, VIEW_BYTES) == 0 &&
        store_read_begin(ledgers->store, &ledgers->arena, &ledgers->txn) == 0) {
        meta_row(ledgers->txn); /* first in the arena, which is rewound after every page: it stays */
        return EXIT_OK;
    }
    ctl_complain(ledgers->ctl, "%s", store_error(ledgers->store));
    return EXIT_CHECK_FAILED;
}

int ledgers_open(const struct ctl *ctl, struct ledgers *ledgers)
{
    int result;

    *ledgers = (struct ledgers){.ctl = ctl};
    if (ledgers_are_offline(ctl))
        return open_view(ledgers);
    result = connect_open(ctl, 0, &ledgers->client);
    if (result == EXIT_OK)
        ledgers->test_time = referral_welcome(ledgers->client)->test_time;
    return result;
}

void ledgers_close(struct ledgers *ledgers)
{
    store_read_end(ledgers->txn);
    arena_close(&ledgers->arena);
    store_close(ledgers->store);
    referral_close(ledgers->client);
}

int ledgers_number(struct ledgers *ledgers, const char *hospital, uint32_t *ret_number)
{
    const Record__Institution *row = institution_row(ledgers->txn, hospital);

    if (row == NULL) {
        ctl_complain(ledgers->ctl, ctl_say(ledgers->ctl, "没有机构 %s", "there is no institution %s"), hospital);
        return EXIT_BAD_FILE;
    }
    *ret_number = row->number;
    return EXIT_OK;
}

/* ---- Of the store ---- */

static int store_is_sound(const struct ledgers *ledgers)
{
    if (store_failure(ledgers->txn) == 0)
        return EXIT_OK;
    ctl_complain(ledgers->ctl, "%s", store_error(ledgers->store));
    return EXIT_CHECK_FAILED;
}

static int list_stored(struct ledgers *ledgers, json_t *ids)
{
    uint32_t number = 0;

    for (uint64_t from = 0; from <= UINT32_MAX && ledger_hospital_from(ledgers->txn, (uint32_t)from, &number);
         from = (uint64_t)number + 1) {
        const char *id = institution_id_of(ledgers->txn, number);

        if (id != NULL)
            json_array_append_new(ids, json_string(id));
    }
    return store_is_sound(ledgers);
}

static int read_stored(struct ledgers *ledgers, const char *hospital, uint64_t (*each)(void *user, struct bytes page),
                       void *user, struct ledger_mark *ret_mark)
{
    uint32_t number;
    struct progress progress;
    size_t mark = arena_mark(&ledgers->arena);
    uint64_t first = 0;
    struct bytes page;

    if (ledgers_number(ledgers, hospital, &number) != EXIT_OK)
        return EXIT_BAD_FILE;
    *ret_mark = ledger_mark(ledgers->txn, number);
    progress_begin(&progress, ledgers->ctl, ctl_say(ledgers->ctl, "正在读取", "reading"));
    for (uint64_t row = 1; row != 0 && ledger_page(ledgers->txn, number, row, &page, &first);) {
        row = each(user, page);
        arena_rewind(&ledgers->arena, mark);
        progress_step(&progress, first, ret_mark->rows);
    }
    progress_end(&progress);
    return store_is_sound(ledgers);
}

/* ---- Of the broker ---- */

static int list_asked(struct ledgers *ledgers, json_t *ids)
{
    json_t *query = json_object(), *answer = NULL, *institution;
    int result =
        query_ask_all(ledgers->ctl, ledgers->client, REFERRAL__KIND__LIST_INSTITUTIONS, query, SIZE_MAX, &answer);
    size_t i;

    json_array_foreach(json_object_get(answer, "institutions"), i, institution)
    {
        const char *kind = json_string_value(json_object_get(institution, "kind"));

        if (kind != NULL && strcmp(kind, "HOSPITAL") == 0)
            json_array_append(ids, json_object_get(institution, "id"));
    }
    json_decref(answer);
    json_decref(query);
    return result;
}

/* Some pages from row `from` on. EXIT_OK with what was answered, else complained. */
static int ask_pages(struct ledgers *ledgers, const char *hospital, uint64_t from, Referral__LedgerPages **ret_pages)
{
    Referral__LedgerQuery query = REFERRAL__LEDGER_QUERY__INIT;
    struct referral_request request = {.kind = REFERRAL__KIND__LIST_LEDGER,
                                       .acting_for = ctl_option(ledgers->ctl, "acting-for"),
                                       .message = &query.base};
    Referral__Reply *reply = NULL;
    char id[LIMIT_ID_BYTES + 1];
    int result;

    snprintf(id, sizeof id, "%s", hospital);
    query.hospital = id;
    query.has_from_row = true;
    query.from_row = from;
    result = call_send(ledgers->ctl, ledgers->client, &request, &reply);
    if (result == EXIT_REFUSED)
        call_print_reply(ledgers->ctl, reply, NULL);
    if (result == EXIT_OK) {
        *ret_pages = (Referral__LedgerPages *)call_result(ledgers->ctl, request.kind, reply);
        result = *ret_pages == NULL ? EXIT_NO_BROKER : EXIT_OK;
    }
    referral_reply_free(reply);
    return result;
}

static void take_mark(const Referral__LedgerPages *pages, struct ledger_mark *ret_mark)
{
    *ret_mark = (struct ledger_mark){.rows = pages->rows};
    if (pages->digest.len == sizeof ret_mark->digest)
        memcpy(ret_mark->digest, pages->digest.data, sizeof ret_mark->digest);
}

static int read_asked(struct ledgers *ledgers, const char *hospital, uint64_t (*each)(void *user, struct bytes page),
                      void *user, struct ledger_mark *ret_mark)
{
    struct progress progress;
    uint64_t from = 1;
    bool more = true;
    int result = EXIT_OK;

    progress_begin(&progress, ledgers->ctl, ctl_say(ledgers->ctl, "正在读取", "reading"));
    while (more && result == EXIT_OK) {
        Referral__LedgerPages *pages = NULL;

        result = ask_pages(ledgers, hospital, from, &pages);
        if (result != EXIT_OK)
            break;
        for (size_t i = 0; i < pages->n_pages && from != 0; i++)
            from = each(user, bytes_of(pages->pages[i].data, pages->pages[i].len));
        more = from != 0 && pages->n_pages != 0 && pages->has_next_row;
        take_mark(pages, ret_mark);
        progress_step(&progress, from, pages->rows);
        referral__ledger_pages__free_unpacked(pages, NULL);
    }
    progress_end(&progress);
    return result;
}

/* ---- By either way ---- */

int ledgers_list(struct ledgers *ledgers, const char *hospital, json_t **ret_ids)
{
    json_t *ids = json_array();
    int result = EXIT_OK;

    if (hospital != NULL)
        json_array_append_new(ids, json_string(hospital));
    else
        result = ledgers->store != NULL ? list_stored(ledgers, ids) : list_asked(ledgers, ids);
    *ret_ids = ids;
    return result;
}

int ledgers_read(struct ledgers *ledgers, const char *hospital, uint64_t (*each)(void *user, struct bytes page),
                 void *user, struct ledger_mark *ret_mark)
{
    return ledgers->store != NULL ? read_stored(ledgers, hospital, each, user, ret_mark)
                                  : read_asked(ledgers, hospital, each, user, ret_mark);
}
