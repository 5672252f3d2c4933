/* settings.h - settings that change results: one table of name, range, default, scope and help; values live in the
 * store (L4, D4, D6, F4). */
#pragma once
#include "engine/work.h"
#include "rules/deadline.h"

/* X(name, scope 'I' also of one institution or 'G' of all only, kind 'N' number, 'O' number or 0 for none, or 'T' text,
 * default, min, max, help) */
#define SETTINGS(X)                                                                                                    \
    X(answer_emergency_ms, 'I', 'N', "60000", 1000, 86400000, "an EMERGENCY must be acknowledged within (L4)")         \
    X(answer_urgent_ms, 'I', 'N', "7200000", 60000, 604800000, "an URGENT referral must be answered within (L4)")      \
    X(answer_routine_days, 'I', 'N', "2", 1, 60, "a ROUTINE referral must be answered within working days (L4)")       \
    X(receipt_reminder_ms, 'G', 'N', "86400000", 60000, 2592000000, "reminder to confirm the receipt after (L)")       \
    X(receipt_escalation_ms, 'G', 'N', "259200000", 60000, 2592000000,                                                 \
      "escalation of an unconfirmed receipt after (L)")                                                                \
    X(validity_ms, 'G', 'N', "1209600000", 3600000, 31536000000, "a referral expires before arrival after (L)")        \
    X(validity_emergency_ms, 'G', 'N', "86400000", 3600000, 2592000000,                                                \
      "an EMERGENCY expires before arrival after (L)")                                                                 \
    X(no_show_after_ms, 'G', 'N', "86400000", 60000, 604800000,                                                        \
      "a no-show is assumed this long after the session's end (L)")                                                    \
    X(ack_timeout_ms, 'I', 'N', "30000", 1000, 3600000,                                                                \
      "a delivery unacknowledged for so long is a failed attempt (D4)")                                                \
    X(inbox_messages_max, 'I', 'N', "2000000", 1, 100000000,                                                           \
      "waiting messages beyond which new submissions are refused (D6)")                                                \
    X(inbox_bytes_max, 'I', 'N', "8589934592", 1048576, 1099511627776,                                                 \
      "waiting bytes beyond which they are refused (D6)")                                                              \
    X(inbox_emergency_max, 'I', 'N', "100000", 1, 100000000,                                                           \
      "waiting emergencies beyond which further ones are refused (D6)")                                                \
    X(inbox_age_alarm_ms, 'I', 'N', "3600000", 60000, 31536000000,                                                     \
      "age of the oldest waiting message that raises an alarm (D6)")                                                   \
    X(backup_age_alarm_ms, 'G', 'N', "0", 0, 31536000000,                                                              \
      "age of the newest backup that raises an alarm; 0: none does")                                                   \
    X(verify_age_alarm_ms, 'G', 'N', "0", 0, 31536000000,                                                              \
      "age of the last verification without a fault that raises an alarm; 0: none does")                               \
    X(no_consumer_alarm_ms, 'I', 'N', "60000", 0, 604800000,                                                           \
      "messages that wait so long with no consumer connected raise an alarm; 0: none do")                              \
    X(commit_alarm_ms, 'G', 'N', "250", 0, 60000,                                                                      \
      "time of which 1 turn in 100 takes more that raises an alarm; 0: none does")                                     \
    X(reader_alarm_ms, 'G', 'N', "600000", 0, 86400000,                                                                \
      "a process that reads an old state of the store for so long raises an alarm; 0: none does")                      \
    X(key_alarm_ms, 'G', 'N', "2592000000", 0, 31536000000,                                                            \
      "an institution whose keys end within this time raises an alarm; 0: none does")                                  \
    X(retention_finished_ms, 'G', 'O', "0", 2592000000, 3153600000000,                                                 \
      "finished referrals move to the archive so long after their end; 0: never (D8)")                                 \
    X(retention_keys_ms, 'G', 'O', "34560000000", 2592000000, 3153600000000,                                           \
      "message ids are remembered so long, and until what they began has ended; 0: for ever (D1, D8)")                 \
    X(reserve_bp, 'I', 'N', "2000", 2000, 10000,                                                                       \
      "share of new pools kept for family doctors' patients, in basis points (Q1)")                                    \
    X(down_referral_diseases, 'G', 'T', "I10-I15 E10-E14 J44 I69 I25", 0, 2000, "ICD-10 list for the hint of F4")

enum setting {
#define X(name, ...) SETTING_##name,
    SETTINGS(X)
#undef X
        SETTING_COUNT
};

struct setting_info {
    const char *name;
    char scope, kind;
    const char *default_value;
    int64_t min, max; /* of the number, or of the text's length */
    const char *help;
};
const struct setting_info *setting_info(enum setting setting);
bool setting_find(const char *name, enum setting *ret_setting);
/* The institution's own, else that of all, else the default. */
int64_t setting_number(struct store_txn *txn, enum setting setting, const char *institution);
const char *setting_text(struct store_txn *txn, enum setting setting, const char *institution);

struct deadline_settings settings_deadlines(struct store_txn *txn, const char *receiver);
/* L4: the operator's exceptions around `from`, as the rules want them; in the arena. */
struct calendar settings_calendar(struct store_txn *txn, struct arena *arena, struct instant from, int offset_minutes);

bool settings_apply_put(struct work *work);
bool settings_apply_calendar_day(struct work *work);
