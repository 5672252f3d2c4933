/* archives_verify.c - what there is in the archive, and what the store says of it. */
#include <inttypes.h>

#include "archives.h"
#include "offline.h"
#include "progress.h"
#include "store/archive_verify.h"
#include "table.h"

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct progress *progress = user;

    progress->what = what;
    progress_step(progress, done, total);
}

static json_t *verified_json(const struct archive_verify_result *found)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "archive_files", (json_int_t)found->files, "archive_records",
                     (json_int_t)found->records, "archived_referrals", (json_int_t)found->referrals, "archive_untold",
                     (json_int_t)found->untold, "archive_faults", (json_int_t)found->faults, "archive_first_fault",
                     found->first_fault);
}

static void print_verified(const struct ctl *ctl, const struct archive_verify_result *found)
{
    fprintf(ctl->out,
            ctl_say(ctl, "归档 %" PRIu64 " 个文件, %" PRIu64 " 条记录, %" PRIu64 " 个转诊\n",
                    "archive: %" PRIu64 " files, %" PRIu64 " records, %" PRIu64 " referrals\n"),
            found->files, found->records, found->referrals);
    if (found->faults == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "归档未发现问题", "no fault found in the archive"));
    else
        fprintf(ctl->out,
                ctl_say(ctl, "归档发现 %" PRIu64 " 处问题; 第一处: %s\n",
                        "%" PRIu64 " faults in the archive; the first: %s\n"),
                found->faults, found->first_fault);
}

int archive_verify_run(const struct ctl *ctl, const struct store_options *options, const char *directory,
                       json_t *document)
{
    struct archive_verify_result found = {0};
    struct progress progress;
    struct store *store = NULL;
    int failure = store_open(options, &store), result = EXIT_OK;

    if (failure != 0)
        return offline_fail(ctl, failure, options->error);
    progress_begin(&progress, ctl, "");
    failure = archive_verify(store, directory, show_progress, &progress, &found);
    progress_end(&progress);
    if (failure != 0) {
        result = offline_fail(ctl, failure, store_error(store));
    } else if (found.files != 0 || found.faults != 0 || ctl_has(ctl, "archives")) {
        if (ctl->json)
            json_object_update_new(document, verified_json(&found));
        else
            print_verified(ctl, &found);
    }
    store_close(store);
    return failure == 0 && found.faults != 0 ? EXIT_CHECK_FAILED : result;
}
