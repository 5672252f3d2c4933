/* limits.h - bounds of the protocol, for the broker and for clients in C. Sizes in bytes; counts in pieces. */
#pragma once

#define PROTOCOL_VERSION 1

#define LIMIT_FRAME_ENVELOPES 64
#define LIMIT_ENVELOPE_BYTES  1048576 /* one serialised Envelope, attachments inside: 1 MiB */
#define LIMIT_FRAME_BYTES     (LIMIT_ENVELOPE_BYTES + 65536)
#define LIMIT_MAXMSGSIZE                                                                                               \
    (LIMIT_FRAME_BYTES + 33)      /* ZMQ_MAXMSGSIZE: libzmq measures a frame with CURVE's box around it */
#define LIMIT_UNPACK_FACTOR 8     /* an envelope may unpack to 8 times its size ... */
#define LIMIT_UNPACK_EXTRA  65536 /* ... and this */

#define LIMIT_ID_BYTES    64   /* institution, team, department, referral, message ids and references */
#define LIMIT_NAME_BYTES  256  /* names of people, institutions, files */
#define LIMIT_LINE_BYTES  512  /* addresses, remarks of one line */
#define LIMIT_TEXT_BYTES  8000 /* clinical text: 2,000 characters of up to 4 bytes */
#define LIMIT_REPEATED    64   /* entries of a repeated field */
#define LIMIT_ATTACHMENTS 16
#define LIMIT_DEPARTMENTS 256  /* of an institution */
#define LIMIT_ACK_IDS     1024 /* delivery ids in one Ack */

#define LIMIT_WINDOW    256  /* unanswered requests of one session, by default */
#define LIMIT_CREDIT    4096 /* credit a client grants a session, all in all */
#define LIMIT_PAGE_ROWS 200

#define LIMIT_POOL_UNITS   500  /* units of one pool (Q) */
#define LIMIT_GROUP_POOLS  64   /* pools of one group (Q11) */
#define LIMIT_GROUP_UNITS  2000 /* of all of them: whoever takes one of these has all of them counted */
#define LIMIT_SEARCH_DAYS  92   /* of a search, a wait-list entry */
#define LIMIT_HORIZON_DAYS 120  /* of a timetable */
#define LIMIT_PUBLISH_DAYS 366  /* ahead of today */

#define DEFAULT_ACK_TIMEOUT_MS   30000
#define DEFAULT_PING_INTERVAL_MS 10000
