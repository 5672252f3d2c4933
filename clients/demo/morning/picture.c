/* picture.c - see picture.h. */
#include "picture.h"

#include <stdio.h>
#include <string.h>

#include "../../ctl/bar.h"
#include "sessions.h"

#define HOUSE_COLUMNS      9
#define DEPARTMENT_COLUMNS 9
#define DOCTOR_COLUMNS     7
#define BAR_COLUMNS        30       /* the largest session */
#define DISTRICT           "宝坻区" /* all are of it: not repeated in every line */

static void print_padded(const char *text, int columns)
{
    int used = tell_columns(text);
    printf("%s%*s", text, columns > used ? columns - used : 1, "");
}

static const char *department_name(const struct session *session)
{
    for (size_t i = 0; i < session->hospital->department_count; i++)
        if (strcmp(session->hospital->departments[i].code, session->department) == 0)
            return session->hospital->departments[i].name;
    return session->department;
}

static const char *house_name(const struct house *house)
{
    size_t prefix = strlen(DISTRICT);
    return strncmp(house->name, DISTRICT, prefix) == 0 ? house->name + prefix : house->name;
}

static void print_state(const struct session *session)
{
    if (session->released)
        fputs(" 放", stdout);
    else if (session->marked > 0)
        printf(" 留 %u", session->marked);
}

static void print_bar(const struct session *session, bool colour)
{
    struct bar bar = {.units = {[BAR_FAMILY] = session->family,
                                [BAR_GENERAL] = session->general,
                                [BAR_KEPT] = session->marked,
                                [BAR_FREE] = session->free - session->marked,
                                [BAR_BLOCKED] = session->blocked}};
    if (session->cancelled) {
        fputs("停诊 cancelled", stdout);
        return;
    }
    unsigned columns = bar_print(stdout, &bar, 1, colour);
    printf("%*s%2uF %2uG", columns < BAR_COLUMNS ? BAR_COLUMNS - (int)columns : 0, "", session->family,
           session->general);
    print_state(session);
}

static void print_session(const struct session *session, bool first_of_house, bool colour)
{
    char start[TEST_CLOCK_TEXT_SIZE] = "--:--:--"; /* what is cancelled has no units */
    if (session->capacity > 0)
        test_clock_text(session->start_ms, start);
    fputs(colour ? "\033[2K  " : "  ", stdout);
    print_padded(first_of_house ? house_name(session->hospital) : "", HOUSE_COLUMNS);
    print_padded(department_name(session), DEPARTMENT_COLUMNS);
    print_padded(session->doctor, DOCTOR_COLUMNS);
    printf("%.5s ", start + strlen(start) - strlen("00:00:00"));
    print_bar(session, colour);
    putchar('\n');
}

static void print_head(const struct morning *morning, bool colour)
{
    char now[TEST_CLOCK_TEXT_SIZE];
    unsigned reserved = 0;
    struct sessions_sum sum = sessions_add(&morning->tomorrow);
    for (size_t i = 0; i < morning->refusals.count; i++) {
        bool kept = strcmp(morning->refusals.list[i].code, "RESERVED") == 0;
        reserved += kept ? morning->refusals.list[i].general : 0;
    }
    test_clock_text(morning->clock.now_ms, now);
    printf("%s%s  家医 F %u  一般 G %u  空 free %u  因预留被拒 refused %u\n", colour ? "\033[2K" : "", now, sum.family,
           sum.general, (sum.capacity - sum.blocked - sum.family - sum.general), reserved);
}

static void print_meanings(bool zh)
{
    for (enum bar_part part = 0; part < BAR_PARTS; part++) {
        fputs(part == 0 ? "  " : "   ", stdout);
        bar_print_meaning(stdout, part, zh, tell_in_colour());
    }
    fputs("\n", stdout);
}

void picture_legend(void)
{
    print_meanings(true);
    print_meanings(false);
    fputs("  留 n  预留未用 of these kept   放  预留已释放 reserve released\n", stdout);
}

void picture_draw(struct morning *morning, bool final)
{
    bool terminal = tell_in_colour();
    if (!sessions_look(morning, 2, &morning->tomorrow) || (!terminal && !final))
        return;
    print_head(morning, terminal);
    for (size_t i = 0; i < morning->tomorrow.count; i++) {
        const struct session *session = &morning->tomorrow.list[i];
        print_session(session, i == 0 || session[-1].hospital != session->hospital, terminal);
    }
    if (terminal && !final)
        printf("\033[%zuA", morning->tomorrow.count + 1);
    fflush(stdout);
}
