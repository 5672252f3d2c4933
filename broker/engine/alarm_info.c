/* alarm_info.c - the rows of alarm.def. */
#include "engine/alarm_info.h"

#include <assert.h>
#include <string.h>

static const struct alarm_info alarms[] = {
#define ALARM(code, level, zh, en, todo_zh, todo_en) {code, level, zh, en, todo_zh, todo_en},
#include "engine/alarm.def"
#undef ALARM
};
#define ALARM_COUNT (sizeof alarms / sizeof *alarms)

size_t alarm_info_count(void)
{
    return ALARM_COUNT;
}

const struct alarm_info *alarm_info(size_t i)
{
    assert(i < ALARM_COUNT);
    return &alarms[i];
}

static const struct alarm_info *find(const char *code)
{
    for (size_t i = 0; i < ALARM_COUNT; i++)
        if (strcmp(alarms[i].code, code) == 0)
            return &alarms[i];
    return NULL;
}

const struct alarm_info *alarm_info_of(struct arena *arena, const char *code)
{
    const struct alarm_info *known = find(code);
    struct alarm_info *unknown;

    if (known != NULL)
        return known;
    unknown = arena_alloc(arena, sizeof *unknown);
    *unknown = (struct alarm_info){.level = "warning"};
    unknown->code = unknown->text_zh = unknown->text_en = arena_text(arena, code);
    unknown->todo_zh = "请查阅该版本的手册。";
    unknown->todo_en = "Read the manual of the version that raised it.";
    return unknown;
}

bool alarm_info_is_known(const char *code)
{
    return find(code) != NULL;
}

/* The numbers of a detail stay as they were in the first moment: beside others of now it is said so. */
char *alarm_text(struct arena *arena, const struct alarm_info *info, bool zh, const char *detail)
{
    bool counts = detail != NULL && strchr(detail, '=') != NULL;

    if (detail == NULL)
        return arena_text(arena, zh ? info->text_zh : info->text_en);
    if (zh)
        return arena_format(arena, "%s:%s%s", info->text_zh, counts ? "起初 " : "", detail);
    return arena_format(arena, "%s: %s%s", info->text_en, counts ? "at first " : "", detail);
}

bool alarm_is_critical(const struct alarm_info *info)
{
    return strcmp(info->level, "critical") == 0;
}
