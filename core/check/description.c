/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Descriptions of encodings: see description.h. */
#include "check/description.h"

#include <string.h>

#define ALL_FLAGS (2u * PARE_ENCODING_BEST - 1)
#define ALL_CPU (2u * PARE_CPU_NEON - 1)

static const struct check_rule unknown_flags = { "it has flags that there are none of",
                                                 "set only bits of enum pare_encoding_flags" };
static const struct check_rule needs_unused = {
    "it needs importance, but does not say that it uses it",
    "set PARE_ENCODING_IMPORTANCE beside PARE_ENCODING_NEEDS_IMPORTANCE"
};
static const struct check_rule float_blocks = {
    "a float encoding has blocks",
    "a cast has a block length of 1; what shares scales has PARE_ENCODING_QUANTIZED"
};
static const struct check_rule integer_calibrated = {
    "an integer encoding uses importance or searches", "integers are copied: leave out the flags"
};
static const struct check_rule plane_twice = {
    "two planes have one name", "writers call tensors NAME.PLANE: give each its own"
};
static const struct check_rule kernel_twice = { "two kernels have one name",
                                                "name each by the instructions that it needs" };
static const struct check_rule unknown_cpu = {
    "a kernel needs instructions that there are none of, and is never used",
    "set only bits of enum pare_cpu"
};
static const struct check_rule no_summary = { "it has no summary",
                                              "say in a few words what it is, for `pare plugins`" };

static void check_planes(const struct trial *trial)
{
    const struct pare_plane *const *planes = trial->encoding->planes;

    for (uint32_t i = 0; planes[i]; i++) {
        for (uint32_t k = 0; k < i; k++) {
            trial_expect(trial, strcmp(planes[i]->name, planes[k]->name) != 0, &plane_twice,
                         planes[i]->name);
        }
    }
}

static void check_kernels(struct trial *trial)
{
    const struct pare_kernel *const *kernels = trial->encoding->kernels;

    for (uint32_t i = 0; kernels[i]; i++) {
        trial->kernel = kernels[i];
        for (uint32_t k = 0; k < i; k++) {
            trial_expect(trial, strcmp(kernels[i]->name, kernels[k]->name) != 0, &kernel_twice,
                         NULL);
        }
        trial_expect(trial, (kernels[i]->cpu & ~ALL_CPU) == 0, &unknown_cpu, NULL);
    }
    trial->kernel = NULL;
}

void check_description(struct check *check, const struct pare_encoding *encoding)
{
    struct trial trial = { .check = check, .encoding = encoding };
    uint32_t flags = encoding->flags;
    int calibrated = (flags & (PARE_ENCODING_IMPORTANCE | PARE_ENCODING_BEST)) != 0;
    int needs = (flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0;

    trial_expect(&trial, (flags & ~ALL_FLAGS) == 0, &unknown_flags, NULL);
    trial_expect(&trial, !needs || (flags & PARE_ENCODING_IMPORTANCE), &needs_unused, NULL);
    trial_expect(&trial, !(flags & PARE_ENCODING_FLOAT) || encoding->block_len == 1, &float_blocks,
                 NULL);
    trial_expect(&trial, !(flags & PARE_ENCODING_INTEGER) || !calibrated, &integer_calibrated,
                 NULL);
    trial_expect(&trial, encoding->summary[0] != '\0', &no_summary, NULL);
    check_planes(&trial);
    check_kernels(&trial);
}
