/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Trees that are removed in pieces (base/file.h). */
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char work[] = "/tmp/pare-remove-XXXXXX";

static int enter_work(void **state)
{
    (void)state;
    return mkdtemp(work) && chdir(work) == 0 ? 0 : -1;
}

static int leave_work(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : file_remove_tree(AT_FDCWD, work, NULL);
}

static void put_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write(fd, text, strlen(text), NULL), 0);
    (void)close(fd);
}

/* In pieces, each of which ends soon: many files, folders in folders, and a file of 5 GiB. */
static void removing_in_pieces(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    char path[200];
    assert_int_equal(mkdirat(AT_FDCWD, "much", 0700), 0);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(path, sizeof path, "much/%d", i);
        put_file(path, "x");
    }
    (void)snprintf(path, sizeof path, "much/in");
    for (int i = 0; i < 66; i++) {
        assert_int_equal(mkdirat(AT_FDCWD, path, 0700), 0);
        (void)strcat(path, "/d");
    }
    int large = openat(AT_FDCWD, "much/large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fallocate(large, 0, 0, (off_t)5 << 30) < 0)
        assert_int_equal(ftruncate(large, (off_t)5 << 30), 0); /* then it takes no space */
    (void)close(large);
    int pieces = 0, r;
    while ((r = file_remove_some(AT_FDCWD, "much", 1e-4, &err)) == 1)
        pieces++;
    if (r < 0)
        fail_msg("%s", err.text);
    assert_true(pieces > 3);
    assert_int_equal(faccessat(AT_FDCWD, "much", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(removing_in_pieces) };
    return cmocka_run_group_tests(tests, enter_work, leave_work);
}
