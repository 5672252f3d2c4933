/* flow.c - a separator at the end of a line loses its spaces. */
#include "flow.h"

#include <stdbool.h>
#include <string.h>

#include "width.h"

void flow_next(struct flow *flow, const char *separator, int width)
{
    int whole = width_of(separator);
    size_t length = strlen(separator);
    bool fits = flow->used + whole + width < flow->columns; /* the next separator may begin with a comma */

    if (flow->used > flow->indent) {
        while (!fits && length != 0 && separator[length - 1] == ' ')
            length--;
        fprintf(flow->out, "%.*s", (int)length, separator);
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
