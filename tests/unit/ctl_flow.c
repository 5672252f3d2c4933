/* A long line that goes on below, under its beginning. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "width.h"

/* As places and publish tell of a pool: what follows a blank may itself be followed by a comma. */
static const struct {
    const char *separator, *text;
} pieces[] = {{"", "EXPERT/NK/WANG-AM:"}, {" ", "10 units"},  {", ", "2 reserved"},
              {" ", "until 12-03 08:00"}, {", ", "1 family"}, {"; ", "家医 12-02 07:00"},
              {"  ", "short notice"},     {", ", "held 1"}};

static char *flowed(int columns)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct flow flow = {.out = out, .columns = columns, .indent = 2};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        flow_text(&flow, pieces[i].separator, pieces[i].text);
    fclose(out);
    return text;
}

Test(ctl_flow, p4_no_line_is_wider_than_the_terminal)
{
    for (int columns = 24; columns <= 130; columns++) {
        char *text = flowed(columns), *rest = text;

        for (char *line; (line = strsep(&rest, "\n")) != NULL;)
            cr_assert(width_of(line) <= columns, "%d columns: '%s'", columns, line);
        free(text);
    }
}

Test(ctl_flow, p4_it_goes_on_below_its_beginning_and_loses_blanks_only)
{
    char *text = flowed(40), *whole = flowed(1000);

    cr_assert_str_eq(text, "EXPERT/NK/WANG-AM: 10 units, 2 reserved\n"
                           "  until 12-03 08:00, 1 family;\n"
                           "  家医 12-02 07:00  short notice,\n"
                           "  held 1");
    cr_assert_str_eq(whole, "EXPERT/NK/WANG-AM: 10 units, 2 reserved until 12-03 08:00, 1 family; 家医 12-02 07:00  "
                            "short notice, held 1");
    free(text);
    free(whole);
}
