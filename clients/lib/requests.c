#include "requests.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void requests_init(struct requests *requests)
{
    *requests = (struct requests){.soonest_ms = INT64_MAX};
}

/* wire.proto keeps commands and queries apart by number, those for places above the others. */
static bool kind_is_command(Referral__Kind kind)
{
    return (kind >= REFERRAL__KIND__SUBMIT && kind < REFERRAL__KIND__GET_REFERRAL) ||
           (kind >= REFERRAL__KIND__PUT_POOL && kind < REFERRAL__KIND__SEARCH_PLACES);
}

static bool kind_is_query(Referral__Kind kind)
{
    return (kind >= REFERRAL__KIND__GET_REFERRAL && kind < REFERRAL__KIND__PUT_POOL) ||
           (kind >= REFERRAL__KIND__SEARCH_PLACES && kind <= REFERRAL__KIND__GET_SERVICE_FACTS);
}

static void soonest(struct requests *requests, int64_t at_ms)
{
    if (at_ms < requests->soonest_ms)
        requests->soonest_ms = at_ms;
}

/* The body as bytes: packed from the message, or as it was given. */
static bool body_pack(const struct referral_request *asked, uint8_t **ret_owned, ProtobufCBinaryData *ret_body)
{
    *ret_owned = NULL;
    if (asked->message == NULL) {
        *ret_body = (ProtobufCBinaryData){.len = asked->body_size, .data = (uint8_t *)(uintptr_t)asked->body};
        return true;
    }
    ret_body->len = protobuf_c_message_get_packed_size(asked->message);
    ret_body->data = *ret_owned = malloc(ret_body->len + 1);
    if (*ret_owned == NULL)
        return false;
    protobuf_c_message_pack(asked->message, *ret_owned);
    return true;
}

static struct request *envelope_pack(const struct referral_request *asked, uint64_t number, ProtobufCBinaryData body)
{
    char made[REFERRAL_MESSAGE_ID_SIZE];
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    envelope.has_version = envelope.has_kind = envelope.has_request = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = asked->kind;
    envelope.request = number;
    envelope.acting_for = (char *)(uintptr_t)asked->acting_for;
    envelope.has_body = true;
    envelope.body = body;
    if (kind_is_command(asked->kind)) {
        envelope.message_id = (char *)(uintptr_t)asked->message_id;
        if (asked->message_id == NULL) {
            referral_message_id(made);
            envelope.message_id = made;
        }
    }
    size_t size = referral__envelope__get_packed_size(&envelope);
    struct request *request = calloc(1, sizeof *request + size);
    if (request != NULL) {
        request->number = number;
        request->size = size;
        request->is_command = kind_is_command(asked->kind);
        referral__envelope__pack(&envelope, request->envelope);
    }
    return request;
}

static bool is_meant(const struct referral_request *asked)
{
    return (kind_is_command(asked->kind) || kind_is_query(asked->kind)) &&
           (asked->message == NULL || asked->body == NULL) && (asked->body != NULL || asked->body_size == 0) &&
           (asked->message_id == NULL || kind_is_command(asked->kind));
}

enum referral_status requests_add(struct requests *requests, const struct referral_request *asked, int64_t deadline_ms,
                                  struct request **ret_request)
{
    if (!is_meant(asked))
        return REFERRAL_BAD_ARGUMENT;
    uint8_t *owned = NULL;
    ProtobufCBinaryData body = {0};
    if (!body_pack(asked, &owned, &body))
        return REFERRAL_NO_MEMORY;
    struct request *request = envelope_pack(asked, requests->last_number + 1, body);
    free(owned);
    if (request == NULL)
        return REFERRAL_NO_MEMORY;
    if (request->size > LIMIT_ENVELOPE_BYTES) {
        free(request);
        return REFERRAL_TOO_LARGE;
    }
    request->deadline_ms = deadline_ms;
    requests->last_number = request->number;
    HASH_ADD(hh, requests->by_number, number, sizeof request->number, request);
    DL_APPEND(requests->queued, request);
    requests->count++;
    soonest(requests, deadline_ms);
    *ret_request = request;
    return REFERRAL_OK;
}

struct request *requests_find(struct requests *requests, uint64_t number)
{
    struct request *found = NULL;
    HASH_FIND(hh, requests->by_number, &number, sizeof number, found);
    return found;
}

static void unlink_request(struct requests *requests, struct request *request)
{
    if (request->is_sent) {
        DL_DELETE(requests->sent, request);
        request->is_sent = false;
        requests->sent_count--;
    } else if (request->rest_until_ms != 0) {
        DL_DELETE(requests->resting, request);
        request->rest_until_ms = 0;
    } else {
        DL_DELETE(requests->queued, request);
    }
}

void requests_sent(struct requests *requests, struct request *request)
{
    unlink_request(requests, request);
    DL_APPEND(requests->sent, request);
    request->is_sent = true;
    requests->sent_count++;
}

void requests_rest(struct requests *requests, struct request *request, Referral__Reply *excuse, int64_t until_ms)
{
    unlink_request(requests, request);
    referral_reply_free(request->excuse);
    request->excuse = excuse;
    request->rest_until_ms = until_ms;
    DL_APPEND(requests->resting, request);
    soonest(requests, until_ms);
}

void requests_requeue(struct requests *requests)
{
    struct request *request = NULL;
    DL_FOREACH(requests->sent, request)
    {
        request->is_sent = false;
        request->is_doubtful = true;
    }
    requests->sent_count = 0;
    DL_CONCAT(requests->sent, requests->queued);
    requests->queued = requests->sent;
    requests->sent = NULL;
}

void requests_remove(struct requests *requests, struct request *request)
{
    unlink_request(requests, request);
    HASH_DEL(requests->by_number, request);
    requests->count--;
    free(request);
}

/* Looks at all only when the soonest time has come; what it finds is the soonest of the next look. */
struct request *requests_expired(struct requests *requests, int64_t now_ms)
{
    if (now_ms < requests->soonest_ms)
        return NULL;
    requests->soonest_ms = INT64_MAX;
    struct request *request = NULL, *next = NULL;
    HASH_ITER(hh, requests->by_number, request, next)
    {
        if (request->deadline_ms <= now_ms) {
            requests->soonest_ms = now_ms;
            return request;
        }
        soonest(requests, request->deadline_ms);
        if (request->rest_until_ms != 0 && request->rest_until_ms <= now_ms) {
            unlink_request(requests, request);
            DL_APPEND(requests->queued, request);
        } else if (request->rest_until_ms != 0) {
            soonest(requests, request->rest_until_ms);
        }
    }
    return NULL;
}

struct request *requests_doubtful(struct requests *requests)
{
    struct request *request = NULL, *next = NULL;
    HASH_ITER(hh, requests->by_number, request, next)
    {
        if (request->is_command && request->is_doubtful)
            return request;
    }
    return NULL;
}

struct request *requests_any(struct requests *requests)
{
    return requests->by_number;
}
