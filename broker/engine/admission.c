/* admission.c - the sheet before the route, so that one answer names everything that is wrong. */
#include "engine/admission.h"

#include <sodium.h>

#include "engine/alarm.h"
#include "engine/settings.h"
#include "rules/sheet.h"

void admission_attachments(struct work *work, Referral__Attachment *const *attachments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Referral__Attachment *attachment = attachments[i];
        uint8_t digest[crypto_hash_sha256_BYTES];

        if (!attachment->has_content || !attachment->has_sha256 || attachment->sha256.len != sizeof digest)
            continue;
        crypto_hash_sha256(digest, attachment->content.data, attachment->content.len);
        if (memcmp(digest, attachment->sha256.data, sizeof digest) != 0)
            refuse(work, REFUSED_BAD_ATTACHMENT, arena_format(work->arena, "attachments[%zu].sha256", i));
    }
}

/* T6: of that institution, or of one that may speak for it. */
static bool is_team_of(const struct work *work, const Referral__Team *team, const char *institution)
{
    return strcmp(team->institution, institution) == 0 || delegation_exists(work->txn, team->institution, institution);
}

/* On the way up the sender's; on the way down the patient goes to a team of the receiver's. */
static bool is_team_of_this(const struct work *work, const Referral__Team *team, const struct admission *admission,
                            const char *sender)
{
    const struct registry_institution *receiver = admission->receiver;

    if (admission->direction == REFERRAL__DIRECTION__DOWN)
        return receiver != NULL && is_team_of(work, team, receiver->institution->id);
    return is_team_of(work, team, sender);
}

/* T7, F5: nothing about a team stops an emergency. */
static void check_team(struct work *work, struct admission *admission, const char *sender)
{
    const char *id = admission->sheet->team_id;
    const Referral__Team *team = id == NULL ? NULL : registry_team(work, id);
    struct date today = instant_local_date(work->now, admission->sender->offset_minutes);
    enum refusal refusal = REFUSED_NOT;

    if (id == NULL)
        return;
    if (team == NULL || !is_team_of_this(work, team, admission, sender))
        refusal = REFUSED_UNKNOWN_TEAM;
    else if (!team_is_active(team, today))
        refusal = REFUSED_TEAM_INACTIVE;
    if (refusal == REFUSED_NOT)
        admission->team_id = id;
    else if (!admission->emergency)
        refuse(work, refusal, "team_id");
}

int admission_route(struct work *work, struct route route)
{
    if (route.receiver != NULL)
        route.relation = registry_relation(work, route.sender->id, route.receiver->id);
    return route_check(&route, &work->findings);
}

/* F5: an emergency need not say which way it goes; then the tiers do, and what that way asks for is asked for (F1). */
static Referral__Sheet sheet_to_judge(const struct admission *admission)
{
    Referral__Sheet sheet = *admission->sheet;

    if (admission->emergency && !sheet.has_direction && admission->receiver != NULL)
        FIELD_SET(&sheet, direction, route_direction(admission->sender->institution, admission->receiver->institution));
    return sheet;
}

/* T1: a code of the receiver that the sheet names. */
static const char *department_of(const Referral__Sheet *sheet, const char *receiver)
{
    bool names_it = receiver != NULL && sheet->receiver != NULL && strcmp(sheet->receiver, receiver) == 0;

    return names_it ? sheet->department : NULL;
}

static struct route route_of(const struct admission *admission)
{
    return (struct route){.sender = admission->sender->institution,
                          .receiver = admission->receiver == NULL ? NULL : admission->receiver->institution,
                          .direction = admission->direction,
                          .kind = admission->sheet->has_kind ? admission->sheet->kind : 0,
                          .department = admission->department,
                          .emergency = admission->emergency};
}

static const char *diseases(struct work *work)
{
    struct bytes key = bytes_text("");
    const char *list = cache_find(work->cache, CACHE_DISEASES, key, key);

    if (list == NULL)
        list = cache_keep(work->cache, CACHE_DISEASES, key, key,
                          arena_text(work->arena, setting_text(work->txn, SETTING_down_referral_diseases, NULL)));
    return list;
}

bool admission_check(struct work *work, const Referral__Sheet *sheet, const char *sender, const char *receiver,
                     bool is_under_way, struct admission *ret_admission)
{
    struct admission admission = {.sheet = sheet,
                                  .sender = registry_institution(work, sender),
                                  .receiver = registry_institution(work, receiver),
                                  .department = department_of(sheet, receiver),
                                  .priority = sheet->priority,
                                  .emergency = sheet->has_priority && sheet->priority == REFERRAL__PRIORITY__EMERGENCY};

    if (admission.sender == NULL)
        return refuse(work, REFUSED_NOT_FOUND, "sender");

    const Referral__Sheet judged = sheet_to_judge(&admission);

    sheet_check(&judged, instant_local_date(work->now, admission.sender->offset_minutes), &work->findings);
    admission_attachments(work, sheet->attachments, sheet->n_attachments);
    admission.direction = judged.direction;
    if (!is_under_way && receiver != NULL && (sheet->has_direction || admission.emergency))
        admission.gaps = admission_route(work, route_of(&admission));
    check_team(work, &admission, sender);
    admission.eligible_down = sheet_is_eligible_for_down(sheet, diseases(work));
    *ret_admission = admission;
    return !is_refused(work);
}

/* One alarm a route, by the two institutions; what is missing stands in its detail. */
void admission_report_gaps(struct work *work, const char *sender, const char *receiver, int gaps)
{
    const char *subject = arena_format(work->arena, "%s>%s", sender, receiver);

    if (gaps == 0) {
        alarm_clear(work, "emergency-gap", subject);
        return;
    }
    alarm_raise(work, "emergency-gap", subject,
                arena_format(work->arena, "%s%s%s%s", (gaps & GAP_RELATION) != 0 ? "relation " : "",
                             (gaps & GAP_TIER) != 0 ? "tier " : "", (gaps & GAP_CONTACT) != 0 ? "contact " : "",
                             (gaps & GAP_DEPARTMENT) != 0 ? "department " : ""));
}
