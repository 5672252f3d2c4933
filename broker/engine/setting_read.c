/* setting_read.c - looked up by name, in a view of its own. */
#include "engine/setting_read.h"

#include <assert.h>

#include "engine/settings.h"

int setting_read(struct store *store, struct arena *arena, const char *name, int64_t *ret_number)
{
    struct store_txn *txn = NULL;
    enum setting setting;
    bool known = setting_find(name, &setting);
    int failure = store_read_begin(store, arena, &txn);

    assert(known);
    if (failure != 0)
        return failure;
    *ret_number = setting_number(txn, setting, NULL);
    store_read_end(txn);
    arena_reset(arena, 0);
    return 0;
}
