/* ops.c - three questions, of which a broker answers each page by page, and what they come to together. */
#include "ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "connect.h"
#include "moment.h"
#include "names.h"
#include "query.h"
#include "width.h"
#include "wire/wire.h"

bool ops_form(const struct ctl *ctl, enum ops_form *ret_form)
{
    static const char *const forms[] = {[OPS_TABLE] = "table", [OPS_JSON] = "json", [OPS_PROMETHEUS] = "prometheus"};
    const char *wanted = ctl_option(ctl, "output");

    *ret_form = ctl->json ? OPS_JSON : OPS_TABLE;
    if (wanted == NULL)
        return true;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(wanted, forms[i]) == 0) {
            *ret_form = (enum ops_form)i;
            return true;
        }
    ctl_complain(
        ctl, "%s",
        ctl_say(ctl, "--output 应为 table, json, prometheus 之一", "--output must be one of table, json, prometheus"));
    return false;
}

int64_t ops_number(const json_t *row, const char *member)
{
    return json_integer_value(json_object_get(row, member));
}

const char *ops_string(const json_t *row, const char *member)
{
    const char *text = json_string_value(json_object_get(row, member));

    return text == NULL ? "" : text;
}

bool ops_flag(const json_t *row, const char *member)
{
    return json_is_true(json_object_get(row, member));
}

json_t *ops_rows(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, const char *list,
                 int *ret_result)
{
    json_t *query = json_pack("{s:i}", "rows", LIMIT_PAGE_ROWS), *rows = json_array(), *page = NULL;
    bool more = true;

    *ret_result = EXIT_OK;
    while (more && *ret_result == EXIT_OK) {
        *ret_result = query_ask(ctl, client, kind, query, true, &page);
        if (*ret_result != EXIT_OK)
            break;

        json_t *next = json_object_get(page, "next");

        json_array_extend(rows, json_object_get(page, list));
        more = next != NULL && json_object_set(query, "cursor", next) == 0;
        json_decref(page);
    }
    json_decref(query);
    if (*ret_result == EXIT_OK)
        return rows;
    json_decref(rows);
    return NULL;
}

/* ---- Facts ---- */

typedef int compare(const void *a, const void *b);

static void sort(json_t *rows, compare *order)
{
    size_t count = json_array_size(rows);
    json_t **sorted = calloc(count + 1, sizeof *sorted);

    for (size_t i = 0; sorted != NULL && i < count; i++)
        sorted[i] = json_incref(json_array_get(rows, i));
    if (sorted != NULL && count != 0)
        qsort((void *)sorted, count, sizeof *sorted, order);
    for (size_t i = 0; sorted != NULL && i < count; i++)
        json_array_set_new(rows, i, sorted[i]);
    free((void *)sorted);
}

static int by_deadline(const void *a, const void *b)
{
    int64_t one = ops_number(*(json_t *const *)a, "due_at_ms"), other = ops_number(*(json_t *const *)b, "due_at_ms");

    return (one > other) - (one < other);
}

static int by_level(const void *a, const void *b)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    int level = strcmp(ops_string(one, "level"), ops_string(other, "level")); /* "critical" before "warning" */

    int64_t since = ops_number(one, "since_ms"), later = ops_number(other, "since_ms");

    return level != 0 ? level : (since > later) - (since < later);
}

static int read_status(const struct ctl *ctl, struct referral_client *client, struct ops_facts *facts)
{
    json_t *query = json_object();
    int result = query_ask_all(ctl, client, REFERRAL__KIND__GET_STATUS, query, SIZE_MAX, &facts->status);

    json_decref(query);
    facts->now_ms = ops_number(facts->status, "now_ms");
    return result;
}

static void forget(struct ops_facts *facts)
{
    json_decref(facts->status);
    json_decref(facts->waiters);
    json_decref(facts->alarms);
    facts->status = facts->waiters = facts->alarms = NULL;
}

int ops_facts_read(const struct ctl *ctl, struct referral_client *client, struct ops_facts *facts)
{
    int result;

    forget(facts);
    result = read_status(ctl, client, facts);
    if (result == EXIT_OK)
        facts->waiters = ops_rows(ctl, client, REFERRAL__KIND__LIST_WAITERS, "waiters", &result);
    if (result == EXIT_OK)
        facts->alarms = ops_rows(ctl, client, REFERRAL__KIND__LIST_ALARMS, "alarms", &result);
    if (result == EXIT_REFUSED && facts->waiters != NULL) { /* P2: alarms are for operators and observers */
        facts->alarms = json_array();
        facts->alarms_hidden = true;
        result = EXIT_OK;
    }
    sort(facts->waiters, by_deadline);
    sort(facts->alarms, by_level);
    return result;
}

void ops_facts_name(const struct ctl *ctl, struct referral_client *client, struct ops_facts *facts)
{
    if (facts->names == NULL)
        facts->names = names_read(ctl, client);
}

void ops_facts_fini(struct ops_facts *facts)
{
    forget(facts);
    json_decref(facts->names);
    facts->names = NULL;
}

int ops_with_facts(struct ctl *ctl, ops_show_facts *show)
{
    struct referral_client *client = NULL;
    struct ops_facts facts = {0};
    enum ops_form form;
    int result;

    if (!ops_form(ctl, &form))
        return EXIT_USAGE;
    result = connect_open(ctl, 0, &client);
    if (result == EXIT_OK)
        result = ops_facts_read(ctl, client, &facts);
    if (result == EXIT_OK && form == OPS_TABLE)
        ops_facts_name(ctl, client, &facts);
    referral_close(client);
    if (result == EXIT_OK)
        show(ctl, form, &facts);
    ops_facts_fini(&facts);
    return result;
}

/* A waiter says whether its oldest message is in flight, an inbox how many are. */
static bool has_in_flight(const json_t *row)
{
    return ops_flag(row, "in_flight") || ops_number(row, "in_flight") != 0;
}

bool ops_takes_nothing(const json_t *row)
{
    return ops_number(row, "connections") == 0 || (ops_number(row, "credit") == 0 && !has_in_flight(row));
}

static void add_inbox(struct ops_totals *totals, const json_t *books)
{
    uint64_t waiting = (uint64_t)ops_number(books, "waiting");

    totals->destinations++;
    totals->waiting += waiting;
    totals->in_flight += (uint64_t)ops_number(books, "in_flight");
    totals->dead += (uint64_t)ops_number(books, "dead");
    totals->paused += ops_flag(books, "paused");
    totals->without_consumer += waiting != 0 && ops_takes_nothing(books);
    for (size_t lane = 0; lane < OPS_LANES; lane++)
        totals->lanes[lane] +=
            (uint64_t)json_integer_value(json_array_get(json_object_get(books, "waiting_lanes"), lane));
}

struct ops_totals ops_totals(const struct ops_facts *facts)
{
    struct ops_totals totals = {.pressed = json_array_get(facts->waiters, 0)};
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(facts->status, "inboxes"), i, row) add_inbox(&totals, row);
    json_array_foreach(facts->waiters, i, row)
    {
        int64_t age = facts->now_ms - ops_number(row, "oldest_accepted_at_ms");

        totals.oldest_ms = age > totals.oldest_ms ? age : totals.oldest_ms;
        if (ops_number(row, "at_risk_at_ms") <= facts->now_ms)
            totals.at_risk += (uint64_t)ops_number(row, "waiting");
        totals.late += ops_number(row, "due_at_ms") <= facts->now_ms;
    }
    totals.at_risk += totals.dead;
    return totals;
}

/* ---- Texts ---- */

void ops_age(char out[OPS_TEXT_SIZE], int64_t ms)
{
    static const int64_t units[] = {DAY_MS, HOUR_MS, MINUTE_MS};
    char span[MOMENT_TEXT_SIZE];
    int64_t grain = SECOND_MS;

    for (size_t i = 0; i < sizeof units / sizeof *units && grain == SECOND_MS; i++)
        if (ms >= 10 * units[i])
            grain = units[i];
    span_format(span, ms < grain ? 0 : ms / grain * grain);
    snprintf(out, OPS_TEXT_SIZE, "%s", span);
}

void ops_left(char out[OPS_TEXT_SIZE], int64_t due_ms, int64_t now_ms)
{
    out[0] = '-';
    ops_age(due_ms < now_ms ? out + 1 : out, llabs(due_ms - now_ms));
}

void ops_bytes(char out[OPS_TEXT_SIZE], int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    int64_t tenths = bytes * 10;

    for (; tenths >= 10240 && unit + 1 < sizeof units / sizeof *units; unit++)
        tenths /= 1024;
    snprintf(out, OPS_TEXT_SIZE, "%lld.%lld %s", (long long)tenths / 10, (long long)tenths % 10, units[unit]);
}

void ops_whose(char out[OPS_TEXT_SIZE], const struct ops_facts *facts, const char *id)
{
    const char *name = ops_string(facts->names, id);

    snprintf(out, OPS_TEXT_SIZE, "%s%s%s", id, name[0] == '\0' ? "" : " ", name);
    width_line(out);
}

void ops_contact(char out[OPS_TEXT_SIZE], const json_t *contact)
{
    const char *name = ops_string(contact, "name"), *phone = ops_string(contact, "phone");

    int room = OPS_TEXT_SIZE - 2 - (int)strlen(phone); /* of a long name: who cannot be called is no help */
    size_t used;

    snprintf(out, OPS_TEXT_SIZE, "%.*s", room, name);
    width_line(out);
    used = strlen(out);
    snprintf(out + used, OPS_TEXT_SIZE - used, "%s%s", used == 0 ? "" : " ", phone);
}
