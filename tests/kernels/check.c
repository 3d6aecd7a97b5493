/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The kernel checker (core/check) on every kernel of every encoding of every plugin in a folder.
 * `pare plugins --check` does the same for one plugin, in the sandbox.
 *
 * Usage: check FOLDER [SEED [EVERY]]: with one of EVERY inputs, from which on is the seed's choice;
 * a SEED of 0 is the time. PARE_TEST_SEED=N is an earlier choice, PARE_TEST_ALL=1 has all inputs.
 * It prints a line for each kernel and the seed that it used; status 0 when all hold. A kernel
 * whose CPU features are missing here is reported as skipped.
 */
#include "check/description.h"
#include "check/encoding.h"
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void print_finding(void *context, const struct check_finding *f)
{
    (void)context;
    printf("  %s %s on %s (%llu x %llu%s%s): %s%s%s\n", f->encoding, f->kernel ? f->kernel : "",
           f->input ? f->input : "its description", (unsigned long long)f->rows,
           (unsigned long long)f->row_len, f->with[0] ? ", " : "", f->with, f->rule->broken,
           f->where[0] ? ": " : "", f->where);
}

/* Every kernel of an encoding, and that it has what its flags promise. */
static void check_encoding(struct check *check, const struct pare_encoding *encoding)
{
    check_description(check, encoding);
    for (uint32_t i = 0; encoding->kernels[i]; i++) {
        const struct pare_kernel *kernel = encoding->kernels[i];
        if (!kernel->encode && !(encoding->flags & PARE_ENCODING_INTEGER)) {
            printf("not ok %s %s: it cannot encode\n", encoding->name, kernel->name);
            check->failures++;
            continue;
        }
        enum check_verdict verdict = check_kernel(check, encoding, kernel);
        if (verdict == CHECK_SKIPPED) {
            printf("skip   %s %s: this machine lacks its CPU features\n", encoding->name,
                   kernel->name);
        } else {
            printf("%s %s %s\n", verdict == CHECK_GOOD ? "ok    " : "not ok", encoding->name,
                   kernel->name);
        }
    }
}

static uint64_t choose_seed(const char *argument)
{
    const char *again = getenv("PARE_TEST_SEED");
    uint64_t seed = strtoull(again ? again : argument, NULL, 0);

    return seed != 0 ? seed : (uint64_t)time(NULL);
}

int main(int argc, char **argv)
{
    struct check check = { .cpu = machine_cpu(), .found = print_finding, .every = 1 };

    if (argc < 2) {
        fprintf(stderr, "usage: check FOLDER [SEED [EVERY]]\n");
        return 2;
    }
    check.seed = choose_seed(argc > 2 ? argv[2] : "0");
    if (argc > 3 && atoi(argv[3]) > 0 && !getenv("PARE_TEST_ALL")) {
        check.every = (uint64_t)atoi(argv[3]);
    }
    const struct pare_encoding **all = encodings_load(argv[1]);
    printf("seed %llu (PARE_TEST_SEED: this choice again; PARE_TEST_ALL=1: everything)\n",
           (unsigned long long)check.seed);
    for (const struct pare_encoding **encoding = all; *encoding; encoding++) {
        check_encoding(&check, *encoding);
    }
    free(all);
    printf("%llu failures\n", (unsigned long long)check.failures);
    return check.failures == 0 ? 0 : 1;
}
