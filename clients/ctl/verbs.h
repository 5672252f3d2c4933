/* verbs.h - everything referralctl can do, as one table: names, arguments, options, help, and what carries it out.
 *
 * Parsing, --help and the bodies of commands come from this table: an option or argument that names a field fills that
 * field of the kind's body; the others are for the handler. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "wire.pb-c.h"

struct ctl;

struct option_info {
    const char *name;  /* "person", without the dashes */
    const char *value; /* "NAME", as help shows it; NULL: a flag */
    const char *field; /* "person.name"; NULL: for the handler */
    const char *zh, *en;
};

struct argument_info {
    const char *name;  /* "REFERRAL" */
    const char *field; /* as above */
    bool optional;
};

enum verb_group {
    GROUP_SEND,
    GROUP_LIFE,
    GROUP_CAPACITY,
    GROUP_PLACES,
    GROUP_LOOK,
    GROUP_PROOF,
    GROUP_OPERATE,
    GROUP_REGISTRY,
    GROUP_LOCAL,
    GROUP_COUNT
};

struct verb {
    const char *name; /* one or two words: "dead replay" */
    enum verb_group group;
    Referral__Kind kind;                   /* what it sends; 0: nothing, or its own */
    int (*run)(struct ctl *ctl);           /* returns an enum exit_code */
    const char *fixed_field, *fixed_text;  /* a field the verb itself decides: "type", "EVENT_ACCEPT"; NULL: none */
    const struct argument_info *arguments; /* ends with a NULL name; NULL: none */
    const struct option_info *options;     /* as well */
    const char *zh, *en;                   /* one line of help */
};

const struct verb *verbs(size_t *ret_count);
/* Options that every verb takes. */
const struct option_info *global_options(void);
const char *verb_group_title(enum verb_group group, bool zh);
/* The verb that `words` (NULL-terminated) begin with, two words before one; NULL: none. */
const struct verb *verb_find(const char *const *words, size_t *ret_word_count);
/* The verb whose first word is nearest to a mistyped one; NULL: none is near. */
const struct verb *verb_like(const char *word);
/* The verb of two words of which the first is `verb` and the second was probably meant; NULL: none, or `word` may be an
 * id. */
const struct verb *verb_like_second(const struct verb *verb, const char *word);
/* NULL: neither the verb (NULL: no verb yet) nor every verb takes it. `name` is without dashes. */
const struct option_info *option_find(const struct verb *verb, const char *name);
