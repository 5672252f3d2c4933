/* scripts.c - each touches other tables: submissions and amendments, deliveries and acks, dead letters, places,
 * wait-lists, time. */
#include "crash/scripts.h"

static void submit(struct world *w)
{
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_gather(w);
    world_submit(w, "T07", "r2", "up to H1");
    world_submit(w, "T07", "r3", "up to C1; present_history=胸闷三天");
    world_submit(w, "T07", "r4", "up to H1, emergency; emergency_category=STROKE");
    world_go(w);
    world_again(w, "T07");
    world_event(w, "T07", "amend r2; up to H1; present_history=胸闷五天");
    world_event(w, "T07", "cancel r3; reason=PATIENT_DECLINED");
    world_submit(w, "T07", "r5", "up to H1; receiver=NOWHERE");
}

static void deliver(struct world *w)
{
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_submit(w, "T07", "r2", "up to H1");
    world_ack(w, "H1", "r1");
    world_event(w, "H1", "accept r1");
    world_lose(w, "H1");
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    world_event(w, "H1", "reject r2; reason=NO_CAPACITY");
    world_ack(w, "T07", "all");
}

static void dead_letter(struct world *w)
{
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_submit(w, "T07", "r2", "up to H1");
    world_nack(w, "H1", "r2", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_say(w, "OP", "REPLAY_DEAD", "institution=H1; all=true");
    world_ack(w, "H1", "r1");
    world_nack(w, "H1", "r2", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_say(w, "OP", "DROP_DEAD", "institution=H1; all=true; reason=乱码");
}

static void book(struct world *w)
{
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_refer(w, 1);
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "confirm b1");
    world_book_general(w, "WANG", 3);
    world_refer(w, 2);
    world_place(w, "T07", "book WANG family r2");
    world_place(w, "T07", "cancel b5; reason=PATIENT_DECLINED");
    world_publish(w, "H1", "LI EXPERT 10 places");
    world_place(w, "T07", "move b1 to LI");
    world_place(w, "H1", "block WANG; units[0]=9; reason=STAFF_ABSENT");
    world_place(w, "H1", "cut WANG; units[0]=8");
}

static void wait_list(struct world *w)
{
    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_book_family(w, "WANG", 1, 5);
    world_refer(w, 6);
    world_refer(w, 7);
    world_place(w, "T07", "join EXPERT family r6");
    world_place(w, "T07", "join EXPERT family r7");
    world_place(w, "T07", "cancel b1; reason=PATIENT_DECLINED");
    world_place(w, "T07", "cancel b2; reason=PATIENT_DECLINED");
    world_place(w, "T07", "confirm b6");
    world_after(w, 3 * 3600);
}

/* Holds lapse, the reserve is released, deadlines pass, a session is called off. */
static void clockwork(struct world *w)
{
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_refer(w, 1);
    world_place(w, "T07", "hold WANG family r1");
    world_book_general(w, "WANG", 8);
    world_after(w, 1800);
    world_submit(w, "T07", "r2", "up to H1, urgent");
    world_after(w, 3 * 3600);
    world_until(w, 259200 - 24 * 3600);
    world_place(w, "H1", "call-off WANG");
    world_after(w, 15 * 86400);
}

static void registry(struct world *w)
{
    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; value=5000");
    world_say(w, "OP", "PUT_RELATION", "from=T07; to=H1; deny=true");
    world_say(w, "OP", "ADD_KEY", "public_key=key:T07/second; institution=T07; roles[0]=REFER");
    world_say(w, "OP", "REVOKE_KEY", "public_key=key:T07/second");
    world_say(w, "OP", "DELETE_RELATION", "from=T07; to=H1");
    world_say(w, "OP", "PAUSE", "institution=H1; reason=维护");
    world_say(w, "OP", "RESUME", "institution=H1; reason=完成");
}

const struct script crash_scripts[] = {
    {.name = "submit", .open = world_open, .play = submit},
    {.name = "deliver", .open = world_open, .play = deliver},
    {.name = "dead-letter", .open = world_open, .play = dead_letter},
    {.name = "book", .open = world_open_morning, .play = book},
    {.name = "wait-list", .open = world_open_morning, .play = wait_list},
    {.name = "clock", .open = world_open_morning, .play = clockwork},
    {.name = "registry", .open = world_open, .play = registry},
};
const size_t crash_script_count = sizeof crash_scripts / sizeof crash_scripts[0];
