/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Which names are those of parts that have to be joined, and what is said of them. */
#include "source/parts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_parts(void **state)
{
    static const struct {
        const char *name, *other; /* which may lie beside it */
        const char *command;      /* NULL: no part */
    } cases[] = {
        { "m.gguf.part1of2", NULL, "`cat m.gguf.part* > m.gguf'" },
        { "m.gguf.part-01-of-12", NULL, "`cat m.gguf.part-* > m.gguf'" },
        { "m.gguf-part 3 of 4", NULL, "`cat m.gguf-part * > m.gguf'" },
        { "m.gguf-split-a", NULL, "`cat m.gguf-split-* > m.gguf'" },
        { "m.gguf.part1", "m.gguf.part2", "`cat m.gguf.part* > m.gguf'" },
        { "m.gguf.part10", "m.gguf.part09", "`cat m.gguf.part* > m.gguf'" },
        { "m.gguf.001", "m.gguf.002", "`cat m.gguf.* > m.gguf'" },
        { "m.gguf.aa", "m.gguf.ab", "`cat m.gguf.* > m.gguf'" },
        { "m.gguf.ab", "m.gguf.aa", "`cat m.gguf.* > m.gguf'" },
        { "m.gguf.partaa", "m.gguf.partab", "`cat m.gguf.part* > m.gguf'" },
        { "m.gguf.001", NULL, NULL },
        { "m.gguf.aa", NULL, NULL },
        { "m.gguf.part1", NULL, NULL },
        { "m.npy", "m.npz", NULL },
        { "llama-2.0", "llama-2.1", NULL },
        { "llama2.5.1", "llama2.5.2", NULL },
        { "m-00001-of-00002.gguf", "m-00002-of-00002.gguf", NULL },
        { "part1of2", NULL, NULL },
        { "m.gguf", NULL, NULL },
    };
    char path[] = "/tmp/pare-parts-XXXXXX", reason[PARTS_REASON];
    (void)state;
    assert_non_null(mkdtemp(path));
    assert_int_equal(chdir(path), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = cases[i].other ? open(cases[i].other, O_WRONLY | O_CREAT, 0644) : -1;
        int found = parts_find(AT_FDCWD, cases[i].name, reason);
        if (found != !!cases[i].command || (found && !strstr(reason, cases[i].command)))
            fail_msg("%s: %s", cases[i].name, found ? reason : "no part");
        if (fd >= 0)
            assert_int_equal(close(fd) | unlink(cases[i].other), 0);
    }
    assert_int_equal(chdir("/") | rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_parts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
