/* hash.h - uthash, whose tables end the process as base/alloc.h says where there is no memory for them. */
#pragma once
#include "base/alloc.h"

#define uthash_fatal(message) alloc_failed()
#include <uthash.h>
