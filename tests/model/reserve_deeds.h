/* reserve_deeds.h - what the files of invented stories share. */
#pragma once
#include "reserve_invent.h"

struct inventor {
    uint64_t dice;
    struct world *world;   /* as the rules alone have it */
    bool choosy;           /* seldom of pools that are not there, or of referrals to others */
    bool mostly_small;     /* few pools of few units: the corners */
    int first_slot, slots; /* that take part */
    int today, recent;     /* day that lists begin from; how many of the latest referrals are drawn from */
    int64_t now;
    int doubt_from, doubt_to; /* these commands are judged in doubt of the time (C4) */
};

int invent_roll(struct inventor *inventor, int sides); /* 0 to sides - 1 */
bool invent_one_in(struct inventor *inventor, int sides);
int64_t invent_day_ms(int day, int64_t time_of_day);

/* Each fills in what is particular to it. */
void invent_submit(struct inventor *inventor, struct command *command);
void invent_put(struct inventor *inventor, struct command *command);
void invent_group(struct inventor *inventor, struct command *command);
void invent_capacity(struct inventor *inventor, struct command *command);
void invent_take(struct inventor *inventor, struct command *command);
void invent_join(struct inventor *inventor, struct command *command);
void invent_leave(struct inventor *inventor, struct command *command);
void invent_confirm(struct inventor *inventor, struct command *command);
void invent_cancel(struct inventor *inventor, struct command *command);
void invent_change_of_place(struct inventor *inventor, struct command *command);
void invent_mark(struct inventor *inventor, struct command *command);
void invent_week(struct inventor *inventor, struct command *command);
/* A timetable without an end gets one, when the days that are thought of come to theirs. False: none has to. */
bool invent_last_week(const struct inventor *inventor, struct command *command);
void invent_event(struct inventor *inventor, struct command *command);
