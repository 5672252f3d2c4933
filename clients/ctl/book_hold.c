/* book_hold.c - while the patient is on the phone: the hold counts down in one line, and the broker says whether it
 * still lives.
 *
 * The count is for people. Whether the hold has expired is the broker's to say (C2): it is asked now and then, and when
 * the count is at its end, so that a session that was cancelled meanwhile is known too. */
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "pool_text.h"
#include "progress.h"
#include "wizard.h"

#define LOOK_EVERY_MS 5000
#define SECOND_MS     1000
#define LEFT_SIZE     32

struct countdown {
    int64_t until_ms; /* of our monotonic clock */
    int64_t looked_ms;
};

/* A hold just taken lives as long as the reply says; one that was there before, as long as the broker's time says,
 * which it told when we connected. */
static struct countdown countdown_of(const struct wizard *wizard)
{
    int64_t clock_ms = progress_clock_ms();
    int64_t now_ms = wizard->ours ? wizard_number(wizard->booking, "created_at_ms")
                                  : referral_welcome(wizard->client)->now_ms + clock_ms - wizard->connected_ms;

    return (struct countdown){.until_ms = clock_ms + wizard_number(wizard->booking, "expires_at_ms") - now_ms,
                              .looked_ms = clock_ms};
}

/* "9:58", "1:59:58" */
static void format_left(char out[LEFT_SIZE], int64_t left_ms)
{
    long long seconds = left_ms <= 0 ? 0 : (long long)(left_ms + SECOND_MS - 1) / SECOND_MS;

    if (seconds < 3600)
        snprintf(out, LEFT_SIZE, "%lld:%02lld", seconds / 60, seconds % 60);
    else
        snprintf(out, LEFT_SIZE, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void draw(struct wizard *wizard, int64_t left_ms)
{
    const struct ctl *ctl = wizard->ctl;
    json_t *booking = wizard->booking;
    char *session = pool_text_session(json_object_get(booking, "pool"), wizard_text(booking, "doctor"));
    char start[MOMENT_TEXT_SIZE], left[LEFT_SIZE], line[512];
    const char *choices = wizard->ours ? ctl_say(ctl, "[1]确认 [2]另选 [3]放弃", "[c]onfirm, [a]nother, [g]ive up")
                                       : ctl_say(ctl, "[1]确认 [2]谢绝 [3]以后再定", "[c]onfirm, [d]ecline, [l]ater");

    moment_format_short(start, wizard_number(booking, "start_ms"));
    format_left(left, left_ms);
    snprintf(line, sizeof line, ctl_say(ctl, "%s %s, 还剩 %s  %s: ", "%s %s, %s left  %s: "), start,
             session == NULL ? "" : session, left, choices);
    free(session);
    prompt_draw(&wizard->prompt, line);
}

/* The booking as the broker knows it now. False: it cannot be asked, and the hold lives on as far as we know. */
static bool look(struct wizard *wizard)
{
    json_t *answer = NULL, *booking;
    bool known = false;

    if (referral_link_now(wizard->client) == REFERRAL_LINK_READY &&
        wizard_ask(wizard, REFERRAL__KIND__LIST_BOOKINGS,
                   json_pack("{s:s}", "booking_id", wizard_text(wizard->booking, "booking_id")), &answer) == EXIT_OK) {
        booking = json_array_get(json_object_get(answer, "bookings"), 0);
        known = wizard_keep_booking(wizard, booking, wizard->ours);
    }
    json_decref(answer);
    return known;
}

static bool is_in(const struct wizard *wizard, const char *state)
{
    return strcmp(wizard_text(wizard->booking, "state"), state) == 0;
}

static enum wizard_step confirm(struct wizard *wizard)
{
    json_t *body = json_pack("{s:s}", "booking_id", wizard_text(wizard->booking, "booking_id")), *reply = NULL;
    int result;

    wizard_add_person(wizard, body);
    result = wizard_command(wizard, REFERRAL__KIND__CONFIRM_PLACE, body, &reply);
    if (result == EXIT_OK)
        wizard_keep_booking(wizard, json_object_get(reply, "booking"), false);
    json_decref(reply);
    if (result == EXIT_OK)
        return WIZARD_BOOKED;
    if (result != EXIT_REFUSED) {
        wizard->ours = false; /* it may be booked by now: not to be given back blindly */
        prompt_say(&wizard->prompt,
                   ctl_say(wizard->ctl, "不知是否已预约: referralctl bookings %s",
                           "whether it is booked is not known: referralctl bookings %s"),
                   wizard_referral(wizard));
        return WIZARD_FAILED;
    }

    bool again = wizard->ours;

    wizard_tell_refusal(wizard, !again);
    wizard_give_back(wizard);
    return again ? WIZARD_CHOOSE : WIZARD_GAVE_UP;
}

/* Another one is wanted, or (an offer) this one is not: it keeps its rank in the list (Q8). */
static enum wizard_step let_go(struct wizard *wizard)
{
    bool again = wizard->ours;

    wizard->ours = true;
    wizard_give_back(wizard);
    return again ? WIZARD_CHOOSE : WIZARD_GAVE_UP;
}

static enum wizard_step expired(struct wizard *wizard)
{
    const struct ctl *ctl = wizard->ctl;

    if (!wizard->ours) {
        prompt_say(&wizard->prompt, "%s",
                   ctl_say(ctl, "已失效; 候补名次保留", "it has lapsed; the entry keeps its rank"));
        return WIZARD_GAVE_UP;
    }
    prompt_say(&wizard->prompt, "%s", ctl_say(ctl, "暂占已过期", "the hold has expired"));
    prompt_draw(&wizard->prompt,
                ctl_say(ctl, "[1]再次暂占 [2]另选 [3]放弃: ", "[t]ake it again, [a]nother, [g]ive up: "));
    switch (prompt_key(&wizard->prompt, "tag", -1)) {
    case 't':
        return book_take_again(wizard);
    case 'a':
        wizard->ours = false;
        wizard_give_back(wizard);
        return WIZARD_CHOOSE;
    default:
        return WIZARD_GAVE_UP;
    }
}

/* Somebody else decided: the session was cancelled, and the patient waits first (Q10); or another window of the same
 * team. */
static enum wizard_step ended(struct wizard *wizard)
{
    if (is_in(wizard, "PLACE_BOOKED"))
        return WIZARD_BOOKED;
    if (is_in(wizard, "PLACE_LAPSED"))
        return expired(wizard);
    prompt_say(&wizard->prompt, "%s", ctl_say(wizard->ctl, "该号已被取消", "the place was taken back"));
    wizard->ours = false;
    wizard_give_back(wizard);
    return WIZARD_BEGIN;
}

/* One second at most. False: nobody has decided. */
static bool tick(struct wizard *wizard, struct countdown *countdown, enum wizard_step *ret_step)
{
    int64_t left_ms = countdown->until_ms - progress_clock_ms();
    int wait_ms = left_ms <= 0 ? SECOND_MS : (int)((left_ms - 1) % SECOND_MS) + 1;

    draw(wizard, left_ms);
    switch (prompt_key(&wizard->prompt, wizard->ours ? "cag" : "cdl", wait_ms)) {
    case 'c':
        *ret_step = confirm(wizard);
        return true;
    case 'a':
    case 'd':
        *ret_step = let_go(wizard);
        return true;
    case PROMPT_NOTHING:
        break;
    default:
        *ret_step = WIZARD_GAVE_UP;
        return true;
    }

    int64_t now_ms = progress_clock_ms();

    if (now_ms < countdown->until_ms && now_ms - countdown->looked_ms < LOOK_EVERY_MS)
        return false;
    countdown->looked_ms = now_ms;
    if (!look(wizard) || is_in(wizard, "PLACE_HELD"))
        return false;
    *ret_step = ended(wizard);
    return true;
}

enum wizard_step book_hold(struct wizard *wizard)
{
    struct countdown countdown = countdown_of(wizard);
    enum wizard_step step = WIZARD_GAVE_UP;

    if (!wizard->ours)
        prompt_say(&wizard->prompt, "%s",
                   ctl_say(wizard->ctl, "该转诊已有一个待确认的号", "a place is held for this referral already"));
    if (ctl_has(wizard->ctl, "yes"))
        return confirm(wizard);
    while (!tick(wizard, &countdown, &step))
        ;
    return step;
}
