/* pool_text.h - a pool as people type it, and as every list shows it: "H1/EXPERT/NK/WANG-AM/2026-12-02".
 *
 * Hospital, class, department, resource, service date; without the hospital it is the caller's own. A name that holds a
 * slash is written the long way, "class=EXPERT,department=A/B,...". */
#pragma once
#include <jansson.h>

#define POOL_TEXT_FORM "[HOSPITAL/]CLASS/DEPARTMENT/RESOURCE/DATE"

/* A PoolRef as JSON, a new reference; NULL: the text is of another form. */
json_t *pool_text_parse(const char *text);
/* To be freed. What is absent is left out. */
char *pool_text_format(json_t *pool);
/* As people speak of it, in one line: "NK WANG-AM 王主任". A doctor's name that is only the resource again is left out,
 * and the resource where any is wanted by an entry of the wait-list. To be freed. */
char *pool_text_session(json_t *pool, const char *doctor);
