/* publish.c - what a hospital publishes and takes away (Q1, Q6, Q10, Q11, Q14). */
#include "engine/families.h"

bool publish_apply_pool(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool publish_apply_cut(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool publish_apply_cancel(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool publish_apply_block(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool publish_apply_unblock(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool publish_apply_group(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}
