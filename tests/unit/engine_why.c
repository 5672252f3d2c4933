/* The sentence: whose turn, since when, waits for what, until when, whom to call (P4, T2, L4, D4, D5, D9). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/why.h"

#define MORNING     1795221000000 /* 2026-11-21 08:30 in China */
#define AT(minutes) instant_of(MORNING + (minutes)*MINUTE_MS)

static char director[] = "张主任", phone[] = "022-29240001";
static const Referral__Contact contact = {.name = director, .phone = phone};

/* An urgent up-referral, delivered at 08:30, to be answered by 10:30; it is 10:45. */
static struct why delivered(void)
{
    return (struct why){.life = LIFE_UP,
                        .state = DELIVERED,
                        .sender = "海滨街社区卫生服务中心",
                        .receiver = "宝坻区人民医院",
                        .now = AT(135),
                        .since = AT(0),
                        .submitted_at = AT(0),
                        .delivered_at = AT(0),
                        .clock = CLOCK_ANSWER,
                        .due_at = AT(120),
                        .call = &contact,
                        .offset_minutes = 480};
}

static void expect(const struct why *why, const char *zh, const char *en)
{
    struct arena arena;
    const char *text;

    cr_assert_eq(arena_open(&arena, 1 << 20), 0);
    text = why_sentence(&arena, why, true);
    cr_expect_str_eq(text, zh, "%s", text);
    text = why_sentence(&arena, why, false);
    cr_expect_str_eq(text, en, "%s", text);
    arena_close(&arena);
}

Test(why, l4_an_overdue_answer_names_hospital_time_delay_and_phone)
{
    struct why why = delivered();

    expect(&why,
           "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达,应在 10:30 前答复,已超时 15 分钟;请致电 张主任 "
           "022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30, an answer is due 10:30, overdue by 15 min; "
           "call 张主任 "
           "022-29240001.");
    cr_assert_str_eq(why_waits_for(&why), "answer");
}

Test(why, l4_a_deadline_is_overdue_from_its_instant_on)
{
    struct why why = delivered();

    why.now = AT(119);
    expect(&why, "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达,应在 10:30 前答复;请致电 张主任 022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30, an answer is due 10:30; call 张主任 "
           "022-29240001.");
    why.now = AT(120);
    expect(
        &why,
        "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达,应在 10:30 前答复,已超时 0 分钟;请致电 张主任 022-29240001。",
        "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30, an answer is due 10:30, overdue by 0 min; call "
        "张主任 "
        "022-29240001.");
}

Test(why, l4_another_day_or_year_is_named)
{
    struct why why = delivered();

    why.due_at = instant_after(AT(0), 2 * DAY_MS);
    why.now = instant_after(why.due_at, 50 * HOUR_MS);
    expect(&why,
           "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达,应在 11-23 08:30 前答复,已超时 2 天 2 小时;请致电 张主任 "
           "022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30, an answer is due 11-23 08:30, overdue by 2 d "
           "2 h; "
           "call 张主任 022-29240001.");
    why.clock = CLOCK_NONE;
    why.now = instant_after(AT(0), 60 * DAY_MS);
    expect(&why, "等待宝坻区人民医院答复:转诊已于 2026-11-21 08:30 送达;请致电 张主任 022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 2026-11-21 08:30; call 张主任 022-29240001.");
    why.offset_minutes = 0;
    why.delivered_at = AT(-60);
    why.now = AT(0);
    expect(&why, "等待宝坻区人民医院答复:转诊已于 11-20 23:30 送达;请致电 张主任 022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-20 23:30; call 张主任 022-29240001.");
}

/* After a question that was answered days later, or in a place booked directly for another day, the time alone would be
 * read as of the day that the sentence names. */
Test(why, l4_the_day_is_left_out_only_where_the_sentence_names_that_one)
{
    struct why why = delivered();

    why.since = instant_after(AT(0), DAY_MS);
    why.now = instant_after(AT(0), DAY_MS + HOUR_MS);
    why.due_at = instant_after(AT(0), DAY_MS + 2 * HOUR_MS);
    expect(&why,
           "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达,应在 11-22 10:30 前答复;请致电 张主任 022-29240001。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30, an answer is due 11-22 10:30; call 张主任 "
           "022-29240001.");
    why = delivered();
    why.state = BOOKED;
    why.now = AT(5);
    why.place_start = instant_after(AT(0), 4 * DAY_MS);
    expect(&why,
           "等待患者到宝坻区人民医院就诊:预约时间 11-25 08:30,院方应在 11-21 10:30 前答复;请致电 张主任 022-29240001。",
           "Waiting for the patient to come to 宝坻区人民医院: booked for 11-25 08:30, the hospital's answer is due "
           "11-21 10:30; call "
           "张主任 022-29240001.");
    why.place_start = AT(300);
    expect(&why, "等待患者到宝坻区人民医院就诊:预约时间 11-21 13:30,院方应在 10:30 前答复;请致电 张主任 022-29240001。",
           "Waiting for the patient to come to 宝坻区人民医院: booked for 11-21 13:30, the hospital's answer is due "
           "10:30; call "
           "张主任 022-29240001.");
}

/* A place booked directly and cancelled leaves it DELIVERED while its sheet still waits. */
Test(why, l_what_has_never_arrived_is_not_said_to_be_delivered)
{
    struct why why = delivered();

    why.delivered_at = instant_of(0);
    why.since = instant_after(AT(0), DAY_MS);
    why.now = AT(60);
    why.destination = why.receiver;
    why.delivery = WHY_NO_CONSUMER;
    expect(
        &why,
        "等待送达宝坻区人民医院:转诊已于 11-21 08:30 提交,应在 10:30 前答复,宝坻区人民医院的系统未连接,从未签收过消息;"
        "请致电 张主任 022-29240001。",
        "Waiting to be delivered to 宝坻区人民医院: submitted 11-21 08:30, an answer is due 10:30, the system of "
        "宝坻区人民医院 is not connected, and never acknowledged anything; call 张主任 022-29240001.");
    cr_assert_str_eq(why_waits_for(&why), "no-consumer");
}

Test(why, t2_a_missing_contact_is_said)
{
    struct why why = delivered();

    why.clock = CLOCK_NONE;
    why.call = NULL;
    expect(&why, "等待宝坻区人民医院答复:转诊已于 11-21 08:30 送达;未登记联系人。",
           "Waiting for 宝坻区人民医院 to answer: delivered 11-21 08:30; no contact person is registered.");
}

Test(why, d9_each_hindrance_of_delivery_has_its_words_and_code)
{
    static const struct {
        enum why_delivery delivery;
        bool at;
        const char *code, *zh, *en;
    } cases[] = {
        {WHY_PAUSED, true, "paused", "向宝坻区人民医院的投递自 11-21 08:40 起被运维暂停(机房检修)",
         "delivery to 宝坻区人民医院 is paused by an operator since 11-21 08:40 (机房检修)"},
        {WHY_DISABLED, false, "disabled", "宝坻区人民医院已被运维停用,暂不投递",
         "宝坻区人民医院 is disabled by an operator and nothing is delivered to it"},
        {WHY_NO_CONSUMER, true, "no-consumer", "宝坻区人民医院的系统未连接,最近一次签收 11-21 08:40",
         "the system of 宝坻区人民医院 is not connected, last acknowledged 11-21 08:40"},
        {WHY_NO_CONSUMER, false, "no-consumer", "宝坻区人民医院的系统未连接,从未签收过消息",
         "the system of 宝坻区人民医院 is not connected, and never acknowledged anything"},
        {WHY_IN_FLIGHT, false, "in-flight", "第 3 次投递已发出,等待宝坻区人民医院的系统签收",
         "attempt 3 is on its way to the system of 宝坻区人民医院, unacknowledged"},
        {WHY_BACK_OFF, true, "back-off", "第 3 次投递失败,11-21 08:40 再试",
         "attempt 3 failed, the next is at 11-21 08:40"},
        {WHY_NO_CREDIT, false, "no-credit", "宝坻区人民医院的系统已连接,但暂不取件",
         "the system of 宝坻区人民医院 is connected but takes nothing now"},
        {WHY_BEHIND, false, "behind", "前面还有 17 条更紧急或更早的消息",
         "17 more urgent or earlier messages go first"},
        {WHY_NEXT, false, "delivery", "即将投递", "it is delivered next"},
        {WHY_DEAD, true, "dead-letter", "消息已于 11-21 08:40 转入死信,须由运维重投",
         "the message moved to the dead letters 11-21 08:40; an operator must replay it"},
        {WHY_DROPPED, false, "dropped", "消息已被运维丢弃,不会再投递",
         "the message was dropped by an operator and will not be delivered"},
    };
    char zh[512], en[512];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = delivered();

        why.state = SUBMITTED;
        why.now = AT(30);
        why.delivery = cases[i].delivery;
        why.destination = why.receiver;
        why.pause_reason = "机房检修";
        why.attempt = 3;
        why.ahead = 17;
        why.at = cases[i].at ? AT(10) : instant_of(0);
        snprintf(zh, sizeof zh,
                 "等待送达宝坻区人民医院:转诊已于 11-21 08:30 提交,应在 10:30 前答复,%s;请致电 张主任 022-29240001。",
                 cases[i].zh);
        snprintf(
            en, sizeof en,
            "Waiting to be delivered to 宝坻区人民医院: submitted 11-21 08:30, an answer is due 10:30, %s; call 张主任 "
            "022-29240001.",
            cases[i].en);
        expect(&why, zh, en);
        cr_expect_str_eq(why_waits_for(&why), cases[i].code);

        /* Later it is only a notice that waits; the state says what for. */
        why.state = INFO_REQUESTED;
        cr_expect_str_eq(why_waits_for(&why), "information");
    }
}

Test(why, d4_a_message_that_comes_back_with_each_connection_is_told)
{
    struct why why = delivered();

    why.state = SUBMITTED;
    why.now = AT(30);
    why.delivery = WHY_IN_FLIGHT;
    why.destination = why.receiver;
    why.attempt = 1;
    why.lost = 2;
    expect(
        &why,
        "等待送达宝坻区人民医院:转诊已于 11-21 08:30 提交,应在 10:30 前答复,第 1 "
        "次投递已发出,等待宝坻区人民医院的系统签收;"
        "请致电 张主任 022-29240001。",
        "Waiting to be delivered to 宝坻区人民医院: submitted 11-21 08:30, an answer is due 10:30, attempt 1 is on its "
        "way to the system of 宝坻区人民医院, unacknowledged; call 张主任 022-29240001.");
    why.lost = 39;
    expect(
        &why,
        "等待送达宝坻区人民医院:转诊已于 11-21 08:30 提交,应在 10:30 前答复,第 1 "
        "次投递已发出,等待宝坻区人民医院的系统签收;"
        "该消息已 39 次随连接中断退回;请致电 张主任 022-29240001。",
        "Waiting to be delivered to 宝坻区人民医院: submitted 11-21 08:30, an answer is due 10:30, attempt 1 is on its "
        "way to the system of 宝坻区人民医院, unacknowledged; the message came back 39 times with a lost connection; "
        "call 张主任 022-29240001.");
}

Test(why, l2_a_notice_that_waits_is_said_beside_the_state)
{
    struct why why = delivered();

    why.state = INFO_REQUESTED;
    why.clock = CLOCK_INFORMATION;
    why.delivery = WHY_NO_CONSUMER;
    why.destination = why.sender;
    expect(&why,
           "等待海滨街社区卫生服务中心补充资料:宝坻区人民医院已于 11-21 08:30 提出,应在 10:30 前补充,已超时 15 "
           "分钟;通知尚未送达:海滨街社区卫生服务中心的系统未连接,从未签收过消息;请致电 张主任 022-29240001。",
           "Waiting for 海滨街社区卫生服务中心 to supply information: 宝坻区人民医院 asked 11-21 08:30, due 10:30, "
           "overdue by "
           "15 min; its notice is not delivered yet: the system of 海滨街社区卫生服务中心 is not connected, and never "
           "acknowledged anything; call 张主任 022-29240001.");
    why.state = BOOKED;
    why.clock = CLOCK_NONE;
    why.place_start = AT(300);
    why.destination = why.receiver;
    why.delivered_at = instant_of(0);
    why.is_sheet = true;
    expect(&why,
           "等待患者到宝坻区人民医院就诊:预约时间 11-21 13:30;转诊单尚未送达:宝坻区人民医院的系统未连接,从未签收过消息;"
           "请致电 张主任 022-29240001。",
           "Waiting for the patient to come to 宝坻区人民医院: booked for 11-21 13:30; its sheet is not delivered yet: "
           "the "
           "system of 宝坻区人民医院 is not connected, and never acknowledged anything; call 张主任 022-29240001.");
}

Test(why, l5_a_return_that_failed_waits_for_another)
{
    struct why why = {.state = REPORTED, .receiver = "R院", .since = AT(2), .now = AT(5), .offset_minutes = 480};

    why.return_failed = true;
    expect(&why, "等待R院重新下转或结束:下转于 11-21 08:32 未被接收;未登记联系人。",
           "Waiting for R院 to return the patient anew or close: the down-referral was not taken over 11-21 08:32; no "
           "contact person is registered.");
    cr_assert_str_eq(why_waits_for(&why), "return");
}

Test(why, q8_an_offer_waits_for_whoever_may_confirm_it)
{
    struct why why = {.state = WAITLISTED, .sender = "S站", .since = AT(0), .now = AT(5), .offset_minutes = 480};

    why.offered_until = AT(120);
    expect(
        &why, "等待S站确认候补到的号源:保留至 11-21 10:30;未登记联系人。",
        "Waiting for S站 to confirm the place that is kept for it until 11-21 10:30; no contact person is registered.");
    cr_assert_str_eq(why_waits_for(&why), "offer");
}

Test(why, l_after_its_session_a_booking_waits_for_the_hospitals_word)
{
    struct why why = {.state = BOOKED, .receiver = "R院", .now = AT(60), .offset_minutes = 480};

    why.place_start = AT(0);
    why.place_end = AT(60);
    expect(&why, "等待R院报告患者到院或未到:预约时间 11-21 08:30;未登记联系人。",
           "Waiting for R院 to report the arrival or the no-show: booked for 11-21 08:30; no contact person is "
           "registered.");
    cr_assert_str_eq(why_waits_for(&why), "arrival");
}

Test(why, l_after_the_last_booking_nobody_waits_for_another)
{
    struct why why = {
        .state = NO_SHOW, .sender = "S站", .since = AT(2), .now = AT(5), .booked_out = true, .offset_minutes = 480};

    expect(&why, "等待S站撤回:11-21 08:32 记录患者未到,已不能再约;未登记联系人。",
           "Waiting for S站 to cancel: the patient did not come, recorded 11-21 08:32, and cannot be booked again; no "
           "contact person is registered.");
    cr_assert_str_eq(why_waits_for(&why), "cancellation");
}

/* Nobody said that he did not come: his doctor must not reproach him with it. */
Test(why, l_a_no_show_of_the_clock_is_no_more_than_silence)
{
    struct why why = {
        .state = NO_SHOW, .sender = "S站", .since = AT(2), .now = AT(5), .assumed = true, .offset_minutes = 480};

    expect(&why, "等待S站重新预约或撤回:未收到到诊消息,11-21 08:32 起按爽约处理;未登记联系人。",
           "Waiting for S站 to book again or cancel: nobody reported an arrival, taken for a no-show 11-21 08:32; no "
           "contact person is registered.");
    cr_assert_str_eq(why_waits_for(&why), "new-booking");
    why.booked_out = true;
    expect(&why, "等待S站撤回:未收到到诊消息,11-21 08:32 起按爽约处理,已不能再约;未登记联系人。",
           "Waiting for S站 to cancel: nobody reported an arrival, taken for a no-show 11-21 08:32, and cannot be "
           "booked again; no contact person is registered.");
    cr_assert_str_eq(why_waits_for(&why), "cancellation");
}

/* One row a state and life, in the order of the table. */
static const struct {
    enum life life;
    enum state state;
    bool child;
    Referral__Reason reason;
    const char *code, *zh, *en;
} heads[] = {
    {LIFE_UP, SUBMITTED, false, 0, "delivery", "等待送达R院:转诊已于 11-21 08:30 提交",
     "Waiting to be delivered to R院: submitted 11-21 08:30"},
    {LIFE_UP, DELIVERED, false, 0, "answer", "等待R院答复:转诊已于 11-21 08:31 送达",
     "Waiting for R院 to answer: delivered 11-21 08:31"},
    {LIFE_DOWN, DELIVERED, false, 0, "receipt", "等待R院确认接收下转:已于 11-21 08:31 送达",
     "Waiting for R院 to confirm the receipt: delivered 11-21 08:31"},
    {LIFE_UP, INFO_REQUESTED, false, 0, "information", "等待S站补充资料:R院已于 11-21 08:32 提出",
     "Waiting for S站 to supply information: R院 asked 11-21 08:32"},
    {LIFE_DOWN, INFO_REQUESTED, false, 0, "information", "等待S站补充资料:R院已于 11-21 08:32 提出",
     "Waiting for S站 to supply information: R院 asked 11-21 08:32"},
    {LIFE_UP, ACCEPTED, false, 0, "booking", "等待S站预约或送患者前往:R院已于 11-21 08:32 接受",
     "Waiting for S站 to book or send the patient: R院 accepted 11-21 08:32"},
    {LIFE_UP, WAITLISTED, false, 0, "place", "等待R院有空余号源:已于 11-21 08:32 列入候补",
     "Waiting for a free place at R院: on the wait-list since 11-21 08:32"},
    {LIFE_UP, BOOKED, false, 0, "patient", "等待患者到R院就诊:预约时间 11-22 08:30",
     "Waiting for the patient to come to R院: booked for 11-22 08:30"},
    {LIFE_UP, NO_SHOW, false, 0, "new-booking", "等待S站重新预约或撤回:11-21 08:32 记录患者未到",
     "Waiting for S站 to book again or cancel: the patient did not come, recorded 11-21 08:32"},
    {LIFE_UP, ARRIVED, false, 0, "care", "等待R院接诊:11-21 08:32 记录患者已到院",
     "Waiting for R院 to begin care: the patient's arrival was recorded 11-21 08:32"},
    {LIFE_UP, IN_CARE, false, 0, "report", "等待R院提交诊疗报告:11-21 08:32 起诊疗中",
     "Waiting for R院 to report: in care since 11-21 08:32"},
    {LIFE_UP, CANCEL_REQUESTED, false, 0, "cancel-answer", "等待R院答复撤回申请:S站已于 11-21 08:32 申请",
     "Waiting for R院 to answer the request to cancel: S站 asked 11-21 08:32"},
    {LIFE_UP, REPORTED, false, 0, "return", "等待R院下转或结束,或S站确认收到:R院已于 11-21 08:32 报告",
     "Waiting for R院 to return or close, or for S站 to confirm the receipt: R院 reported 11-21 08:32"},
    {LIFE_UP, RETURNED, true, 0, "receipt", "等待C站确认接收下转:R院已于 11-21 08:32 下转",
     "Waiting for C站 to confirm the receipt: R院 returned the patient 11-21 08:32"},
    {LIFE_UP, RETURNED, false, 0, "receipt", "等待S站确认收到:R院已于 11-21 08:32 下转",
     "Waiting for S站 to confirm the receipt: R院 returned the patient 11-21 08:32"},
    {LIFE_UP, CLOSED, false, 0, "nobody", "无需等待:已于 11-21 08:32 结束", "Nothing to wait for: closed 11-21 08:32"},
    {LIFE_UP, REJECTED, false, REFERRAL__REASON__NO_CAPACITY, "nobody",
     "无需等待:R院已于 11-21 08:32 拒绝 (无接诊能力)",
     "Nothing to wait for: R院 rejected it 11-21 08:32 (no capacity)"},
    {LIFE_UP, REDIRECTED, true, REFERRAL__REASON__BETTER_PLACE, "nobody",
     "无需等待:R院已于 11-21 08:32 转接至C站 (其他机构更合适)",
     "Nothing to wait for: R院 redirected it to C站 11-21 08:32 (a better place)"},
    {LIFE_UP, CANCELLED, false, REFERRAL__REASON__PATIENT_DECLINED, "nobody",
     "无需等待:已于 11-21 08:32 撤回 (患者不愿转诊)",
     "Nothing to wait for: cancelled 11-21 08:32 (the patient declined)"},
    {LIFE_UP, EXPIRED, false, 0, "nobody", "无需等待:已于 11-21 08:32 过期",
     "Nothing to wait for: expired 11-21 08:32"},
    {LIFE_DOWN, VOID, false, REFERRAL__REASON__DUPLICATE, "nobody", "无需等待:已于 11-21 08:32 作废 (重复转诊)",
     "Nothing to wait for: void since 11-21 08:32 (a duplicate)"},
};

Test(why, p4_every_state_is_said_in_both_languages)
{
    bool seen[STATE_COUNT] = {[STATE_NONE] = true};
    char zh[512], en[512];

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        bool ended = state_is_terminal(heads[i].state);
        struct why why = {.life = heads[i].life,
                          .state = heads[i].state,
                          .child_open = heads[i].child,
                          .reason = heads[i].reason,
                          .sender = "S站",
                          .receiver = "R院",
                          .successor = heads[i].child ? "C站" : NULL,
                          .now = AT(5),
                          .since = AT(2),
                          .submitted_at = AT(0),
                          .delivered_at = AT(1),
                          .place_start = AT(24 * 60),
                          .call = &contact,
                          .offset_minutes = 480};

        seen[heads[i].state] = true;
        snprintf(zh, sizeof zh, "%s%s。", heads[i].zh, ended ? "" : ";请致电 张主任 022-29240001");
        snprintf(en, sizeof en, "%s%s.", heads[i].en, ended ? "" : "; call 张主任 022-29240001");
        expect(&why, zh, en);
        cr_expect_str_eq(why_waits_for(&why), heads[i].code);
    }
    for (int state = 0; state < STATE_COUNT; state++)
        cr_expect(seen[state], "%s", state_name((enum state)state));
}

Test(why, p4_whatever_the_facts_the_sentence_is_whole)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1 << 26), 0);
    for (int state = 0; state < STATE_COUNT; state++)
        for (int delivery = 0; delivery < WHY_DELIVERY_COUNT; delivery++)
            for (int clock = CLOCK_NONE; clock <= CLOCK_RECEIPT; clock++)
                for (int language = 0; language < 2; language++) {
                    struct why bare = {.state = (enum state)state,
                                       .delivery = (enum why_delivery)delivery,
                                       .clock = (enum clock_kind)clock,
                                       .now = AT(0),
                                       .due_at = AT(1),
                                       .reason = REFERRAL__REASON__OTHER_REASON};
                    const char *text = why_sentence(&arena, &bare, language == 0);

                    cr_expect(strlen(text) > 10 && strstr(text, "null") == NULL && strpbrk(text, "{}") == NULL,
                              "%s %d %d: %s", state_name((enum state)state), delivery, clock, text);
                    cr_expect(strlen(why_waits_for(&bare)) > 3);
                }
    arena_close(&arena);
}

Test(why, p4_every_reason_has_words)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1 << 24), 0);
    for (int reason = REFERRAL__REASON__OUT_OF_SCOPE; reason <= REFERRAL__REASON__OTHER_REASON; reason++) {
        struct why why = {.state = REJECTED, .reason = (Referral__Reason)reason, .since = AT(0), .now = AT(0)};

        cr_expect(strstr(why_sentence(&arena, &why, true), " ()") == NULL);
        cr_expect(strstr(why_sentence(&arena, &why, false), " ()") == NULL);
        cr_expect(strchr(why_sentence(&arena, &why, false), '(') != NULL);
    }
    arena_close(&arena);
}
