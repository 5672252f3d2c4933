/* places.c - a day at a glance: one line a session, as a bar and in numbers; groups together, and what is kept of each
 * class. */
#include <inttypes.h>
#include <stdlib.h>

#include "bar.h"
#include "columns.h"
#include "flow.h"
#include "handlers.h"
#include "labels.h"
#include "moment.h"
#include "names.h"
#include "place.pb-c.h"
#include "places_layout.h"
#include "query.h"
#include "table.h"
#include "width.h"

#define ALL_BP 10000

static size_t run_length(const struct glance *first, const struct glance *end,
                         bool (*same)(const struct glance *a, const struct glance *b))
{
    size_t length = 1;

    while (first + length < end && same(first, first + length))
        length++;
    return length;
}

/* ---- Lines ---- */

static const char *class_text(const struct ctl *ctl, const char *class)
{
    return label_of_value(&referral__place_class__descriptor, class, ctl->zh);
}

static void print_texts(const struct layout *layout, const char *texts[TEXT_COLUMNS])
{
    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        if (layout->text[column] != 0) {
            width_pad(layout->ctl->out, texts[column], layout->text[column]);
            fprintf(layout->ctl->out, "%*s", TEXT_COLUMN_GAP, "");
        }
}

/* Which day, where, what. */
static void print_title(const struct layout *layout, struct referral_client *client, const struct glance *first)
{
    const struct ctl *ctl = layout->ctl;
    json_t *hospital = names_institution(ctl, client, first->hospital);
    const char *name = json_string_value(json_object_get(hospital, "name"));

    fprintf(ctl->out, "%s %s  %s %s  %s", first->date, moment_weekday(first->date, ctl->zh), first->hospital,
            name == NULL ? "" : name, class_text(ctl, first->class));
    if (layout->units_a_sign > 1)
        fprintf(ctl->out, ctl_say(ctl, "  (每个符号约 %" PRIu64 " 个号)", "  (a sign is about %" PRIu64 " units)"),
                layout->units_a_sign);
    fputc('\n', ctl->out);
    json_decref(hospital);
}

static void print_headings(const struct layout *layout)
{
    const struct ctl *ctl = layout->ctl;
    const char *texts[TEXT_COLUMNS];

    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        texts[column] = layout_text_heading(layout, (enum text_column)column);
    print_texts(layout, texts);
    fprintf(ctl->out, "%s%*s", ctl_say(ctl, "容量", " cap"), layout->bar + 2, "");
    for (enum number_column column = 0; column < NUMBERS; column++) {
        const char *heading = layout_number_heading(layout, column);

        fprintf(ctl->out, "%*s%s", layout_number_width(layout, column) - width_of(heading) + 1, "", heading);
    }
    fprintf(ctl->out, "  %s\n", layout_now_heading(layout));
}

static void print_numbers(const struct layout *layout, const struct glance *glance, bool member)
{
    FILE *out = layout->ctl->out;
    const uint64_t numbers[NUMBERS] = {[RESERVE] = glance->reserve,
                                       [FAMILY] = glance->family,
                                       [GENERAL] = glance->general,
                                       [BLOCKED] = glance->blocked,
                                       [FREE] = glance->free};
    char now[48];

    for (enum number_column column = 0; column < NUMBERS; column++)
        if (column == RESERVE && member) /* it stands in the group's line */
            fprintf(out, " %*s", layout_number_width(layout, column), "|");
        else
            fprintf(out, " %*" PRIu64, layout_number_width(layout, column), numbers[column]);
    snprintf(now, sizeof now, "%" PRIu64 "/%" PRIu64, glance->family_now, glance->general_now);
    fprintf(out, "  %*s", width_of(layout_now_heading(layout)), now);
}

static void note(struct flow *flow, const struct layout *layout, const char *colour, const char *text)
{
    flow_next(flow, "  ", width_of(text));
    fprintf(flow->out, "%s%s%s", layout->colour ? colour : "", text, layout->colour ? "\033[0m" : "");
}

static void note_opening(struct flow *flow, const struct layout *layout, const char *whom, int64_t at_ms)
{
    char at[MOMENT_TEXT_SIZE], text[96];

    if (at_ms == 0)
        return;
    moment_format_short(at, at_ms);
    snprintf(text, sizeof text, ctl_say(layout->ctl, "%s %s 起", "%s from %s"), whom, at);
    note(flow, layout, "", text);
}

/* Behind the numbers, or below them where there is no room. */
static void print_notes(const struct layout *layout, const struct glance *glance, bool member)
{
    const struct ctl *ctl = layout->ctl;
    struct flow notes = {.out = ctl->out,
                         .columns = layout->columns,
                         .indent = layout_indent(layout),
                         .used = layout_width(layout)},
                *flow = &notes;
    char text[64];

    if (glance->deficit != 0 && !member) {
        snprintf(text, sizeof text, ctl_say(ctl, "预留缺口 %" PRIu64, "DEFICIT %" PRIu64), glance->deficit);
        note(flow, layout, "\033[1;31m", text);
    }
    if (glance->cancelled)
        note(flow, layout, "\033[31m", ctl_say(ctl, "已取消", "cancelled"));
    if (glance->short_notice)
        note(flow, layout, "\033[33m", ctl_say(ctl, "临时发布", "short notice"));
    if (glance->released)
        note(flow, layout, "", ctl_say(ctl, "预留已释放", "released"));
    if (glance->held != 0) {
        snprintf(text, sizeof text, ctl_say(ctl, "暂占 %" PRIu64, "held %" PRIu64), glance->held);
        note(flow, layout, "", text);
    }
    note_opening(flow, layout, ctl_say(ctl, "家医", "family"), glance->family_opens_ms);
    if (glance->general_opens_ms != glance->family_opens_ms)
        note_opening(flow, layout, ctl_say(ctl, "一般", "general"), glance->general_opens_ms);
}

static void print_line(const struct layout *layout, const struct glance *glance, const char *texts[TEXT_COLUMNS],
                       bool member)
{
    FILE *out = layout->ctl->out;
    struct bar bar = layout_bar(glance);
    unsigned columns;

    print_texts(layout, texts);
    fprintf(out, "%*" PRIu64 "  ", NUMBER_COLUMNS + 1, glance->capacity);
    columns = bar_print(out, &bar, layout->units_a_sign, layout->colour);
    fprintf(out, "%*s", (int)columns < layout->bar ? layout->bar - (int)columns : 0, "");
    print_numbers(layout, glance, member);
    print_notes(layout, glance, member);
    fputc('\n', out);
}

static void print_session(const struct layout *layout, const struct glance *glance)
{
    const char *texts[TEXT_COLUMNS];
    char time[TIME_COLUMNS];

    layout_texts(layout, glance, time, texts);
    print_line(layout, glance, texts, glance->grouped);
}

/* Q11: R, marks and deficit are the group's. */
static void print_group(const struct layout *layout, const struct glance *first, size_t count)
{
    const char *texts[TEXT_COLUMNS] = {first->department, ctl_say(layout->ctl, "= 合并", "= group"), "", ""};
    struct glance sum = glance_sum(first, count);

    sum.held = 0; /* stands in the lines above */
    sum.short_notice = false;
    sum.released = false;
    sum.cancelled = false;
    sum.family_opens_ms = sum.general_opens_ms = 0;
    print_line(layout, &sum, texts, false);
}

static void print_block(const struct layout *layout, const struct glance *first, size_t count)
{
    const struct glance *end = first + count;

    print_headings(layout);
    for (const struct glance *at = first; at < end;) {
        size_t members = run_length(at, end, glance_same_group);

        for (size_t i = 0; i < members; i++)
            print_session(layout, &at[i]);
        if (at->grouped)
            print_group(layout, at, members);
        at += members;
    }
}

/* "20.00", as reports have it, rounded down: what is short of 20 % must not read 20 %. */
static void share_text(char out[SHARE_TEXT_SIZE], uint64_t part, uint64_t whole)
{
    share_format(out, whole == 0 ? 0 : (json_int_t)(part * ALL_BP / whole));
}

static void add_count(struct flow *flow, const char *separator, const char *name, uint64_t count)
{
    char text[64];

    snprintf(text, sizeof text, "%s %" PRIu64, name, count);
    flow_text(flow, separator, text);
}

static bool is_released(const struct glance *first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (first[i].released)
            return true;
    return false;
}

/* What is short of the reserve is known while it is there; how short it was when it was released, the report says. */
static void print_total(const struct ctl *ctl, int columns, const struct glance *first, size_t count)
{
    struct glance sum = glance_sum(first, count);
    struct flow total = {.out = ctl->out, .columns = columns, .indent = 2};
    uint64_t kept = glance_kept(first, count);
    char share[SHARE_TEXT_SIZE], text[96];

    snprintf(text, sizeof text, ctl_say(ctl, "%s合计: 容量 %" PRIu64, "%s total: capacity %" PRIu64),
             class_text(ctl, first->class), sum.capacity);
    flow_text(&total, "", text);
    add_count(&total, ", ", ctl_say(ctl, "预留", "reserved"), sum.reserve);
    if (sum.capacity != 0 && !is_released(first, count)) {
        share_text(share, kept, sum.capacity);
        snprintf(text, sizeof text, ctl_say(ctl, "现保住 %" PRIu64 " = %s %%", "now kept %" PRIu64 " = %s %%"), kept,
                 share);
        flow_text(&total, ", ", text);
    }
    add_count(&total, "; ", ctl_say(ctl, "家医", "family"), sum.family);
    add_count(&total, ", ", ctl_say(ctl, "一般", "general"), sum.general);
    add_count(&total, ", ", ctl_say(ctl, "停用", "blocked"), sum.blocked);
    add_count(&total, ", ", ctl_say(ctl, "空余", "free"), sum.free);
    if (sum.deficit != 0)
        add_count(&total, ", ", ctl_say(ctl, "预留缺口", "DEFICIT"), sum.deficit);
    fputc('\n', ctl->out);
}

static bool has_begun(const struct glance *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].begun != 0)
            return true;
    return false;
}

static void print_legend(const struct layout *layout, bool begun)
{
    const struct ctl *ctl = layout->ctl;
    struct flow flow = {.out = ctl->out, .columns = layout->columns};

    for (enum bar_part part = 0; part < BAR_PARTS; part++) {
        if (part == BAR_BEGUN && !begun)
            continue;
        flow_next(&flow, "   ", 2 + width_of(bar_meaning(part, ctl->zh)));
        bar_print_meaning(ctl->out, part, ctl->zh, layout->colour);
    }
    fprintf(ctl->out, "\n%s\n",
            ctl_say(ctl, "条形只表示数量, 不表示号序",
                    "a bar counts units; where they lie in the session it does not say"));
}

static void print_places(const struct ctl *ctl, struct referral_client *client, const struct glance *list, size_t count)
{
    struct layout layout = layout_of(ctl, list, count);

    for (size_t at = 0; at < count;) {
        size_t length = run_length(&list[at], list + count, glance_same_block);

        layout_fit_bar(&layout, &list[at], length);
        print_title(&layout, client, &list[at]);
        print_block(&layout, &list[at], length);
        print_total(ctl, layout.columns, &list[at], length);
        fputc('\n', ctl->out);
        at += length;
    }
    print_legend(&layout, has_begun(list, count));
}

int places_run(struct ctl *ctl)
{
    struct referral_client *client;
    json_t *answer = NULL;
    int result = query_of_verb(ctl, &client, &answer);
    struct glance *list;
    size_t count;

    if (result == EXIT_OK && ctl->json) {
        table_json(ctl, answer);
    } else if (result == EXIT_OK) {
        list = glance_read(json_object_get(answer, "pools"), referral_welcome(client)->now_ms, &count);
        if (count == 0)
            fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无号源)", "(no places)"));
        else
            print_places(ctl, client, list, count);
        free(list);
        query_tell_of_more(ctl, answer);
    }
    json_decref(answer);
    referral_close(client);
    return result;
}
