/* hold.c - legal holds (D8): what an operator holds stays in the store, with its whole journey, however long ago it
 * ended. */
#include "base/utf8.h"
#include "engine/families.h"
#include "engine/registry.h"

static Record__Referral *find(struct work *work, struct id *ret_id)
{
    const Referral__LegalHold *asked = (const Referral__LegalHold *)work->body;
    Record__Referral *row = NULL;

    if (!registry_may_touch(work, NULL))
        return NULL;
    if (asked->reason == NULL)
        refuse(work, REFUSED_MISSING, "reason");
    else if (text_is_blank(asked->reason))
        refuse(work, REFUSED_BLANK, "reason");
    if (asked->referral_id == NULL)
        refuse(work, REFUSED_MISSING, "referral_id");
    if (is_refused(work))
        return NULL;
    if (work_parse_id(work, asked->referral_id, ret_id))
        row = referral_row(work->txn, *ret_id);
    if (row == NULL)
        refuse(work, REFUSED_NOT_FOUND, "");
    return row;
}

static void note(struct work *work)
{
    const Referral__LegalHold *asked = (const Referral__LegalHold *)work->body;

    work->audit.subject = asked->referral_id;
    work->audit.reason = asked->reason;
}

/* A second one would hide the first, and end with it. */
bool hold_apply_hold(struct work *work)
{
    const Referral__LegalHold *asked = (const Referral__LegalHold *)work->body;
    Record__Hold hold = RECORD__HOLD__INIT;
    Record__Referral *row;
    struct id id;

    row = find(work, &id);
    if (row == NULL)
        return false;
    if (row->hold != NULL)
        return refuse(work, REFUSED_HELD_ALREADY, "referral_id");
    FIELD_SET(&hold, at_ms, work->now.ms);
    hold.by = arena_text(work->arena, work->actor);
    hold.reason = asked->reason;
    row->hold = &hold;
    referral_row_put(work->txn, id, row);
    note(work);
    return true;
}

bool hold_apply_release(struct work *work)
{
    Record__Referral *row;
    struct id id;

    row = find(work, &id);
    if (row == NULL)
        return false;
    if (row->hold == NULL)
        return refuse(work, REFUSED_NOT_HELD, "referral_id");
    row->hold = NULL;
    referral_row_put(work->txn, id, row);
    note(work);
    return true;
}
