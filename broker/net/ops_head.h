/* ops_head.h - is this the head of a request we answer, and what does it ask for? Pure: bytes in, status out.
 *
 * Stricter than the standards, because nobody honest needs more: GET with HTTP/1.0 or 1.1, an absolute path without
 * tricks, header lines that end in CR LF and hold printable ASCII only, exactly one Host, no body. Host must be
 * "localhost" or an address, so that a foreign web page cannot read us through a name of its own that leads here. What
 * stands behind the head is not looked at.
 *
 * The first fault in order of bytes decides, however the bytes arrive:
 *
 *     400  a line that is none (bare CR or LF, NUL, control or non-ASCII characters, no name, blanks where none belong, folded),
 *          a request line of other than three words, no path, a % in it; Content-Length, Transfer-Encoding; no Host, two, or a bad one
 *     405  any method but GET             414  the request line alone is longer than a head may be
 *     417  Expect                         421  Host is a name
 *     431  the head is longer than that   505  another version */
#pragma once
#include "base/bytes.h"

#define OPS_HEAD_BYTES_MAX 8192

#define OPS_HEAD_MORE 0
#define OPS_HEAD_GOOD 200
/* OPS_HEAD_MORE, OPS_HEAD_GOOD with the path and query asked for (within `received`), or the status of the answer. */
int ops_head_judge(struct bytes received, struct bytes *ret_target);
