/* glance.c - numbers of sessions. Integers only, as everywhere in section 6. */
#include "glance.h"

#include <stdlib.h>
#include <string.h>

#include "referral.pb-c.h"

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text == NULL ? "" : text;
}

static int64_t number_of(json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* C1: open from then on; what is cancelled, over or begun is open to nobody. A reserve that is short closes the general
 * channel (Q10). */
static void add_availability(struct glance *glance, json_t *view, int64_t now_ms)
{
    int64_t family_opens = number_of(view, "fd_opens_at_ms"), general_opens = number_of(view, "general_opens_at_ms");

    if (glance->cancelled || (glance->end_ms != 0 && now_ms >= glance->end_ms))
        return;
    glance->family_opens_ms = now_ms < family_opens ? family_opens : 0;
    glance->general_opens_ms = now_ms < general_opens ? general_opens : 0;
    if (glance->family_opens_ms == 0)
        glance->family_now = glance->free - glance->begun;
    if (glance->general_opens_ms == 0 && glance->deficit == 0 && glance->free > glance->marked + glance->begun)
        glance->general_now = glance->free - glance->marked - glance->begun;
}

static struct glance glance_of(json_t *view, int64_t now_ms)
{
    json_t *pool = json_object_get(view, "pool");
    struct glance glance = {
        .hospital = text_of(pool, "hospital"),
        .class = text_of(pool, "class"),
        .department = text_of(pool, "department"),
        .resource = text_of(pool, "resource"),
        .date = text_of(pool, "date"),
        .doctor = text_of(view, "doctor"),
        .start_ms = number_of(view, "start_ms"),
        .end_ms = number_of(view, "end_ms"),
        .capacity = (uint64_t)number_of(view, "capacity"),
        .reserve = (uint64_t)number_of(view, "reserve"),
        .blocked = (uint64_t)number_of(view, "blocked"),
        .general = (uint64_t)number_of(view, "general"),
        .family = (uint64_t)number_of(view, "family"),
        .free = (uint64_t)number_of(view, "free"),
        .marked = (uint64_t)number_of(view, "marked"),
        .begun = (uint64_t)number_of(view, "begun"),
        .held = (uint64_t)number_of(view, "held"),
        .deficit = (uint64_t)number_of(view, "deficit"),
        .grouped = json_is_true(json_object_get(view, "grouped")),
        .cancelled = json_is_true(json_object_get(view, "cancelled")),
        .released = json_is_true(json_object_get(view, "released")),
        .short_notice = json_is_true(json_object_get(view, "short_notice")),
    };

    add_availability(&glance, view, now_ms);
    return glance;
}

/* In the order of the protocol. */
static int class_rank(const char *class)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&referral__place_class__descriptor, class);

    return value == NULL ? 0 : value->value;
}

static int by_block(const struct glance *a, const struct glance *b)
{
    int order = strcmp(a->date, b->date);

    if (order == 0)
        order = strcmp(a->hospital, b->hospital);
    return order == 0 ? class_rank(a->class) - class_rank(b->class) : order;
}

static int by_place(const void *left, const void *right)
{
    const struct glance *a = left, *b = right;
    int order = by_block(a, b);

    if (order == 0)
        order = strcmp(a->department, b->department);
    if (order == 0)
        order = (int)b->grouped - (int)a->grouped;
    if (order == 0)
        order = (a->start_ms > b->start_ms) - (a->start_ms < b->start_ms);
    return order == 0 ? strcmp(a->resource, b->resource) : order;
}

struct glance *glance_read(json_t *pools, int64_t now_ms, size_t *ret_count)
{
    size_t count = json_array_size(pools), i;
    struct glance *list = count == 0 ? NULL : calloc(count, sizeof *list);
    json_t *view;

    *ret_count = list == NULL ? 0 : count;
    if (list == NULL)
        return NULL;
    json_array_foreach(pools, i, view) list[i] = glance_of(view, now_ms);
    qsort(list, count, sizeof *list, by_place);
    return list;
}

bool glance_same_block(const struct glance *a, const struct glance *b)
{
    return by_block(a, b) == 0;
}

bool glance_same_group(const struct glance *a, const struct glance *b)
{
    return a->grouped && b->grouped && by_block(a, b) == 0 && strcmp(a->department, b->department) == 0;
}

struct glance glance_sum(const struct glance *first, size_t count)
{
    struct glance sum = first[0];

    for (size_t i = 1; i < count; i++) {
        const struct glance *glance = &first[i];
        bool counted = glance_same_group(glance, glance - 1); /* its reserve */

        sum.capacity += glance->capacity;
        sum.reserve += counted ? 0 : glance->reserve;
        sum.deficit += counted ? 0 : glance->deficit;
        sum.blocked += glance->blocked;
        sum.general += glance->general;
        sum.family += glance->family;
        sum.free += glance->free;
        sum.marked += glance->marked;
        sum.begun += glance->begun;
        sum.held += glance->held;
        sum.family_now += glance->family_now;
        sum.general_now += glance->general_now;
    }
    return sum;
}

uint64_t glance_kept(const struct glance *first, size_t count)
{
    uint64_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if ((i == 0 || !glance_same_group(&first[i], &first[i - 1])) && first[i].reserve > first[i].deficit)
            kept += first[i].reserve - first[i].deficit;
    return kept;
}
