/* names.c - one walk over the registry, whose pages are large; a name that is missing is no failure. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "connect.h"
#include "query.h"

/* One page into `names`, id by id; false: there is no further one. */
static bool read_page(const struct ctl *ctl, struct referral_client *client, ProtobufCBinaryData *cursor, json_t *names)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    struct referral_request request = {.kind = REFERRAL__KIND__LIST_INSTITUTIONS, .message = &query.base};
    Referral__Reply *reply = NULL;
    Referral__InstitutionList *page = NULL;

    query.has_cursor = cursor->len != 0;
    query.cursor = *cursor;
    query.has_rows = true;
    query.rows = LIMIT_PAGE_ROWS;
    if (call_send(ctl, client, &request, &reply) == EXIT_OK)
        page = referral__institution_list__unpack(NULL, reply->result.len, reply->result.data);
    referral_reply_free(reply);
    free(cursor->data);
    *cursor = (ProtobufCBinaryData){0};
    if (page == NULL)
        return false;
    for (size_t i = 0; i < page->n_institutions; i++)
        if (page->institutions[i]->id != NULL && page->institutions[i]->name != NULL)
            json_object_set_new(names, page->institutions[i]->id, json_string(page->institutions[i]->name));
    if (page->has_next) { /* ours now */
        *cursor = page->next;
        page->next = (ProtobufCBinaryData){0};
    }
    referral__institution_list__free_unpacked(page, NULL);
    return cursor->len != 0;
}

json_t *names_read(const struct ctl *ctl, struct referral_client *client)
{
    ProtobufCBinaryData cursor = {0};
    json_t *names = json_object();

    while (read_page(ctl, client, &cursor, names))
        ;
    free(cursor.data);
    return names;
}

static json_t *read_names(const struct ctl *ctl)
{
    struct referral_client *client = NULL;
    json_t *names = connect_open(ctl, 0, &client) == EXIT_OK ? names_read(ctl, client) : NULL;

    referral_close(client);
    return names;
}

void names_add(const struct ctl *ctl, json_t *rows, const char *member)
{
    json_t *names = json_array_size(rows) == 0 ? NULL : read_names(ctl), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *id = json_string_value(json_object_get(row, member));
        const char *name = id == NULL ? NULL : json_string_value(json_object_get(names, id));

        if (name != NULL)
            json_object_set_new(row, member, json_sprintf("%s %s", id, name));
    }
    json_decref(names);
}

json_t *names_institution(const struct ctl *ctl, struct referral_client *client, const char *id)
{
    json_t *query = json_pack("{s:s}", "institution", id), *answer = NULL, *institution = NULL;
    bool more = true;

    while (institution == NULL && more &&
           query_ask(ctl, client, REFERRAL__KIND__LIST_INSTITUTIONS, query, true, &answer) == EXIT_OK) {
        json_t *next = json_object_get(answer, "next");

        institution = json_incref(json_array_get(json_object_get(answer, "institutions"), 0));
        more = next != NULL && json_object_set(query, "cursor", next) == 0;
        json_decref(answer);
    }
    json_decref(query);
    return institution;
}

const char *names_department(json_t *institution, const char *code)
{
    json_t *department;
    size_t i;

    json_array_foreach(json_object_get(institution, "departments"), i, department)
    {
        const char *own = json_string_value(json_object_get(department, "code"));
        const char *name = json_string_value(json_object_get(department, "name"));

        if (own != NULL && name != NULL && strcmp(own, code) == 0)
            return name;
    }
    return "";
}
