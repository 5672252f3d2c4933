/* reserve_agree.c - what the engine answered beside what the rules say. */
#include "reserve_broker.h"

bool broker_same_id(struct broker *broker, struct id *known, struct id id, const char *what, int index)
{
    if (!id_is_set(*known))
        *known = id;
    if (id_equal(*known, id))
        return true;
    return broker_differs(broker, "%s %d is another one than before\n", what, index);
}

bool broker_same_numbers(const uint32_t *units, size_t count, const int *expected, int expected_count)
{
    if ((int)count != expected_count)
        return false;
    for (int i = 0; i < expected_count; i++) {
        size_t at = 0;

        while (at < count && (int)units[at] != expected[i])
            at++;
        if (at == count)
            return false;
    }
    return true;
}

static bool has_code(const char *const *codes, int count, const char *code)
{
    for (int i = 0; i < count; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static bool wrong_verdict(struct broker *broker, const struct answer *answer, const char *said)
{
    broker_differs(broker, "answered %s; by the rules:", said);
    for (int i = 0; i < answer->code_count; i++)
        broker_differs(broker, " %s", answer->codes[i]);
    return broker_differs(broker, answer->code_count == 0 ? " accepted\n" : "\n");
}

static struct id id_of(const char *text)
{
    struct id id = {0};

    if (text == NULL || !id_parse(text, "bd", &id))
        return (struct id){0};
    return id;
}

/* What is said of a booking at the moment of the answer, whatever else has happened since. */
static bool reply_booking(struct broker *broker, const struct m_booking *expected, int index,
                          const Referral__Booking *booking)
{

    if (booking == NULL)
        return broker_differs(broker, "no booking in the answer\n");
    if (!broker_same_id(broker, &broker->bookings[index], id_of(booking->booking_id), "booking", index))
        return false;
    if (booking->state != expected->state)
        return broker_differs(broker, "booking in state %d, by the rules %d\n", booking->state, expected->state);
    if (booking->channel != expected->channel)
        return broker_differs(broker, "booking of channel %d\n", booking->channel);
    if (expected->state <= REFERRAL__BOOKING_STATE__PLACE_BOOKED) {
        if (!broker_same_numbers(booking->units, booking->n_units, expected->units, expected->count))
            return broker_differs(broker, "answered with %zu units from %u, by the rules %d from %d\n",
                                  booking->n_units, booking->n_units > 0 ? booking->units[0] : 0, expected->count,
                                  expected->units[0]);
        if (booking->start_ms != expected->start || booking->end_ms != expected->end)
            return broker_differs(broker, "answered with a start or end that is not its units'\n");
    }
    if (expected->state == REFERRAL__BOOKING_STATE__PLACE_HELD && booking->expires_at_ms != expected->expires_at)
        return broker_differs(broker, "held until %lld, by the rules %lld\n", (long long)booking->expires_at_ms,
                              (long long)expected->expires_at);
    return true;
}

static bool reply_entry(struct broker *broker, const struct answer *answer, const Referral__WaitEntry *entry)
{
    if (entry == NULL)
        return broker_differs(broker, "no entry in the answer\n");
    if (!broker_same_id(broker, &broker->entries[answer->entry], id_of(entry->entry_id), "entry", answer->entry))
        return false;
    if ((entry->offer != NULL) != (answer->offer != NOBODY))
        return broker_differs(broker, "answered %s an offer\n", entry->offer != NULL ? "with" : "without");
    return entry->offer == NULL || reply_booking(broker, &answer->said, answer->offer, entry->offer);
}

bool broker_agrees(struct broker *broker, struct world *world, const struct command *command,
                   const struct answer *answer, const Referral__Reply *reply)
{
    const char *said;

    if (command->op == OP_CLOCK)
        return true;
    if (reply->n_refusals != 0) {
        said = reply->refusals[0]->code;
        return has_code(answer->codes, answer->code_count, said) || wrong_verdict(broker, answer, said);
    }
    if (answer->code_count != 0)
        return wrong_verdict(broker, answer, "accepted");
    if (command->op == OP_SUBMIT)
        return broker_same_id(broker, &broker->referrals[world->referral_count - 1], id_of(reply->referral_id),
                              "referral", world->referral_count - 1);
    if (command->op == OP_JOIN)
        return reply_entry(broker, answer, reply->entry);
    if (answer->booking != NOBODY)
        return reply_booking(broker, &answer->said, answer->booking, reply->booking);
    return true;
}
