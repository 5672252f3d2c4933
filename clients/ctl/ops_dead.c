/* ops_dead.c - `dead replay` and `dead drop`: what would be done, unless --yes has it done. */
#include <string.h>

#include "connect.h"
#include "handlers.h"
#include "ops_screen.h"
#include "query.h"
#include "table.h"

#define DEAD_MAX 1000 /* a command's */

static bool is_named(const struct ctl *ctl, const json_t *dead)
{
    const char *id = ops_string(json_object_get(dead, "entry"), "delivery_id");

    if (ctl_has(ctl, "all"))
        return true;
    for (size_t i = 0; i < ctl->given_count; i++)
        if (strcmp(ctl->given[i].option->name, "id") == 0 && strcasecmp(ctl->given[i].text, id) == 0)
            return true;
    return false;
}

static json_t *named_of(const struct ctl *ctl, const json_t *entries)
{
    json_t *named = json_array(), *dead;
    size_t i;

    json_array_foreach(entries, i, dead) if (json_array_size(named) < DEAD_MAX && is_named(ctl, dead))
        json_array_append(named, dead);
    return named;
}

static void tell(const struct ctl *ctl, json_t *named)
{
    bool is_drop = strcmp(ctl->verb->name, "dead drop") == 0;
    struct screen screen;

    if (ctl->json) {
        json_t *answer = json_pack("{s:b,s:O}", "dry_run", 1, "entries", named);

        table_json(ctl, answer);
        json_decref(answer);
        return;
    }
    screen_init(&screen, ctl);
    ops_messages(&screen, named);
    fprintf(ctl->out,
            ctl_say(ctl, "演练, 未执行: 将%s %zu 条死信; 加 --yes 执行\n",
                    "nothing was done: would %s %zu dead letters; --yes does it\n"),
            is_drop ? ctl_say(ctl, "丢弃", "drop") : ctl_say(ctl, "重新投递", "replay"), json_array_size(named));
}

int ops_dead_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    json_t *query, *answer = NULL, *named;
    int result;

    if (ctl_has(ctl, "yes"))
        return command_run(ctl);
    if (ctl_has(ctl, "all") == ctl_has(ctl, "id")) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "请给出 --id 或 --all 之一", "say which: --id, or --all"));
        return EXIT_USAGE;
    }
    result = connect_open(ctl, 0, &client);
    query = json_pack("{s:s}", "institution", ctl->arguments[0]);
    if (result == EXIT_OK)
        result = query_ask_all(ctl, client, REFERRAL__KIND__LIST_DEAD, query, SIZE_MAX, &answer);
    referral_close(client);
    json_decref(query);
    if (result != EXIT_OK)
        return result;
    named = named_of(ctl, json_object_get(answer, "entries"));
    tell(ctl, named);
    json_decref(named);
    json_decref(answer);
    return EXIT_OK;
}
