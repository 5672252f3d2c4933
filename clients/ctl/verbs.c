/* verbs.c - the table of verbs. One row is one thing that can be done. */
#include "verbs.h"

#include <string.h>

#include "base/spelling.h"
#include "handlers.h"

/* clang-format off */

#define END {NULL, NULL, NULL, NULL, NULL}

/* ---- Options that several verbs share ---- */

#define WHO                                                                                                            \
    {"person", "NAME", "person.name", "经办人姓名", "who acts"},                                                         \
    {"phone", "NUMBER", "person.phone", "经办人电话", "that person's phone"},                                            \
    {"text", "TEXT|@FILE", "text", "说明(@FILE: 从文件读取)", "a remark, the question or the answer (@FILE: from a file)"}
#define REASON {"reason", "CODE", "reason", "原因代码", "coded reason"}
#define AT {"at", "TIME", "occurred_at_ms", "发生时间: now 或 \"YYYY-MM-DD HH:MM\"", "when it happened: now, or \"YYYY-MM-DD HH:MM\""}
#define FINDINGS                                                                                                       \
    {"diagnosis", "TEXT|@FILE", "diagnoses.text", "诊断", "diagnosis"},                                                  \
    {"icd10", "CODE", "diagnoses.icd10", "诊断编码", "its ICD-10 code"},                                                  \
    {"treatment", "TEXT|@FILE", "treatment", "治疗经过", "treatment"}
#define INSTITUTION {"institution", "ID", "institution", "机构(运维可指定)", "whose (operators)"}
#define PAGE                                                                                                           \
    {"rows", "N", NULL, "最多显示行数(默认 1000)", "at most so many rows (default 1000)"},                                \
    {"cursor", "HEX", NULL, "从上次结束处继续", "go on where the last answer ended"}
#define STATED {"reason", "TEXT", "reason", "理由(记入审计)", "why; kept in the audit"}

static const struct option_info every[] = {
    {"address", "ENDPOINT", NULL, "服务地址, 如 tcp://10.1.2.3:5570, 可用逗号分隔多个", "the broker: tcp://10.1.2.3:5570, several with commas"},
    {"server-key", "HEX|FILE", NULL, "服务器公钥(十六进制或文件)", "the broker's public key, in hex or as a file"},
    {"key", "FILE", NULL, "本机构密钥文件(0600)", "this client's key file, mode 0600"},
    {"config", "FILE", NULL, "配置文件", "configuration file"},
    {"acting-for", "ID", NULL, "代表该机构(须有委托)", "speak for this institution, by delegation"},
    {"message-id", "ID", NULL, "命令的消息编号(默认自动生成)", "message id of a command (default: a new one)"},
    {"body", "FILE|-", NULL, "命令其余内容, JSON 格式(参见 schema)", "further fields of the command, as JSON (see schema)"},
    {"timeout", "SECONDS", NULL, "等待时限(默认 10)", "how long to wait (default 10)"},
    {"json", NULL, NULL, "以 JSON 输出", "answer in JSON"},
    {"output", "table|json", NULL, "同上(-o)", "the same (-o)"},
    {"print", "PATH", NULL, "只输出 JSON 中的这一项, 如 referral_id, referrals.state", "only this of the JSON, bare: referral_id, referrals.state"},
    {"progress", NULL, NULL, "即使不在终端也显示进度", "show progress even where there is no terminal"},
    {"lang", "zh|en", NULL, "语言(默认按 REFERRALD_LANG, 再按系统语言)", "language (default: as REFERRALD_LANG says, else the locale)"},
    {"help", NULL, NULL, "帮助", "help"},
    {"version", NULL, NULL, "版本", "version"},
    END,
};

static const struct option_info none[] = {END};
static const struct option_info who[] = {WHO, END};
static const struct option_info who_why[] = {REASON, WHO, END};
static const struct option_info who_when[] = {AT, WHO, END};
static const struct option_info who_when_why[] = {AT, REASON, WHO, END};
static const struct option_info redirect[] = {
    {"receiver", "ID", "receiver", "新的接收机构", "the new receiver"},
    {"department", "CODE", "department", "新接收机构的科室", "the new receiver's department"},
    REASON, WHO, END,
};
static const struct option_info amend[] = {
    {"sheet", "FILE|-", "sheet", "新的完整转诊单(JSON)", "the whole new sheet, as JSON"}, WHO, END,
};
static const struct option_info place[] = {
    {"class", "CLASS", "place.class", "EXPERT 专家号, BED 床位, EXAM 检查", "EXPERT, BED or EXAM"},
    {"start", "TIME", "place.start_ms", "开始时间", "when it starts"},
    {"end", "TIME", "place.end_ms", "结束时间(默认一小时后)", "when the session ends (default: an hour later)"},
    {"department", "CODE", "place.department", "科室", "department"},
    {"doctor", "NAME", "place.doctor", "医生", "doctor"},
    WHO, END,
};

/* ---- Places ---- */

#define WHO_ONLY                                                                                                       \
    {"person", "NAME", "person.name", "经办人姓名", "who acts"},                                                         \
    {"phone", "NUMBER", "person.phone", "经办人电话", "that person's phone"}
#define HOSPITAL {"hospital", "ID", "hospital", "医院(默认本院)", "the hospital (default: our own)"}
#define CLASS {"class", "CLASS", "class", "号源类别", "class of place"}
#define DEPARTMENT {"department", "CODE", "department", "科室", "department"}
#define RESOURCE {"resource", "CODE", "resource", "号源: 医生场次, 病区, 设备", "doctor's session, ward or device"}
#define CHANNEL {"channel", "CHANNEL", "channel", "渠道", "channel"}
#define REFERENCE {"reference", "TEXT", "reference", "院内编号(无转诊单时)", "the hospital's own number, where there is no referral"}
#define RESERVE                                                                                                        \
    {"reserve", "20%", "reserve_bp", "预留比例(20% 至 100%)", "share kept for family doctors, 20% to 100%"},              \
    {"span", "N", "span", "多号检查通常占用的号数", "units that an examination usually takes"},                                 \
    {"opens", "TIME", "fd_opens_at_ms", "家医渠道开放时间", "opens for family doctors"},                                    \
    {"general-opens", "TIME", "general_opens_at_ms", "一般渠道开放时间", "opens for everybody else"},                       \
    {"release", "TIME", "release_at_ms", "预留释放时间", "when what is left of the reserve is released"}
#define UNITS {"units", "N,...", "units", "按号指定", "units by number"}
#define COUNT {"count", "N", "count", "数量", "how many units"}

static const struct option_info pool[] = {
    {"doctor", "NAME", "doctor", "医生姓名", "name of the doctor"},
    {"count", "N", "units.count", "号数", "how many units"},
    {"start", "HH:MM", "units.start_ms", "首号开始时间(床位默认 08:00)", "when the first one starts (beds: 08:00, where it is not given)"},
    {"minutes", "N", "units.minutes", "每号分钟数(0: 同时开始, 床位默认)", "minutes from one to the next (0: all at once, as beds are by default)"},
    RESERVE,
    {"displace", NULL, "displace", "已预约的号可改派", "booked units may go"},
    WHO_ONLY, END,
};
static const struct option_info grouping[] = {HOSPITAL, RESERVE, END};
static const struct option_info cut[] = {
    COUNT, UNITS,
    {"reason", "CODE", "reason", "原因代码", "coded reason"},
    {"displace", NULL, "displace", "已预约的号可改派", "booked units may go"},
    WHO_ONLY, END,
};
static const struct option_info block[] = {
    COUNT, UNITS, {"reason", "CODE", "reason", "原因代码", "coded reason"}, WHO_ONLY, END,
};
static const struct option_info unblock[] = {COUNT, UNITS, END};
static const struct option_info session[] = {{"reason", "CODE", "reason", "原因代码", "coded reason"}, WHO_ONLY, END};
static const struct option_info timetable[] = {
    HOSPITAL, CLASS, DEPARTMENT,
    {"id", "ID", "id", "排班编号", "id of the timetable"},
    {"first-date", "YYYY-MM-DD", "first_date", "首日(默认今天)", "first day (default: today)"},
    {"end-date", "YYYY-MM-DD", "end_date", "不再排班的首日", "first day without"},
    {"horizon", "DAYS", "horizon_days", "提前发布天数(默认 14)", "days published ahead (default 14)"},
    {"displace", NULL, "displace", "已预约的号可改派", "booked units may go"},
    WHO_ONLY, END,
};
static const struct option_info timetable_which[] = {HOSPITAL, END};
static const struct option_info allotment[] = {
    {"count", "N", "units", "号数", "how many units"},
    {"reference", "TEXT", "reference", "院内编号", "the hospital's own number"}, WHO_ONLY, END,
};
static const struct option_info returned[] = {
    {"units", "N,...", "units", "退回的号(默认全部)", "the units given back (default: all)"}, WHO_ONLY, END,
};
static const struct option_info marking[] = {AT, WHO_ONLY, END};
static const struct option_info glance[] = {
    HOSPITAL,
    {"date", "YYYY-MM-DD", "first_date", "日期(默认今天)", "the day (default: today)"},
    {"to", "YYYY-MM-DD", "last_date", "至该日", "and the days up to this one"},
    CLASS, DEPARTMENT, RESOURCE, PAGE, END,
};
#define SEARCH                                                                                                         \
    {"hospital", "ID", "hospital", "医院", "the hospital"}, CLASS, DEPARTMENT, RESOURCE,                                \
    {"doctor", "NAME", "doctor", "医生姓名(部分)", "part of the doctor's name"},                                          \
    {"from", "YYYY-MM-DD", "first_date", "自该日(默认今天)", "from this day (default: today)"},                            \
    {"to", "YYYY-MM-DD", "last_date", "至该日(默认两周)", "to this day (default: two weeks on)"},                           \
    {"channel", "CHANNEL", "channel", "渠道(默认家医; 医院查找时为一般)", "channel (default: FAMILY_DOCTOR; a hospital's search: GENERAL)"}, \
    {"units", "N", "units", "连续号数(默认 1)", "consecutive units (default 1)"}
static const struct option_info search[] = {
    SEARCH, {"all", NULL, "all", "也显示无空号的场次", "sessions without free places, too"}, PAGE, END,
};
static const struct option_info wizard[] = {
    SEARCH,
    {"minutes", "N", NULL, "暂占分钟数(默认 10, 最多 30)", "minutes to hold it (default 10, at most 30)"},
    {"first", NULL, NULL, "取第一个可约的", "take the first that is free"},
    {"yes", NULL, NULL, "不再询问, 立即预约", "book at once, without asking"},
    {"waitlist", NULL, NULL, "无空号时列入候补", "join the wait-list where nothing is free"},
    {"person", "NAME", NULL, "经办人姓名", "who acts"},
    {"phone", "NUMBER", NULL, "经办人电话", "that person's phone"}, END,
};
#define TAKE                                                                                                           \
    CHANNEL, {"referral", "ID", "referral_id", "转诊编号", "the referral"}, REFERENCE,                                   \
    {"units", "N", "units", "连续号数(默认 1)", "consecutive units (default 1)"},                                          \
    {"unit", "N", "first_unit", "自该号起(默认最早)", "from this unit on (default: the earliest)"}, WHO_ONLY
static const struct option_info take[] = {TAKE, END};
static const struct option_info hold[] = {
    {"minutes", "N", "hold_minutes", "暂占分钟数(默认 10, 最多 30)", "minutes to hold it (default 10, at most 30)"}, TAKE, END,
};
static const struct option_info who_only[] = {WHO_ONLY, END};
static const struct option_info moved[] = {
    {"unit", "N", "first_unit", "自该号起(默认最早)", "from this unit on (default: the earliest)"}, WHO_ONLY, END,
};
static const struct option_info bookings[] = {
    {"booking", "ID", "booking_id", "预约编号", "one booking"},
    {"pool", "POOL", "pool", "占用该场次的预约(医院)", "those that hold a unit of it (the hospital)"},
    {"team", "ID", "team_id", "该团队的暂占", "live holds of this team"}, PAGE, END,
};
static const struct option_info waiting[] = {
    {"entry", "ID", "entry_id", "候补编号", "one entry"}, HOSPITAL, CLASS, DEPARTMENT, PAGE, END,
};
static const struct option_info joining[] = {
    {"hospital", "ID", "hospital", "医院(默认转诊接收机构)", "the hospital (default: the referral's receiver)"},
    CLASS, DEPARTMENT,
    {"resource", "CODE", "resource", "限该号源", "only this session, ward or device"},
    {"from", "YYYY-MM-DD", "first_date", "首个合适日期", "first day that suits"},
    {"to", "YYYY-MM-DD", "last_date", "最后合适日期", "last day that suits"},
    {"units", "N", "units", "连续号数(默认 1)", "consecutive units (default 1)"},
    CHANNEL, REFERENCE, WHO_ONLY, END,
};

static const struct option_info report[] = {FINDINGS, AT, WHO, END};
static const struct option_info ending[] = {
    {"code", "CODE", "close_code", "结束代码", "how it ended"}, FINDINGS, WHO, END,
};
static const struct option_info answer[] = {
    {"agreed", "yes|no", "agreed", "是否同意撤回", "may it be cancelled?"}, WHO, END,
};

static const struct option_info stated[] = {STATED, END};
static const struct option_info paged[] = {INSTITUTION, PAGE, END};
static const struct option_info pages[] = {PAGE, END};
static const struct option_info alarms[] = {
    {"past", NULL, "past", "已解除的告警(最近 1000 条, 90 天内)", "those that have ended: the last 1,000 of at most 90 days"},
    {"institution", "ID", "institution", "只看与该机构有关的", "only those about this institution"}, PAGE, END,
};
static const struct option_info lane[] = {
    {"lane", "PRIORITY", "lane", "只看一个通道", "one lane only"}, PAGE, END,
};
#define FORM OUTPUT("table|json|prometheus")
#define OUTPUT(forms) {"output", forms, NULL, "输出形式(-o)", "form of the answer (-o)"}
static const struct option_info form[] = {FORM, END};
static const struct option_info queues[] = {
    {"stuck", NULL, NULL, "只看停滞的: 未连接, 暂停, 有风险, 退回过, 有死信", "only what is stuck: not connected, paused, at risk, come back, dead letters"}, FORM, END,
};
static const struct option_info sessions[] = {INSTITUTION, FORM, PAGE, END};
static const struct option_info top[] = {
    {"count", "N", NULL, "显示 N 次后结束", "end after N screens"}, END,
};
static const struct option_info check[] = {
    {"warn", "N", NULL, "达到即警告(时间可写 10m)", "a warning from here on (of times: 10m)"},
    {"crit", "N", NULL, "达到即严重", "critical from here on"}, FORM, END,
};
static const struct option_info drain[] = {
    {"off", NULL, "off", "恢复接收新业务", "take new work again"},
    {"wait", NULL, NULL, "等待投递中的消息处理完毕", "show what is in flight until nothing is"}, STATED, END,
};
static const struct option_info dead[] = {
    {"yes", NULL, NULL, "执行(否则只演练)", "do it; else it is only shown what would be done"},
    {"id", "HEX", "delivery_ids", "投递编号, 可多次给出", "a delivery id; may be given several times"},
    {"all", NULL, "all", "全部(每次最多 1000 条)", "all of them, at most 1,000 at once"},
    STATED, END,
};
#define WHICH                                                                                                          \
    {"reference", "TEXT", "sender_reference", "按本方编号查询", "instead: by the sender's own number"},                   \
    {"sent-as", "ID", "message_id", "按提交时的消息编号查询", "instead: by the message id it was sent with"}
static const struct option_info which[] = {WHICH, END};
#define PATIENT_ID                                                                                                     \
    {"id-type", "TYPE", NULL, "证件类型(默认 RESIDENT_ID)", "kind of id: RESIDENT_ID (default), PASSPORT ..."},              \
    {"reason", "TEXT", NULL, "理由(运维必填, 记入审计)", "why; operators must say, and it is kept in the audit"}
#define SENDER {"from", "ID", NULL, "发送机构(运维可指定)", "whose message (operators)"}
static const struct option_info trace[] = {
    WHICH,
    {"message", "ID", NULL, "按消息编号", "by the message id of any command about it"}, SENDER,
    {"patient", NULL, NULL, "按患者证件号码, 在提示后输入", "by a patient's id number, typed at a prompt"}, PATIENT_ID,
    {"cursor", "HEX", NULL, "从上次结束处继续", "go on where the last answer ended"}, END,
};
static const struct option_info sender[] = {SENDER, END};
static const struct option_info patient[] = {PATIENT_ID, END};
static const struct option_info which_pages[] = {WHICH, PAGE, END};
static const struct option_info payload[] = {
    {"sheet-version", "N", "sheet_version", "单据版本(默认最新)", "version of the sheet (default: the latest)"},
    {"event", "N", "event_number", "改为显示该事件的内容(编号见 show 的时间线)", "instead: what came with this event, numbered in the timeline of show"}, STATED, END,
};
static const struct option_info list[] = {
    INSTITUTION,
    {"state", "STATE,...", "states", "只看这些状态", "only in these states"},
    {"priority", "PRIORITY,...", "priorities", "只看这些紧急程度", "only of these priorities"},
    {"sent", NULL, "as_sender", "只看转出的", "only those it sent"},
    {"received", NULL, "as_receiver", "只看接收的", "only those it was sent"},
    {"older-than", "2h", "older_than_ms", "停留在当前状态的最短时间", "in the present state at least so long"},
    {"overdue", NULL, "overdue", "已超时限", "a deadline has passed"},
    {"open", NULL, "open", "尚未结束", "not ended"},
    PAGE, END,
};
static const struct option_info setting[] = {
    {"institution", "ID", "institution", "只对该接收机构", "for this receiver only"}, END,
};
static const struct option_info day[] = {
    {"working", "yes|no", "working", "是否工作日(省略则恢复默认)", "a working day? (absent: back to Monday to Friday)"},
    {"note", "TEXT", "note", "备注(与 --working 同用)", "note, beside --working"}, END,
};
static const struct option_info audit[] = {
    {"from", "INDEX", "from_index", "从该序号起(默认最近的)", "from this turn on, whole turns (default: the latest rows)"}, PAGE, END,
};

static const struct option_info institution[] = {
    {"name", "NAME", "name", "名称", "name"},
    {"kind", "KIND", "kind", "类别", "kind"},
    {"tier", "TIER", "tier", "层级", "tier"},
    {"consortium", "NAME", "consortium", "医共体", "consortium"},
    {"parent", "ID", "parent", "上级机构", "parent institution"},
    {"time-zone", "+08:00", "time_zone", "时区", "offset from UTC"},
    {"working-hours", "08:00-18:00", "working_hours", "工作时间", "working hours"},
    {"department", "code=C,name=N", "departments", "科室, 可多次给出", "a department; may be given several times"},
    {"direct-booking", "CLASS,...", "direct_booking", "接受前即可预约的号源", "classes bookable before acceptance"},
    {"direct-booking-set", "yes|no", "direct_booking_set", "采用上一项(空则全无)", "the option before holds, even if empty"},
    {"enabled", "yes|no", "enabled", "启用", "enabled"},
    {"query-only", "yes|no", "query_only", "无接收系统, 仅供查询", "has no consumer: queries only"},
    END,
};
static const struct option_info contact[] = {
    {"name", "NAME", "contact.name", "姓名", "name"},
    {"phone", "NUMBER", "contact.phone", "电话", "phone"},
    {"deputy", "NAME", "contact.deputy_name", "副联系人", "deputy"},
    {"deputy-phone", "NUMBER", "contact.deputy_phone", "副联系人电话", "the deputy's phone"},
    {"hours", "TEXT", "contact.hours", "值守时间", "hours"},
    END,
};
static const struct option_info kinds[] = {
    {"kinds", "KIND,...", "kinds", "转诊类型(默认全部)", "kinds of referral (default: all)"}, END,
};
static const struct option_info team[] = {
    {"institution", "ID", "institution", "所属基层机构", "its primary institution"},
    {"name", "NAME", "name", "名称", "name"},
    {"member", "name=N,phone=P", "members", "成员, 可多次给出", "a member; may be given several times"},
    {"from", "YYYY-MM-DD", "active_from", "启用日", "first active day"},
    {"to", "YYYY-MM-DD", "active_to", "停用日", "first day no longer active"},
    END,
};
static const struct option_info access_key[] = {
    {"institution", "ID", "institution", "所属机构", "whose key it is"},
    {"roles", "ROLE,...", "roles", "角色", "roles"},
    {"from", "TIME", "valid_from_ms", "生效(默认立即)", "valid from (default: at once)"},
    {"to", "TIME", "valid_to_ms", "失效(默认无限期)", "valid to (default: no end)"},
    {"label", "TEXT", "label", "备注", "label"},
    END,
};
static const struct option_info load[] = {
    {"keep-going", NULL, NULL, "遇拒绝继续(否则停止; 已发出的至多 256 条仍会执行)", "go on after a refusal (else stop; at most 256 are on their way by then)"}, END,
};
static const struct option_info listen[] = {
    {"exec", "COMMAND", NULL, "每条消息以 JSON 交给该命令的标准输入; 退出码 0 确认, 75 及 126 至 192(无法运行, 被信号终止)稍后重试, 65 无法读取, 67 非本机构, 其他永久拒收",
     "give each message as JSON to this command's input; it exits 0: ack, 75 or 126 to 192 (cannot be run, ended by a signal): retry, 65: unreadable, 67: not for us, else: refused for ever"},
    {"count", "N", NULL, "收到 N 条后结束", "end after N messages"},
    {"credit", "N", NULL, "同时未确认的最多条数(默认 16; 有 --exec 时 1)", "unacknowledged messages at most (default 16; with --exec 1)"},
    {"idle", "SECONDS", NULL, "这么久没有消息就结束", "end when none came for so long"},
    {"full", NULL, NULL, "显示全部内容(含患者信息)", "print whole messages, patient data included"},
    END,
};
#define HOST_KEY                                                                                                       \
    {"host-key", "FILE", NULL, "主机密钥文件", "host key file"},                                                         \
    {"broker-config", "FILE", NULL, "由此读取未给出的项(默认 /etc/referrald/referrald.conf)", "take from here what is not given (default /etc/referrald/referrald.conf)"}
static const struct option_info store[] = {
    {"store", "DIR", NULL, "数据库目录", "directory of the store"}, HOST_KEY, END,
};
#define ARCHIVES {"archives", "DIR", NULL, "归档目录(默认见服务配置)", "directory of the archive (default: of the broker's configuration)"}
#define BACKUP_KEY {"backup-key", "FILE", NULL, "备份所用的密钥文件(默认主机密钥)", "the key file of backups (default: the host key)"}
static const struct option_info verify[] = {
    {"store", "DIR", NULL, "数据库目录", "directory of the store"}, HOST_KEY,
    {"backup", "FILE", NULL, "检查该备份: 解封到临时目录, 与数据库同样检查", "check this backup, as the store that it becomes"}, BACKUP_KEY,
    {"staging", "DIR", NULL, "在此解封备份(默认 /var/tmp)", "where the backup is unsealed (default /var/tmp)"},
    {"archives", "DIR", NULL, "另检查归档目录: 每个文件, 每条记录, 与数据库一致(无 --store 时按服务配置检查)", "check the archive in DIR, too: every file and record, and that the store agrees (without --store: that of the broker's configuration)"},
    {"checkpoint", "FILE", NULL, "另检查: 审计链经过该检查点, 之后没有截断或改写", "check that the audit chain passes through this checkpoint: nothing was cut off or written anew"},
    {"public-key", "HEX", NULL, "该检查点须由此公钥签名(init 与 checkpoint 显示; 另行保存)", "the public key that must have signed it, as init and checkpoint show it; kept elsewhere"},
    {"report", "FILE", NULL, "只核查该报告(JSON): 按其台账范围重算, 逐项比较; 无 --store 则向服务查询", "check only this saved report, JSON, made again over its range of the ledger; without --store: of the broker"},
    END,
};
static const struct option_info archives[] = {ARCHIVES, HOST_KEY, END};
#define ARCHIVED_IN {"file", "NAME", NULL, "只读此归档文件(见 `referralctl show`), 不通读全部", "read this file of the archive only, which `referralctl show` names, and not all of them"}
static const struct option_info archive_find[] = {ARCHIVES, HOST_KEY, ARCHIVED_IN, END};
static const struct option_info archive_look[] = {
    ARCHIVES, HOST_KEY, ARCHIVED_IN, {"reason", "TEXT", NULL, "理由(记入归档目录的查阅记录)", "why; kept in the archive's log of looks"}, END,
};
static const struct option_info rotate[] = {
    {"store", "DIR", NULL, "数据库目录", "directory of the store"}, HOST_KEY,
    {"status", NULL, NULL, "只显示: 每个数据密钥下有多少行", "only show how many rows each data key seals"},
    {"host-key-new", "FILE", NULL, "不加数据密钥, 改用此主机密钥包装(无此文件则新建)", "add no data key, but wrap them by this host key; the file is made if it is not there"},
    ARCHIVES, END,
};
static const struct option_info restore[] = {HOST_KEY, BACKUP_KEY, END};
static const struct option_info backup[] = {
    {"store", "DIR", NULL, "数据库目录", "directory of the store"}, HOST_KEY, BACKUP_KEY,
    {"staging", "DIR", NULL, "本机暂存目录(默认为数据库目录名加 .staging)", "directory on this machine to work in (default: the store's name and .staging)"},
    {"rate", "BYTES", NULL, "移到目标目录的每秒字节数(默认 32M, 0 不限)", "how many bytes a second are moved to DIRECTORY (default 32M; 0: all it takes)"},
    {"within", "SPAN", NULL, "复制超过此时长即放弃(默认 5m)", "give up a copy that takes longer (default 5m)"},
    {"growth", "PERCENT", NULL, "复制期间数据库增长超过此比例(且超过 64 MiB)即放弃(默认 5)", "give up when the store has grown by so much, and 64 MiB, meanwhile (default 5)"},
    {"keep", "N", NULL, "成功后只保留该库最新的 N 个备份(默认全部)", "keep only the newest N of this store afterwards (default: all)"},
    ARCHIVES,
    END,
};
#define OFFLINE {"store", "DIR", NULL, "直接读取数据库目录, 不连接服务", "read the store in this directory, without a broker"}, HOST_KEY
static const struct option_info ledger[] = {OUTPUT("table|csv|json|hex"), OFFLINE, END};
static const struct option_info replay[] = {
    {"all", NULL, NULL, "全部医院", "every hospital"}, OFFLINE, END,
};
static const struct option_info reserve[] = {
    {"from", "YYYY-MM-DD", NULL, "首个就诊日", "first service date"},
    {"to", "YYYY-MM-DD", NULL, "末个就诊日", "last service date"},
    {"by", "day|month", NULL, "按日或按月(默认按日)", "a line a day, or a month (default: day)"},
    OUTPUT("table|csv|json"), OFFLINE, END,
};
static const struct option_info service[] = {
    {"month", "YYYY-MM", NULL, "月份", "which month"}, OUTPUT("table|csv|json"), OFFLINE, END,
};
static const struct option_info init[] = {
    {"store", "DIR", NULL, "新数据库目录", "directory of the new store"},
    {"name", "NAME", NULL, "短名, 用于编号: [a-z0-9]{1,12}", "short name, part of every id: [a-z0-9]{1,12}"},
    {"institution", "ID", NULL, "运维机构编号", "id of the operator's institution"},
    {"institution-name", "NAME", NULL, "运维机构名称", "its name"},
    {"keys", "DIR", NULL, "密钥目录", "directory for the key files"},
    {"listen", "ENDPOINT", NULL, "示例配置中的监听地址(默认 tcp://*:5570)", "endpoint in the example configuration (default tcp://*:5570)"},
    {"test-time", NULL, NULL, "测试用: 允许测试时间", "for tests: the store takes test time"},
    END,
};

#define ARGUMENTS(name, ...) static const struct argument_info name[] = {__VA_ARGS__, {NULL, NULL, false}}

ARGUMENTS(referral_, {"REFERRAL", "referral_id", false});
ARGUMENTS(kept_file, {"FILE", NULL, true});
ARGUMENTS(archived_, {"REFERRAL", NULL, false});
ARGUMENTS(some_referral, {"REFERRAL", "referral_id", true});
ARGUMENTS(institution_, {"INSTITUTION", "institution", false});
ARGUMENTS(some_institution, {"INSTITUTION", "institution", true});
ARGUMENTS(id_, {"ID", "id", false});
ARGUMENTS(contact_, {"INSTITUTION", "institution", false}, {"UP|DOWN", "direction", false});
ARGUMENTS(from_to, {"FROM", "from", false}, {"TO", "to", false});
ARGUMENTS(delegation_, {"AGENT", "agent", false}, {"PRINCIPAL", "principal", false});
ARGUMENTS(hash_, {"HASH", "hash", false});
ARGUMENTS(public_key_, {"PUBLIC_KEY|FILE", "public_key", false});
ARGUMENTS(setting_, {"NAME", "name", false}, {"VALUE", "value", true});
ARGUMENTS(day_, {"DATE", "date", false});
ARGUMENTS(dead_, {"DELIVERY", "dead_delivery_id", false});
ARGUMENTS(pool_, {"POOL", "pool", false});
ARGUMENTS(group_, {"CLASS", "class", false}, {"DEPARTMENT", "department", false}, {"DATE", "date", false});
ARGUMENTS(timetable_, {"CLASS", "class", false}, {"DEPARTMENT", "department", false}, {"ID", "id", false});
ARGUMENTS(booking_, {"BOOKING", "booking_id", false});
ARGUMENTS(booking_pool, {"BOOKING", "booking_id", false}, {"POOL", "pool", false});
ARGUMENTS(entry_, {"ENTRY", "entry_id", false});
ARGUMENTS(message_, {"MESSAGE_ID", NULL, false});
ARGUMENTS(check_, {"WHAT", NULL, false}, {"INSTITUTION", NULL, true});
ARGUMENTS(wizard_, {"REFERRAL", NULL, false});
ARGUMENTS(file_, {"FILE", NULL, false});
ARGUMENTS(some_file, {"FILE", NULL, true});
ARGUMENTS(some_hospital, {"HOSPITAL", NULL, true});
ARGUMENTS(some_kind, {"KIND", NULL, true});
ARGUMENTS(copy_, {"FROM", NULL, false}, {"TO", NULL, false});
ARGUMENTS(directory_, {"DIRECTORY", NULL, false});
ARGUMENTS(some_verb, {"VERB", NULL, true}, {"WORD", NULL, true});

#define KIND(name) REFERRAL__KIND__##name
#define LIFE(name, event, options, zh, en)                                                                             \
    {name, GROUP_LIFE, KIND(EVENT), command_run, "type", "EVENT_" #event, referral_, options, zh, en}
#define PLAIN(group, name, run, kind, arguments, options, zh, en)                                                      \
    {name, group, kind, run, NULL, NULL, arguments, options, zh, en}

static const struct verb table[] = {
    PLAIN(GROUP_SEND, "send", command_send, KIND(SUBMIT), some_file, none, "提交转诊单(JSON 文件或标准输入); 下转即回转", "submit a referral sheet, JSON from FILE or standard input; a down-referral returns its parent"),
    PLAIN(GROUP_SEND, "listen", listen_run, 0, NULL, listen, "接收消息: 显示并确认, 或交给命令处理", "receive messages: print and acknowledge them, or let a command decide"),
    PLAIN(GROUP_SEND, "schema", schema_run, 0, some_kind, none, "命令内容的 JSON Schema(默认为转诊单)", "JSON schema of a command's body (default: the sheet of SUBMIT)"),

    LIFE("acknowledge", ACKNOWLEDGE, who, "签收(人已阅)", "a person has read it"),
    LIFE("amend", AMEND, amend, "更新转诊单", "send a new version of the sheet"),
    LIFE("request-info", REQUEST_INFO, who, "要求补充资料", "ask for more"),
    LIFE("supply-info", SUPPLY_INFO, who, "补充资料", "answer such a question"),
    LIFE("accept", ACCEPT, who, "接受", "accept"),
    LIFE("reject", REJECT, who_why, "拒绝", "reject"),
    LIFE("redirect", REDIRECT, redirect, "转接其他机构", "pass on to another institution"),
    LIFE("book outside", BOOK, place, "登记预约(未发布号源的医院)", "record a booking of a hospital that publishes no places"),
    LIFE("move outside", MOVE, place, "此类预约改期", "move such a booking"),
    LIFE("cancel-booking", CANCEL_BOOKING, who_why, "取消预约", "cancel the booking"),
    LIFE("leave-list", LEAVE_LIST, who_why, "退出候补", "leave the wait-list"),
    LIFE("arrive", ARRIVE, who_when, "患者到达", "the patient came"),
    LIFE("no-show", NO_SHOW, who_when_why, "患者未到", "the patient did not come"),
    LIFE("start", START, who_when, "开始诊疗", "care begins"),
    LIFE("report", REPORT, report, "提交诊疗报告", "report the outcome"),
    LIFE("close", CLOSE, ending, "结束", "end it at the hospital"),
    LIFE("confirm-receipt", CONFIRM_RECEIPT, who, "确认接收", "confirm that the patient was taken over"),
    LIFE("cancel", CANCEL, who_why, "撤回转诊", "cancel before arrival"),
    LIFE("request-cancel", REQUEST_CANCEL, who_why, "申请撤回(诊疗已开始)", "ask to cancel after care began"),
    LIFE("answer-cancel", ANSWER_CANCEL, answer, "答复撤回申请", "answer that question"),
    LIFE("void", VOID, who_why, "作废", "void what should never have been sent"),

    PLAIN(GROUP_CAPACITY, "places", places_run, KIND(LIST_POOLS), NULL, glance, "当日号源一览: 每场次一行, 预留, 家医, 一般, 停用, 空余", "a day at a glance: reserved, used and free, one line a session"),
    PLAIN(GROUP_CAPACITY, "publish", publish_run, KIND(PUT_POOL), pool_, pool, "发布或更改号源", "publish a session, ward-day or device-day, or change it"),
    PLAIN(GROUP_CAPACITY, "cut", pool_tell_run, KIND(CUT_UNITS), pool_, cut, "减少号源", "capacity goes"),
    PLAIN(GROUP_CAPACITY, "cancel-session", pool_tell_run, KIND(CANCEL_POOL), pool_, session, "取消整场", "the session does not take place; its bookings wait first"),
    PLAIN(GROUP_CAPACITY, "block", pool_tell_run, KIND(BLOCK_UNITS), pool_, block, "停用", "units that serve nobody for now"),
    PLAIN(GROUP_CAPACITY, "unblock", pool_tell_run, KIND(UNBLOCK_UNITS), pool_, unblock, "恢复停用的号", "and again for everybody"),
    PLAIN(GROUP_CAPACITY, "group", pool_tell_run, KIND(PUT_GROUP), group_, grouping, "同科室当日小号源合并计算预留", "one reserve for the small sessions of a day"),
    PLAIN(GROUP_CAPACITY, "timetables", query_list, KIND(LIST_TIMETABLES), NULL, paged, "排班列表", "timetables"),
    PLAIN(GROUP_CAPACITY, "timetable put", command_file, KIND(PUT_TIMETABLE), some_file, timetable, "登记或更新每周排班(JSON), 逐日自动发布", "write a weekly timetable, JSON from FILE or standard input; it is published day by day"),
    PLAIN(GROUP_CAPACITY, "timetable delete", command_run, KIND(DELETE_TIMETABLE), timetable_, timetable_which, "停止排班(已发布的保留)", "no further days; what is published stays"),
    PLAIN(GROUP_CAPACITY, "allot", command_allot, KIND(BOOK_PLACE), pool_, allotment, "院内包销: 医院自行售号", "take units for the hospital's own sale"),
    PLAIN(GROUP_CAPACITY, "allot return", command_run, KIND(CANCEL_PLACE), booking_, returned, "退回包销的号", "give some of them back, or all"),
    {"mark used", GROUP_CAPACITY, KIND(MARK_PLACE), command_run, "state", "PLACE_USED", booking_, marking, "已就诊(无转诊单的预约)", "the patient came, where no referral says so"},
    {"mark no-show", GROUP_CAPACITY, KIND(MARK_PLACE), command_run, "state", "PLACE_NO_SHOW", booking_, marking, "未到(无转诊单的预约)", "the patient did not come"},
    PLAIN(GROUP_CAPACITY, "displace", command_run, KIND(DISPLACE_PLACE), booking_, who_why, "医院撤回预约(优先候补)", "the hospital cannot keep it: the patient waits first"),

    PLAIN(GROUP_PLACES, "search", search_run, KIND(SEARCH_PLACES), NULL, search, "查找可约号源", "places that can be booked, and when more open"),
    PLAIN(GROUP_PLACES, "book", book_run, KIND(SEARCH_PLACES), wizard_, wizard, "家医团队预约: 查找, 选择, 暂占, 确认", "book step by step: search, choose, hold, confirm"),
    PLAIN(GROUP_PLACES, "book place", command_run, KIND(BOOK_PLACE), pool_, take, "直接预约", "book at once"),
    PLAIN(GROUP_PLACES, "hold", command_run, KIND(HOLD_PLACE), pool_, hold, "暂占, 待确认", "hold it while the patient is on the phone"),
    PLAIN(GROUP_PLACES, "confirm", command_run, KIND(CONFIRM_PLACE), booking_, who_only, "确认暂占或候补到的号", "confirm what is held or offered"),
    PLAIN(GROUP_PLACES, "cancel-place", command_run, KIND(CANCEL_PLACE), booking_, who_why, "取消预约或暂占, 或谢绝候补到的号", "give a place back, or decline an offer"),
    PLAIN(GROUP_PLACES, "move", command_run, KIND(MOVE_PLACE), booking_pool, moved, "改约(同院同类)", "to another session of that hospital and class"),
    PLAIN(GROUP_PLACES, "bookings", query_claims, KIND(LIST_BOOKINGS), some_referral, bookings, "预约列表", "bookings of a referral, session or team"),
    PLAIN(GROUP_PLACES, "waitlist", query_claims, KIND(LIST_WAITING), some_referral, waiting, "候补列表", "who waits, in order"),
    PLAIN(GROUP_PLACES, "waitlist join", command_run, KIND(JOIN_LIST), some_referral, joining, "列入候补", "wait for a place"),
    PLAIN(GROUP_PLACES, "waitlist leave", command_run, KIND(LEAVE_LIST), entry_, who_only, "退出候补", "no longer"),

    PLAIN(GROUP_LOOK, "show", query_record, KIND(GET_REFERRAL), some_referral, which, "查看转诊(不含患者信息)", "one referral, without its payload"),
    PLAIN(GROUP_LOOK, "trace", ops_trace_run, KIND(GET_REFERRAL), some_referral, trace, "逐步追踪: 提交, 每次投递, 事件, 预约, 死信", "every hop: submission, each delivery, events, places, dead letters"),
    PLAIN(GROUP_LOOK, "why", query_why, KIND(WHY), some_referral, which, "一句话: 在等谁, 等什么, 联系谁", "one sentence: whose turn, since when, what for, whom to call"),
    PLAIN(GROUP_LOOK, "find message", ops_find_message_run, KIND(FIND_MESSAGE), message_, sender, "某消息编号的命令结果如何", "what became of the command with this message id"),
    PLAIN(GROUP_LOOK, "find patient", ops_find_patient_run, KIND(FIND_PATIENT), NULL, patient, "按证件号码(提示后输入)查找患者的转诊(记入审计)", "a patient's referrals, by the id number typed at a prompt; audited"),
    PLAIN(GROUP_LOOK, "journey", query_list, KIND(GET_JOURNEY), some_referral, which_pages, "同一转诊旅程的全部转诊", "all referrals of its journey"),
    PLAIN(GROUP_LOOK, "list", query_list, KIND(LIST_REFERRALS), NULL, list, "转诊列表", "referrals by state, age, institution"),
    PLAIN(GROUP_LOOK, "payload", payload_run, KIND(SHOW_PAYLOAD), referral_, payload, "显示转诊单或事件内容(记入审计)", "show the sheet itself, or what came with an event; audited"),
    PLAIN(GROUP_LOOK, "inbox", query_inbox, KIND(LIST_INBOX), some_institution, lane, "收件箱(默认本机构)", "what waits in an inbox (default: our own)"),

    PLAIN(GROUP_PROOF, "ledger", ledger_run, KIND(LIST_LEDGER), some_hospital, ledger, "医院号源台账(json, hex 含原始字节, 可独立核算)", "a hospital's ledger; as json and hex with its bytes, for whoever recomputes it"),
    PLAIN(GROUP_PROOF, "replay", replay_run, KIND(LIST_LEDGER), some_hospital, replay, "由台账重建全部号源, 逐条核对规则; 加 --store 则与数据库比较", "rebuild all pools from the ledger, hold every row against the rules; with --store: compare with the store"),
    PLAIN(GROUP_PROOF, "report reserve", report_reserve_run, KIND(LIST_LEDGER), some_hospital, reserve, "家医号源预留报告", "was the reserve kept? by class and day or month"),
    PLAIN(GROUP_PROOF, "report service", report_service_run, KIND(GET_SERVICE_FACTS), some_hospital, service, "双向转诊服务月报: 答复, 拒绝, 未到, 下转人数", "how referrals are answered, month by month; persons sent down"),

    PLAIN(GROUP_OPERATE, "status", ops_status_run, KIND(GET_STATUS), NULL, form, "一屏概况: 最要紧的在前", "one screen: what matters first"),
    PLAIN(GROUP_OPERATE, "top", ops_top_run, KIND(GET_STATUS), NULL, top, "同上, 每秒更新; q 结束", "the same, every second, with rates; q ends it"),
    PLAIN(GROUP_OPERATE, "queues", ops_queues_run, KIND(LIST_WAITERS), NULL, queues, "各机构队列, 最先到期的在前", "every destination, the first deadline first"),
    PLAIN(GROUP_OPERATE, "show sessions", ops_show_sessions, KIND(LIST_SESSIONS), NULL, sessions, "谁在连接", "who is connected"),
    PLAIN(GROUP_OPERATE, "show waiters", ops_show_waiters, KIND(LIST_WAITERS), NULL, form, "各机构各通道最早的消息", "the oldest message of each destination and lane"),
    PLAIN(GROUP_OPERATE, "show alarms", ops_show_alarms, KIND(LIST_ALARMS), NULL, form, "当前告警, 最严重的在前", "alarms that stand, the worst first"),
    PLAIN(GROUP_OPERATE, "show settings", query_settings, KIND(LIST_SETTINGS), NULL, paged, "设置及默认值", "settings and their defaults"),
    PLAIN(GROUP_OPERATE, "show keys", query_list, KIND(LIST_KEYS), NULL, paged, "密钥", "keys"),
    PLAIN(GROUP_OPERATE, "check", ops_check_run, 0, check_, check, "一项检查, 一行结果, 退出码 0 正常 1 警告 2 严重 3 未知", "one check as monitoring wants it: a line, and 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"),
    PLAIN(GROUP_OPERATE, "alarms", query_list, KIND(LIST_ALARMS), NULL, alarms, "告警, 以及怎么办", "what an operator must know of, and what to do"),
    PLAIN(GROUP_OPERATE, "dead", query_inbox, KIND(LIST_DEAD), some_institution, lane, "死信列表(默认本机构)", "dead letters of an inbox (default: our own)"),
    PLAIN(GROUP_OPERATE, "dead show", payload_run, KIND(SHOW_PAYLOAD), dead_, stated, "显示死信内容(记入审计)", "show a dead letter's body; audited"),
    PLAIN(GROUP_OPERATE, "dead replay", ops_dead_run, KIND(REPLAY_DEAD), institution_, dead, "重新投递死信(默认演练)", "put dead letters back into the inbox; without --yes shows which"),
    PLAIN(GROUP_OPERATE, "dead drop", ops_dead_run, KIND(DROP_DEAD), institution_, dead, "丢弃死信(默认演练)", "drop dead letters; without --yes shows which"),
    PLAIN(GROUP_OPERATE, "pause", command_run, KIND(PAUSE), institution_, stated, "暂停向该机构投递", "stop delivery to an institution; nothing is refused"),
    PLAIN(GROUP_OPERATE, "resume", command_run, KIND(RESUME), institution_, stated, "恢复投递", "go on"),
    PLAIN(GROUP_OPERATE, "drain", ops_drain_run, KIND(DRAIN), NULL, drain, "停机前暂不接收新业务(急诊除外), 已接收的照常", "take no new work before a stop, but emergencies; the rest goes on"),
    PLAIN(GROUP_OPERATE, "settings", query_settings, KIND(LIST_SETTINGS), NULL, paged, "设置及默认值", "settings and their defaults"),
    PLAIN(GROUP_OPERATE, "set", command_set, KIND(PUT_SETTING), setting_, setting, "更改设置(无值则恢复默认)", "change a setting; without VALUE: back to the default"),
    PLAIN(GROUP_OPERATE, "calendar", query_list, KIND(LIST_CALENDAR), NULL, pages, "节假日与调休", "holidays and make-up days"),
    PLAIN(GROUP_OPERATE, "calendar set", command_run, KIND(PUT_CALENDAR_DAY), day_, day, "设定某日", "say what a day is"),
    PLAIN(GROUP_OPERATE, "audit", query_audit_run, KIND(LIST_AUDIT), NULL, audit, "审计记录", "the audit, turn by turn"),
    PLAIN(GROUP_OPERATE, "quarantine", query_list, KIND(LIST_QUARANTINE), NULL, pages, "曾使服务中断而隔离的命令", "commands that ended the broker and are held back"),
    PLAIN(GROUP_OPERATE, "quarantine release", command_run, KIND(RELEASE_COMMAND), hash_, stated, "放行被隔离的命令", "let one be applied when it is sent again"),
    PLAIN(GROUP_OPERATE, "legal hold", command_run, KIND(HOLD_REFERRAL), referral_, stated, "法律保全: 该转诊及同一旅程不归档", "keep a referral and its journey out of the archive, whatever their age"),
    PLAIN(GROUP_OPERATE, "legal release", command_run, KIND(RELEASE_REFERRAL), referral_, stated, "解除法律保全", "end that hold"),
    PLAIN(GROUP_OPERATE, "confirm-time", command_run, KIND(CONFIRM_TIME), NULL, stated, "确认系统时间无误", "confirm the time after an alarm about it"),

    PLAIN(GROUP_REGISTRY, "institutions", query_list, KIND(LIST_INSTITUTIONS), NULL, paged, "机构列表", "institutions"),
    PLAIN(GROUP_REGISTRY, "institution put", command_run, KIND(PUT_INSTITUTION), id_, institution, "登记或更新机构", "write an institution's whole record"),
    PLAIN(GROUP_REGISTRY, "contact put", command_run, KIND(PUT_CONTACT), contact_, contact, "登记联系人", "write the contact for one direction"),
    PLAIN(GROUP_REGISTRY, "relations", query_list, KIND(LIST_RELATIONS), NULL, paged, "转诊协议列表", "relations"),
    {"relation allow", GROUP_REGISTRY, KIND(PUT_RELATION), command_run, "deny", "no", from_to, kinds, "允许转诊", "allow referrals from one to another"},
    {"relation deny", GROUP_REGISTRY, KIND(PUT_RELATION), command_run, "deny", "yes", from_to, kinds, "禁止转诊", "deny them; beats an allow"},
    PLAIN(GROUP_REGISTRY, "relation delete", command_run, KIND(DELETE_RELATION), from_to, none, "删除协议", "delete a relation"),
    PLAIN(GROUP_REGISTRY, "delegations", query_list, KIND(LIST_DELEGATIONS), NULL, paged, "委托列表", "who may speak for whom"),
    PLAIN(GROUP_REGISTRY, "delegation put", command_run, KIND(PUT_DELEGATION), delegation_, none, "登记委托", "let AGENT speak for PRINCIPAL"),
    PLAIN(GROUP_REGISTRY, "delegation delete", command_run, KIND(DELETE_DELEGATION), delegation_, none, "取消委托", "no longer"),
    PLAIN(GROUP_REGISTRY, "teams", query_list, KIND(LIST_TEAMS), NULL, paged, "家庭医生团队列表", "family-doctor teams"),
    PLAIN(GROUP_REGISTRY, "team put", command_run, KIND(PUT_TEAM), id_, team, "登记或更新团队", "write a team"),
    PLAIN(GROUP_REGISTRY, "keys", query_list, KIND(LIST_KEYS), NULL, paged, "密钥列表", "keys"),
    PLAIN(GROUP_REGISTRY, "key add", command_run, KIND(ADD_KEY), public_key_, access_key, "登记密钥", "let a key connect"),
    PLAIN(GROUP_REGISTRY, "key revoke", command_run, KIND(REVOKE_KEY), public_key_, none, "吊销密钥", "no longer; takes effect within a second"),
    PLAIN(GROUP_REGISTRY, "load", load_run, 0, file_, load, "批量执行: {\"kind\":..., \"body\":{...}} 的数组或逐行 JSON", "send many commands: a list or lines of {\"kind\":..., \"body\":{...}}"),

    PLAIN(GROUP_LOCAL, "keygen", keygen_run, 0, file_, none, "生成密钥文件并显示公钥", "make a key file and print its public key"),
    PLAIN(GROUP_LOCAL, "init", init_run, 0, NULL, init, "新建数据库, 服务器密钥与运维密钥", "make a store, the server's key and the operator's"),
    PLAIN(GROUP_LOCAL, "verify", verify_run, 0, NULL, verify, "全面检查数据库, 或核查报告", "check every row, sum and link of a store; or a saved report"),
    PLAIN(GROUP_LOCAL, "recount", recount_run, 0, NULL, store, "重新清点收件箱账目", "recount the books of every inbox"),
    PLAIN(GROUP_LOCAL, "reindex", reindex_run, 0, NULL, store, "由转诊重建搜索索引(先停服务)", "make the search index anew from the referrals; the broker must be stopped"),
    PLAIN(GROUP_LOCAL, "message-key", message_key_run, 0, NULL, store, "由标准输入的消息编号求其在日志中的 message_key", "what the log shows as message_key of the message id on standard input"),
    PLAIN(GROUP_LOCAL, "backup", backup_run, 0, directory_, backup, "运行中备份: 复制, 密封, 检查, 移到目录", "copy the store beside a running broker, seal and verify the copy, and move it to DIRECTORY"),
    PLAIN(GROUP_LOCAL, "checkpoint", checkpoint_run, 0, kept_file, store, "审计链检查点: 签名, 写入文件或目录, 交他处保存", "how far the audit chain has come, signed: to FILE, or into that directory, to be kept elsewhere"),
    PLAIN(GROUP_LOCAL, "rotate", rotate_run, 0, NULL, rotate, "增加数据密钥(重载服务后启用); 更换主机密钥", "add a data key, which the broker takes when it reloads; or change the host key"),
    PLAIN(GROUP_LOCAL, "archive", archives_list_run, 0, NULL, archives, "归档文件列表", "the files of finished referrals"),
    PLAIN(GROUP_LOCAL, "archive find", archives_find_run, 0, archived_, archive_find, "转诊在哪个归档文件", "which file a referral is in"),
    PLAIN(GROUP_LOCAL, "archive show", archives_show_run, 0, archived_, archive_look, "显示已归档的转诊(须说明理由, 先记入查阅记录)", "show an archived referral; who looked is noted first"),
    PLAIN(GROUP_LOCAL, "archive looks", archives_looks_run, 0, NULL, archives, "归档查阅记录", "who looked into the archive, and why"),
    PLAIN(GROUP_LOCAL, "restore", restore_run, 0, copy_, restore, "由备份或副本恢复为新库(新代次)", "make a store of a backup or copy, in a new incarnation: no id is given twice"),
    PLAIN(GROUP_LOCAL, "help", help_run, 0, some_verb, none, "帮助", "help"),
};
/* clang-format on */

const struct verb *verbs(size_t *ret_count)
{
    *ret_count = sizeof table / sizeof *table;
    return table;
}

const struct option_info *global_options(void)
{
    return every;
}

const char *verb_group_title(enum verb_group group, bool zh)
{
    static const struct {
        const char *zh, *en;
    } titles[GROUP_COUNT] = {
        [GROUP_SEND] = {"收发", "Send and receive"},
        [GROUP_LIFE] = {"转诊的一生", "The life of a referral"},
        [GROUP_CAPACITY] = {"号源管理(医院)", "A hospital's places"},
        [GROUP_PLACES] = {"预约", "Take a place"},
        [GROUP_LOOK] = {"查看", "Look"},
        [GROUP_PROOF] = {"台账与报告(加 --store 则不连接服务)", "Ledgers and reports (with --store: without a broker)"},
        [GROUP_OPERATE] = {"运维", "Operate"},
        [GROUP_REGISTRY] = {"登记", "Registry"},
        [GROUP_LOCAL] = {"本机(不连接服务)", "On this machine, without a broker"},
    };

    return zh ? titles[group].zh : titles[group].en;
}

const struct verb *verb_find(const char *const *words, size_t *ret_word_count)
{
    for (size_t count = words[0] == NULL ? 0 : words[1] == NULL ? 1 : 2; count > 0; count--)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            const char *name = table[i].name, *space = strchr(name, ' ');
            size_t first = space == NULL ? strlen(name) : (size_t)(space - name);

            if ((space != NULL) != (count == 2) || strlen(words[0]) != first || memcmp(words[0], name, first) != 0)
                continue;
            if (space == NULL || strcmp(words[1], space + 1) == 0) {
                *ret_word_count = count;
                return &table[i];
            }
        }
    *ret_word_count = 0;
    return NULL;
}

const struct verb *verb_like(const char *word)
{
    const struct verb *found = NULL;
    struct spelling spelling;

    spelling_init(&spelling, word);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (spelling_is_nearer(&spelling, table[i].name, strcspn(table[i].name, " ")))
            found = &table[i];
    return found;
}

const struct verb *verb_like_second(const struct verb *verb, const char *word)
{
    size_t first = strlen(verb->name);
    const struct verb *found = NULL;
    struct spelling spelling;

    if (word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] != '\0') /* ids and files have other signs */
        return NULL;
    spelling_init(&spelling, word);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(table[i].name, verb->name, first) == 0 && table[i].name[first] == ' ' &&
            spelling_is_nearer(&spelling, table[i].name + first + 1, strlen(table[i].name + first + 1)))
            found = &table[i];
    return found;
}

static const struct option_info *find_in(const struct option_info *options, const char *name)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

const struct option_info *option_find(const struct verb *verb, const char *name)
{
    const struct option_info *option = verb == NULL ? NULL : find_in(verb->options, name);

    return option != NULL ? option : find_in(every, name);
}
