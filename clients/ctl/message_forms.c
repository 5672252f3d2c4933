/* message_forms.c - what the descriptors do not say: how bytes are written, and what they hold. */
#include <string.h>

#include "message.h"
#include "pool_text.h"
#include "referral.pb-c.h"

bool message_bytes_are_hex(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"public_key",       "key",    "delivery_id", "delivery_ids",
                                        "dead_delivery_id", "sha256", "body_digest", "digest",
                                        "cursor",           "next",   "hash"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(field->name, names[i]) == 0)
            return true;
    return false;
}

const ProtobufCMessageDescriptor *message_embedded(const ProtobufCMessageDescriptor *owner,
                                                   const ProtobufCFieldDescriptor *field)
{
    if (owner == &referral__event__descriptor && strcmp(field->name, "sheet") == 0)
        return &referral__sheet__descriptor;
    if (owner == &referral__notice__descriptor && strcmp(field->name, "original") == 0)
        return &referral__event__descriptor;
    return NULL;
}

size_t message_element_size(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(uint32_t);
    }
}

const char *message_fault_text(enum message_fault fault, bool zh)
{
    static const struct {
        const char *zh, *en;
    } texts[] = {
        [MESSAGE_OK] = {"正常", "no fault"},
        [MESSAGE_UNKNOWN_MEMBER] = {"没有这个字段", "there is no such member"},
        [MESSAGE_NOT_OBJECT] = {"应为 JSON 对象", "must be an object"},
        [MESSAGE_NOT_LIST] = {"应为 JSON 数组", "must be a list"},
        [MESSAGE_NOT_TEXT] = {"应为文本", "must be a text"},
        [MESSAGE_NOT_INTEGER] = {"应为整数", "must be a whole number"},
        [MESSAGE_NOT_BOOLEAN] = {"应为 true 或 false", "must be true or false"},
        [MESSAGE_NOT_IN_LIST] = {"取值不在代码表内", "is not a name of its code list"},
        [MESSAGE_OUT_OF_RANGE] = {"超出该字段的范围", "is out of the field's range"},
        [MESSAGE_BAD_BYTES] = {"不是合法的 base64 或十六进制", "is not valid base64 or hex, as this field wants it"},
        [MESSAGE_NOT_A_TIME] = {"应为时间: now 或 YYYY-MM-DD HH:MM", "must be a time: now, or YYYY-MM-DD HH:MM"},
        [MESSAGE_NOT_A_POOL] = {"应为 [机构/]类别/科室/号源/日期, 如 EXPERT/NK/WANG-AM/2026-12-02",
                                "must be " POOL_TEXT_FORM ", such as EXPERT/NK/WANG-AM/2026-12-02"},
        [MESSAGE_NOT_A_SPAN] = {"应为时长, 如 90s, 25m, 2h, 3d",
                                "must be a length of time, such as 90s, 25m, 2h or 3d"},
        [MESSAGE_NOT_A_SHARE] = {"应为比例, 如 20%, 22.5%", "must be a share, such as 20% or 22.5%"},
        [MESSAGE_NOT_YES_OR_NO] = {"应为 yes 或 no", "must be yes or no"},
        [MESSAGE_NO_MEMORY] = {"内存不足", "out of memory"},
    };

    return zh ? texts[fault].zh : texts[fault].en;
}
