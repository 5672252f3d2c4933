/* why.c - the sentence, from a head for each state, a clause for each hindrance and each deadline, and a phone
 * number. */
#include "engine/why.h"

#include <assert.h>

/* Braces stand for facts: {S} sender, {R} receiver, {C} the child's receiver, {T} since when, {B} submitted, {D}
 * delivered, {P} the booked time, {O} the end of an offer, {N} whose inbox, {A} the time of the clause, {n} attempt,
 * {k} how many go first, {l} how often lost, {W} why paused, {U} due. */
struct phrase {
    const char *code, *zh, *en;
};

static const struct phrase heads[STATE_COUNT] = {
    [STATE_NONE] = {"nobody", "尚未提交", "Not submitted"},
    [SUBMITTED] = {"delivery", "等待送达{R}:转诊已于 {B} 提交", "Waiting to be delivered to {R}: submitted {B}"},
    [DELIVERED] = {"answer", "等待{R}答复:转诊已于 {D} 送达", "Waiting for {R} to answer: delivered {D}"},
    [INFO_REQUESTED] = {"information", "等待{S}补充资料:{R}已于 {T} 提出",
                        "Waiting for {S} to supply information: {R} asked {T}"},
    [ACCEPTED] = {"booking", "等待{S}预约或送患者前往:{R}已于 {T} 接受",
                  "Waiting for {S} to book or send the patient: {R} accepted {T}"},
    [WAITLISTED] = {"place", "等待{R}有空余号源:已于 {T} 列入候补",
                    "Waiting for a free place at {R}: on the wait-list since {T}"},
    [BOOKED] = {"patient", "等待患者到{R}就诊:预约时间 {P}", "Waiting for the patient to come to {R}: booked for {P}"},
    [NO_SHOW] = {"new-booking", "等待{S}重新预约或撤回:{T} 记录患者未到",
                 "Waiting for {S} to book again or cancel: the patient did not come, recorded {T}"},
    [ARRIVED] = {"care", "等待{R}接诊:{T} 记录患者已到院",
                 "Waiting for {R} to begin care: the patient's arrival was recorded {T}"},
    [IN_CARE] = {"report", "等待{R}提交诊疗报告:{T} 起诊疗中", "Waiting for {R} to report: in care since {T}"},
    [CANCEL_REQUESTED] = {"cancel-answer", "等待{R}答复撤回申请:{S}已于 {T} 申请",
                          "Waiting for {R} to answer the request to cancel: {S} asked {T}"},
    [REPORTED] = {"return", "等待{R}下转或结束,或{S}确认收到:{R}已于 {T} 报告",
                  "Waiting for {R} to return or close, or for {S} to confirm the receipt: {R} reported {T}"},
    [RETURNED] = {"receipt", "等待{C}确认接收下转:{R}已于 {T} 下转",
                  "Waiting for {C} to confirm the receipt: {R} returned the patient {T}"},
    [CLOSED] = {"nobody", "无需等待:已于 {T} 结束", "Nothing to wait for: closed {T}"},
    [REJECTED] = {"nobody", "无需等待:{R}已于 {T} 拒绝", "Nothing to wait for: {R} rejected it {T}"},
    [REDIRECTED] = {"nobody", "无需等待:{R}已于 {T} 转接至{C}", "Nothing to wait for: {R} redirected it to {C} {T}"},
    [CANCELLED] = {"nobody", "无需等待:已于 {T} 撤回", "Nothing to wait for: cancelled {T}"},
    [EXPIRED] = {"nobody", "无需等待:已于 {T} 过期", "Nothing to wait for: expired {T}"},
    [VOID] = {"nobody", "无需等待:已于 {T} 作废", "Nothing to wait for: void since {T}"},
};

/* L5: a down-referral is answered by taking the patient over. */
static const struct phrase down_delivered = {"receipt", "等待{R}确认接收下转:已于 {D} 送达",
                                             "Waiting for {R} to confirm the receipt: delivered {D}"};
/* The down-referral ended while the parent stands RETURNED: only the sender can still confirm. */
static const struct phrase returned_alone = {"receipt", "等待{S}确认收到:{R}已于 {T} 下转",
                                             "Waiting for {S} to confirm the receipt: {R} returned the patient {T}"};

/* It ended before the patient was taken over: whether anything was ever reported, nobody waits for that. */
static const struct phrase return_failed = {
    "return", "等待{R}重新下转或结束:下转于 {T} 未被接收",
    "Waiting for {R} to return the patient anew or close: the down-referral was not taken over {T}"};
/* Q8: a place is kept, and somebody has to say whether it is wanted. */
static const struct phrase offered = {"offer", "等待{S}确认候补到的号源:保留至 {O}",
                                      "Waiting for {S} to confirm the place that is kept for it until {O}"};
/* The session is over: whether the patient came, the hospital knows. */
static const struct phrase arrival = {"arrival", "等待{R}报告患者到院或未到:预约时间 {P}",
                                      "Waiting for {R} to report the arrival or the no-show: booked for {P}"};
/* Nobody said so: the patient may have come. */
static const struct phrase assumed_miss = {
    "new-booking", "等待{S}重新预约或撤回:未收到到诊消息,{T} 起按爽约处理",
    "Waiting for {S} to book again or cancel: nobody reported an arrival, taken for a no-show {T}"};
/* After the last no-show there is no other booking. */
static const struct phrase booked_out = {
    "cancellation", "等待{S}撤回:{T} 记录患者未到,已不能再约",
    "Waiting for {S} to cancel: the patient did not come, recorded {T}, and cannot be booked again"};

static const struct phrase assumed_booked_out = {
    "cancellation", "等待{S}撤回:未收到到诊消息,{T} 起按爽约处理,已不能再约",
    "Waiting for {S} to cancel: nobody reported an arrival, taken for a no-show {T}, and cannot be booked again"};

static const struct phrase deliveries[WHY_DELIVERY_COUNT] = {
    [WHY_PAUSED] = {"paused", "向{N}的投递自 {A} 起被运维暂停({W})",
                    "delivery to {N} is paused by an operator since {A} ({W})"},
    [WHY_DISABLED] = {"disabled", "{N}已被运维停用,暂不投递",
                      "{N} is disabled by an operator and nothing is delivered to it"},
    [WHY_NO_CONSUMER] = {"no-consumer", "{N}的系统未连接", "the system of {N} is not connected"},
    [WHY_IN_FLIGHT] = {"in-flight", "第 {n} 次投递已发出,等待{N}的系统签收",
                       "attempt {n} is on its way to the system of {N}, unacknowledged"},
    [WHY_BACK_OFF] = {"back-off", "第 {n} 次投递失败,{A} 再试", "attempt {n} failed, the next is at {A}"},
    [WHY_NO_CREDIT] = {"no-credit", "{N}的系统已连接,但暂不取件",
                       "the system of {N} is connected but takes nothing now"},
    [WHY_BEHIND] = {"behind", "前面还有 {k} 条更紧急或更早的消息", "{k} more urgent or earlier messages go first"},
    [WHY_NEXT] = {"delivery", "即将投递", "it is delivered next"},
    [WHY_DEAD] = {"dead-letter", "消息已于 {A} 转入死信,须由运维重投",
                  "the message moved to the dead letters {A}; an operator must replay it"},
    [WHY_DROPPED] = {"dropped", "消息已被运维丢弃,不会再投递",
                     "the message was dropped by an operator and will not be delivered"},
};

/* Beside no-consumer, by whether anything was ever acknowledged. */
static const struct phrase last_heard = {"", ",最近一次签收 {A}", ", last acknowledged {A}"};
static const struct phrase never_heard = {"", ",从未签收过消息", ", and never acknowledged anything"};

/* A connection is lost now and then. What is in hand each time may be what ends their program. */
static const struct phrase came_back = {"", ";该消息已 {l} 次随连接中断退回",
                                        "; the message came back {l} times with a lost connection"};
#define LOST_TOLD 3

/* Where somebody waits for something else, a message that waits is said beside it: a place may be booked before the
 * sheet has come. */
static const struct phrase sheet = {"", ";转诊单尚未送达:", "; its sheet is not delivered yet: "};
static const struct phrase notice = {"", ";通知尚未送达:", "; its notice is not delivered yet: "};

static const struct phrase deadlines[] = {
    [CLOCK_ANSWER] = {"", ",应在 {U} 前答复", ", an answer is due {U}"},
    [CLOCK_INFORMATION] = {"", ",应在 {U} 前补充", ", due {U}"},
    [CLOCK_CANCEL_ANSWER] = {"", ",应在 {U} 前答复", ", an answer is due {U}"},
    [CLOCK_RECEIPT] = {"", ",应在 {U} 前确认", ", due {U}"},
};

/* Where somebody else is waited for: whose answer it is. */
static const struct phrase hospital_owes = {"", ",院方应在 {U} 前答复", ", the hospital's answer is due {U}"};

static const struct phrase reasons[] = {
    [REFERRAL__REASON__OUT_OF_SCOPE] = {"", "不属收治范围", "out of scope"},
    [REFERRAL__REASON__NO_CAPACITY] = {"", "无接诊能力", "no capacity"},
    [REFERRAL__REASON__NOT_INDICATED] = {"", "不符合转诊指征", "not indicated"},
    [REFERRAL__REASON__INCOMPLETE] = {"", "资料不全", "incomplete"},
    [REFERRAL__REASON__BETTER_PLACE] = {"", "其他机构更合适", "a better place"},
    [REFERRAL__REASON__PATIENT_DECLINED] = {"", "患者不愿转诊", "the patient declined"},
    [REFERRAL__REASON__PATIENT_DIED] = {"", "患者死亡", "the patient died"},
    [REFERRAL__REASON__PATIENT_WENT_ELSEWHERE] = {"", "患者已去他处就诊", "the patient went elsewhere"},
    [REFERRAL__REASON__DUPLICATE] = {"", "重复转诊", "a duplicate"},
    [REFERRAL__REASON__SENT_IN_ERROR] = {"", "误发", "sent in error"},
    [REFERRAL__REASON__NOT_AVAILABLE] = {"", "资源不可用", "not available"},
    [REFERRAL__REASON__OTHER_REASON] = {"", "其他原因", "another reason"},
};

struct writer {
    struct arena *arena;
    const struct why *why;
    bool chinese;
    const char *text;
};

static void append(struct writer *writer, const char *text)
{
    writer->text = arena_format(writer->arena, "%s%s", writer->text, text);
}

/* "11-21 08:30", with the year where it is not this one. */
static const char *local_time(struct writer *writer, struct instant t)
{
    int offset = writer->why->offset_minutes;
    char *text = arena_alloc(writer->arena, INSTANT_TEXT_SIZE);

    if (!instant_is_set(t))
        return writer->chinese ? "未知时间" : "at an unknown time";
    instant_format_local(text, t, offset);
    if (instant_local_date(t, offset).year == instant_local_date(writer->why->now, offset).year)
        return strchr(text, '-') + 1;
    return text;
}

/* What was booked directly and cancelled is DELIVERED, also where its sheet has not arrived. */
static bool is_on_its_way(const struct why *why)
{
    return why->state == SUBMITTED || (why->state == DELIVERED && !instant_is_set(why->delivered_at));
}

static const struct phrase *head_of(const struct why *why)
{
    assert(why->state < STATE_COUNT);
    if (is_on_its_way(why))
        return &heads[SUBMITTED];
    if (why->life == LIFE_DOWN && why->state == DELIVERED)
        return &down_delivered;
    if (why->state == RETURNED && !why->child_open)
        return &returned_alone;
    if (why->state == REPORTED && why->return_failed)
        return &return_failed;
    if (why->state == WAITLISTED && instant_is_set(why->offered_until))
        return &offered;
    if (why->state == BOOKED && instant_is_due(why->place_end, why->now))
        return &arrival;
    if (why->state == NO_SHOW && why->booked_out)
        return why->assumed ? &assumed_booked_out : &booked_out;
    if (why->state == NO_SHOW && why->assumed)
        return &assumed_miss;
    return &heads[why->state];
}

static struct instant time_of(const struct why *why, char name)
{
    switch (name) {
    case 'T':
        return why->since;
    case 'B':
        return why->submitted_at;
    case 'D':
        return why->delivered_at;
    case 'P':
        return why->place_start;
    case 'O':
        return why->offered_until;
    case 'A':
        return why->at;
    default:
        return instant_of(0);
    }
}

/* The one time that a head has. */
static struct instant time_in(const struct why *why, const struct phrase *head)
{
    struct instant t = {0};

    for (const char *at = head->en; !instant_is_set(t) && (at = strchr(at, '{')) != NULL; at++)
        t = time_of(why, at[1]);
    return t;
}

/* The time alone where the sentence has named the day already. */
static const char *due_time(struct writer *writer)
{
    const struct why *why = writer->why;
    struct date day = instant_local_date(time_in(why, head_of(why)), why->offset_minutes);
    struct date due = instant_local_date(why->due_at, why->offset_minutes);
    const char *text = local_time(writer, why->due_at);

    return date_to_days(day) == date_to_days(due) ? strchr(text, ' ') + 1 : text;
}

/* "3 天 2 小时", "15 分钟": the two largest units. */
static const char *duration(struct writer *writer, int64_t ms)
{
    long long minutes = ms / MINUTE_MS, hours = minutes / 60, days = hours / 24;

    if (days > 0)
        return arena_format(writer->arena, writer->chinese ? "%lld 天 %lld 小时" : "%lld d %lld h", days, hours % 24);
    if (hours > 0)
        return arena_format(writer->arena, writer->chinese ? "%lld 小时 %lld 分钟" : "%lld h %lld min", hours,
                            minutes % 60);
    return arena_format(writer->arena, writer->chinese ? "%lld 分钟" : "%lld min", minutes);
}

static const char *number(struct writer *writer, uint64_t value)
{
    return arena_format(writer->arena, "%llu", (unsigned long long)value);
}

static const char *or_unnamed(const struct writer *writer, const char *text)
{
    if (text != NULL)
        return text;
    return writer->chinese ? "对方机构" : "the other institution";
}

static const char *fact(struct writer *writer, char name)
{
    const struct why *why = writer->why;

    switch (name) {
    case 'S':
        return or_unnamed(writer, why->sender);
    case 'R':
        return or_unnamed(writer, why->receiver);
    case 'C':
        return or_unnamed(writer, why->successor);
    case 'N':
        return or_unnamed(writer, why->destination);
    case 'T':
    case 'B':
    case 'D':
    case 'P':
    case 'O':
    case 'A':
        return local_time(writer, time_of(why, name));
    case 'U':
        return due_time(writer);
    case 'n':
        return number(writer, why->attempt);
    case 'k':
        return number(writer, why->ahead);
    case 'l':
        return number(writer, why->lost);
    case 'W':
        return why->pause_reason != NULL ? why->pause_reason : "-";
    default:
        assert(false);
        return "";
    }
}

static void say(struct writer *writer, const struct phrase *phrase)
{
    const char *at = writer->chinese ? phrase->zh : phrase->en;
    const char *brace;

    while ((brace = strchr(at, '{')) != NULL) {
        append(writer, arena_format(writer->arena, "%.*s", (int)(brace - at), at));
        append(writer, fact(writer, brace[1]));
        at = brace + 3;
    }
    append(writer, at);
}

static void say_reason(struct writer *writer)
{
    Referral__Reason reason = writer->why->reason;

    if (!state_is_terminal(writer->why->state) || reason == 0)
        return;
    assert((size_t)reason < sizeof reasons / sizeof *reasons);
    append(writer, " (");
    say(writer, &reasons[reason]);
    append(writer, ")");
}

static void say_delivery(struct writer *writer)
{
    const struct why *why = writer->why;

    if (why->delivery == WHY_NOT_WAITING)
        return;
    if (is_on_its_way(why))
        append(writer, writer->chinese ? "," : ", ");
    else
        say(writer, why->is_sheet ? &sheet : &notice);
    say(writer, &deliveries[why->delivery]);
    if (why->delivery == WHY_NO_CONSUMER)
        say(writer, instant_is_set(why->at) ? &last_heard : &never_heard);
    if (why->lost >= LOST_TOLD)
        say(writer, &came_back);
}

/* A place may be booked or waited for before the hospital has answered (Q5). */
static bool is_owed_beside(const struct why *why)
{
    return why->clock == CLOCK_ANSWER && (why->state == BOOKED || why->state == WAITLISTED);
}

static void say_deadline(struct writer *writer)
{
    const struct why *why = writer->why;

    if (why->clock == CLOCK_NONE || !instant_is_set(why->due_at))
        return;
    say(writer, is_owed_beside(why) ? &hospital_owes : &deadlines[why->clock]);
    if (!instant_is_due(why->due_at, why->now))
        return;
    append(writer, writer->chinese ? ",已超时 " : ", overdue by ");
    append(writer, duration(writer, why->now.ms - why->due_at.ms));
}

static void say_whom_to_call(struct writer *writer)
{
    const Referral__Contact *call = writer->why->call;

    if (state_is_terminal(writer->why->state))
        return;
    if (call == NULL)
        append(writer, writer->chinese ? ";未登记联系人" : "; no contact person is registered");
    else
        append(writer, arena_format(writer->arena, writer->chinese ? ";请致电 %s %s" : "; call %s %s", call->name,
                                    call->phone));
}

const char *why_waits_for(const struct why *why)
{
    if (is_on_its_way(why) && why->delivery != WHY_NOT_WAITING)
        return deliveries[why->delivery].code;
    return head_of(why)->code;
}

const char *why_sentence(struct arena *arena, const struct why *why, bool chinese)
{
    struct writer writer = {.arena = arena, .why = why, .chinese = chinese, .text = ""};

    say(&writer, head_of(why));
    say_reason(&writer);
    say_deadline(&writer);
    say_delivery(&writer);
    say_whom_to_call(&writer);
    append(&writer, chinese ? "。" : ".");
    return writer.text;
}
