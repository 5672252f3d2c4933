/* help.c - prints the tables of verbs, options and exit codes. */
#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "field.h"
#include "handlers.h"
#include "ops_check.h"
#include "place.pb-c.h"
#include "pool_text.h"
#include "rules/lifecycle.h"
#include "setting.h"
#include "wire/wire.h"

void help_usage(const struct ctl *ctl, const struct verb *verb, FILE *out)
{
    fprintf(out, ctl_say(ctl, "用法: referralctl %s", "Usage: referralctl %s"), verb->name);
    for (const struct argument_info *a = verb->arguments; a != NULL && a->name != NULL; a++)
        fprintf(out, a->optional ? " [%s]" : " %s", a->name);
    fprintf(out, "%s\n", ctl_say(ctl, " [选项]", " [OPTION...]"));
}

/* The event that a verb's coded reason is of; EVENT_NONE: it has none. */
static enum event event_of(const struct verb *verb)
{
    if (verb->kind == REFERRAL__KIND__CANCEL_PLACE)
        return CANCEL_BOOKING;
    if (verb->kind == REFERRAL__KIND__DISPLACE_PLACE)
        return DISPLACE;
    if (verb->fixed_text == NULL)
        return EVENT_NONE;

    const ProtobufCEnumValue *type =
        protobuf_c_enum_descriptor_get_value_by_name(&referral__event_type__descriptor, verb->fixed_text);

    return type == NULL ? EVENT_NONE : (enum event)type->value;
}

/* Of the names of a code list those, as bits, that this verb would only be refused with. */
static uint32_t choices_in_vain(const struct verb *verb, const ProtobufCEnumDescriptor *names)
{
    uint32_t bits = 0;

    if (names == &referral__block_reason__descriptor)
        return 1U << REFERRAL__BLOCK_REASON__NOT_KEPT; /* Q14: of the broker's own blocks */
    if (names != &referral__reason__descriptor)
        return 0;
    for (unsigned i = 0; i < names->n_values; i++)
        if (!lifecycle_reason_fits(event_of(verb), (Referral__Reason)names->values[i].value))
            bits |= 1U << names->values[i].value;
    return bits;
}

char *help_choices(const struct verb *verb, const char *path)
{
    const struct kind_info *kind = verb == NULL || verb->kind == 0 ? NULL : kind_info(verb->kind);
    const ProtobufCFieldDescriptor *field = kind == NULL || path == NULL ? NULL : field_find(kind->body, path);

    const ProtobufCEnumDescriptor *names = field == NULL ? NULL : field_enum(field);

    return names == NULL ? NULL : field_choices(names, choices_in_vain(verb, names));
}

/* `verb`: whose options they are; NULL: every verb's. */
static void print_options(const struct ctl *ctl, const struct verb *verb, const struct option_info *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        char left[64], *choices = help_choices(verb, options->field);

        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value == NULL ? "" : " ",
                 options->value == NULL ? "" : options->value);
        fprintf(ctl->out, "  %-28s  %s%s%s\n", left, ctl_say(ctl, options->zh, options->en),
                choices == NULL ? "" : ": ", choices == NULL ? "" : choices);
        free(choices);
    }
}

const struct exit_info *exit_codes(size_t *ret_count)
{
    static const struct exit_info codes[] = {
        {EXIT_OK, "完成", "done"},
        {EXIT_REFUSED, "被拒绝, 已放弃, 或拒绝覆盖已有文件", "refused, or given up; or something would be overwritten"},
        {EXIT_USAGE, "用法错误", "usage"},
        {EXIT_NO_BROKER, "无法连接, 或未及时答复", "cannot connect, or no answer in time"},
        {EXIT_BAD_FILE, "文件无法读写或内容有误", "a file cannot be read or written, or is wrong"},
        {EXIT_CHECK_FAILED, "检查未通过", "a check failed"},
    };

    *ret_count = sizeof codes / sizeof *codes;
    return codes;
}

static void print_exit_codes(const struct ctl *ctl)
{
    size_t count;
    const struct exit_info *codes = exit_codes(&count);

    fprintf(ctl->out, "%s\n", ctl_say(ctl, "退出码:", "Exit codes:"));
    for (size_t i = 0; i < count; i++)
        fprintf(ctl->out, "  %d  %s\n", codes[i].code, ctl_say(ctl, codes[i].zh, codes[i].en));
}

/* What a word of the command line looks like that names a pool. */
static void print_pool_form(const struct ctl *ctl, const struct verb *verb)
{
    for (const struct argument_info *a = verb->arguments; a != NULL && a->name != NULL; a++)
        if (strcmp(a->name, "POOL") == 0)
            fprintf(ctl->out, "  POOL: %s\n",
                    ctl_say(ctl, "[机构/]类别/科室/号源/日期, 如 EXPERT/NK/WANG-AM/2026-12-02",
                            POOL_TEXT_FORM ", such as EXPERT/NK/WANG-AM/2026-12-02"));
}

static void print_verb(const struct ctl *ctl, const struct verb *verb)
{
    help_usage(ctl, verb, ctl->out);
    fprintf(ctl->out, "  %s\n", ctl_say(ctl, verb->zh, verb->en));
    print_pool_form(ctl, verb);
    if (verb->options != NULL && verb->options[0].name != NULL)
        fprintf(ctl->out, "\n%s\n", ctl_say(ctl, "选项:", "Options:"));
    print_options(ctl, verb, verb->options);
    if (verb->kind == REFERRAL__KIND__LIST_SETTINGS || verb->kind == REFERRAL__KIND__PUT_SETTING)
        setting_help(ctl);
    if (verb->run == ops_check_run) {
        fprintf(ctl->out, "\nWHAT:\n");
        ops_check_help(ctl);
    }
    fprintf(ctl->out, "\n%s\n",
            ctl_say(ctl, "通用选项见 referralctl --help", "Options of every verb: referralctl --help"));
}

static void print_program(const struct ctl *ctl)
{
    size_t count;
    const struct verb *table = verbs(&count);

    fprintf(ctl->out, "%s\n",
            ctl_say(ctl, "用法: referralctl 命令 [参数] [选项]; referralctl 命令 --help",
                    "Usage: referralctl VERB [ARGUMENT...] [OPTION...]; referralctl VERB --help"));
    for (enum verb_group group = 0; group < GROUP_COUNT; group++) {
        fprintf(ctl->out, "\n%s:\n", verb_group_title(group, ctl->zh));
        for (size_t i = 0; i < count; i++) {
            char left[96];
            int used;

            if (table[i].group != group)
                continue;
            used = snprintf(left, sizeof left, "%s", table[i].name);
            for (const struct argument_info *a = table[i].arguments; a != NULL && a->name != NULL; a++)
                used += snprintf(left + used, sizeof left - (size_t)used, a->optional ? " [%s]" : " %s", a->name);
            fprintf(ctl->out, "  %-36s  %s\n", left, ctl_say(ctl, table[i].zh, table[i].en));
        }
    }
    fprintf(ctl->out, "\n%s\n", ctl_say(ctl, "通用选项:", "Options of every verb:"));
    print_options(ctl, NULL, global_options());
    fprintf(ctl->out, "\n%s\n\n",
            ctl_say(ctl, "时间按环境变量 TZ 的时区读写, 未设则为北京时间.",
                    "Times are read and shown in the time zone of TZ in the environment, else in China's."));
    connect_help(ctl);
    fputc('\n', ctl->out);
    print_exit_codes(ctl);
}

void help_print(const struct ctl *ctl, const struct verb *verb)
{
    if (verb == NULL)
        print_program(ctl);
    else
        print_verb(ctl, verb);
}

int help_run(struct ctl *ctl)
{
    size_t words;
    const struct verb *verb = verb_find(ctl->arguments, &words);

    if (verb == NULL && ctl->arguments[0] != NULL) {
        ctl_complain(ctl, ctl_say(ctl, "没有命令“%s”", "there is no verb '%s'"), ctl->arguments[0]);
        return EXIT_USAGE;
    }
    help_print(ctl, verb);
    return EXIT_OK;
}
