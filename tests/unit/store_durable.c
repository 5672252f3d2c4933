/* store_durable.c - a folder is made, or it is said why not; that its name outlasts a power cut is for crash/ to show
 * (D8). */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/durable.h"
#include "store_fixture.h"

Test(durable, d8_a_folder_is_there_when_it_was_made_and_when_it_was_there_already)
{
    char base[] = SCRATCH "/store-test-XXXXXX", path[sizeof base + 8];
    struct stat status;

    cr_assert_not_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/folder", base);
    cr_assert_eq(durable_folder(path), 0);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0700);
    cr_assert_eq(durable_folder(path), 0);
    cr_assert_eq(durable_name(path), 0);
    rmdir(path);
    rmdir(base);
}

Test(durable, d8_a_folder_that_cannot_be_made_is_none)
{
    char path[PATH_MAX + 8];

    cr_assert_eq(durable_folder("/nowhere/at/all"), -ENOENT);
    cr_assert_eq(durable_name("/nowhere/at/all"), -ENOENT);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    cr_assert_eq(durable_name(path), -ENAMETOOLONG);
    cr_assert_eq(durable_folder(path), -ENAMETOOLONG);
}

/* A hoster's folder of folders, in which everybody has one. */
Test(durable, d8_a_folder_is_there_though_the_one_above_may_not_be_read)
{
    char base[] = SCRATCH "/store-test-XXXXXX", path[sizeof base + 8];

    cr_assert_not_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/folder", base);
    cr_assert_eq(durable_folder(path), 0);
    cr_assert_eq(chmod(base, 0111), 0);
    cr_assert_eq(seteuid(geteuid() == 0 ? 65534 : geteuid()), 0); /* root may read all */
    cr_assert_eq(durable_name(path), -EACCES);
    cr_assert_eq(durable_folder(path), 0);
    cr_assert_eq(seteuid(getuid()), 0);
    cr_assert_eq(chmod(base, 0700), 0);
    rmdir(path);
    rmdir(base);
}
