/* fuzz_command.c - any bytes as the body of any command or query, spoken by anybody, to the real engine on a store at
 * work.
 *
 *   speaker, kind, circumstances (1: clock in doubt, 2: no room, 4: draining), hours until the clock goes; then the body
 *
 * The engine itself asserts that who was refused has written nothing. Here: each command has one answer, an accepted
 * one is done once (D1), and the clock may go on from whatever it left. */
#include "fuzz/engine_box.h"
#include "fuzz/fuzz.h"

/* D1: the same again is answered as before, and no row is written but the second turn's own. */
static void repeat(struct box *box, const char *speaker, uint32_t kind, struct bytes body)
{
    const Referral__Reply *first = box_reply(box), *second;
    uint64_t puts = store_put_count(box->txn);

    if (box_command(box, speaker, kind, "fuzz", body) != 0)
        return;
    second = box_reply(box);
    fuzz_expect(second->n_refusals == 0, "D1: what was accepted is accepted again");
    fuzz_expect((first->referral_id == NULL) == (second->referral_id == NULL), "D1: of the same referral");
    fuzz_expect(first->referral_id == NULL || strcmp(first->referral_id, second->referral_id) == 0, "D1: the same id");
    fuzz_expect(store_put_count(box->txn) <= puts + 1 || kind == REFERRAL__KIND__FIND_PATIENT,
                "D1: what was done is not done again");
}

static void command(struct box *box, const char *speaker, const struct kind_info *kind, struct bytes body)
{
    const Referral__Reply *reply;

    if (box_command(box, speaker, (uint32_t)kind->kind, kind->class == KIND_COMMAND ? "fuzz" : NULL, body) != 0)
        return;
    if (box->effects.outcomes[0].reply.size == 0) {
        fuzz_expect(kind->class == KIND_DELIVERY, "only acks need no answer");
        return;
    }
    reply = box_reply(box);
    fuzz_expect((reply->n_refusals != 0) == box->effects.outcomes[0].refused, "refused is who was told so");
    if (kind->class == KIND_COMMAND && reply->n_refusals == 0)
        repeat(box, speaker, (uint32_t)kind->kind, body);
}

static void play(struct box *box, struct bytes rest)
{
    const char *speaker = stage_speaker(fuzz_byte(&rest));
    size_t count;
    const struct kind_info *kinds = kind_infos(&count), *kind = &kinds[fuzz_byte(&rest) % count];
    uint8_t circumstances = fuzz_byte(&rest), hours = fuzz_byte(&rest);

    box->hold = (circumstances & 1) != 0;
    box->full = (circumstances & 2) != 0;
    box->draining = (circumstances & 4) != 0;
    if (kind->class == KIND_QUERY)
        box_ask(box, speaker, (uint32_t)kind->kind, rest);
    else if (kind->class == KIND_COMMAND || kind->class == KIND_DELIVERY)
        command(box, speaker, kind, rest);
    if (hours != 0 && store_failure(box->txn) == 0) {
        box->now = instant_after(box->now, hours * HOUR_MS);
        box_clock(box);
    }
    fuzz_expect(store_failure(box->txn) == 0, "no command spoils the store");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct box *box = box_begin();

    play(box, bytes_of(data, size));
    box_end(box);
    return 0;
}
