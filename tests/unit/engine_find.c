/* A patient's referrals are found by an audited command, by those who may, and no word of it says who the patient is
 * (P1, P2, P3). */
#include "ask.h"

#include <sodium.h>

#include "store/search.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define KIND(name) REFERRAL__KIND__##name

static char *refer(struct district *d, const char *from, const char *to, char *passport)
{
    Referral__Sheet *sheet = district_sheet(d, from, to, false, ROUTINE);
    Referral__Reply *reply;

    sheet->patient->no_id_reason = NULL;
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = passport;
    reply = district_say(d, from, KIND(SUBMIT), sheet);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

static Referral__FindPatient by(char *passport, char *reason)
{
    Referral__FindPatient find = REFERRAL__FIND_PATIENT__INIT;

    FIELD_SET(&find, id_type, REFERRAL__ID_TYPE__PASSPORT);
    find.id_value = passport;
    find.reason = reason;
    return find;
}

static const Referral__PatientReferrals *list_of(struct district *d, const Referral__Reply *reply)
{
    enum refusal refusal;

    return (const Referral__PatientReferrals *)wire_unpack(&referral__patient_referrals__descriptor,
                                                           binary_bytes(reply->result), &d->keep, &refusal);
}

static const Referral__PatientReferrals *page_of(struct district *d, const char *who, const Referral__FindPatient *find)
{
    return list_of(d, district_say(d, who, KIND(FIND_PATIENT), find));
}

/* "id id", or the refusals. */
static const char *found(struct district *d, const char *who, Referral__FindPatient find)
{
    Referral__Reply *reply = district_say(d, who, KIND(FIND_PATIENT), &find);
    const Referral__PatientReferrals *list;
    const char *text = "";

    if (reply->n_refusals != 0)
        return district_said(d, reply);
    list = list_of(d, reply);
    for (size_t i = 0; i < list->n_referrals; i++)
        text = arena_format(&d->keep, "%s%s%s", text, i > 0 ? " " : "", list->referrals[i]->referral_id);
    return text;
}

static void index_all(struct district *d)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1UL << 24), 0);
    cr_assert(search_advance(d->store, &arena, 2000) > 0);
    arena_close(&arena);
}

/* Its patient had no id; now he has this one. */
static void name_patient(struct district *d, const char *id, char *passport)
{
    Referral__Event *event = district_event(d, id, AMEND);
    Referral__Sheet *sheet = district_sheet(d, "T07", "H1", false, ROUTINE);

    sheet->patient->no_id_reason = NULL;
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = passport;
    event->person = NULL;
    FIELD_SET(event, sheet, binary_pack(&d->keep, &sheet->base));
    district_assert_said(d, district_say(d, "T07", KIND(EVENT), event), "");
}

static void index_anew(struct district *d)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1UL << 24), 0);
    cr_assert_eq(search_rebuild(d->store, &arena), 0);
    arena_close(&arena);
    index_all(d);
}

Test(find, p2_a_party_finds_its_own_and_an_operator_all_for_a_reason)
{
    struct district d;
    const char *one, *other;

    district_open(&d);
    one = refer(&d, "T07", "H1", "E12345678");
    index_all(&d); /* one behind the watermark, one beyond it */
    other = refer(&d, "T08", "H2", "E12345678");
    refer(&d, "T07", "H1", "E99999999");
    cr_assert_str_eq(found(&d, "T07", by("E12345678", NULL)), one);
    cr_assert_str_eq(found(&d, "H2", by("E12345678", NULL)), other);
    cr_assert_str_eq(found(&d, "H3", by("E12345678", "curious")), "");
    cr_assert_str_eq(found(&d, "H3", by("E00000000", NULL)), "", "not yours and not there are alike");
    cr_assert_str_eq(found(&d, "OPS", by("E12345678", NULL)), "MISSING reason");
    cr_assert_str_eq(found(&d, "OPS", by("E12345678", " ")), "MISSING reason");
    cr_assert_str_eq(found(&d, "OPS", by("E12345678", "complaint 17")), arena_format(&d.keep, "%s %s", one, other));
    district_close(&d);
}

Test(find, f2_what_is_sought_must_be_said)
{
    Referral__FindPatient find = REFERRAL__FIND_PATIENT__INIT;
    struct district d;

    district_open(&d);
    cr_assert_str_eq(found(&d, "T07", find), "MISSING id_type; MISSING id_value");
    find = by("E12345678", NULL);
    find.after_referral_id = "nonsense";
    cr_assert_str_eq(found(&d, "T07", find), "BAD_VALUE after_referral_id");
    district_close(&d);
}

/* F5: the patient of an emergency may become known later. */
Test(find, f5_whom_only_a_later_sheet_names_is_found_too)
{
    Referral__Event *event;
    Referral__Sheet *sheet;
    struct district d;
    const char *id, *next;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    next = refer(&d, "T07", "H1", "E22222222");
    index_all(&d);
    sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    sheet->patient->no_id_reason = NULL;
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = "E22222222";
    event = district_event(&d, id, AMEND);
    event->person = NULL;
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", KIND(EVENT), event), "");
    cr_assert_str_eq(found(&d, "T07", by("E22222222", NULL)), arena_format(&d.keep, "%s %s", id, next));
    index_anew(&d);
    cr_assert_str_eq(found(&d, "T07", by("E22222222", NULL)), arena_format(&d.keep, "%s %s", id, next));
    district_close(&d);
}

/* Whether the index or a later sheet names him: in the order in which they were accepted, each once. */
Test(find, f5_whom_an_earlier_and_a_later_sheet_name_is_found_in_order)
{
    struct district d;
    const char *ids[6], *all = "";

    for (int indexed = 0; indexed <= 6; indexed++) {
        district_open(&d);
        all = "";
        for (int i = 0; i < 6; i++) {
            ids[i] = i == 1 || i == 4 ? refer(&d, "T07", "H1", "E22222222") : district_refer(&d, "T07", "H1", ROUTINE);
            all = i == 2 ? all : arena_format(&d.keep, "%s%s%s", all, i > 0 ? " " : "", ids[i]);
            if (i + 1 == indexed)
                index_all(&d);
        }
        for (int i = 0; i < 6; i++)
            if (i != 1 && i != 2 && i != 4)
                name_patient(&d, ids[i], "E22222222");
        cr_assert_str_eq(found(&d, "T07", by("E22222222", NULL)), all, "indexed up to %d", indexed);
        district_close(&d);
    }
}

/* Section 4: it is no patient's any more, and what names it still leads there. */
Test(find, l_what_is_void_is_not_listed)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    struct district d;
    const char *one;
    char *other;

    district_open(&d);
    one = refer(&d, "T07", "H1", "E12345678");
    other = refer(&d, "T07", "H1", "E12345678");
    index_all(&d);
    district_assert_said(&d, district_happen(&d, "T07", other, ANNUL), "");
    cr_assert_str_eq(found(&d, "T07", by("E12345678", NULL)), one);
    cr_assert_str_eq(found(&d, "H1", by("E12345678", NULL)), one);
    cr_assert_str_eq(found(&d, "OPS", by("E12345678", "complaint 17")), one);
    query.referral_id = other;
    cr_assert_not_null(ask(&d, "T07", KIND(GET_REFERRAL), &query));
    district_close(&d);
}

Test(find, d2_a_patient_of_many_referrals_is_found_page_by_page)
{
    Referral__FindPatient find = by("E12345678", NULL);
    size_t seen = 0;
    struct district d;

    district_open(&d);
    for (int i = 0; i < 60; i++) {
        refer(&d, "T07", "H1", "E12345678");
        if (i == 30)
            index_all(&d);
    }
    for (int page = 0; page < 2; page++) {
        const Referral__PatientReferrals *list = page_of(&d, "T07", &find);

        seen += list->n_referrals;
        cr_assert_eq(list->next_referral_id != NULL, page == 0);
        find.after_referral_id = list->next_referral_id;
    }
    cr_assert_eq(seen, 60);
    district_close(&d);
}

/* Some systems write one placeholder for every patient they know no id of. */
Test(find, d6_a_page_looks_at_so_many_of_others_and_says_where_to_go_on)
{
    Referral__FindPatient find = by("E0000000", NULL);
    size_t pages = 0, own = 0;
    struct district d;

    district_open(&d);
    for (int i = 0; i < 1100; i++)
        refer(&d, "T07", "H1", "E0000000");
    index_all(&d);
    refer(&d, "T08", "H2", "E0000000");
    do {
        const Referral__PatientReferrals *list = page_of(&d, "T08", &find);

        pages++;
        own += list->n_referrals;
        find.after_referral_id = list->next_referral_id;
    } while (find.after_referral_id != NULL);
    cr_assert_eq(own, 1);
    cr_assert_eq(pages, 2);
    district_close(&d);
}

Test(find, p3_each_look_is_audited_with_its_reason_and_p1_without_the_patient)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__FindPatient find = by("E12345678", "complaint 17");
    uint8_t plain[32];
    struct bytes body;
    const Referral__AuditRow *row;
    struct district d;

    district_open(&d);
    refer(&d, "T07", "H1", "E12345678");
    found(&d, "OPS", find);
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    row = ((Referral__AuditList *)ask(&d, "OPS", KIND(LIST_AUDIT), &audit))->rows[0];
    cr_assert_eq(row->kind, KIND(FIND_PATIENT));
    cr_assert_str_eq(row->reason, "complaint 17");
    cr_assert_null(row->subject);
    /* Who tries all numbers there are must not know one by its digest. */
    body = wire_pack(&find.base, &d.keep);
    crypto_generichash(plain, sizeof plain, body.data, body.size, NULL, 0);
    cr_assert_not(bytes_equal(binary_bytes(row->body_digest), bytes_of(plain, sizeof plain)));
    district_close(&d);
}

Test(find, p2_whoever_acted_for_another_learns_no_more_than_his_answer_said)
{
    Referral__MessageQuery query = REFERRAL__MESSAGE_QUERY__INIT;
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;
    const Referral__MessageView *view;
    struct district d;
    char *id;

    district_open(&d);
    district_delegate(&d, "T08", "H1");
    id = refer(&d, "T07", "H1", "E12345678");
    district_assert_said(
        &d, district_send(&d, district_command(&d, "T08", KIND(EVENT), "a1", district_event(&d, id, ACCEPT))), "");
    query.message_id = "a1";
    view = ask(&d, "T08", KIND(FIND_MESSAGE), &query);
    cr_assert_eq(view->state, REFERRAL__STATE__ACCEPTED);
    delegation.agent = "T08";
    delegation.principal = "H1";
    district_assert_said(&d, district_say(&d, "OPS", KIND(DELETE_DELEGATION), &delegation), "");
    view = ask(&d, "T08", KIND(FIND_MESSAGE), &query);
    cr_assert_str_eq(view->referral_id, id);
    cr_assert(!view->has_state);
    district_close(&d);
}

Test(find, p3_the_same_command_again_is_another_look_and_audited_as_one)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__FindPatient find = by("E12345678", "complaint 17");
    const Referral__AuditList *list;
    struct district d;

    district_open(&d);
    refer(&d, "T07", "H1", "E12345678");
    for (int i = 0; i < 2; i++)
        district_assert_said(&d, district_send(&d, district_command(&d, "OPS", KIND(FIND_PATIENT), "f1", &find)), "");
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &audit);
    cr_assert_eq(list->n_rows, 1);
    cr_assert_eq(list->rows[0]->kind, KIND(FIND_PATIENT));
    cr_assert_str_eq(list->rows[0]->reason, "complaint 17");
    district_close(&d);
}

Test(find, d1_the_same_command_again_looks_again_and_another_under_its_key_is_refused)
{
    Referral__FindPatient find = by("E12345678", NULL);
    Referral__Reply *first, *again;
    struct district d;

    district_open(&d);
    refer(&d, "T07", "H1", "E12345678");
    first = district_send(&d, district_command(&d, "T07", KIND(FIND_PATIENT), "f1", &find));
    again = district_send(&d, district_command(&d, "T07", KIND(FIND_PATIENT), "f1", &find));
    district_assert_said(&d, again, "");
    cr_assert(bytes_equal(binary_bytes(first->result), binary_bytes(again->result)));
    cr_assert_eq(first->index, again->index);
    find = by("E99999999", NULL);
    district_assert_said(&d, district_send(&d, district_command(&d, "T07", KIND(FIND_PATIENT), "f1", &find)),
                         "CONFLICT message_id");
    district_close(&d);
}
