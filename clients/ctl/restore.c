/* restore.c - an older copy of a store, or a backup, goes on: as another incarnation. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "store/backup.h"

/* An incarnation is a second (base/id.h): it is one that begins only now, so that another restore of the same copy,
 * however soon, gives other ids. */
static struct instant next_second(void)
{
    return instant_of(moment_next_second());
}

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* What opens a store advises to make one where there is none. */
static int check_from(const struct ctl *ctl, const char *from)
{
    char data[FOLDER_PATH_MAX];

    if (access(from, F_OK) != 0)
        ctl_complain(ctl, "%s: %s", from, strerror(errno));
    else if (!is_file(from) && (!folder_path(data, from, "data.mdb") || access(data, F_OK) != 0))
        ctl_complain(ctl, ctl_say(ctl, "%s: 既不是备份, 也不是库的副本", "%s: is no backup and no copy of a store"),
                     from);
    else
        return EXIT_OK;
    return EXIT_BAD_FILE;
}

static int restore_from(struct ctl *ctl, struct offline *offline)
{
    struct store_options options = offline_options(offline, true);
    const char *from = ctl->arguments[0], *to = ctl->arguments[1];
    uint8_t key[BACKUP_KEY_SIZE];
    int failure;

    if (!is_file(from)) {
        failure = store_restore(&options, to, next_second());
    } else {
        int result = offline_backup_key(ctl, offline, key);

        if (result != EXIT_OK)
            return result;
        failure = store_restore_backup(&options, from, key, to, next_second());
        sodium_memzero(key, sizeof key);
    }
    if (failure != 0)
        return offline_fail(ctl, failure, offline->error);
    fprintf(ctl->out, ctl_say(ctl, "已恢复到 %s (新代次)\n", "restored to %s, in a new incarnation\n"), to);
    return EXIT_OK;
}

static int restore(struct ctl *ctl)
{
    struct offline offline;
    int result = offline_find(ctl, ctl->arguments[0], &offline);

    if (result == EXIT_OK)
        result = check_from(ctl, ctl->arguments[0]);
    if (result == EXIT_OK)
        result = restore_from(ctl, &offline);
    offline_fini(&offline);
    return result;
}

int restore_run(struct ctl *ctl)
{
    return offline_run(ctl, restore, ctl_say(ctl, "正在复制", "copying"));
}
