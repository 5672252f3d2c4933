/* ops_head.c - a head, line by line. */
#include "net/ops_head.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#define BAD                400
#define METHOD_NOT_ALLOWED 405
#define URI_TOO_LONG       414
#define EXPECTATION_FAILED 417
#define MISDIRECTED        421
#define HEAD_TOO_LARGE     431
#define VERSION_NOT_OURS   505

struct head {
    struct bytes rest; /* not read yet */
    struct bytes target;
    bool has_request, has_host;
};

/* ---- Characters and words ---- */

static bool is_line_character(uint8_t c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\t';
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool is_name(struct bytes word)
{
    for (size_t i = 0; i < word.size; i++)
        if (!is_letter_or_digit(word.data[i]) && !is_one_of(word.data[i], "!#$%&'*+-.^_`|~"))
            return false;
    return word.size > 0;
}

/* A path, and perhaps a query. */
static bool is_target(struct bytes word)
{
    for (size_t i = 0; i < word.size; i++)
        if (!is_letter_or_digit(word.data[i]) && !is_one_of(word.data[i], "/._-?=&"))
            return false;
    return word.size > 0 && word.data[0] == '/';
}

static bool is_text(struct bytes word, const char *text)
{
    return bytes_equal(word, bytes_text(text));
}

/* Names of headers, and "localhost". */
static bool is_text_of_any_case(struct bytes word, const char *text)
{
    return word.size == strlen(text) && strncasecmp((const char *)word.data, text, word.size) == 0;
}

/* Cuts off what stands before the first `separator`, and the separator; false where there is none. */
static bool cut(struct bytes *rest, char separator, struct bytes *ret_word)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    if (!at)
        return false;
    *ret_word = bytes_of(rest->data, (size_t)(at - rest->data));
    *rest = bytes_of(at + 1, rest->size - ret_word->size - 1);
    return true;
}

static struct bytes without_blanks(struct bytes word)
{
    while (word.size > 0 && is_one_of(word.data[0], " \t"))
        word = bytes_of(word.data + 1, word.size - 1);
    while (word.size > 0 && is_one_of(word.data[word.size - 1], " \t"))
        word.size--;
    return word;
}

/* ---- Host ---- */

static bool is_port(struct bytes word)
{
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
    return word.size > 0 && word.size <= 5;
}

/* Takes ":port" off; false where something else stands behind the host. */
static bool split_port(struct bytes *host)
{
    const uint8_t *end = host->data[0] == '[' ? memchr(host->data, ']', host->size) : NULL;
    const uint8_t *colon = memchr(end ? end : host->data, ':', host->size - (size_t)(end ? end - host->data : 0));
    size_t size = colon ? (size_t)(colon - host->data) : host->size;
    if (colon && !is_port(bytes_of(colon + 1, host->size - size - 1)))
        return false;
    host->size = size;
    return size > 0;
}

static bool is_address(struct bytes host)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    if (host.size >= sizeof text)
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    if (text[0] == '[' && text[host.size - 1] == ']') {
        text[host.size - 1] = '\0';
        return inet_pton(AF_INET6, text + 1, &address) == 1;
    }
    return inet_pton(AF_INET, text, &address) == 1;
}

static int judge_host(struct head *head, struct bytes host)
{
    if (head->has_host || host.size == 0 || !split_port(&host))
        return BAD;
    for (size_t i = 0; i < host.size; i++)
        if (!is_letter_or_digit(host.data[i]) && !is_one_of(host.data[i], ".-_:[]"))
            return BAD;
    head->has_host = true;
    return is_text_of_any_case(host, "localhost") || is_address(host) ? OPS_HEAD_MORE : MISDIRECTED;
}

/* ---- Lines ---- */

static bool is_version(struct bytes word)
{
    return word.size == 8 && memcmp(word.data, "HTTP/", 5) == 0 && word.data[5] >= '0' && word.data[5] <= '9' &&
           word.data[6] == '.' && word.data[7] >= '0' && word.data[7] <= '9';
}

static int judge_request(struct head *head, struct bytes version)
{
    struct bytes method, target;
    head->has_request = true;
    if (!cut(&version, ' ', &method) || !cut(&version, ' ', &target) || !is_name(method) || !is_version(version))
        return BAD;
    if (!is_text(version, "HTTP/1.1") && !is_text(version, "HTTP/1.0"))
        return VERSION_NOT_OURS;
    if (!is_text(method, "GET"))
        return METHOD_NOT_ALLOWED;
    head->target = target;
    return is_target(target) ? OPS_HEAD_MORE : BAD;
}

static int judge_header(struct head *head, struct bytes line)
{
    struct bytes name;
    if (!cut(&line, ':', &name) || !is_name(name))
        return BAD;
    if (is_text_of_any_case(name, "Content-Length") || is_text_of_any_case(name, "Transfer-Encoding"))
        return BAD;
    if (is_text_of_any_case(name, "Expect"))
        return EXPECTATION_FAILED;
    return is_text_of_any_case(name, "Host") ? judge_host(head, without_blanks(line)) : OPS_HEAD_MORE;
}

static int judge_line(struct head *head, struct bytes line)
{
    if (!head->has_request)
        return judge_request(head, line);
    if (line.size > 0)
        return judge_header(head, line);
    return head->has_host ? OPS_HEAD_GOOD : BAD;
}

/* OPS_HEAD_GOOD: a line, without its end. OPS_HEAD_MORE: not all of it is there. */
static int next_line(struct head *head, struct bytes *ret_line)
{
    struct bytes rest = head->rest;
    size_t size = 0;
    while (size < rest.size && is_line_character(rest.data[size]))
        size++;
    if (size == rest.size)
        return OPS_HEAD_MORE;
    if (rest.data[size] != '\r' || (size + 1 < rest.size && rest.data[size + 1] != '\n'))
        return BAD;
    if (size + 1 == rest.size)
        return OPS_HEAD_MORE;
    *ret_line = bytes_of(rest.data, size);
    head->rest = bytes_of(rest.data + size + 2, rest.size - size - 2);
    return OPS_HEAD_GOOD;
}

int ops_head_judge(struct bytes received, struct bytes *ret_target)
{
    bool is_full = received.size >= OPS_HEAD_BYTES_MAX;
    struct head head = {.rest = bytes_of(received.data, is_full ? OPS_HEAD_BYTES_MAX : received.size)};
    struct bytes line;
    int status = OPS_HEAD_MORE;
    while (status == OPS_HEAD_MORE) {
        status = next_line(&head, &line);
        if (status == OPS_HEAD_MORE)
            return !is_full ? OPS_HEAD_MORE : head.has_request ? HEAD_TOO_LARGE : URI_TOO_LONG;
        status = status == OPS_HEAD_GOOD ? judge_line(&head, line) : status;
    }
    if (status == OPS_HEAD_GOOD)
        *ret_target = head.target;
    return status;
}
