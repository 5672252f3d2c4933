/* flow.c - a separator at the end of a line loses its spaces. */
#include "flow.h"

#include <stdbool.h>
#include <string.h>

#include "width.h"

void flow_next(struct flow *flow, const char *separator, int width)
{
    size_t length = strlen(separator);
    int whole = width_of(separator);
    bool fits;

    while (length != 0 && separator[length - 1] == ' ')
        length--;
    fits = flow->used + whole + width + (int)length <= flow->columns; /* a comma may follow at the end of the line */
    if (flow->used > flow->indent) {
        fprintf(flow->out, "%.*s", fits ? (int)strlen(separator) : (int)length, separator);
        flow->used += whole;
        if (!fits) {
            fprintf(flow->out, "\n%*s", flow->indent, "");
            flow->used = flow->indent;
        }
    }
    flow->used += width;
}

void flow_text(struct flow *flow, const char *separator, const char *text)
{
    flow_next(flow, separator, width_of(text));
    fputs(text, flow->out);
}
