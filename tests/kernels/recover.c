/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: kernels-recover PLUGINS [SEED]
 *
 * What include/pare/plugin.h promises of `recover`, for every encoding that has it, on all inputs
 * of inputs.c, each as it is and as it comes out of the encoding, in every grain: when it says 1,
 * what it wrote decodes to the weights; where there are NaNs or infinities, it says 0. What came
 * out of the encoding has to be found; where its decoder rounds sums, in F32 and for the random
 * distributions only; q6_k in F32. The bytes depend on nothing but the weights and stay inside.
 */
#include "inputs.h"
#include "kernels.h"

#include "../../plugins/common/half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 3u
#define BLOCKS 5u /* per row */
#define GRAINS 3

static const char *const grain_names[GRAINS] = { "f32", "f16", "bf16" };
static uint64_t failures;

struct trial {
    const struct pare_encoding *encoding;
    const char *input;
    uint32_t grain;
    const float *x;
    uint64_t rows, row_len;
};

static void expect(int held, const struct trial *trial, const char *what)
{
    if (!held) {
        printf("  %s, %s as %s, %llu x %llu: %s\n", trial->encoding->name, trial->input,
               grain_names[trial->grain], (unsigned long long)trial->rows,
               (unsigned long long)trial->row_len, what);
        failures++;
    }
}

static float to_grain(float value, uint32_t grain)
{
    if (grain == PARE_GRAIN_F16)
        return half_decode(half_encode(value));
    return grain == PARE_GRAIN_BF16 ? bfloat_decode(bfloat_encode(value)) : value;
}

static void decode(const struct trial *trial, const struct planes *planes, float *y)
{
    trial->encoding->kernels[0]->decode((const void *const *)planes->plane, trial->rows,
                                        trial->row_len, y);
}

/* The planes say what x is, but for the signs of zeros. */
static int holds(const struct trial *trial, const struct planes *planes)
{
    uint64_t n = trial->rows * trial->row_len, wrong = 0;
    float *y = allocate(n, sizeof(*y));

    decode(trial, planes, y);
    for (uint64_t i = 0; i < n; i++) {
        float rounded = to_grain(y[i], trial->grain);
        wrong += trial->x[i] == 0.0f ? rounded != 0.0f
                                     : float_bits(rounded) != float_bits(trial->x[i]);
    }
    free(y);
    return wrong == 0;
}

static int recover(const struct trial *trial, size_t shift, uint8_t fill, struct planes *ret_planes)
{
    planes_init(ret_planes, trial->encoding, trial->rows, trial->row_len, shift, fill);
    int r = trial->encoding->recover(trial->x, trial->rows, trial->row_len, trial->grain,
                                     ret_planes->plane);
    expect(planes_guarded(ret_planes), trial, "wrote outside of its planes");
    expect(r == 0 || r == 1, trial, "gave neither 0 nor 1");
    return r;
}

/* Row by row, elsewhere and over other bytes: the same. */
static void check_alone(const struct trial *trial, int found, const struct planes *planes)
{
    struct trial row = *trial;
    struct planes other;
    int all = 1;

    expect(recover(trial, 1, 0xff, &other) == found, trial, "the answer depends on old bytes");
    expect(!found || planes_equal(planes, &other), trial, "the bytes depend on old bytes");
    planes_deinit(&other);
    for (row.rows = 1; row.x < trial->x + trial->rows * trial->row_len; row.x += row.row_len) {
        uint64_t i = (uint64_t)(row.x - trial->x) / row.row_len;
        all &= recover(&row, 3, 0, &other);
        for (uint32_t p = 0; p < other.n && found; p++) {
            const uint8_t *whole = (const uint8_t *)planes->plane[p] + i * other.size[p];
            expect(memcmp(whole, other.plane[p], other.size[p]) == 0, trial,
                   "the bytes depend on the rows around");
        }
        planes_deinit(&other);
    }
    expect(trial->rows * trial->row_len == 0 || all == found, trial,
           "the answer depends on the rows around");
}

/* Gives what recover says. */
static int check_trial(const struct trial *trial)
{
    uint64_t n = trial->rows * trial->row_len;
    int finite = 1;
    struct planes planes;
    int found = recover(trial, 0, 0, &planes);

    for (uint64_t i = 0; i < n; i++)
        finite &= isfinite(trial->x[i]) != 0;
    expect(!found || finite, trial, "what is not finite was recovered");
    expect(!found || holds(trial, &planes), trial, "what was recovered is something else");
    check_alone(trial, found, &planes);
    planes_deinit(&planes);
    return found;
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
static int must_find(const struct trial *trial, int random)
{
    const char *name = trial->encoding->name;
    int sums = !strcmp(name, "q4_1") || !strcmp(name, "q5_1");

    if (!strcmp(name, "q6_k")) /* by whole numbers, which a grain destroys */
        return trial->grain == PARE_GRAIN_F32;
    return sums ? random && trial->grain == PARE_GRAIN_F32 : 1;
}

/* Weights that the grain can hold lose nothing by being rounded to it; halves overflow and
 * underflow. */
static int round_all(uint32_t grain, uint64_t n, float *x)
{
    int kept = 1;
    for (uint64_t i = 0; i < n; i++) {
        float y = to_grain(x[i], grain);
        kept &= isfinite(y) && (x[i] == 0.0f || fabsf(y - x[i]) <= fabsf(x[i]) * 0x1p-8f);
        x[i] = y;
    }
    return kept;
}

static void check_input(const struct pare_encoding *encoding, const struct input *input,
                        uint64_t seed)
{
    const uint64_t shapes[][2] = { { ROWS, BLOCKS }, { 1, 1 }, { 0, BLOCKS }, { 1, 0 } };
    uint64_t most = (uint64_t)ROWS * BLOCKS * encoding->block_len;
    float *x = allocate(most, sizeof(*x)), *y = allocate(most, sizeof(*y));

    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        for (uint32_t grain = 0; grain < GRAINS; grain++) {
            struct trial trial = { encoding, input->name,  grain,
                                   x,        shapes[i][0], shapes[i][1] * encoding->block_len };
            uint64_t n = trial.rows * trial.row_len;
            input_fill(input, seed, x, most);
            int finite = pass(&trial, y);
            (void)round_all(grain, n, x);
            (void)check_trial(&trial);
            int kept = round_all(grain, n, y);
            trial.x = y;
            int found = check_trial(&trial);
            expect(found || !finite || !kept ||
                       !must_find(&trial, input - inputs < INPUT_DISTRIBUTIONS),
                   &trial, "what the encoding has made is not found");
        }
    }
    free(x);
    free(y);
}

/* Whatever codes and scales there are, not only those that the encoder would choose. */
static void check_any_codes(const struct pare_encoding *encoding, uint64_t seed)
{
    struct random random = { seed };
    float *y = allocate(encoding->block_len, sizeof(*y));

    for (int i = 0; i < 300; i++) {
        uint32_t grain = (uint32_t)i % GRAINS;
        struct trial trial = { encoding, "any codes", grain, y, 1, encoding->block_len };
        struct planes planes;
        int finite = 1;
        planes_init(&planes, encoding, 1, trial.row_len, 0, 0);
        for (size_t j = 0; j < planes.size[0]; j++)
            ((uint8_t *)planes.plane[0])[j] = (uint8_t)random_next(&random);
        decode(&trial, &planes, y);
        planes_deinit(&planes);
        for (uint32_t j = 0; j < encoding->block_len; j++)
            finite &= isfinite(y[j]) != 0;
        int kept = round_all(grain, trial.row_len, y);
        int found = check_trial(&trial);
        expect(found || !finite || !kept || !must_find(&trial, 0), &trial,
               "codes that there are are not found");
    }
    free(y);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: kernels-recover PLUGINS [SEED]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    const struct pare_encoding **all = encodings_load(argv[1]);
    int n = 0;

    printf("seed %llu\n", (unsigned long long)seed);
    for (const struct pare_encoding **e = all; *e; e++) {
        uint64_t before = failures;
        if ((*e)->struct_size < sizeof(**e) || !(*e)->recover)
            continue;
        for (const struct input *input = inputs; input->name; input++)
            check_input(*e, input, seed);
        check_any_codes(*e, seed);
        printf("%s %s\n", failures == before ? "ok    " : "not ok", (*e)->name);
        n++;
    }
    free(all);
    printf("%d encodings, %llu failures\n", n, (unsigned long long)failures);
    return failures == 0 && n >= 8 ? 0 : 1;
}
