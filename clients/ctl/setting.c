/* setting.c - the unit of a setting is in its name: _ms, _bytes or _bp. */
#include "setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/settings.h"
#include "labels.h"

static const struct unit {
    const char *part_of_name, *unit;
    int64_t size;
} units[] = {/* of each kind the largest first */
             {"_ms", "d", 86400000},
             {"_ms", "h", 3600000},
             {"_ms", "m", 60000},
             {"_ms", "s", 1000},
             {"_ms", "ms", 1},
             {"_bp", "%", 100},
             {"_bytes", "T", INT64_C(1) << 40},
             {"_bytes", "G", 1 << 30},
             {"_bytes", "M", 1 << 20},
             {"_bytes", "K", 1 << 10}};

#define UNIT_COUNT (sizeof units / sizeof *units)

static bool number_parse(const char *text, int64_t *ret_number, const char **ret_end)
{
    char *end;

    errno = 0;
    *ret_number = strtoll(text, &end, 10);
    *ret_end = end;
    return errno == 0 && end != text && *ret_number >= 0;
}

const char *setting_from_text(const char *name, const char *text, char buffer[SETTING_TEXT_SIZE])
{
    const char *unit;
    int64_t number;

    if (!number_parse(text, &number, &unit))
        return text;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strstr(name, units[i].part_of_name) != NULL && strcmp(unit, units[i].unit) == 0 &&
            !__builtin_mul_overflow(number, units[i].size, &number)) {
            snprintf(buffer, SETTING_TEXT_SIZE, "%" PRId64, number);
            return buffer;
        }
    return text;
}

const char *setting_to_text(const char *name, const char *value, char buffer[SETTING_TEXT_SIZE])
{
    const char *end;
    int64_t number;

    if (!number_parse(value, &number, &end) || *end != '\0')
        return value;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strstr(name, units[i].part_of_name) != NULL && number % units[i].size == 0) {
            snprintf(buffer, SETTING_TEXT_SIZE, "%" PRId64 "%s", number / units[i].size, units[i].unit);
            return buffer;
        }
    return value;
}

static void value_for_people(json_t *row, const char *name, const char *member)
{
    const char *value = json_string_value(json_object_get(row, member));
    char buffer[SETTING_TEXT_SIZE];

    if (value != NULL)
        json_object_set_new(row, member, json_string(setting_to_text(name, value, buffer)));
}

/* In Chinese its label; one that this program does not know keeps the broker's words. */
static const char *help_of(const char *name, const char *help, bool zh)
{
    const char *label = label_of_text("setting", name, zh);

    return label == name ? help : label;
}

void setting_rows_for_people(json_t *rows, bool zh)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *help = json_string_value(json_object_get(row, "help"));

        if (name == NULL)
            continue;
        value_for_people(row, name, "value");
        value_for_people(row, name, "default_value");
        if (help != NULL)
            json_object_set_new(row, "help", json_string(help_of(name, help, zh)));
    }
}

static const char *number_text(const struct setting_info *info, int64_t number, char buffer[SETTING_TEXT_SIZE])
{
    char digits[SETTING_TEXT_SIZE];
    const char *text;

    snprintf(digits, sizeof digits, "%" PRId64, number);
    text = setting_to_text(info->name, digits, buffer);
    return text == buffer ? text : memcpy(buffer, digits, sizeof digits);
}

void setting_help(const struct ctl *ctl)
{
    fprintf(ctl->out, "\n%s\n", ctl_say(ctl, "设置 (范围; 默认值):", "Settings (range; default):"));
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = setting_info((enum setting)i);
        char min[SETTING_TEXT_SIZE], max[SETTING_TEXT_SIZE], standard[SETTING_TEXT_SIZE];

        fprintf(ctl->out, "  %-24s  %s (", info->name, help_of(info->name, info->help, ctl->zh));
        if (info->kind != 'T')
            fprintf(ctl->out, "%s-%s; ", number_text(info, info->min, min), number_text(info, info->max, max));
        fprintf(ctl->out, "%s)\n", setting_to_text(info->name, info->default_value, standard));
    }
}
