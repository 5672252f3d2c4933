/* main.c - the demonstration: the main job over real sockets, each party a process. Called by run.sh, for a folder that
 * prepare.sh has filled. */
#include "scenes.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The district's cast; ids as in district/1-institutions.jsonl. */
static const struct actor cast[ROLE_COUNT] = {
    [CENTRE_A] = {.institution = "121201151000011313", .name = "大口屯镇中心卫生院", .key_name = "centre-a"},
    [CENTRE_B] = {.institution = "1212011510000114XT", .name = "王卜庄镇中心卫生院", .key_name = "centre-b"},
    [CENTRE_C] = {.institution = "12120115100001051F", .name = "海滨街道社区卫生服务中心", .key_name = "centre-c"},
    [CENTRE_D] = {.institution = "1212011510000106X7", .name = "宝平街道社区卫生服务中心", .key_name = "centre-d"},
    [HOSPITAL] = {.institution = "121201151000010194", .name = "宝坻区人民医院", .key_name = "hospital"},
    [TCM_HOSPITAL] = {.institution = "12120115100001027Y", .name = "宝坻区中医医院", .key_name = "tcm-hospital"},
    [MATERNITY] = {.institution = "12120115100001035R", .name = "宝坻区妇产医院", .key_name = "maternity"},
    [EMERGENCY_120] = {.institution = "12120115200000021G", .name = "宝坻区 120 急救站", .key_name = "emergency"},
};

static void print_tally(const struct tally *tally)
{
    stage_title("结果  What was sent, delivered, refused, redelivered and checked");
    const struct {
        const char *what;
        unsigned count;
    } rows[] = {
        {"messages sent by institutions   发出", tally->sent},
        {"accepted, on disk               受理", tally->accepted},
        {"refused                         退回", tally->refused},
        {"referrals delivered             送达", tally->delivered},
        {"notices delivered               通知", tally->notices},
        {"of these possibly redelivered   重投", tally->redelivered},
        {"promises checked                检查", tally->checks},
        {"failed                          失败", tally->failed},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("  %-40s %8u\n", rows[i].what, rows[i].count);
}

/* The kernel's choice of a free port on loopback, for run.sh. */
static int print_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("no free port");
        return 1;
    }
    printf("%u\n", ntohs(address.sin_port));
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--free-port") == 0)
        return print_free_port();
    if (argc < 4) {
        fprintf(stderr, "usage: referral-demo REFERRALD FOLDER ADDRESS [--keep]\n");
        return 2;
    }
    struct stage stage = {.broker_program = argv[1], .folder = argv[2], .address = argv[3]};
    bool keep = argc > 4 && strcmp(argv[4], "--keep") == 0;
    memcpy(stage.actors, cast, sizeof cast);
    char path[512];
    stage_path(&stage, "keys/server.pub", path, sizeof path);
    if (referral_key_load_public(path, stage.server_key) != 0) {
        fprintf(stderr, "%s holds no server key\n", path);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    stage.started_ms = stage_clock_ms();
    if (!stage_start_broker(&stage) || !stage_start_parties(&stage)) {
        fprintf(stderr, "referrald did not start; its log is %s/referrald.log\n", stage.folder);
        return 1;
    }
    for (int role = 0; role < ROLE_COUNT; role++)
        if (role != TCM_HOSPITAL) /* offline until scene three */
            stage_connect(&stage, (enum role)role, 64);
    stage_say(&stage, ROLE_COUNT, "serves at %s; %d systems connected over CURVE, each a process of its own",
              stage.address, ROLE_COUNT - 1);
    scene_up_and_down(&stage);
    scene_refused(&stage);
    scene_emergency_overtakes(&stage);
    scene_sent_twice(&stage);
    scene_killed(&stage);
    struct tally tally = stage.tally;
    print_tally(&tally);
    stage_end_parties(&stage);
    if (!keep)
        stage_kill_broker(&stage, SIGTERM);
    return tally.failed == 0 && tally.checks > 0 ? 0 : 1;
}
