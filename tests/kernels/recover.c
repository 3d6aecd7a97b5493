/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: kernels-recover PLUGINS [SEED]
 *
 * What include/pare/plugin.h promises of `recover` (core/check/recover.c), for every encoding that
 * has it, on all inputs, each as it is and as it comes out of the encoding, in every grain. And
 * beyond that promise, of Pare's own encodings: what came out of one has to be found; where its
 * decoder rounds sums, in F32 and for the random distributions only; q6_k in F32.
 */
#include "check/recover.h"
#include "kernels.h"

#include "../../plugins/common/half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 3u
#define BLOCKS 5u /* per row */

static const char *const grain_names[CHECK_GRAINS] = { "f32", "f16", "bf16" };
static const struct check_rule own_lost = { "what the encoding has made is not found", "" };
static const struct check_rule codes_lost = { "codes that there are are not found", "" };
static const struct check_rule rounds = { "core/check and the plugins round to it otherwise", "" };

static void print_finding(void *context, const struct check_finding *f)
{
    const uint32_t *grain = context;

    printf("  %s, %s as %s, %llu x %llu: %s%s%s\n", f->encoding, f->input, grain_names[*grain],
           (unsigned long long)f->rows, (unsigned long long)f->row_len, f->rule->broken,
           f->where[0] ? ": " : "", f->where);
}

static float to_grain(float value, uint32_t grain)
{
    if (grain == PARE_GRAIN_F16)
        return half_decode(half_encode(value));
    return grain == PARE_GRAIN_BF16 ? bfloat_decode(bfloat_encode(value)) : value;
}

static void decode(const struct trial *trial, const struct planes *planes, float *y)
{
    trial->encoding->kernels[0]->decode(planes_readable(planes), trial->rows, trial->row_len, y);
}

/* x as it comes out of the encoding; 0 when some of it is not finite. */
static int pass(const struct trial *trial, float *ret_y)
{
    uint64_t n = trial->rows * trial->row_len;
    struct planes planes;
    int finite = 1;

    planes_init(&planes, trial->encoding, trial->rows, trial->row_len, 0, 0);
    trial->encoding->kernels[0]->encode(trial->x, trial->rows, trial->row_len, NULL, planes.plane);
    decode(trial, &planes, ret_y);
    planes_deinit(&planes);
    for (uint64_t i = 0; i < n; i++)
        finite &= isfinite(ret_y[i]) != 0;
    return finite;
}

/* Whether what the encoding gives must be found again. */
static int must_find(const struct trial *trial, uint32_t grain, int random)
{
    const char *name = trial->encoding->name;
    int sums = !strcmp(name, "q4_1") || !strcmp(name, "q5_1");

    if (!strcmp(name, "q6_k")) /* by whole numbers, which a grain destroys */
        return grain == PARE_GRAIN_F32;
    return sums ? random && grain == PARE_GRAIN_F32 : 1;
}

/* Weights that the grain can hold lose nothing by being rounded to it; halves overflow and
 * underflow. */
static int round_all(const struct trial *trial, uint32_t grain, float *x)
{
    int kept = 1;
    int same = 1;
    for (uint64_t i = 0; i < trial->rows * trial->row_len; i++) {
        float y = to_grain(x[i], grain);
        float other = check_round(x[i], grain);
        kept &= isfinite(y) && (x[i] == 0.0f || fabsf(y - x[i]) <= fabsf(x[i]) * 0x1p-8f);
        same &= floats_equal(&y, &other, 1);
        x[i] = y;
    }
    trial_expect(trial, same, &rounds, NULL);
    return kept;
}

static void check_shape(struct trial *trial, const struct input *input, uint32_t grain, float *x,
                        float *y)
{
    input_fill(input, trial->check->seed, x, (uint64_t)ROWS * BLOCKS * trial->encoding->block_len);
    trial->x = x;
    int finite = pass(trial, y);
    (void)round_all(trial, grain, x);
    (void)check_recover_trial(trial, grain);
    int kept = round_all(trial, grain, y);
    trial->x = y;
    int found = check_recover_trial(trial, grain);
    int random = input - inputs < INPUT_DISTRIBUTIONS;
    trial_expect(trial, found || !finite || !kept || !must_find(trial, grain, random), &own_lost,
                 NULL);
}

static void check_input(struct check *check, const struct pare_encoding *encoding,
                        const struct input *input)
{
    const uint64_t shapes[][2] = { { ROWS, BLOCKS }, { 1, 1 }, { 0, BLOCKS }, { 1, 0 } };
    uint64_t most = (uint64_t)ROWS * BLOCKS * encoding->block_len;
    float *x = check_allocate(most, sizeof(*x)), *y = check_allocate(most, sizeof(*y));

    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        for (uint32_t grain = 0; grain < CHECK_GRAINS; grain++) {
            struct trial trial = { .check = check,
                                   .encoding = encoding,
                                   .input = input->name,
                                   .rows = shapes[i][0],
                                   .row_len = shapes[i][1] * encoding->block_len };
            check->context = &grain;
            check_shape(&trial, input, grain, x, y);
        }
    }
    free(x);
    free(y);
}

/* Whatever codes and scales there are, not only those that the encoder would choose. */
static void check_any_codes(struct check *check, const struct pare_encoding *encoding)
{
    struct random random = { check->seed };
    float *y = check_allocate(encoding->block_len, sizeof(*y));

    for (int i = 0; i < 300; i++) {
        uint32_t grain = (uint32_t)i % CHECK_GRAINS;
        struct trial trial = { .check = check,
                               .encoding = encoding,
                               .input = "any codes",
                               .x = y,
                               .rows = 1,
                               .row_len = encoding->block_len };
        struct planes planes;
        int finite = 1;
        check->context = &grain;
        planes_init(&planes, encoding, 1, trial.row_len, 0, 0);
        for (size_t j = 0; j < planes.size[0]; j++)
            ((uint8_t *)planes.plane[0])[j] = (uint8_t)random_next(&random);
        decode(&trial, &planes, y);
        planes_deinit(&planes);
        for (uint32_t j = 0; j < encoding->block_len; j++)
            finite &= isfinite(y[j]) != 0;
        int kept = round_all(&trial, grain, y);
        int found = check_recover_trial(&trial, grain);
        trial_expect(&trial, found || !finite || !kept || !must_find(&trial, grain, 0), &codes_lost,
                     NULL);
    }
    free(y);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: kernels-recover PLUGINS [SEED]\n");
        return 2;
    }
    struct check check = { .found = print_finding };
    check.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    const struct pare_encoding **all = encodings_load(argv[1]);
    int n = 0;

    printf("seed %llu\n", (unsigned long long)check.seed);
    for (const struct pare_encoding **e = all; *e; e++) {
        uint64_t before = check.failures;
        if ((*e)->struct_size < sizeof(**e) || !(*e)->recover)
            continue;
        for (const struct input *input = inputs; input->name; input++)
            check_input(&check, *e, input);
        check_any_codes(&check, *e);
        printf("%s %s\n", check.failures == before ? "ok    " : "not ok", (*e)->name);
        n++;
    }
    free(all);
    printf("%d encodings, %llu failures\n", n, (unsigned long long)check.failures);
    return check.failures == 0 && n >= 8 ? 0 : 1;
}
