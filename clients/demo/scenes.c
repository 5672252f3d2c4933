/* scenes.c - see scenes.h. */
#include "scenes.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAITING     200
#define TRAFFIC     800
#define EVENT(name) REFERRAL__EVENT_TYPE__EVENT_##name

static const char *state_text(Referral__State state)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&referral__state__descriptor, (int)state);
    return value == NULL ? "?" : value->name;
}

static struct sheet_plan plan_up(const struct stage *stage, enum role from, enum role to, unsigned patient)
{
    return (struct sheet_plan){.sender = stage->actors[from].institution,
                               .receiver = stage->actors[to].institution,
                               .department = "NK",
                               .direction = REFERRAL__DIRECTION__UP,
                               .priority = REFERRAL__PRIORITY__ROUTINE,
                               .impression = "胸痛待查",
                               .patient = patient};
}

static size_t submit(struct stage *stage, enum role from, const char *message_id, const struct sheet_plan *plan)
{
    struct sheet_bytes sheet;
    sheet_fill(plan, &sheet);
    return stage_ask(stage, from, REFERRAL__KIND__SUBMIT, message_id, sheet.data, sheet.size);
}

/* Was it accepted? If not, the timeline shows the first refusal. */
static bool check_accepted(struct stage *stage, const Referral__Reply *reply, const char *promise)
{
    bool accepted = reply != NULL && reply->n_refusals == 0;
    const char *why = accepted ? "" : reply == NULL ? "no answer" : reply->refusals[0]->text_en;

    stage_check(stage, accepted, "%s%s%s", promise, accepted ? "" : ": ", why);
    return accepted;
}

/* ---- A whole life ------------------------------------------------------------------------------------------------------ */

static Referral__Person person(const char *name, const char *phone)
{
    Referral__Person person = REFERRAL__PERSON__INIT;
    person.name = lend(name);
    person.phone = lend(phone);
    return person;
}

static Referral__Event event_of(const char *referral_id, Referral__EventType type)
{
    Referral__Event event = REFERRAL__EVENT__INIT;
    event.referral_id = lend(referral_id);
    event.has_type = true;
    event.type = type;
    return event;
}

/* One event: sent, accepted, told to the other side; the timeline says what people see. */
static bool play_event(struct stage *stage, enum role who, enum role told, Referral__Event *event, const char *what)
{
    size_t from = stage->seen_count;
    stage_say(stage, who, "%s", what);
    const Referral__Reply *reply = stage_answer(stage, stage_event(stage, who, event));
    bool accepted = reply != NULL && reply->n_refusals == 0;
    if (!accepted) {
        return stage_check(stage, false, "accepted: %s (%s)", what,
                           reply != NULL ? reply->refusals[0]->text_en : "no answer");
    }
    int notice = stage_expect(stage, told, from, event->referral_id, event->type);
    if (notice >= 0)
        stage_say(stage, told, "收到通知: now %s", state_text(stage->seen[notice].state));
    return stage_check(stage, notice >= 0, "L2 the other party was told by a durable message");
}

static Referral__State ask_state(struct stage *stage, enum role who, const char *referral_id)
{
    uint8_t body[256];
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    query.referral_id = lend(referral_id);
    referral__referral_query__pack(&query, body);
    size_t tag = stage_ask(stage, who, REFERRAL__KIND__GET_REFERRAL, NULL, body,
                           referral__referral_query__get_packed_size(&query));
    const Referral__Reply *reply = stage_answer(stage, tag);
    Referral__ReferralView *view =
        reply == NULL ? NULL : referral__referral_view__unpack(NULL, reply->result.len, reply->result.data);
    Referral__State state = view == NULL || view->summary == NULL ? (Referral__State)0 : view->summary->state;
    if (view != NULL)
        referral__referral_view__free_unpacked(view, NULL);
    return state;
}

static void care_for(struct stage *stage, const char *up)
{
    Referral__Person doctor = person("何医生", "022-29001001");
    Referral__Event accept = event_of(up, EVENT(ACCEPT));
    accept.person = &doctor;
    play_event(stage, HOSPITAL, CENTRE_A, &accept, "接受转诊: Dr He, named, accepts");

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    Referral__Event arrive = event_of(up, EVENT(ARRIVE));
    arrive.has_occurred_at_ms = true;
    arrive.occurred_at_ms = (now.tv_sec - 60) * 1000LL; /* a minute ago: events are told after they happened */
    play_event(stage, HOSPITAL, CENTRE_A, &arrive, "患者到院: the patient has arrived");

    Referral__Diagnosis diagnosis = REFERRAL__DIAGNOSIS__INIT;
    Referral__Diagnosis *diagnoses[] = {&diagnosis};
    diagnosis.icd10 = lend("I20.9");
    diagnosis.text = lend("心绞痛");
    Referral__Event report = event_of(up, EVENT(REPORT));
    report.n_diagnoses = 1;
    report.diagnoses = diagnoses;
    report.treatment = lend("冠脉 CTA 示轻度狭窄,药物治疗后症状缓解。");
    play_event(stage, HOSPITAL, CENTRE_A, &report, "诊疗报告: diagnosis and treatment are reported");
}

static void come_down(struct stage *stage, const char *up)
{
    size_t from = stage->seen_count;
    struct sheet_plan down = plan_up(stage, HOSPITAL, CENTRE_A, 1);
    down.direction = REFERRAL__DIRECTION__DOWN;
    down.parent_referral_id = up;
    down.department = "QK";
    down.impression = "心绞痛,恢复期";
    stage_say(stage, HOSPITAL, "下转(回转)单: sends the patient down again, with findings and plan");
    const Referral__Reply *reply = stage_answer(stage, submit(stage, HOSPITAL, NULL, &down));
    if (!check_accepted(stage, reply, "L5 the return is accepted"))
        return;
    char child[LIMIT_ID_BYTES + 1];
    snprintf(child, sizeof child, "%s", reply->referral_id);
    stage_check(stage, stage_expect(stage, CENTRE_A, from, child, (Referral__EventType)0) >= 0,
                "the centre received the down-referral %s", child);
    stage_check(stage, ask_state(stage, CENTRE_A, up) == REFERRAL__STATE__RETURNED, "the up-referral is RETURNED");

    Referral__Person nurse = person("林护士", "022-29001002");
    Referral__Event confirm = event_of(child, EVENT(CONFIRM_RECEIPT));
    confirm.person = &nurse;
    play_event(stage, CENTRE_A, HOSPITAL, &confirm, "确认接收: the centre takes the patient over");
    stage_check(stage, ask_state(stage, CENTRE_A, child) == REFERRAL__STATE__CLOSED, "the down-referral is CLOSED");
    stage_check(stage, ask_state(stage, HOSPITAL, up) == REFERRAL__STATE__CLOSED,
                "and so is the up-referral it answers, in the same transaction");
}

void scene_up_and_down(struct stage *stage)
{
    stage_title("一、上转与回转  An urgent referral goes up, is answered, and the patient comes down again");
    size_t from = stage->seen_count;
    struct sheet_plan up = plan_up(stage, CENTRE_A, HOSPITAL, 1);
    up.priority = REFERRAL__PRIORITY__URGENT;
    up.department = "XN";
    stage_say(stage, CENTRE_A, "上转(转出)单 → %s: urgent, chest pain on exertion", stage->actors[HOSPITAL].name);
    const Referral__Reply *reply = stage_answer(stage, submit(stage, CENTRE_A, NULL, &up));
    if (!check_accepted(stage, reply, "D2 accepted: on disk before the answer"))
        return;
    char id[LIMIT_ID_BYTES + 1];
    snprintf(id, sizeof id, "%s", reply->referral_id);
    stage_say(stage, ROLE_COUNT, "referral %s; contact at the hospital 联系人: %s %s", id,
              reply->receiver_contact != NULL ? reply->receiver_contact->name : "-",
              reply->receiver_contact != NULL ? reply->receiver_contact->phone : "-");
    if (!stage_check(stage, stage_expect(stage, HOSPITAL, from, id, (Referral__EventType)0) >= 0,
                     "delivered to the hospital's system, which acknowledged it"))
        return;
    care_for(stage, id);
    come_down(stage, id);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------------------ */

void scene_refused(struct stage *stage)
{
    stage_title("二、退回  A down-referral without findings and further plan is refused, with all its errors");
    struct sheet_plan down = plan_up(stage, HOSPITAL, CENTRE_B, 2);
    down.direction = REFERRAL__DIRECTION__DOWN;
    down.department = "QK";
    down.without_findings = down.without_plan = true;
    stage_say(stage, HOSPITAL, "下转单 → %s: without 诊治信息 and 后续治疗方案", stage->actors[CENTRE_B].name);
    const Referral__Reply *reply = stage_answer(stage, submit(stage, HOSPITAL, NULL, &down));
    bool findings = false, plan = false;
    for (size_t i = 0; reply != NULL && i < reply->n_refusals; i++) {
        const Referral__Refusal *refusal = reply->refusals[i];
        printf("%14s%s %s  %s\n%14s%*s%s\n%14s%*s%s\n", "", refusal->rule, refusal->code, refusal->field, "", 5, "",
               refusal->text_zh, "", 5, "", refusal->text_en);
        findings |= strcmp(refusal->field, "hospital_findings") == 0 && strcmp(refusal->rule, "F1") == 0;
        plan |= strcmp(refusal->field, "further_plan") == 0 && strcmp(refusal->rule, "F1") == 0;
    }
    stage_check(stage, findings && plan, "F1, F2 both missing fields are named at once, in Chinese and English");
}

/* ---- Waiting, overtaking ------------------------------------------------------------------------------------------------- */

struct goal {
    enum role by;
    size_t from, count;
    bool doubles; /* count what came again, too */
};

static size_t count_sheets(const struct stage *stage, const struct goal *goal)
{
    size_t count = 0;
    for (size_t i = goal->from; i < stage->seen_count; i++) {
        const struct seen_delivery *seen = &stage->seen[i];
        count +=
            seen->by == goal->by && seen->kind == REFERRAL__DELIVERY_KIND__SHEET && (!seen->again || goal->doubles);
    }
    return count;
}

static bool has_sheets(const struct stage *stage, const void *user)
{
    const struct goal *goal = user;
    return count_sheets(stage, goal) >= goal->count;
}

static size_t send_waiting(struct stage *stage, char (*ids)[LIMIT_ID_BYTES + 1])
{
    size_t tags[WAITING], accepted = 0;
    for (unsigned i = 0; i < WAITING; i++) {
        struct sheet_plan plan = plan_up(stage, CENTRE_B, TCM_HOSPITAL, 100 + i);
        tags[i] = submit(stage, CENTRE_B, NULL, &plan);
    }
    for (unsigned i = 0; i < WAITING; i++) {
        const Referral__Reply *reply = stage_answer(stage, tags[i]);
        if (reply != NULL && reply->n_refusals == 0)
            snprintf(ids[accepted++], sizeof *ids, "%s", reply->referral_id);
        else if (reply != NULL && i == 0)
            printf("%14s%s %s\n", "", reply->refusals[0]->code, reply->refusals[0]->text_en);
    }
    return accepted;
}

/* D3: the emergency first, then the others in the order they were accepted. */
static bool is_in_order(const struct stage *stage, size_t from, const char *emergency, char (*ids)[LIMIT_ID_BYTES + 1],
                        size_t count)
{
    size_t next = 0;
    bool first = true;
    for (size_t i = from; i < stage->seen_count; i++) {
        const struct seen_delivery *seen = &stage->seen[i];
        if (seen->by != TCM_HOSPITAL || seen->kind != REFERRAL__DELIVERY_KIND__SHEET)
            continue;
        if (first) {
            if (strcmp(seen->referral_id, emergency) != 0)
                return false;
            first = false;
        } else if (next >= count || strcmp(seen->referral_id, ids[next++]) != 0) {
            return false;
        }
    }
    return !first && next == count;
}

void scene_emergency_overtakes(struct stage *stage)
{
    stage_title("三、离线与急诊优先  A hospital is offline; an emergency overtakes %d waiting routine referrals",
                WAITING);
    static char ids[WAITING][LIMIT_ID_BYTES + 1];
    stage_say(stage, TCM_HOSPITAL, "离线: its system is not connected");
    stage_say(stage, CENTRE_B, "submits %d routine referrals to it", WAITING);
    size_t accepted = send_waiting(stage, ids);
    stage_check(stage, accepted == WAITING, "%zu of %d accepted and on disk while the receiver is offline", accepted,
                WAITING);

    struct sheet_plan plan = plan_up(stage, EMERGENCY_120, TCM_HOSPITAL, 99);
    plan.direction = REFERRAL__DIRECTION__LATERAL; /* the emergency service has no tier (T3) */
    plan.priority = REFERRAL__PRIORITY__EMERGENCY;
    plan.category = REFERRAL__EMERGENCY_CATEGORY__STROKE;
    plan.impression = "突发偏瘫,疑似脑卒中";
    stage_say(stage, EMERGENCY_120, "急诊: stroke on the way; the information must arrive before the patient (F5)");
    const Referral__Reply *reply = stage_answer(stage, submit(stage, EMERGENCY_120, NULL, &plan));
    if (!check_accepted(stage, reply, "T7 accepted"))
        return;
    char emergency[LIMIT_ID_BYTES + 1];
    snprintf(emergency, sizeof emergency, "%s", reply->referral_id);

    struct goal goal = {.by = TCM_HOSPITAL, .from = stage->seen_count, .count = WAITING + 1};
    stage_say(stage, TCM_HOSPITAL, "上线: connects, and drains its inbox");
    stage_connect(stage, TCM_HOSPITAL, 16);
    stage_until(stage, has_sheets, &goal, 30000);
    stage_say(stage, TCM_HOSPITAL, "received %zu referrals", count_sheets(stage, &goal));
    stage_check(stage, is_in_order(stage, goal.from, emergency, ids, accepted),
                "D3 the emergency came first, then all %d in the order they were accepted", WAITING);

    Referral__Person doctor = person("赵医生", "022-29001003");
    Referral__Event acknowledge = event_of(emergency, EVENT(ACKNOWLEDGE));
    acknowledge.person = &doctor;
    stage_say(stage, TCM_HOSPITAL, "签收急诊: a person has read it");
    check_accepted(stage, stage_answer(stage, stage_event(stage, TCM_HOSPITAL, &acknowledge)),
                   "L4 acknowledged within its minute: nothing is escalated");
}

/* ---- Once ------------------------------------------------------------------------------------------------------------------ */

void scene_sent_twice(struct stage *stage)
{
    stage_title("四、重复发送  A message sent twice has one effect");
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
    referral_message_id(message_id);
    struct goal goal = {.by = MATERNITY, .from = stage->seen_count, .count = 2, .doubles = true};
    struct sheet_plan plan = plan_up(stage, CENTRE_C, MATERNITY, 3);
    plan.department = "FCK";
    stage_say(stage, CENTRE_C, "submits, hears nothing for a moment, and sends the same message again");
    size_t first = submit(stage, CENTRE_C, message_id, &plan), second = submit(stage, CENTRE_C, message_id, &plan);
    stage_answer(stage, first);
    const Referral__Reply *b = stage_answer(stage, second), *a = stage->answers[first].reply;
    bool same = a != NULL && b != NULL && a->n_refusals == 0 && b->n_refusals == 0 &&
                strcmp(a->referral_id, b->referral_id) == 0;
    stage_check(stage, same, "D1 both got the original answer: %s", same ? a->referral_id : "-");
    plan.patient = 4;
    const Referral__Reply *other = stage_answer(stage, submit(stage, CENTRE_C, message_id, &plan));
    stage_check(stage, other != NULL && other->n_refusals == 1 && strcmp(other->refusals[0]->code, "CONFLICT") == 0,
                "D1 the same message id with another content is a CONFLICT");
    /* A lane is first in, first out: once the next referral is there, a doubled one would be, too. */
    stage_say(stage, CENTRE_C, "submits one more, so that nothing can still be on its way");
    stage_answer(stage, submit(stage, CENTRE_C, NULL, &plan));
    stage_until(stage, has_sheets, &goal, 30000);
    stage_check(stage, count_sheets(stage, &goal) == 2, "the hospital received each once");
}

/* ---- kill -9 ----------------------------------------------------------------------------------------------------------------- */

static bool half_answered(const struct stage *stage, const void *user)
{
    size_t come = 0, first = *(const size_t *)user;
    for (size_t i = first; i < stage->answer_count; i++)
        come += stage->answers[i].come;
    return come >= TRAFFIC / 3;
}

static bool all_answered(const struct stage *stage, const void *user)
{
    for (size_t i = *(const size_t *)user; i < stage->answer_count; i++)
        if (!stage->answers[i].come)
            return false;
    return true;
}

struct exactly_once {
    size_t acknowledged, missing, doubled;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Each acknowledged referral against what the hospital took: a message may come again (flagged), a referral must not be
 * two. */
static struct exactly_once compare(const struct stage *stage, size_t first_answer, size_t first_seen)
{
    struct exactly_once result = {0};
    size_t room = stage->answer_count - first_answer, count = 0;
    char(*ids)[LIMIT_ID_BYTES + 1] = calloc(room + 1, sizeof *ids);
    if (ids == NULL)
        abort();
    for (size_t i = first_answer; i < stage->answer_count; i++)
        if (stage->answers[i].status == REFERRAL_OK && stage->answers[i].reply != NULL)
            snprintf(ids[count++], sizeof *ids, "%s", stage->answers[i].reply->referral_id);
    qsort(ids, count, sizeof *ids, by_text);
    for (size_t i = 1; i < count; i++)
        result.doubled += strcmp(ids[i - 1], ids[i]) == 0;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t j = first_seen; j < stage->seen_count && !found; j++)
            found = stage->seen[j].by == HOSPITAL && strcmp(stage->seen[j].referral_id, ids[i]) == 0;
        result.missing += !found;
    }
    result.acknowledged = count;
    /* What came, but was not acknowledged to anybody, would be an effect without an answer. */
    for (size_t j = first_seen; j < stage->seen_count; j++) {
        const struct seen_delivery *seen = &stage->seen[j];
        if (seen->by == HOSPITAL && seen->kind == REFERRAL__DELIVERY_KIND__SHEET &&
            bsearch(seen->referral_id, ids, count, sizeof *ids, by_text) == NULL)
            result.doubled++;
    }
    free(ids);
    return result;
}

void scene_killed(struct stage *stage)
{
    static const enum role senders[] = {CENTRE_A, CENTRE_B, CENTRE_C, CENTRE_D};
    stage_title("五、断电  kill -9 of the broker in the middle of traffic");
    size_t first_answer = stage->answer_count, first_seen = stage->seen_count;
    stage_say(stage, ROLE_COUNT, "4 centres submit %d referrals to %s", TRAFFIC, stage->actors[HOSPITAL].name);
    for (unsigned i = 0; i < TRAFFIC; i++) {
        struct sheet_plan plan = plan_up(stage, senders[i % 4], HOSPITAL, 1000 + i);
        submit(stage, senders[i % 4], NULL, &plan);
    }
    stage_until(stage, half_answered, &first_answer, 30000);
    stage_kill_broker(stage, SIGKILL);
    size_t before = 0;
    for (size_t i = first_answer; i < stage->answer_count; i++)
        before += stage->answers[i].come;
    stage_say(stage, ROLE_COUNT, "killed with SIGKILL after %zu answers had been read", before);
    int64_t start = stage_clock_ms();
    if (!stage_check(stage, stage_start_broker(stage), "it starts again by itself on the same store"))
        return;
    stage_say(stage, ROLE_COUNT, "serves again after %lld ms; the clients reconnect and resend what was unanswered",
              (long long)(stage_clock_ms() - start));
    stage_check(stage, stage_until(stage, all_answered, &first_answer, 60000), "every request was answered in the end");
    struct goal goal = {.by = HOSPITAL, .from = first_seen, .count = TRAFFIC};
    stage_until(stage, has_sheets, &goal, 30000);
    struct exactly_once result = compare(stage, first_answer, first_seen);
    stage_check(stage, result.acknowledged == TRAFFIC, "%zu of %d acknowledged", result.acknowledged, TRAFFIC);
    stage_check(stage, result.missing == 0, "D2 every acknowledged referral is present (%zu missing)", result.missing);
    stage_check(stage, result.doubled == 0, "D1 and exactly once (%zu doubled)", result.doubled);
}
