/* pool_text.c - reads and writes pools. */
#include "pool_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "referral.pb-c.h"
#include "width.h"

#define PARTS_MAX 5

static const char *const members[PARTS_MAX] = {"hospital", "class", "department", "resource", "date"};

/* Cuts the text apart in place; 0: there is an empty part, or there are too many. */
static size_t split(char *text, const char *ret_parts[PARTS_MAX])
{
    size_t count = 0;

    for (char *at = text; at != NULL;) {
        char *part = strsep(&at, "/");

        if (part[0] == '\0' || count == PARTS_MAX)
            return 0;
        ret_parts[count++] = part;
    }
    return count;
}

/* "expert" is EXPERT. */
static json_t *class_parse(const char *text)
{
    char name[16];
    size_t length = strlen(text);

    if (length >= sizeof name)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        name[i] = (char)toupper((unsigned char)text[i]);
    return protobuf_c_enum_descriptor_get_value_by_name(&referral__place_class__descriptor, name) == NULL
               ? NULL
               : json_string(name);
}

json_t *pool_text_parse(const char *text)
{
    const char *parts[PARTS_MAX];
    char *copy = strdup(text);
    size_t count = copy == NULL ? 0 : split(copy, parts), skipped = PARTS_MAX - count;
    json_t *pool = skipped <= 1 ? json_object() : NULL; /* only the hospital may be left out */

    for (size_t i = 0; pool != NULL && i < count; i++) {
        const char *member = members[skipped + i];
        json_t *value = strcmp(member, "class") == 0 ? class_parse(parts[i]) : json_string(parts[i]);

        if (value == NULL || json_object_set_new(pool, member, value) != 0) {
            json_decref(pool);
            pool = NULL;
        }
    }
    free(copy);
    return pool;
}

char *pool_text_format(json_t *pool)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool first = true;

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < PARTS_MAX; i++) {
        const char *part = json_string_value(json_object_get(pool, members[i]));

        if (part == NULL)
            continue;
        fprintf(out, "%s%s", first ? "" : "/", part);
        first = false;
    }
    return fclose(out) == 0 ? text : NULL;
}

char *pool_text_session(json_t *pool, const char *doctor)
{
    const char *department = json_string_value(json_object_get(pool, "department"));
    const char *resource = json_string_value(json_object_get(pool, "resource"));
    bool named = doctor != NULL && doctor[0] != '\0' && (resource == NULL || strcmp(doctor, resource) != 0);
    char *text = NULL;

    if (asprintf(&text, "%s%s%s%s%s", department == NULL ? "" : department, resource == NULL ? "" : " ",
                 resource == NULL ? "" : resource, named ? " " : "", named ? doctor : "") < 0)
        return NULL;
    width_line(text);
    return text;
}
