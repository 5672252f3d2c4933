/* query_registry.c - lists of who takes part and on what terms. Institutions are seen by all, for routing; the rest by
 * operators and by whom it concerns (P2). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/settings.h"
#include "store/record.h"

static const char *narrowed_to(const Referral__PageQuery *query)
{
    return query->institution != NULL && query->institution[0] != '\0' ? query->institution : NULL;
}

/* Is a row about `a` (or `b`; NULL: about one only) for this asker, and inside what it asked for? */
static bool is_shown(struct asking *asking, const Referral__PageQuery *query, const char *a, const char *b)
{
    const char *one = narrowed_to(query);

    if (one != NULL && strcmp(one, a) != 0 && (b == NULL || strcmp(one, b) != 0))
        return false;
    return asking->all || asking_speaks_for(asking, a) || asking_speaks_for(asking, b);
}

static Referral__Institution *institution_shown(struct asking *asking, struct bytes key, struct bytes value)
{
    const Record__Institution *row =
        record_unpack(asking->work.txn, TABLE_INSTITUTION, key, value, &record__institution__descriptor);
    Referral__Institution *institution =
        work_read(&asking->work, TABLE_INSTITUTION, &referral__institution__descriptor, row->institution);

    if (row->paused)
        FIELD_SET(institution, paused, true);
    return institution;
}

ProtobufCMessage *query_institutions(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__InstitutionList *list = asking_message(asking, &referral__institution_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_INSTITUTION, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        Referral__Institution *institution = institution_shown(asking, key, value);

        if (narrowed_to(query) == NULL || strcmp(narrowed_to(query), institution->id) == 0)
            page_add(&page, &institution->base);
    }
    list->institutions = (Referral__Institution **)page.rows;
    list->n_institutions = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

ProtobufCMessage *query_relations(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__RelationList *list = asking_message(asking, &referral__relation_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_RELATION, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Relation *row =
            record_unpack(asking->work.txn, TABLE_RELATION, key, value, &record__relation__descriptor);
        Referral__Relation *relation =
            work_read(&asking->work, TABLE_RELATION, &referral__relation__descriptor, row->relation);

        if (is_shown(asking, query, relation->from, relation->to))
            page_add(&page, &relation->base);
    }
    list->relations = (Referral__Relation **)page.rows;
    list->n_relations = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

/* The key is the whole row: agent, a zero byte, principal. */
static Referral__Delegation *delegation_of_key(struct asking *asking, struct bytes key)
{
    Referral__Delegation *delegation = asking_message(asking, &referral__delegation__descriptor);
    char *text = arena_zalloc(asking->work.arena, key.size + 1);

    memcpy(text, key.data, key.size);
    delegation->agent = text;
    delegation->principal = text + strlen(text) + 1;
    return delegation;
}

ProtobufCMessage *query_delegations(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__DelegationList *list = asking_message(asking, &referral__delegation_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_DELEGATION, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        Referral__Delegation *delegation = delegation_of_key(asking, key);

        if (is_shown(asking, query, delegation->agent, delegation->principal))
            page_add(&page, &delegation->base);
    }
    list->delegations = (Referral__Delegation **)page.rows;
    list->n_delegations = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

ProtobufCMessage *query_teams(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__TeamList *list = asking_message(asking, &referral__team_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_TEAM, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Team *row = record_unpack(asking->work.txn, TABLE_TEAM, key, value, &record__team__descriptor);
        Referral__Team *team = work_read(&asking->work, TABLE_TEAM, &referral__team__descriptor, row->team);

        if (is_shown(asking, query, team->institution, NULL))
            page_add(&page, &team->base);
    }
    list->teams = (Referral__Team **)page.rows;
    list->n_teams = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

ProtobufCMessage *query_keys(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__KeyList *list = asking_message(asking, &referral__key_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_ACCESS_KEY, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__AccessKey *row =
            record_unpack(asking->work.txn, TABLE_ACCESS_KEY, key, value, &record__access_key__descriptor);
        Referral__AccessKey *access =
            work_read(&asking->work, TABLE_ACCESS_KEY, &referral__access_key__descriptor, row->access_key);

        if (is_shown(asking, query, access->institution, NULL))
            page_add(&page, &access->base);
    }
    list->keys = (Referral__AccessKey **)page.rows;
    list->n_keys = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

/* `institution` empty: what holds for all, set or by default. */
static Referral__Setting *setting_shown(struct asking *asking, const struct setting_info *info, const char *institution,
                                        const char *value)
{
    Referral__Setting *setting = asking_message(asking, &referral__setting__descriptor);
    struct arena *arena = asking->work.arena;

    setting->name = arena_text(arena, info->name);
    setting->institution = institution[0] != '\0' ? arena_text(arena, institution) : NULL;
    setting->value = arena_text(arena, value);
    setting->default_value = arena_text(arena, info->default_value);
    setting->help = arena_text(arena, info->help);
    return setting;
}

static void add_settings_of_all(struct page *page)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *value = setting_text(page->asking->work.txn, (enum setting)i, NULL);

        page_add(page, &setting_shown(page->asking, setting_info((enum setting)i), "", value)->base);
    }
}

/* A row of an institution: its key is name, a zero byte, institution id. */
static void add_setting_of_one(struct page *page, const Referral__PageQuery *query, struct bytes key)
{
    struct asking *asking = page->asking;
    char *name = arena_zalloc(asking->work.arena, key.size + 2);
    const char *institution, *value;
    enum setting setting;

    memcpy(name, key.data, key.size);
    institution = name + strlen(name) + 1;
    if (institution[0] == '\0' || !setting_find(name, &setting) || !is_shown(asking, query, institution, NULL))
        return;
    value = setting_row(asking->work.txn, name, institution);
    page_add(page, &setting_shown(asking, setting_info(setting), institution, value)->base);
}

/* First what holds for all, then where institutions differ. */
ProtobufCMessage *query_settings(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__SettingList *list = asking_message(asking, &referral__setting_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows <= SETTING_COUNT ? LIMIT_PAGE_ROWS : query->rows);
    if (!page_scan(&page, TABLE_SETTING, bytes_of(NULL, 0), query->cursor))
        return NULL;
    if (query->cursor.len == 0)
        add_settings_of_all(&page);
    while (page_next(&page, &key, &value))
        add_setting_of_one(&page, query, key);
    list->settings = (Referral__Setting **)page.rows;
    list->n_settings = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

ProtobufCMessage *query_calendar(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__CalendarList *list = asking_message(asking, &referral__calendar_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_CALENDAR, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__CalendarDay *row =
            record_unpack(asking->work.txn, TABLE_CALENDAR, key, value, &record__calendar_day__descriptor);
        Referral__CalendarDay *day = asking_message(asking, &referral__calendar_day__descriptor);

        day->date = arena_alloc(asking->work.arena, DATE_TEXT_SIZE);
        date_format(day->date, date_from_days(get_be32(key.data)));
        FIELD_SET(day, working, row->working);
        day->note = row->note;
        page_add(&page, &day->base);
    }
    list->days = (Referral__CalendarDay **)page.rows;
    list->n_days = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
