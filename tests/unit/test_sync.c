/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/base/sync: many descriptors at once, some of them closed, one that cannot be synced. */
#include "base/sync.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void many_are_synced_at_once(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    int fds[50], ends[2];
    for (int i = 0; i < 50; i++)
        fds[i] = i % 7 ? memfd_create("synced", MFD_CLOEXEC) : -1;
    assert_int_equal(sync_all(fds, 0, "nothing", &err), 0);
    assert_int_equal(sync_all(fds, 50, "them", &err), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fds[0] = ends[0]; /* cannot be synced */
    assert_int_equal(sync_all(fds, 50, "them", &err), PARE_EPLACE);
    assert_non_null(strstr(err.text, "cannot sync them"));
    (void)close(ends[1]);
    for (int i = 0; i < 50; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(many_are_synced_at_once) };
    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
