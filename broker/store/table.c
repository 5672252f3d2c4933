/* table.c - what table.h lists, as questions. */
#include "store/table.h"

#include <assert.h>

struct row_of_tables {
    const char *name;
    bool sealed, derived;
};

static const struct row_of_tables TABLES[TABLE_COUNT] = {
#define X(name, number, sealed, derived) [number] = {#name, sealed, derived},
    STORE_TABLES(X)
#undef X
};

const char *table_name(enum table table)
{
    assert(table < TABLE_COUNT);
    return TABLES[table].name;
}

bool table_is_sealed(enum table table)
{
    assert(table < TABLE_COUNT);
    return TABLES[table].sealed;
}

bool table_is_derived(enum table table)
{
    assert(table < TABLE_COUNT);
    return TABLES[table].derived;
}
