/* bar.c - letters, not blocks: every terminal and every font has them in one column, and they can be read aloud. */
#include "bar.h"

static const struct {
    char sign;
    const char *colour; /* SGR */
    const char *zh, *en;
} parts[BAR_PARTS] = {
    [BAR_FAMILY] = {'F', "32", "家医已约", "family doctors' patients"},
    [BAR_GENERAL] = {'G', "34", "一般已约", "general"},
    [BAR_KEPT] = {'R', "1;33", "空, 为家医预留", "free, kept for family doctors"},
    [BAR_FREE] = {'.', "0", "空", "free for everybody"},
    [BAR_BEGUN] = {'-', "2", "空, 已到开始时间", "free, but begun"},
    [BAR_BLOCKED] = {'x', "31", "停用", "blocked"},
};

/* The part that lost most by rounding down. */
static enum bar_part most_short(const struct bar *bar, uint64_t units_a_sign, const unsigned signs[BAR_PARTS])
{
    enum bar_part found = BAR_FAMILY;
    int64_t most = INT64_MIN;

    for (enum bar_part part = 0; part < BAR_PARTS; part++) {
        int64_t lost = (int64_t)bar->units[part] - (int64_t)(signs[part] * units_a_sign);

        if (lost > most) {
            most = lost;
            found = part;
        }
    }
    return found;
}

void bar_signs(const struct bar *bar, uint64_t units_a_sign, unsigned ret_signs[BAR_PARTS])
{
    uint64_t whole = 0;
    unsigned given = 0;

    for (enum bar_part part = 0; part < BAR_PARTS; part++) {
        uint64_t units = bar->units[part];

        whole += units;
        ret_signs[part] = units != 0 && units < units_a_sign ? 1 : (unsigned)(units / units_a_sign);
        given += ret_signs[part];
    }
    for (; given < (whole + units_a_sign - 1) / units_a_sign; given++)
        ret_signs[most_short(bar, units_a_sign, ret_signs)]++;
}

static void print_sign(FILE *out, enum bar_part part, unsigned count, bool colour)
{
    if (colour && count != 0)
        fprintf(out, "\033[%sm", parts[part].colour);
    for (unsigned i = 0; i < count; i++)
        fputc(parts[part].sign, out);
    if (colour && count != 0)
        fputs("\033[0m", out);
}

unsigned bar_print(FILE *out, const struct bar *bar, uint64_t units_a_sign, bool colour)
{
    unsigned signs[BAR_PARTS], columns = 0;

    bar_signs(bar, units_a_sign, signs);
    for (enum bar_part part = 0; part < BAR_PARTS; part++) {
        print_sign(out, part, signs[part], colour);
        columns += signs[part];
    }
    return columns;
}

void bar_print_meaning(FILE *out, enum bar_part part, bool zh, bool colour)
{
    print_sign(out, part, 1, colour);
    fprintf(out, " %s", bar_meaning(part, zh));
}

const char *bar_meaning(enum bar_part part, bool zh)
{
    return zh ? parts[part].zh : parts[part].en;
}
