/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Calls of kernels, with guards around what they write: see trial.h. */
#include "check/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_FILL 0x5b

static const struct check_rule encode_outside = {
    "encode wrote outside of its planes",
    "it must write just what rows and row_len ask for, to the byte"
};
static const struct check_rule decode_outside = {
    "decode wrote outside of its floats",
    "it must write rows * row_len floats, also when that is no multiple of its vectors"
};
static const struct check_rule whole_written = { "encode wrote to a plane per column or per tensor",
                                                 "encode reads these; settle fills them" };

static const char *with_words(const struct pare_calibration *calibration)
{
    static const char *const words[] = { "", "importance", "best", "best, importance" };

    if (!calibration) {
        return words[0];
    }
    return words[2 * (calibration->search == PARE_SEARCH_BEST) + (calibration->importance != NULL)];
}

void trial_expect(const struct trial *trial, int held, const struct check_rule *rule,
                  const char *where)
{
    if (held) {
        return;
    }
    const struct check_finding finding = { .encoding = trial->encoding->name,
                                           .kernel = trial->kernel ? trial->kernel->name : NULL,
                                           .input = trial->input,
                                           .rows = trial->rows,
                                           .row_len = trial->row_len,
                                           .with = with_words(trial->calibration),
                                           .rule = rule,
                                           .where = where ? where : "" };
    trial->check->failures++;
    trial->check->found(trial->check->context, &finding);
}

void trial_expect_bytes(const struct trial *trial, uint32_t plane, const uint8_t *bytes,
                        const uint8_t *expected, size_t at, size_t n, const struct check_rule *rule)
{
    char where[128];
    size_t i = 0;

    if (memcmp(bytes, expected, n) == 0) {
        return;
    }
    while (bytes[i] == expected[i]) {
        i++;
    }
    snprintf(where, sizeof(where), "plane %.32s, byte %zu: %02x instead of %02x",
             trial->encoding->planes[plane]->name, at + i, bytes[i], expected[i]);
    trial_expect(trial, 0, rule, where);
}

void trial_expect_planes(const struct trial *trial, const struct planes *planes,
                         const struct planes *expected, const struct check_rule *rule)
{
    for (uint32_t p = 0; p < planes->n; p++) {
        if (memcmp(planes->plane[p], expected->plane[p], planes->size[p]) != 0) {
            trial_expect_bytes(trial, p, planes->plane[p], expected->plane[p], 0, planes->size[p],
                               rule);
            return;
        }
    }
}

void trial_expect_floats(const struct trial *trial, const float *floats, const float *expected,
                         const struct check_rule *rule)
{
    uint64_t n = trial->rows * trial->row_len;
    uint64_t i = floats_mismatch(floats, expected, n);
    char where[128];

    if (i < n) {
        snprintf(where, sizeof(where), "float %llu: %a instead of %a", (unsigned long long)i,
                 (double)floats[i], (double)expected[i]);
        trial_expect(trial, 0, rule, where);
    }
}

void trial_step(const struct trial *trial, const char *what, const char *name, const char *act)
{
    const struct check_step step = { trial->encoding->name, what,        name,          act,
                                     trial->input,          trial->rows, trial->row_len };

    if (trial->check->step) {
        trial->check->step(trial->check->context, &step);
    }
}

static void copy_whole(const struct trial *trial, struct planes *planes)
{
    for (uint32_t p = 0; p < planes->n && trial->gathered; p++) {
        if (plane_is_whole(trial->encoding->planes[p])) {
            memcpy(planes->plane[p], trial->gathered->whole.plane[p], planes->size[p]);
        }
    }
}

static void expect_whole(const struct trial *trial, const struct planes *planes)
{
    for (uint32_t p = 0; p < planes->n && trial->gathered; p++) {
        if (plane_is_whole(trial->encoding->planes[p])) {
            trial_expect_bytes(trial, p, planes->plane[p], trial->gathered->whole.plane[p], 0,
                               planes->size[p], &whole_written);
        }
    }
}

void trial_encode(const struct trial *trial, const struct pare_kernel *kernel, size_t shift,
                  uint8_t fill, struct planes *ret_planes)
{
    struct pare_calibration calibration = { .struct_size = sizeof(calibration) };

    planes_init(ret_planes, trial->encoding, trial->rows, trial->row_len, shift, fill);
    copy_whole(trial, ret_planes);
    if (trial->calibration) {
        calibration = *trial->calibration;
    }
    calibration.state = trial->gathered ? trial->gathered->state : NULL;
    calibration.first_row = trial->first_row;
    calibration.first_column = trial->first_column;
    trial_step(trial, "kernel", kernel->name, "encoded");
    kernel->encode(trial->x, trial->rows, trial->row_len, &calibration, ret_planes->plane);
    trial_expect(trial, planes_guarded(ret_planes), &encode_outside, NULL);
    expect_whole(trial, ret_planes);
}

float *trial_decode(const struct trial *trial, const struct pare_kernel *kernel,
                    const struct planes *planes)
{
    static const uint8_t expected[4] = { FLOAT_FILL, FLOAT_FILL, FLOAT_FILL, FLOAT_FILL };
    uint64_t n = trial->rows * trial->row_len;
    uint64_t guard = GUARD_BYTES / sizeof(float);
    float *memory = check_allocate(n + 2 * guard, sizeof(float));
    uint32_t outside = 0;

    memset(memory, FLOAT_FILL, (n + 2 * guard) * sizeof(float));
    trial_step(trial, "kernel", kernel->name, "decoded");
    kernel->decode(planes_readable(planes), trial->rows, trial->row_len, memory + guard);
    for (uint64_t i = 0; i < guard; i++) {
        outside += memcmp(&memory[i], expected, 4) != 0;
        outside += memcmp(&memory[guard + n + i], expected, 4) != 0;
    }
    trial_expect(trial, outside == 0, &decode_outside, NULL);
    memmove(memory, memory + guard, n * sizeof(float));
    return memory;
}
