/* columns.h - rows of a report under headings in both languages, as a table for people or as CSV (RFC 4180) for their
 * programs. Shares are whole numbers of hundredths of a per cent; nothing is rounded here. */
#pragma once
#include <jansson.h>

#include "ctl.h"

enum column_form {
    COLUMN_TEXT,
    COLUMN_CODE,  /* a text that people read in their language: EXPERT */
    COLUMN_COUNT, /* a whole number */
    COLUMN_SHARE, /* basis points: 2050 is "20.50 %", in CSV 20.50 */
    COLUMN_SPAN,  /* seconds: 7500 is "2h 5m", in CSV 7500 */
};
struct column {
    const char *member; /* of each row; a row without it has an empty cell */
    enum column_form form;
    const char *zh, *en;
};

/* `columns` ends with a NULL member. */
void columns_table(const struct ctl *ctl, const struct column *columns, json_t *rows);
void columns_csv(const struct ctl *ctl, const struct column *columns, json_t *rows);
/* Basis points as per cent: "20.50". */
#define SHARE_TEXT_SIZE 32
void share_format(char out[SHARE_TEXT_SIZE], json_int_t bp);
