/* lifecycle_names.c - what states, events and reasons are called, and what is said of them outwardly (L3). */
#include "rules/lifecycle.h"

#include <assert.h>

#define CORE(name) REFERRAL__CORE_STATUS__CORE_##name

static const struct {
    const char *name, *zh;
    Referral__CoreStatus core;
    const char *next_actor;
} states[STATE_COUNT] = {
    [STATE_NONE] = {"NONE", "未提交", CORE(PENDING), "sender"},
    [SUBMITTED] = {"SUBMITTED", "已提交", CORE(PENDING), "broker"},
    [DELIVERED] = {"DELIVERED", "已送达", CORE(PENDING), "receiver"},
    [INFO_REQUESTED] = {"INFO_REQUESTED", "待补充资料", CORE(ACTION_REQUIRED), "sender"},
    [ACCEPTED] = {"ACCEPTED", "已接受", CORE(ACCEPTED), "sender"},
    [WAITLISTED] = {"WAITLISTED", "候补中", CORE(ACCEPTED), "broker"},
    [BOOKED] = {"BOOKED", "已预约", CORE(BOOKED), "patient"},
    [NO_SHOW] = {"NO_SHOW", "患者未到", CORE(ACTION_REQUIRED), "sender"},
    [ARRIVED] = {"ARRIVED", "已到院", CORE(IN_CARE), "receiver"},
    [IN_CARE] = {"IN_CARE", "诊疗中", CORE(IN_CARE), "receiver"},
    [CANCEL_REQUESTED] = {"CANCEL_REQUESTED", "申请撤回", CORE(IN_CARE), "receiver"},
    [REPORTED] = {"REPORTED", "已报告", CORE(REPORTED), "receiver"},
    [RETURNED] = {"RETURNED", "已下转", CORE(REPORTED), "primary"},
    [CLOSED] = {"CLOSED", "已结束", CORE(CLOSED), "nobody"},
    [REJECTED] = {"REJECTED", "已拒绝", CORE(ENDED), "nobody"},
    [REDIRECTED] = {"REDIRECTED", "已转接", CORE(ENDED), "nobody"},
    [CANCELLED] = {"CANCELLED", "已撤回", CORE(ENDED), "nobody"},
    [EXPIRED] = {"EXPIRED", "已过期", CORE(ENDED), "nobody"},
    [VOID] = {"VOID", "已作废", CORE(ENDED), "nobody"},
};

Referral__CoreStatus state_core_status(enum state state)
{
    assert(state < STATE_COUNT);
    return states[state].core;
}

const char *state_next_actor(enum life life, enum state state, bool child_open)
{
    assert(state < STATE_COUNT);
    /* Without its down-referral nobody but the sender can confirm the receipt of what was returned. */
    if (life == LIFE_UP && state == RETURNED && !child_open)
        return "sender";
    return states[state].next_actor;
}

const char *state_name(enum state state)
{
    assert(state < STATE_COUNT);
    return states[state].name;
}

const char *state_zh(enum state state)
{
    assert(state < STATE_COUNT);
    return states[state].zh;
}

#define REASON(name)     (1U << REFERRAL__REASON__##name)
#define PATIENT_REASONS  (REASON(PATIENT_DECLINED) | REASON(PATIENT_DIED) | REASON(PATIENT_WENT_ELSEWHERE))
#define MISTAKES         (REASON(DUPLICATE) | REASON(SENT_IN_ERROR))
#define HOSPITAL_REASONS (REASON(NO_CAPACITY) | REASON(NOT_AVAILABLE))

#define CANCEL_REASONS  (PATIENT_REASONS | MISTAKES | REASON(NOT_INDICATED) | REASON(BETTER_PLACE))
#define BOOKING_REASONS (PATIENT_REASONS | MISTAKES | HOSPITAL_REASONS | REASON(BETTER_PLACE))
#define REDIRECT_REASONS                                                                                               \
    (REASON(OUT_OF_SCOPE) | REASON(NO_CAPACITY) | REASON(NOT_INDICATED) | REASON(BETTER_PLACE) |                       \
     REASON(PATIENT_DECLINED))
#define REJECT_REASONS (REDIRECT_REASONS | PATIENT_REASONS | MISTAKES | REASON(INCOMPLETE))

/* `reasons`: the codes that fit beside OTHER_REASON; 0: the event takes none. */
static const struct {
    const char *name, *zh;
    uint32_t reasons;
} events[EVENT_COUNT] = {
    [EVENT_NONE] = {"none", "无", 0},
    [SUBMIT] = {"submit", "提交", 0},
    [DELIVERY_CONFIRMED] = {"delivery-confirmed", "送达确认", 0},
    [ACKNOWLEDGE] = {"acknowledge", "签收", 0},
    [AMEND] = {"amend", "修改转诊单", 0},
    [REQUEST_INFO] = {"request-info", "要求补充资料", 0},
    [SUPPLY_INFO] = {"supply-info", "补充资料", 0},
    [ACCEPT] = {"accept", "接受", 0},
    [REJECT] = {"reject", "拒绝", REJECT_REASONS},
    [REDIRECT] = {"redirect", "转接", REDIRECT_REASONS},
    [BOOK] = {"book", "预约", 0},
    [WAITLIST] = {"waitlist", "候补", 0},
    [MOVE] = {"move", "改约", 0},
    [CANCEL_BOOKING] = {"cancel-booking", "取消预约", BOOKING_REASONS},
    [LEAVE_LIST] = {"leave-list", "退出候补", BOOKING_REASONS},
    [DISPLACE] = {"displace", "让出号源", HOSPITAL_REASONS},
    [ARRIVE] = {"arrive", "到院", 0},
    [MISS] = {"no-show", "爽约", PATIENT_REASONS},
    [START] = {"start", "开始诊疗", 0},
    [REPORT] = {"report", "诊疗报告", 0},
    [RETURN] = {"return", "下转", 0},
    [CLOSE] = {"close", "结束", 0},
    [CONFIRM_RECEIPT] = {"confirm-receipt", "确认接收", 0},
    [CANCEL] = {"cancel", "撤回", CANCEL_REASONS},
    [REQUEST_CANCEL] = {"request-cancel", "申请撤回", CANCEL_REASONS},
    [ANSWER_CANCEL] = {"answer-cancel", "答复撤回申请", 0},
    [EXPIRE] = {"expire", "过期", 0},
    [ANNUL] = {"void", "作废", MISTAKES},
    [WARNING] = {"warning", "时限过半", 0},
    [ESCALATED] = {"escalated", "超时升级", 0},
    [CURED] = {"cured", "超时已处理", 0},
    [REMINDER] = {"reminder", "提醒", 0},
    [DEAD_LETTER] = {"dead-letter", "无法投递", 0},
    [RETURN_FAILED] = {"return-failed", "下转未成", 0},
    [DELIVERY_FAILED] = {"delivery-failed", "投递失败", 0},
    [PAYLOAD_SHOWN] = {"payload-shown", "查看内容", 0},
    [PLACE_HELD] = {"place-held", "暂占号源", 0},
    [PLACE_LAPSED] = {"place-lapsed", "暂占过期", 0},
    [PLACE_OFFERED] = {"place-offered", "候补到号", 0},
    [LIST_LEFT] = {"list-left", "移出候补", 0},
    [PLACE_BOOKED] = {"place-booked", "预约号源", 0},
    [PLACE_MOVED] = {"place-moved", "改约号源", 0},
    [PLACE_CANCELLED] = {"place-cancelled", "取消号源", 0},
    [PLACE_DISPLACED] = {"place-displaced", "号源让出", 0},
    [PLACE_CHANGED] = {"place-changed", "号源变更", 0},
};

const char *event_name(enum event event)
{
    assert(event < EVENT_COUNT);
    return events[event].name;
}

const char *event_zh(enum event event)
{
    assert(event < EVENT_COUNT);
    return events[event].zh;
}

bool lifecycle_reason_fits(enum event event, Referral__Reason reason)
{
    assert(event < EVENT_COUNT);
    return events[event].reasons != 0 && ((events[event].reasons | REASON(OTHER_REASON)) & 1U << reason) != 0;
}
