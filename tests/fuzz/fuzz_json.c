/* fuzz_json.c - JSON that referralctl reads: what becomes a message can be written and read again as the same message.
 *
 * The first byte chooses the kind whose body, or result, the rest is to be. */
#include <assert.h>

#include "fuzz/fuzz.h"
#include "message.h"
#include "wire/wire.h"

static const ProtobufCMessageDescriptor *descriptor_of(uint8_t choice)
{
    size_t count;
    const struct kind_info *kinds = kind_infos(&count), *kind = &kinds[choice / 2 % count];

    return choice % 2 == 0 || kind->result == NULL ? kind->body : kind->result;
}

static struct bytes packed(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = malloc(size + 1);

    assert(data != NULL);
    return bytes_of(data, protobuf_c_message_pack(message, data));
}

static void same_again(const ProtobufCMessage *message)
{
    struct message_error error = {.fault = MESSAGE_OK};
    json_t *json = message_to_json(message);
    ProtobufCMessage *again = message_from_json(message->descriptor, json, &error);
    struct bytes first = packed(message), second;

    fuzz_expect(again != NULL, "what was written can be read");
    second = packed(again);
    fuzz_expect(bytes_equal(first, second), "what was read again is the same");
    free((void *)(uintptr_t)first.data);
    free((void *)(uintptr_t)second.data);
    protobuf_c_message_free_unpacked(again, NULL);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(fuzz_byte(&rest));
    struct message_error error = {.fault = MESSAGE_OK};
    json_t *json = json_loadb((const char *)rest.data, rest.size, JSON_REJECT_DUPLICATES, NULL);
    ProtobufCMessage *message;

    if (descriptor == NULL || json == NULL) {
        json_decref(json);
        return 0;
    }
    message = message_from_json(descriptor, json, &error);
    fuzz_expect((message != NULL) == (error.fault == MESSAGE_OK), "a fault has a reason");
    fuzz_expect(message != NULL || message_fault_text(error.fault, true) != NULL, "a reason has a text");
    if (message != NULL)
        same_again(message);
    protobuf_c_message_free_unpacked(message, NULL);
    json_decref(json);
    return 0;
}
