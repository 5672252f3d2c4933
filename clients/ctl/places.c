/* places.c - a day at a glance: one line a session, as a bar and in numbers; groups together, and what is kept of each class. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "bar.h"
#include "glance.h"
#include "handlers.h"
#include "labels.h"
#include "moment.h"
#include "names.h"
#include "place.pb-c.h"
#include "query.h"
#include "table.h"
#include "width.h"

#define BAR_COLUMNS_MIN    10
#define BAR_COLUMNS_MAX    60
#define BAR_COLUMNS_WISHED 24 /* narrower than that, the doctor's name gives its room */
#define NUMBER_COLUMNS     3

enum text_column { DEPARTMENT, RESOURCE, TIME, DOCTOR, TEXT_COLUMNS };
enum number_column { RESERVE, FAMILY, GENERAL, BLOCKED, FREE, NUMBERS };

static const struct {
    const char *zh, *en;
} text_headings[TEXT_COLUMNS] = {{"科室", "dept"}, {"号源", "session"}, {"时间", "time"}, {"医生", "doctor"}},
  number_headings[NUMBERS] = {
      [RESERVE] = {"预留", "res"}, [FAMILY] = {"家医", "fam"}, [GENERAL] = {"一般", "gen"},
      [BLOCKED] = {"停用", "blk"}, [FREE] = {"空余", "free"},
};
/* Free for whom: "22/17". */
static const char *const now_headings[] = {"for fam/gen", "可约 家/一"};

struct layout {
    const struct ctl *ctl;
    struct referral_client *client;
    int text[TEXT_COLUMNS];
    uint64_t units_a_sign;
    int bar;
    bool colour;
};

/* ---- Texts of a line ---- */

/* "08:00-12:00" in local time. */
static void time_text(char out[16], const struct glance *glance)
{
    char start[MOMENT_TEXT_SIZE], end[MOMENT_TEXT_SIZE];

    out[0] = '\0';
    if (glance->start_ms == 0)
        return;
    moment_format_time(start, glance->start_ms);
    moment_format_time(end, glance->end_ms);
    snprintf(out, 16, "%.5s-%.5s", start, end);
}

static void line_texts(const struct glance *glance, char time[16], const char *ret_texts[TEXT_COLUMNS])
{
    time_text(time, glance);
    ret_texts[DEPARTMENT] = glance->department;
    ret_texts[RESOURCE] = glance->resource;
    ret_texts[TIME] = time;
    ret_texts[DOCTOR] = glance->doctor;
}

static struct bar bar_of(const struct glance *glance)
{
    uint64_t kept = glance->marked < glance->free ? glance->marked : glance->free;

    return (struct bar){.units = {[BAR_FAMILY] = glance->family,
                                  [BAR_GENERAL] = glance->general,
                                  [BAR_KEPT] = kept,
                                  [BAR_FREE] = glance->free - kept,
                                  [BAR_BLOCKED] = glance->blocked}};
}

/* ---- How wide ---- */

static int number_width(const struct ctl *ctl, enum number_column column)
{
    int width = width_of(ctl_say(ctl, number_headings[column].zh, number_headings[column].en));

    return width < NUMBER_COLUMNS ? NUMBER_COLUMNS : width;
}

static void widen(int *width, const char *text)
{
    int wanted = width_of(text);

    if (*width < wanted)
        *width = wanted;
}

static size_t run_length(const struct glance *first, const struct glance *end,
                         bool (*same)(const struct glance *a, const struct glance *b))
{
    size_t length = 1;

    while (first + length < end && same(first, first + length))
        length++;
    return length;
}

/* The capacity of the longest line, a group's among them. */
static uint64_t largest_line(const struct glance *list, size_t count)
{
    uint64_t largest = 0;

    for (size_t at = 0; at < count;) {
        size_t length = run_length(&list[at], list + count, glance_same_group);
        struct glance sum = glance_sum(&list[at], length);

        largest = sum.capacity > largest ? sum.capacity : largest;
        at += length;
    }
    return largest;
}

static int columns_beside_bar(const struct layout *layout)
{
    int columns = NUMBER_COLUMNS + 3;

    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        columns += layout->text[column] == 0 ? 0 : layout->text[column] + 2;
    for (enum number_column column = 0; column < NUMBERS; column++)
        columns += number_width(layout->ctl, column) + 1;
    return columns + width_of(now_headings[layout->ctl->zh]) + 2;
}

/* As wide as there is room for and units to show; what is rounded up to one sign needs a little more than the whole. */
static void set_bar(struct layout *layout, uint64_t largest)
{
    int width = width_of_stream(layout->ctl->out), room = width - columns_beside_bar(layout);

    if (room < BAR_COLUMNS_WISHED && room < (int)largest) {
        layout->text[DOCTOR] = 0;
        room = width - columns_beside_bar(layout);
    }
    if (room < BAR_COLUMNS_MIN)
        room = BAR_COLUMNS_MIN;
    if (room > BAR_COLUMNS_MAX)
        room = BAR_COLUMNS_MAX;
    layout->units_a_sign = largest <= (uint64_t)room ? 1 : bar_units_a_sign(largest, (unsigned)room - BAR_PARTS);
    layout->bar = largest > (uint64_t)room ? room : largest < BAR_COLUMNS_MIN ? BAR_COLUMNS_MIN : (int)largest;
}

static struct layout layout_of(const struct ctl *ctl, struct referral_client *client, const struct glance *list,
                               size_t count)
{
    struct layout layout = {
        .ctl = ctl, .client = client, .colour = isatty(fileno(ctl->out)) && getenv("NO_COLOR") == NULL};

    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        layout.text[column] = width_of(ctl_say(ctl, text_headings[column].zh, text_headings[column].en));
    for (size_t i = 0; i < count; i++) {
        const char *texts[TEXT_COLUMNS];
        char time[16];

        line_texts(&list[i], time, texts);
        for (size_t column = 0; column < TEXT_COLUMNS; column++)
            widen(&layout.text[column], texts[column]);
    }
    set_bar(&layout, largest_line(list, count));
    return layout;
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
            fputs("  ", layout->ctl->out);
        }
}

/* Which day, where, what. */
static void print_title(const struct layout *layout, const struct glance *first)
{
    const struct ctl *ctl = layout->ctl;
    json_t *hospital = names_institution(ctl, layout->client, first->hospital);
    const char *name = json_string_value(json_object_get(hospital, "name"));

    fprintf(ctl->out, "%s %s  %s %s  %s\n", first->date, moment_weekday(first->date, ctl->zh), first->hospital,
            name == NULL ? "" : name, class_text(ctl, first->class));
    json_decref(hospital);
}

static void print_headings(const struct layout *layout)
{
    const struct ctl *ctl = layout->ctl;
    const char *texts[TEXT_COLUMNS];

    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        texts[column] = ctl_say(ctl, text_headings[column].zh, text_headings[column].en);
    print_texts(layout, texts);
    fprintf(ctl->out, "%s%*s", ctl_say(ctl, "容量", " cap"), layout->bar + 2, "");
    for (enum number_column column = 0; column < NUMBERS; column++) {
        const char *heading = ctl_say(ctl, number_headings[column].zh, number_headings[column].en);

        fprintf(ctl->out, "%*s%s", number_width(ctl, column) - width_of(heading) + 1, "", heading);
    }
    fprintf(ctl->out, "  %s\n", now_headings[ctl->zh]);
}

static void print_numbers(const struct layout *layout, const struct glance *glance, bool member)
{
    const struct ctl *ctl = layout->ctl;
    const uint64_t numbers[NUMBERS] = {[RESERVE] = glance->reserve,
                                       [FAMILY] = glance->family,
                                       [GENERAL] = glance->general,
                                       [BLOCKED] = glance->blocked,
                                       [FREE] = glance->free};
    char now[48];

    for (enum number_column column = 0; column < NUMBERS; column++)
        if (column == RESERVE && member) /* it stands in the group's line */
            fprintf(ctl->out, " %*s", number_width(ctl, column), "|");
        else
            fprintf(ctl->out, " %*" PRIu64, number_width(ctl, column), numbers[column]);
    snprintf(now, sizeof now, "%" PRIu64 "/%" PRIu64, glance->family_now, glance->general_now);
    fprintf(ctl->out, "  %*s", width_of(now_headings[ctl->zh]), now);
}

static void note(FILE *out, const struct layout *layout, const char *colour, const char *text)
{
    fprintf(out, "  %s%s%s", layout->colour ? colour : "", text, layout->colour ? "\033[0m" : "");
}

static void note_opening(const struct layout *layout, const char *whom, int64_t at_ms)
{
    char at[MOMENT_TEXT_SIZE];

    if (at_ms == 0)
        return;
    moment_format_short(at, at_ms);
    fprintf(layout->ctl->out, ctl_say(layout->ctl, "  %s %s 起", "  %s from %s"), whom, at);
}

static void print_notes(const struct layout *layout, const struct glance *glance, bool member)
{
    const struct ctl *ctl = layout->ctl;
    char text[64];

    if (glance->deficit != 0 && !member) {
        snprintf(text, sizeof text, ctl_say(ctl, "预留缺口 %" PRIu64, "DEFICIT %" PRIu64), glance->deficit);
        note(ctl->out, layout, "\033[1;31m", text);
    }
    if (glance->cancelled)
        note(ctl->out, layout, "\033[31m", ctl_say(ctl, "已取消", "cancelled"));
    if (glance->short_notice)
        note(ctl->out, layout, "\033[33m", ctl_say(ctl, "临时发布", "short notice"));
    if (glance->released)
        note(ctl->out, layout, "", ctl_say(ctl, "预留已释放", "released"));
    if (glance->held != 0) {
        snprintf(text, sizeof text, ctl_say(ctl, "暂占 %" PRIu64, "held %" PRIu64), glance->held);
        note(ctl->out, layout, "", text);
    }
    note_opening(layout, ctl_say(ctl, "家医", "family"), glance->family_opens_ms);
    if (glance->general_opens_ms != glance->family_opens_ms)
        note_opening(layout, ctl_say(ctl, "一般", "general"), glance->general_opens_ms);
}

static void print_line(const struct layout *layout, const struct glance *glance, const char *texts[TEXT_COLUMNS],
                       bool member)
{
    FILE *out = layout->ctl->out;
    struct bar bar = bar_of(glance);
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
    char time[16];

    line_texts(glance, time, texts);
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

    print_title(layout, first);
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

/* "20.0 %", to one decimal, down: what is short of 20 % must not read 20 %. */
static void share_text(char out[24], uint64_t part, uint64_t whole)
{
    uint64_t tenths = whole == 0 ? 0 : part * 1000 / whole;

    snprintf(out, 24, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

static void print_total(const struct ctl *ctl, const struct glance *first, size_t count)
{
    struct glance sum = glance_sum(first, count);
    uint64_t kept = glance_kept(first, count);
    char share[24];

    share_text(share, kept, sum.capacity);
    fprintf(ctl->out,
            ctl_say(ctl,
                    "%s合计: 容量 %" PRIu64 ", 预留 %" PRIu64 ", 保住 %" PRIu64 " = %s; 家医 %" PRIu64 ", 一般 %" PRIu64
                    ", 停用 %" PRIu64 ", 空余 %" PRIu64,
                    "%s total: capacity %" PRIu64 ", reserved %" PRIu64 ", kept %" PRIu64 " = %s; family %" PRIu64
                    ", general %" PRIu64 ", blocked %" PRIu64 ", free %" PRIu64),
            class_text(ctl, first->class), sum.capacity, sum.reserve, kept, share, sum.family, sum.general, sum.blocked,
            sum.free);
    if (sum.deficit != 0)
        fprintf(ctl->out, ctl_say(ctl, ", 预留缺口 %" PRIu64, ", DEFICIT %" PRIu64), sum.deficit);
    fputc('\n', ctl->out);
}

static void print_places(const struct ctl *ctl, struct referral_client *client, const struct glance *list, size_t count)
{
    struct layout layout = layout_of(ctl, client, list, count);

    for (size_t at = 0; at < count;) {
        size_t length = run_length(&list[at], list + count, glance_same_block);

        print_block(&layout, &list[at], length);
        print_total(ctl, &list[at], length);
        fputc('\n', ctl->out);
        at += length;
    }
    bar_print_legend(ctl->out, layout.units_a_sign, ctl->zh, layout.colour);
    fputc('\n', ctl->out);
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
