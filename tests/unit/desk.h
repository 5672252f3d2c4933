/* desk.h - for tests of the engine: a store in a directory of its own, one open turn, and one command at a time. */
#pragma once
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/registry.h"
#include "tests/scratch.h"

#define DESK_NOW       1795221000000 /* 2026-11-21 08:30 in China, a Saturday */
#define ROLE_BIT(role) (1U << REFERRAL__ROLE__##role)

struct desk {
    char directory[64];
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    struct store *store;
    struct arena arena;
    struct store_txn *txn;
    struct instant now;
    uint32_t ordinal;
    struct effects effects;
    struct work work; /* of the last command */
    bool hold;
};

static inline struct store_options desk_options(struct desk *desk)
{
    return (struct store_options){.directory = desk->directory, .map_bytes = 1 << 28, .host_key = desk->host_key};
}

static inline void desk_begin(struct desk *desk)
{
    cr_assert_eq(store_turn_begin(desk->store, &desk->arena, &desk->txn), 0);
}

static inline void desk_commit(struct desk *desk)
{
    struct store_turn turn = {.index = store_mark(desk->store).index + 1, .time = desk->now};

    cr_assert_eq(store_turn_end(desk->txn, &turn), 0);
    desk->txn = NULL;
}

static inline void desk_open(struct desk *desk)
{
    struct store_options options;

    *desk = (struct desk){.directory = SCRATCH "/desk-XXXXXX", .now = {DESK_NOW}};
    cr_assert_not_null(scratch_make(desk->directory));
    options = desk_options(desk);
    cr_assert_eq(store_create(&options, "bd", desk->now, true), 0);
    cr_assert_eq(store_open(&options, &desk->store), 0);
    cr_assert_eq(arena_open(&desk->arena, 1UL << 30), 0);
    desk_begin(desk);
}

static inline void desk_close(struct desk *desk)
{
    store_turn_abort(desk->txn);
    store_close(desk->store);
    arena_close(&desk->arena);
    scratch_remove(desk->directory);
}

/* "CODE field; CODE field", or "" where it was accepted. */
static inline const char *desk_findings(struct desk *desk)
{
    const struct findings *findings = &desk->work.findings;
    const char *text = "";

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];

        text = arena_format(&desk->arena, "%s%s%s%s%s", text, i > 0 ? "; " : "", refusal_code(finding->refusal),
                            finding->field[0] != '\0' ? " " : "", finding->field);
    }
    return text;
}

/* Runs one handler as `institution` with these roles; what it refused has written nothing. */
static inline const char *desk_do(struct desk *desk, bool (*handler)(struct work *), Referral__Kind kind,
                                  const char *institution, uint32_t roles, const void *body)
{
    const struct store_identity *identity = store_identity(desk->store);
    const Record__Institution *row = institution_row(desk->txn, institution);
    uint64_t puts = store_put_count(desk->txn);
    struct work *work = &desk->work;
    bool accepted;

    *work = (struct work){.txn = desk->txn,
                          .arena = &desk->arena,
                          .store_name = identity->short_name,
                          .incarnation = identity->incarnation,
                          .index = store_mark(desk->store).index + 1,
                          .now = desk->now,
                          .hold = desk->hold,
                          .next_ordinal = &desk->ordinal,
                          .effects = &desk->effects,
                          .kind = kind_info(kind),
                          .roles = roles,
                          .speaker = institution,
                          .speaker_number = row != NULL ? row->number : 0,
                          .actor = institution,
                          .actor_number = row != NULL ? row->number : 0};
    memcpy(&work->body, &body, sizeof body); /* handlers borrow it */
    referral__reply__init(&work->reply);
    referral__audit_row__init(&work->audit);
    desk->effects = (struct effects){0};
    accepted = handler(work);
    cr_assert_eq(accepted, !is_refused(work));
    if (!accepted)
        cr_assert_eq(store_put_count(desk->txn), puts, "a refused command has written");
    return desk_findings(desk);
}

/* As the consortium's operator. */
static inline const char *desk_operate(struct desk *desk, bool (*handler)(struct work *), Referral__Kind kind,
                                       const void *body)
{
    return desk_do(desk, handler, kind, "OPS", ROLE_BIT(OPERATE), body);
}

static inline const char *desk_put_institution(struct desk *desk, const char *id, Referral__InstitutionKind kind,
                                               Referral__Tier tier)
{
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;

    institution.id = arena_text(&desk->arena, id);
    institution.name = arena_format(&desk->arena, "name of %s", id);
    FIELD_SET(&institution, kind, kind);
    if (tier != 0)
        FIELD_SET(&institution, tier, tier);
    return desk_operate(desk, registry_apply_institution, REFERRAL__KIND__PUT_INSTITUTION, &institution);
}
