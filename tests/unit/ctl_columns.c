/* Reports as tables and as CSV: two headings a column, shares without fractions. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

static const struct column columns[] = {
    {"class", COLUMN_CODE, "类别", "class"},  {"name", COLUMN_TEXT, "名称", "name"},
    {"count", COLUMN_COUNT, "数量", "count"}, {"share_bp", COLUMN_SHARE, "占比", "share"},
    {"seconds", COLUMN_SPAN, "时长", "time"}, {NULL, COLUMN_TEXT, NULL, NULL},
};

/* To be freed. */
static char *printed(void (*print)(const struct ctl *, const struct column *, json_t *), bool zh, json_t *rows)
{
    struct ctl ctl = {.zh = zh};
    char *text = NULL;
    size_t size = 0;

    setlocale(LC_ALL, "C.UTF-8");
    ctl.out = open_memstream(&text, &size);
    print(&ctl, columns, rows);
    fclose(ctl.out);
    json_decref(rows);
    return text;
}

static json_t *rows_of(const char *text)
{
    json_t *rows = json_loads(text, 0, NULL);

    cr_assert_not_null(rows);
    return rows;
}

Test(ctl_columns, shares_are_hundredths_of_a_per_cent)
{
    static const struct {
        json_int_t bp;
        const char *text;
    } rows[] = {{0, "0.00"},       {1, "0.01"},   {99, "0.99"},    {100, "1.00"},      {2050, "20.50"},
                {10000, "100.00"}, {-1, "-0.01"}, {-150, "-1.50"}, {-10000, "-100.00"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[SHARE_TEXT_SIZE];

        share_format(text, rows[i].bp);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(ctl_columns, p4_a_table_has_both_headings_and_its_readers_codes)
{
    json_t *rows = rows_of("[{\"class\":\"EXPERT\",\"name\":\"NK\",\"count\":12,\"share_bp\":2050,\"seconds\":7500}]");
    char *zh = printed(columns_table, true, json_incref(rows)), *en = printed(columns_table, false, rows);

    for (size_t i = 0; columns[i].member != NULL; i++) {
        cr_expect(strstr(zh, columns[i].zh) != NULL && strstr(zh, columns[i].en) != NULL, "%s", zh);
        cr_expect(strstr(en, columns[i].zh) != NULL && strstr(en, columns[i].en) != NULL, "%s", en);
    }
    cr_expect(strstr(zh, "专家号") != NULL && strstr(zh, "20.50 %") != NULL && strstr(zh, "2h 5m") != NULL, "%s", zh);
    cr_expect(strstr(en, "EXPERT") != NULL, "%s", en);
    free(zh);
    free(en);
}

Test(ctl_columns, csv_is_for_programs_whatever_a_name_holds)
{
    char *text = printed(columns_csv, true,
                         rows_of("[{\"class\":\"BED\",\"name\":\"a,b\",\"count\":0,\"share_bp\":-150,\"seconds\":7500},"
                                 "{\"name\":\"say \\\"ah\\\"\\nand\"},{\"name\":null}]"));

    cr_assert_str_eq(text, "类别 class,名称 name,数量 count,占比 share,时长 time\r\n"
                           "BED,\"a,b\",0,-1.50,7500\r\n"
                           ",\"say \"\"ah\"\"\nand\",,,\r\n"
                           ",,,,\r\n");
    free(text);
}

Test(ctl_columns, what_a_cell_holds_is_whole_however_long)
{
    char name[400] = "", row[500], line[500];

    for (int i = 0; i < 65; i++)
        strcat(name, "县");
    strcat(name, " and the last of it");
    snprintf(row, sizeof row, "[{\"name\":\"%s\"}]", name);
    snprintf(line, sizeof line, "\r\n,%s,,,\r\n", name);

    json_t *rows = rows_of(row);
    char *csv = printed(columns_csv, true, json_incref(rows)), *table = printed(columns_table, true, rows);

    cr_expect(strstr(csv, line) != NULL, "%s", csv);
    cr_expect(strstr(table, name) != NULL, "%s", table);
    free(csv);
    free(table);
}
