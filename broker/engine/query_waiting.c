/* query_waiting.c - who waits for a place, and how many before them (Q8, P2). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/query_pool.h"
#include "engine/waiting.h"

#define AHEAD_MAX   1000              /* entries counted before one that is asked for by itself */
#define CURSOR_SIZE (ID_KEY_SIZE + 4) /* the last entry of a page, and how many were told with it u32 */

static void add_entry(struct asking *asking, struct page *page, const struct wait_key *key, Record__WaitEntry *row,
                      uint32_t ahead)
{
    const struct waiting_of entry = {.key = *key, .row = row};
    const char *hospital = institution_id_of(asking->work.txn, key->hospital);
    Referral__WaitEntry *view = waiting_view(&asking->work, &entry, asking_speaks_for(asking, hospital));

    FIELD_SET(view, ahead, ahead);
    page_add(page, &view->base);
}

static uint32_t count_ahead(struct asking *asking, const struct wait_key *key)
{
    struct wait_key at = {.hospital = key->hospital, .class = key->class};
    uint32_t ahead = 0;

    memcpy(at.department, key->department, sizeof at.department);
    while (ahead < AHEAD_MAX && wait_row_next(asking->work.txn, &at, &at) != NULL && !id_equal(at.id, key->id))
        ahead++;
    return ahead;
}

static bool may_see(struct asking *asking, const struct wait_key *key, const Record__WaitEntry *row)
{
    Record__Referral *referral = NULL;

    if (asking_speaks_for(asking, institution_id_of(asking->work.txn, key->hospital)) ||
        has_role(&asking->work, REFERRAL__ROLE__OPERATE))
        return true;
    if (id_is_set(life_id_of(row->referral)))
        referral = referral_row(asking->work.txn, life_id_of(row->referral));
    return referral != NULL && asking_party(asking, referral) != 0;
}

static bool one_entry(struct asking *asking, struct page *page, struct id id)
{
    struct wait_key key;
    Record__WaitEntry *row = wait_row(asking->work.txn, id, &key);

    if (row == NULL || !may_see(asking, &key, row))
        return false;
    add_entry(asking, page, &key, row, count_ahead(asking, &key));
    return true;
}

/* Q8: one a class, and on one page. */
static bool entries_of_referral(struct asking *asking, struct page *page, const char *text)
{
    Record__Referral *row = NULL;
    struct id id;

    if (work_parse_id(&asking->work, text, &id))
        row = referral_row(asking->work.txn, id);
    if (row == NULL || asking_party(asking, row) == 0)
        return refuse(&asking->work, REFUSED_NOT_FOUND, "referral_id");
    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i]->has_entry)
            one_entry(asking, page, life_id_of(row->claims[i]->entry));
    return true;
}

/* P2: the cursor is an entry of this very list. It may have left it since: then the list begins anew. */
static bool go_on(struct asking *asking, ProtobufCBinaryData cursor, struct wait_key *at, uint32_t *ret_ahead)
{
    struct wait_key after;

    if (cursor.len == 0)
        return true;
    if (cursor.len != CURSOR_SIZE || wait_row(asking->work.txn, id_from_key(cursor.data), &after) == NULL ||
        after.hospital != at->hospital || after.class != at->class || strcmp(after.department, at->department) != 0)
        return refuse(&asking->work, REFUSED_BAD_VALUE, "cursor");
    *at = after;
    *ret_ahead = get_be32(cursor.data + ID_KEY_SIZE);
    return true;
}

static struct bytes cursor_after(struct asking *asking, struct id id, uint32_t told)
{
    uint8_t *cursor = arena_alloc(asking->work.arena, CURSOR_SIZE);

    id_to_key(cursor, id);
    put_be32(cursor + ID_KEY_SIZE, told);
    return bytes_of(cursor, CURSOR_SIZE);
}

/* The list of a hospital's department in its order: for the hospital itself and operators. */
static bool entries_of_list(struct asking *asking, struct page *page, const Referral__WaitQuery *query)
{
    const char *hospital = asking_institution(asking, query->hospital, "hospital");
    struct wait_key at = {.class = (uint8_t)query->class_}, next;
    Record__WaitEntry *row;
    uint32_t ahead = 0;

    if (hospital == NULL)
        return false;
    if (!query->has_class_ || query_text_or_null(query->department) == NULL)
        return refuse(&asking->work, REFUSED_MISSING, query->has_class_ ? "department" : "class");
    at.hospital = asking_number_of(asking, hospital);
    strncpy(at.department, query->department, sizeof at.department - 1);
    if (!go_on(asking, query->cursor, &at, &ahead))
        return false;
    while (!page_is_full(page) && (row = wait_row_next(asking->work.txn, &at, &next)) != NULL) {
        add_entry(asking, page, &next, row, ahead++);
        page_examined(page, cursor_after(asking, next.id, ahead), 1);
        at = next;
    }
    page->ended = !page_is_full(page);
    return true;
}

static bool find_entries(struct asking *asking, struct page *page)
{
    const Referral__WaitQuery *query = (const Referral__WaitQuery *)asking->work.body;
    bool list = query_text_or_null(query->hospital) != NULL || query->has_class_ ||
                query_text_or_null(query->department) != NULL;
    struct id id;

    if ((query->entry_id != NULL) + (query->referral_id != NULL) + list > 1)
        return refuse(&asking->work, REFUSED_NOT_EXPECTED, "entry_id");
    page->ended = true;
    if (query->entry_id != NULL)
        return (work_parse_id(&asking->work, query->entry_id, &id) && one_entry(asking, page, id)) ||
               refuse(&asking->work, REFUSED_NOT_FOUND, "entry_id");
    if (query->referral_id != NULL)
        return entries_of_referral(asking, page, query->referral_id);
    return entries_of_list(asking, page, query);
}

ProtobufCMessage *query_waiting_list(struct asking *asking)
{
    Referral__WaitList *list = asking_message(asking, &referral__wait_list__descriptor);
    const Referral__WaitQuery *query = (const Referral__WaitQuery *)asking->work.body;
    struct page page;

    page_begin(&page, asking, query->referral_id != NULL ? 0 : query->rows);
    if (!find_entries(asking, &page))
        return NULL;
    list->entries = (Referral__WaitEntry **)page.rows;
    list->n_entries = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
