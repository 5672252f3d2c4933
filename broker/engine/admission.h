/* admission.h - may this sheet go from this sender to this receiver now? The fields (F), attachments, route (T1-T4, T7)
 * and team (T6), all violations at once (F2). Shared by submit and amend. */
#pragma once
#include "engine/work.h"
#include "rules/route.h"

struct admission {
    const Referral__Sheet *sheet;
    const struct registry_institution *sender;
    const struct registry_institution *receiver; /* NULL: no such */
    const char *department;                      /* NULL: the sheet names none, or another receiver than this one */
    Referral__Direction direction;               /* the sheet's; where an emergency names none, that of the tiers */
    Referral__Priority priority;
    bool emergency;
    int gaps;            /* enum route_gap: what an emergency goes ahead without (T7) */
    const char *team_id; /* NULL: none, or in an emergency one that could not be taken (F5) */
    bool eligible_down;  /* F4 */
};

/* `sender` exists; `receiver` is where it goes, which a redirection may have changed from what the sheet says. Findings
 * are added to the command's; false where there are any. What was found out stands in ret_admission all the same. A
 * sheet that is under way is a new version of one that was admitted: its route is not judged again (section 4, amend:
 * "F again"). */
bool admission_check(struct work *work, const Referral__Sheet *sheet, const char *sender, const char *receiver,
                     bool is_under_way, struct admission *ret_admission);
/* T1-T4 of a route whose relation is looked up here. Adds findings; returns the gaps. */
int admission_route(struct work *work, struct route route);
/* Is each attachment inside a message what its SHA-256 says? Paths are "attachments[i]. ...". */
void admission_attachments(struct work *work, Referral__Attachment *const *attachments, size_t count);
/* T7: an emergency that went ahead without something raises an alarm; one without gaps clears it. */
void admission_report_gaps(struct work *work, const char *sender, const char *receiver, int gaps);
