/* zap.h - who may connect: CURVE keys asked of the store through the ZeroMQ authentication protocol (RFC 27).
 *
 * Bound before any socket; without a handler CURVE would admit anyone. The User-Id it gives is the key in hex: identity
 * everywhere. */
#pragma once
#include "base/bytes.h"
#include <event2/event.h>

struct zap;
/* `address` is text, of where the connection comes from. */
typedef bool (*zap_admits)(void *user, const uint8_t public_key[32], struct bytes address);

#define ZAP_DOMAIN "referrald"

/* 0; -EADDRINUSE where the context has a handler already; another negative errno. */
int zap_open(struct event_base *base, void *zmq_context, zap_admits admits, void *user, struct zap **ret_zap);
void zap_close(struct zap *zap); /* NULL is fine */
uint64_t zap_refused(const struct zap *zap);
/* Self-test at start: a fresh, unknown key must be refused by a socket with this server key. 0; -EPERM: it was
 * admitted; -ETIMEDOUT: no answer came, as with a wrong server key or without a handler. Runs the loop for at most
 * `timeout_ms`. */
int zap_self_test(struct event_base *base, void *zmq_context, const char *endpoint, const uint8_t server_public[32],
                  int timeout_ms);
