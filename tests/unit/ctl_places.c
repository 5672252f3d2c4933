/* Pools and shares as people type them, the bar, and what a day at a glance adds up. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "field.h"
#include "glance.h"
#include "place.pb-c.h"
#include "pool_text.h"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    cr_assert(json != NULL, "%s", text);
    return json;
}

Test(ctl_places, a_pool_is_read_as_it_is_shown)
{
    static const char *const texts[] = {"EXPERT/NK/WANG-AM/2026-12-02", "H1/BED/NK/WARD-3/2026-12-02"};

    for (size_t i = 0; i < 2; i++) {
        json_t *pool = pool_text_parse(texts[i]);
        char *again = pool_text_format(pool);

        cr_assert_str_eq(again, texts[i]);
        cr_assert((json_object_get(pool, "hospital") != NULL) == (i == 1));
        free(again);
        json_decref(pool);
    }
}

Test(ctl_places, a_word_that_names_no_pool_is_none)
{
    static const char *const texts[] = {
        "",
        "/",
        "EXPERT",
        "EXPERT/NK/2026-12-02",
        "EXPERT//X/2026-12-02",
        "A/B/EXPERT/NK/X/2026-12-02",
        "SOFA/NK/X/2026-12-02",
        "EXPERT/NK/X/2026-12-02/",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert(pool_text_parse(texts[i]) == NULL, "%s", texts[i]);
}

static json_int_t share_of(const char *text)
{
    json_t *object = json_object();
    enum message_fault fault = field_set(object, &referral__pool__descriptor, "reserve_bp", text);
    json_int_t value = fault == MESSAGE_OK ? json_integer_value(json_object_get(object, "reserve_bp")) : -1;

    json_decref(object);
    return value;
}

Test(ctl_places, q1_a_share_is_typed_as_a_percentage_or_in_basis_points)
{
    static const struct {
        const char *text;
        json_int_t points;
    } rows[] = {{"20%", 2000},  {"22.5%", 2250},  {"22.55%", 2255}, {"100%", 10000},
                {"2000", 2000}, {"19.99%", 1999}, {"0%", 0},        {"", -1},
                {"%", -1},      {"20 %", -1},     {"20.%", 2000},   {"20.555%", -1},
                {"20%%", -1},   {"x", -1},        {"20.5", -1},     {"99999999999999999999", -1}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert(share_of(rows[i].text) == rows[i].points, "%s: %lld", rows[i].text,
                  (long long)share_of(rows[i].text));
}

static void assert_share_text(json_int_t points, const char *expected)
{
    json_t *value = json_integer(points);
    char *text = field_text(field_find(&referral__pool__descriptor, "reserve_bp"), value, false);

    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(value);
}

Test(ctl_places, q1_a_share_is_shown_as_a_percentage)
{
    assert_share_text(2000, "20 %");
    assert_share_text(2250, "22.5 %");
    assert_share_text(2255, "22.55 %");
}

/* ---- The bar ---- */

Test(ctl_places, q3_every_unit_is_a_sign_where_there_is_room)
{
    struct bar bar = {
        .units = {
            [BAR_FAMILY] = 2, [BAR_GENERAL] = 3, [BAR_KEPT] = 1, [BAR_FREE] = 3, [BAR_BEGUN] = 1, [BAR_BLOCKED] = 2}};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert(bar_print(out, &bar, 1, false) == 12);
    fclose(out);
    cr_assert_str_eq(text, "FFGGGR...-xx");
    free(text);
}

/* Whatever the parts: one that is there is seen, one that is not there is not, and the whole is as long as it should
 * be. */
Test(ctl_places, q3_a_scaled_bar_hides_no_part)
{
    for (uint64_t seed = 0; seed < 5000; seed++) {
        uint64_t whole = 0, a_sign = 1 + seed % 7;
        unsigned signs[BAR_PARTS], length = 0, there = 0;
        struct bar bar;

        for (enum bar_part part = 0; part < BAR_PARTS; part++) {
            bar.units[part] = (seed * 2654435761U >> (4 * part)) % 23 * (seed >> part & 1);
            whole += bar.units[part];
            there += bar.units[part] != 0;
        }
        bar_signs(&bar, a_sign, signs);
        for (enum bar_part part = 0; part < BAR_PARTS; part++) {
            cr_assert((signs[part] != 0) == (bar.units[part] != 0), "seed %zu part %d", (size_t)seed, part);
            length += signs[part];
        }
        cr_assert(length >= (whole + a_sign - 1) / a_sign && length <= whole / a_sign + there, "seed %zu",
                  (size_t)seed);
    }
}

/* ---- At a glance ---- */

#define POOL(resource, more)                                                                                           \
    "{\"pool\":{\"hospital\":\"H1\",\"class\":\"EXPERT\",\"department\":\"NK\",\"resource\":\"" resource               \
    "\",\"date\":\"2026-12-02\"},\"start_ms\":1000,\"end_ms\":2000," more "}"

Test(ctl_places, q11_a_groups_reserve_counts_once)
{
    json_t *pools =
        parse("[" POOL("A", "\"capacity\":2,\"free\":1,\"reserve\":2,\"deficit\":1,\"grouped\":true") "," POOL(
            "Z", "\"capacity\":10,\"free\":5,\"reserve\":3") "," POOL("B", "\"capacity\":3,\"free\":1,\"reserve\":2,"
                                                                           "\"deficit\":1,\"grouped\":true") "]");
    size_t count;
    struct glance *list = glance_read(pools, 0, &count), sum = glance_sum(list, count);

    cr_assert(count == 3 && list[0].grouped && list[1].grouped && !list[2].grouped, "members stand together");
    cr_assert(glance_same_group(&list[0], &list[1]) && !glance_same_group(&list[1], &list[2]));
    cr_assert(glance_same_block(&list[0], &list[2]));
    cr_assert(sum.capacity == 15 && sum.reserve == 5 && sum.deficit == 1 && sum.free == 7);
    cr_assert(glance_kept(list, count) == 4);
    free(list);
    json_decref(pools);
}

/* At the instant of opening it is open (C1); a deficit closes the general channel alone (Q10); what is over or
 * cancelled is nobody's. */
Test(ctl_places, c1_q6_q10_free_for_whom)
{
    static const struct {
        int64_t now_ms;
        const char *more;
        uint64_t family, general;
    } rows[] = {
        {600, "", 4, 3},
        {499, "", 0, 0},
        {500, "", 4, 0},
        {599, "", 4, 0},
        {600, ",\"deficit\":1", 4, 0},
        {600, ",\"cancelled\":true", 0, 0},
        {1999, "", 4, 3},
        {1999, ",\"begun\":2", 2, 1},
        {1999, ",\"begun\":3", 1, 0},
        {2000, "", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        size_t count;

        snprintf(text, sizeof text,
                 "[" POOL("A", "\"free\":4,\"marked\":1,\"fd_opens_at_ms\":500,\"general_opens_at_ms\":600%s") "]",
                 rows[i].more);

        json_t *pools = parse(text);
        struct glance *list = glance_read(pools, rows[i].now_ms, &count);

        cr_assert(list[0].family_now == rows[i].family && list[0].general_now == rows[i].general, "row %zu", i);
        free(list);
        json_decref(pools);
    }
}
