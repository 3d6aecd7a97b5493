/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Codes that are found again: see recover.h. */
#include "check/recover.h"

#include "check/encoding.h"
#include "check/gathering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3u
#define BLOCKS 5u

static const struct check_rule outside = { "recover wrote outside of its planes",
                                           "it must write just what rows and row_len ask for" };
static const struct check_rule neither = { "recover gave neither 0 nor 1",
                                           "1: the codes are found; 0: there are none known" };
static const struct check_rule answer_unstable = {
    "recover's answer depends on old bytes or alignment", "planes are uninitialized and unaligned"
};
static const struct check_rule bytes_unstable = {
    "recover's bytes depend on old bytes or alignment", "write every bit of the planes"
};
static const struct check_rule bytes_around = { "recover's bytes depend on the rows around",
                                                "keep nothing from one row to the next" };
static const struct check_rule answer_around = {
    "recover's answer depends on the rows around",
    "it is 1 for some rows when it is for each of them alone"
};
static const struct check_rule infinite = { "recover found codes for what is not finite",
                                            "answer 0 where there is a NaN or an infinity" };
static const struct check_rule others = {
    "what recover found decodes to something else",
    "decode what was found, and answer 1 only if it is x when rounded to the grain"
};

static const char *const grains[CHECK_GRAINS] = { "as f32", "as f16", "as bf16" };

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Multiples of 2^-24 below the halves' smallest normal number, else 11 bits; then what is too large
 * for them. Doubles hold all of this exactly. */
static float round_half(float value)
{
    int exponent;

    if (!isfinite(value) || value == 0.0f) {
        return value;
    }
    (void)frexp((double)value, &exponent);
    int last = exponent - 11 < -24 ? -24 : exponent - 11;
    double rounded = ldexp(rint(ldexp((double)value, -last)), last);
    return fabs(rounded) > 65504.0 ? copysignf(INFINITY, value) : (float)rounded;
}

static float round_bfloat(float value)
{
    uint32_t bits = bits_of(value);

    if (value != value) {
        return value;
    }
    bits = (bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

float check_round(float value, uint32_t grain)
{
    return grain == PARE_GRAIN_F16    ? round_half(value)
           : grain == PARE_GRAIN_BF16 ? round_bfloat(value)
                                      : value;
}

static int is_finite(const float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return 0;
        }
    }
    return 1;
}

/* The planes say what x is, but for the signs of zeros. */
static int holds(const struct trial *trial, uint32_t grain, const struct planes *planes)
{
    float *y = trial_decode(trial, trial->encoding->kernels[0], planes);
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < trial->rows * trial->row_len; i++) {
        float rounded = check_round(y[i], grain);
        wrong += trial->x[i] == 0.0f ? rounded != 0.0f : bits_of(rounded) != bits_of(trial->x[i]);
    }
    free(y);
    return wrong == 0;
}

static int recover(const struct trial *trial, uint32_t grain, size_t shift, uint8_t fill,
                   struct planes *ret_planes)
{
    planes_init(ret_planes, trial->encoding, trial->rows, trial->row_len, shift, fill);
    trial_step(trial, "recover", NULL, "looked at");
    int r = trial->encoding->recover(trial->x, trial->rows, trial->row_len, grain,
                                     ret_planes->plane);
    trial_expect(trial, planes_guarded(ret_planes), &outside, grains[grain]);
    trial_expect(trial, r == 0 || r == 1, &neither, grains[grain]);
    return r;
}

/* 1: rows can be recovered one by one and give the same bytes. */
static int has_rows(const struct pare_encoding *encoding)
{
    return encoding_rows_together(encoding) == 1 && !encoding_has_whole_planes(encoding);
}

/* Row by row, elsewhere and over other bytes: the same. */
static void check_alone(const struct trial *trial, uint32_t grain, int found,
                        const struct planes *planes)
{
    struct trial row = *trial;
    struct planes other;
    int all = 1;

    trial_expect(trial, recover(trial, grain, 1, 0xff, &other) == found, &answer_unstable,
                 grains[grain]);
    if (found) {
        trial_expect_planes(trial, &other, planes, &bytes_unstable);
    }
    planes_deinit(&other);
    if (!has_rows(trial->encoding) || trial->rows * trial->row_len == 0) {
        return;
    }
    row.rows = 1;
    for (uint64_t i = 0; i < trial->rows; i++, row.x += row.row_len) {
        all &= recover(&row, grain, 3, 0, &other);
        for (uint32_t p = 0; p < other.n && found; p++) {
            size_t at = i * other.size[p];
            trial_expect_bytes(trial, p, other.plane[p], (const uint8_t *)planes->plane[p] + at, at,
                               other.size[p], &bytes_around);
        }
        planes_deinit(&other);
    }
    trial_expect(trial, all == found, &answer_around, grains[grain]);
}

int check_recover_trial(const struct trial *trial, uint32_t grain)
{
    struct planes planes;
    int found = recover(trial, grain, 0, 0, &planes);

    if (found) {
        trial_expect(trial, is_finite(trial->x, trial->rows * trial->row_len), &infinite,
                     grains[grain]);
        trial_expect(trial, holds(trial, grain, &planes), &others, grains[grain]);
    }
    check_alone(trial, grain, found, &planes);
    planes_deinit(&planes);
    return found;
}

/* What is left of the trial's x in the encoding; NULL when it needs more for that. */
static float *pass(struct trial *trial)
{
    struct planes planes;
    struct gathering gathering;
    float *y = NULL;

    if (trial->encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE) {
        return NULL;
    }
    int r = gathering_open(trial, 0, &gathering);
    trial->gathered = r > 0 ? &gathering.made : NULL;
    if (r >= 0) {
        trial_encode(trial, trial->encoding->kernels[0], 0, 0, &planes);
        y = trial_decode(trial, trial->encoding->kernels[0], &planes);
        planes_deinit(&planes);
    }
    gathering_close(trial, &gathering);
    trial->gathered = NULL;
    return y;
}

static void check_shape(struct trial *trial, const struct input *input, uint32_t grain, float *x)
{
    uint64_t n = trial->rows * trial->row_len;

    input_fill(input, trial->check->seed, x, n);
    trial->x = x;
    float *y = pass(trial);
    for (uint64_t i = 0; i < n; i++) {
        x[i] = check_round(x[i], grain);
        if (y) {
            y[i] = check_round(y[i], grain);
        }
    }
    (void)check_recover_trial(trial, grain);
    if (y) {
        trial->x = y;
        (void)check_recover_trial(trial, grain);
    }
    free(y);
}

void check_recover(struct check *check, const struct pare_encoding *encoding)
{
    uint64_t len = encoding->block_len;
    const uint64_t shapes[][2] = { { ROWS, BLOCKS }, { 1, 1 }, { 0, BLOCKS }, { 1, 0 } };
    struct trial trial = { .check = check, .encoding = encoding };
    float *x = check_allocate(ROWS * BLOCKS * len, sizeof(*x));

    for (uint64_t i = 0; inputs[i].name && encoding->recover; i++) {
        for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes) && check_has_input(check, i); s++) {
            trial.input = inputs[i].name;
            trial.range = inputs[i].range;
            trial.rows = shapes[s][0];
            trial.row_len = shapes[s][1] * len;
            for (uint32_t grain = 0; grain < CHECK_GRAINS; grain++) {
                check_shape(&trial, &inputs[i], grain, x);
            }
        }
    }
    free(x);
}
