/* payload.h - the message inside a delivery or an answer: a sheet or a notice. */
#pragma once
#include <jansson.h>

#include "wire.pb-c.h"

/* Of a SHEET the sheet's descriptor, of a NOTICE the notice's. */
const ProtobufCMessageDescriptor *payload_descriptor(Referral__DeliveryKind kind);
/* The body as JSON, a new reference; NULL: it does not unpack. */
json_t *payload_json(Referral__DeliveryKind kind, ProtobufCBinaryData body);
/* A delivery with its body both as it came (base64) and read, as member "sheet" or "notice". */
json_t *payload_of_delivery(const Referral__Delivery *delivery);
