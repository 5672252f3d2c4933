/* columns.h - the units of a pool as its row keeps them, and as everybody else sees them. */
#pragma once
#include "base/arena.h"
#include "record.pb-c.h"

/* The columns of `row`'s units, in the arena; borrows their booking ids. */
Record__UnitColumns *columns_of(struct arena *arena, const Record__Pool *row);
/* From the columns of a row that was read, its units. False: they do not fit together. */
bool columns_unfold(struct arena *arena, Record__Pool *row);
