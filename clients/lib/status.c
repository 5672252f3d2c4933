#include <referral/client.h>

#include <string.h>

struct words { /* one thing that can happen, for people (P4) */
    const char *name, *zh, *en;
};

static const struct words statuses[] = {
    [REFERRAL_OK] = {"OK", "成功", "done"},
    [REFERRAL_REFUSED] = {"REFUSED", "被拒绝,未生效", "refused: nothing was done"},
    [REFERRAL_TIMEOUT] = {"TIMEOUT", "超时未答复,结果未知;请用同一消息编号再试",
                          "no answer in time; it may have been done: "
                          "ask again with the same message id"},
    [REFERRAL_DISCONNECTED] = {"DISCONNECTED", "未能连接,未发送", "no session in time: nothing was sent"},
    [REFERRAL_OTHER_STORE] = {"OTHER_STORE", "服务端数据已更换或恢复,结果未知;请先核对",
                              "the broker came back with another or a "
                              "restored store; look whether it was done"},
    [REFERRAL_CLOSED] = {"CLOSED", "客户端已关闭,结果未知", "the client was closed before the answer"},
    [REFERRAL_TOO_LARGE] = {"TOO_LARGE", "内容过大,未发送", "larger than the protocol allows: nothing was sent"},
    [REFERRAL_BAD_ARGUMENT] = {"BAD_ARGUMENT", "参数不正确", "an argument cannot be meant"},
    [REFERRAL_BAD_KEY_FILE] = {"BAD_KEY_FILE", "密钥文件不可读、格式不正确或权限过宽",
                               "the key file is not readable, not well-formed, or readable by others"},
    [REFERRAL_NO_MEMORY] = {"NO_MEMORY", "内存不足", "out of memory"},
    [REFERRAL_SYSTEM] = {"SYSTEM", "系统资源不足", "the system refused a socket or descriptor"},
    [REFERRAL_UNREADABLE] = {"UNREADABLE", "已答复,但内容无法解析", "answered, but the result cannot be read"},
};

static const struct words troubles[] = {
    [REFERRAL_TROUBLE_NONE] = {"NONE", "正常", "no trouble"},
    [REFERRAL_TROUBLE_UNREACHABLE] = {"UNREACHABLE", "无法连接到服务地址", "nobody listens at the address"},
    [REFERRAL_TROUBLE_HANDSHAKE] = {"HANDSHAKE", "加密握手失败:服务端公钥不符,或对方不是 referrald",
                                    "the handshake failed: wrong server key, or no referrald there"},
    [REFERRAL_TROUBLE_KEY_REFUSED] = {"KEY_REFUSED", "本机密钥未登记、已失效或已吊销",
                                      "the broker does not know this key, or it has expired or been revoked"},
    [REFERRAL_TROUBLE_SILENT] = {"SILENT", "服务端无响应", "the broker does not answer"},
    [REFERRAL_TROUBLE_LOST] = {"LOST", "连接中断", "the connection broke"},
    [REFERRAL_TROUBLE_GOODBYE] = {"GOODBYE", "服务端主动断开,稍后重连", "the broker said goodbye"},
    [REFERRAL_TROUBLE_HELLO_REFUSED] =
        {"HELLO_REFUSED", "服务端不接受本机的 HELLO:协议版本不同,或客户端名称不是 UTF-8",
         "the broker does not take our HELLO: another protocol version, or a client name "
         "that is no UTF-8"},
};

static const char *in_language(const struct words *words, const char *language)
{
    return language != NULL && strncmp(language, "zh", 2) == 0 ? words->zh : words->en;
}

static const struct words *status_words(enum referral_status status)
{
    static const struct words unknown = {"UNKNOWN", "未知状态", "unknown status"};
    return (size_t)status < sizeof statuses / sizeof *statuses ? &statuses[status] : &unknown;
}

const char *referral_status_name(enum referral_status status)
{
    return status_words(status)->name;
}

const char *referral_status_text(enum referral_status status, const char *language)
{
    return in_language(status_words(status), language);
}

const char *referral_trouble_text(enum referral_trouble trouble, const char *language)
{
    static const struct words unknown = {"UNKNOWN", "未知原因", "unknown trouble"};
    return in_language((size_t)trouble < sizeof troubles / sizeof *troubles ? &troubles[trouble] : &unknown, language);
}
