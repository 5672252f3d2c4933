/* ledger.h - what a party knows for itself, in a file of lines that survives its own kill -9.
 *
 * A sender writes "send <number> <message id>" before it sends and "done <number> <message id> <referral id>" when it
 * is answered; a receiver writes "got <number> <referral id> <lane> <attempt> <possibly redelivered: 0 or 1>" before it
 * acknowledges. Each line is one write(2): only the machine, not the process, can lose it. */
#pragma once
#include <referral/client.h>

struct ledger_entry {
    uint32_t number;
    char message_id[REFERRAL_MESSAGE_ID_SIZE];
    bool is_done;
};

struct ledger {
    int fd;                       /* -1: no ledger is kept */
    struct ledger_entry *entries; /* of a sender: what an earlier life has sent, in order */
    size_t count;
};

/* Opens FOLDER/PARTY, and reads what an earlier life wrote there; `folder` NULL keeps none. 0 or a negative errno. */
int ledger_open(struct ledger *ledger, const char *folder, const char *party);
void ledger_close(struct ledger *ledger);
void ledger_send(struct ledger *ledger, uint32_t number, const char *message_id);
void ledger_done(struct ledger *ledger, uint32_t number, const char *message_id, const char *referral_id);
void ledger_got(struct ledger *ledger, uint32_t number, const Referral__Delivery *delivery);
