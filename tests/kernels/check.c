/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The kernel checker: what include/pare/plugin.h promises of kernels, for every kernel of every
 * encoding of every plugin in a folder, on all inputs of inputs.c.
 *
 * Usage: check FOLDER [SEED [STEP]]: with every STEPth input, beginning with one that the seed
 * chooses; a SEED of 0 is the time. It prints a line for each kernel and the seed that it used;
 * status 0 when all hold. A kernel whose CPU features are missing here is reported as skipped.
 */
#include "inputs.h"
#include "kernels.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 4u
#define BLOCKS 5u       /* per row: an odd number */
#define SEARCH_SHAPES 2 /* of those of check_input, that the longer search is tried on */

static uint64_t failures;
static uint64_t step = 1;

/* One kernel at work on one input. */
struct trial {
    const struct pare_encoding *encoding;
    const struct pare_kernel *kernel;
    const char *input;
    const float *x;
    uint64_t rows;
    uint64_t row_len;
    const struct pare_calibration *calibration;
};

static const char *trial_kind(const struct pare_calibration *calibration)
{
    static const char *const kinds[] = { "", ", with importance", ", best",
                                         ", best with importance" };

    if (!calibration) {
        return kinds[0];
    }
    return kinds[2 * (calibration->search == PARE_SEARCH_BEST) + (calibration->importance != NULL)];
}

/* Counts a failure and prints which kernel failed what. */
static void expect(int held, const struct trial *trial, const char *what)
{
    if (!held) {
        printf("  %s %s on %s (%llu x %llu%s): %s\n", trial->encoding->name, trial->kernel->name,
               trial->input, (unsigned long long)trial->rows, (unsigned long long)trial->row_len,
               trial_kind(trial->calibration), what);
        failures++;
    }
}

static const void *const *readable(const struct planes *planes)
{
    return (const void *const *)planes->plane;
}

/* Encodes to fresh planes; checks that the kernel stayed inside. */
static void trial_encode(const struct trial *trial, const struct pare_kernel *kernel, size_t shift,
                         uint8_t fill, struct planes *ret_planes)
{
    planes_init(ret_planes, trial->encoding, trial->rows, trial->row_len, shift, fill);
    kernel->encode(trial->x, trial->rows, trial->row_len, trial->calibration, ret_planes->plane);
    expect(planes_guarded(ret_planes), trial, "encode wrote outside of its planes");
}

/* Decodes to fresh floats, which are the caller's; checks that the kernel stayed inside. */
static float *trial_decode(const struct trial *trial, const struct pare_kernel *kernel,
                           const struct planes *planes)
{
    uint64_t n = trial->rows * trial->row_len;
    uint64_t guard = GUARD_BYTES / sizeof(float);
    float *memory = allocate(n + 2 * guard, sizeof(float));
    uint32_t outside = 0;

    memset(memory, 0x5b, (n + 2 * guard) * sizeof(float));
    kernel->decode(readable(planes), trial->rows, trial->row_len, memory + guard);
    for (uint64_t i = 0; i < guard; i++) {
        const uint8_t expected[4] = { 0x5b, 0x5b, 0x5b, 0x5b };
        outside += memcmp(&memory[i], expected, 4) != 0;
        outside += memcmp(&memory[guard + n + i], expected, 4) != 0;
    }
    expect(outside == 0, trial, "decode wrote outside of its floats");
    memmove(memory, memory + guard, n * sizeof(float));
    return memory;
}

/* The same bytes wherever the planes lie and whatever was in them before, from one call for all
 * rows or one for each. */
static void check_encode(const struct trial *trial, const struct planes *planes,
                         const float *decoded)
{
    struct planes other;
    struct trial row = *trial;

    trial_encode(trial, trial->kernel, 1, 0xff, &other);
    expect(planes_equal(planes, &other), trial, "encode depends on alignment or on old bytes");
    float *floats = trial_decode(trial, trial->kernel, &other);
    expect(floats_equal(floats, decoded, trial->rows * trial->row_len), trial,
           "decode depends on alignment");
    free(floats);
    for (row.rows = 1; row.x < trial->x + trial->rows * trial->row_len; row.x += row.row_len) {
        uint64_t i = (uint64_t)(row.x - trial->x) / row.row_len;
        struct planes part;
        trial_encode(&row, trial->kernel, 3, 0, &part);
        for (uint32_t p = 0; p < part.n; p++) {
            const uint8_t *whole = (const uint8_t *)planes->plane[p] + i * part.size[p];
            expect(memcmp(whole, part.plane[p], part.size[p]) == 0, trial,
                   "encode depends on the rows around");
        }
        planes_deinit(&part);
    }
    planes_deinit(&other);
}

/* Blocks one by one give the same, unless the encoding asks for whole rows. */
static void check_blocks(const struct trial *trial, const struct planes *planes)
{
    uint32_t len = trial->encoding->block_len;
    struct trial block = *trial;
    struct pare_calibration calibration;

    if ((trial->encoding->flags & PARE_ENCODING_WHOLE_ROWS) ||
        trial->encoding->planes[0]->row_bytes > 0 || len == 1) {
        return;
    }
    block.rows = 1;
    block.row_len = len;
    for (uint64_t i = 0; i < trial->rows * trial->row_len / len; i++) {
        struct planes part;
        if (trial->calibration) {
            calibration = *trial->calibration;
            if (calibration.importance) {
                calibration.importance += i * len % trial->row_len;
            }
            block.calibration = &calibration;
        }
        block.x = trial->x + i * len;
        trial_encode(&block, trial->kernel, 2, 0, &part);
        for (uint32_t p = 0; p < part.n; p++) {
            const uint8_t *whole = (const uint8_t *)planes->plane[p] + i * part.size[p];
            expect(memcmp(whole, part.plane[p], part.size[p]) == 0, trial,
                   "encode depends on the blocks around");
        }
        planes_deinit(&part);
    }
}

/* Whether a weight shows that its block was damaged. The scales of nvfp4 are all finite: there it
 * is a value that no encoded block decodes to. */
static int is_damaged(const struct pare_encoding *encoding, float weight)
{
    return !isfinite(weight) || (strcmp(encoding->name, "nvfp4") == 0 && weight == 2880.0f);
}

/* Zeros stay zeros, and what is not finite shows in its block. */
static void check_values(const struct trial *trial, const float *decoded)
{
    uint64_t n = trial->rows * trial->row_len;
    uint32_t len = trial->encoding->block_len;
    int zeros = 1;
    int damage = 1;

    for (uint64_t i = 0; i < n; i += len) {
        int bad = 0;
        int shown = 0;
        int all_zero = 1;
        for (uint64_t j = i; j < i + len; j++) {
            bad |= !isfinite(trial->x[j]);
            shown |= is_damaged(trial->encoding, decoded[j]);
            all_zero &= trial->x[j] == 0.0f;
        }
        for (uint64_t j = i; j < i + len && all_zero; j++) {
            zeros &= decoded[j] == 0.0f;
        }
        damage &= !bad || shown;
    }
    expect(zeros, trial, "zeros do not stay zeros");
    expect(damage, trial, "a NaN or an infinity disappears");
}

/* Sum of squared errors over sum of squares, for weights of ordinary size. */
static void check_error(const struct trial *trial, const float *decoded)
{
    double signal = 0.0;
    double noise = 0.0;

    for (uint64_t i = 0; i < trial->rows * trial->row_len; i++) {
        double error = (double)decoded[i] - (double)trial->x[i];
        signal += (double)trial->x[i] * (double)trial->x[i];
        noise += error * error;
    }
    double bits = (double)trial->encoding->planes[0]->bits / trial->encoding->block_len;
    expect(noise <= (bits >= 3.0 ? 0.1 : 1.0) * signal, trial,
           "decoded weights are far from the source");
}

/* To encode what was decoded changes nothing, for casts. */
static void check_idempotent(const struct trial *trial, const struct planes *planes,
                             const float *decoded)
{
    struct trial again = *trial;
    struct planes other;

    if (trial->encoding->flags & PARE_ENCODING_FLOAT) {
        again.x = decoded;
        trial_encode(&again, trial->kernel, 0, 0, &other);
        expect(planes_equal(planes, &other), trial, "a second cast changes the bytes");
        planes_deinit(&other);
    }
}

static void check_against_first(const struct trial *trial, const struct planes *planes,
                                const float *decoded)
{
    const struct pare_kernel *first = trial->encoding->kernels[0];
    struct planes reference;
    float *floats;

    if (trial->kernel == first) {
        return;
    }
    trial_encode(trial, first, 0, 0, &reference);
    expect(planes_equal(planes, &reference), trial, "other bytes than the first kernel's");
    floats = trial_decode(trial, first, planes);
    expect(floats_equal(floats, decoded, trial->rows * trial->row_len), trial,
           "other floats than the first kernel's");
    planes_deinit(&reference);
    free(floats);
}

static void check_trial(const struct trial *trial)
{
    struct planes planes;
    float *decoded;

    trial_encode(trial, trial->kernel, 0, 0, &planes);
    decoded = trial_decode(trial, trial->kernel, &planes);
    check_encode(trial, &planes, decoded);
    check_blocks(trial, &planes);
    check_values(trial, decoded);
    if (strcmp(trial->input, "gaussian") == 0 && !trial->calibration) {
        check_error(trial, decoded);
    }
    check_idempotent(trial, &planes, decoded);
    check_against_first(trial, &planes, decoded);
    free(decoded);
    planes_deinit(&planes);
}

/* Importance changes the bytes of encodings that say that they use it, and of no other. */
static void check_importance(const struct trial *trial)
{
    struct trial plain = *trial;
    struct planes with;
    struct planes without;
    int uses = (trial->encoding->flags & PARE_ENCODING_IMPORTANCE) != 0;

    plain.calibration = NULL;
    trial_encode(trial, trial->kernel, 0, 0, &with);
    trial_encode(&plain, trial->kernel, 0, 0, &without);
    /* a single block may come out alike by chance */
    if ((strcmp(trial->input, "gaussian") == 0 && trial->rows == ROWS) || !uses) {
        expect(planes_equal(&with, &without) == !uses, trial,
               "the use of importance is not what the flags say");
    }
    planes_deinit(&with);
    planes_deinit(&without);
}

/* Sum over a block of importance times squared error. */
static double weighted_error(const struct trial *trial, const float *decoded, uint64_t first)
{
    const float *importance = trial->calibration->importance;
    double sum = 0.0;

    for (uint64_t i = first; i < first + trial->encoding->block_len; i++) {
        double error = (double)decoded[i] - (double)trial->x[i];
        sum += (importance ? (double)importance[i % trial->row_len] : 1.0) * error * error;
    }
    return sum;
}

/* No block has a larger error than the reference's. (The sums of the kernels are made in another
 * order: equal errors may differ by their rounding.) */
static void check_promise(const struct trial *trial, const float *reference, const float *best)
{
    uint64_t n = trial->rows * trial->row_len;
    uint64_t worse = 0;

    for (uint64_t i = 0; i < n; i += trial->encoding->block_len) {
        double old = weighted_error(trial, reference, i);
        worse += isfinite(old) && !(weighted_error(trial, best, i) <= old * (1.0 + 1e-12));
    }
    expect(worse == 0, trial, "the best search has a block that is worse than the reference's");
}

/* What a trial's kernel makes with the best search, with such a calibration, and with the
 * reference's, which the trial has. */
static void search_both(const struct trial *trial, struct pare_calibration *calibration,
                        struct trial *ret_best, struct planes *planes, struct planes *reference)
{
    *calibration = (struct pare_calibration){ .struct_size = sizeof(*calibration),
                                              .search = PARE_SEARCH_BEST };
    calibration->importance = trial->calibration ? trial->calibration->importance : NULL;
    *ret_best = *trial;
    ret_best->calibration = calibration;
    trial_encode(ret_best, trial->kernel, 0, 0, planes);
    trial_encode(trial, trial->kernel, 0, 0, reference);
}

/* The best search against the reference's, for a trial with the latter. */
static void check_best(const struct trial *trial)
{
    struct pare_calibration calibration;
    struct trial best;
    struct planes planes;
    struct planes reference;

    search_both(trial, &calibration, &best, &planes, &reference);
    float *decoded = trial_decode(&best, trial->kernel, &planes);
    float *before = trial_decode(trial, trial->kernel, &reference);
    check_promise(&best, before, decoded);
    check_encode(&best, &planes, decoded);
    check_blocks(&best, &planes);
    check_values(&best, decoded);
    check_against_first(&best, &planes, decoded);
    if (strcmp(trial->input, "gaussian") == 0 && trial->rows == ROWS) {
        expect(!planes_equal(&planes, &reference), &best, "the best search finds nothing");
    }
    planes_deinit(&planes);
    calibration.struct_size = offsetof(struct pare_calibration, search);
    trial_encode(&best, trial->kernel, 0, 0, &planes);
    expect(planes_equal(&planes, &reference), &best, "a search is read that no host has set");
    planes_deinit(&planes);
    planes_deinit(&reference);
    free(decoded);
    free(before);
}

/* An encoding without the flag makes the same bytes whatever the search. */
static void check_without_best(const struct trial *trial)
{
    struct pare_calibration calibration;
    struct trial best;
    struct planes planes;
    struct planes reference;

    search_both(trial, &calibration, &best, &planes, &reference);
    expect(planes_equal(&planes, &reference), &best, "a search that the flags do not tell of");
    planes_deinit(&planes);
    planes_deinit(&reference);
}

static void check_search(const struct trial *trial)
{
    if (trial->encoding->flags & PARE_ENCODING_BEST) {
        check_best(trial);
    } else {
        check_without_best(trial);
    }
}

static void check_input(const struct pare_encoding *encoding, const struct pare_kernel *kernel,
                        const struct input *input, uint64_t seed)
{
    uint64_t len = encoding->block_len == 1 ? 37 : encoding->block_len;
    struct trial trial = { encoding, kernel, input->name, NULL, ROWS, BLOCKS * len, NULL };
    float *x = allocate(ROWS * trial.row_len, sizeof(float));
    float *importance = allocate(trial.row_len, sizeof(float));
    struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                            .importance = importance };
    const uint64_t shapes[][2] = { { ROWS, BLOCKS }, { 1, 1 },      { 2, 1 },
                                   { 1, BLOCKS },    { 0, BLOCKS }, { 1, 0 } };

    input_fill(input, seed, x, ROWS * trial.row_len);
    input_importance(seed, 2, importance, trial.row_len);
    trial.x = x;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        trial.rows = shapes[i][0];
        trial.row_len = shapes[i][1] * len;
        trial.calibration = &calibration;
        check_trial(&trial);
        if (i < SEARCH_SHAPES) {
            check_search(&trial);
        }
        if (encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE) {
            continue;
        }
        if (trial.rows * trial.row_len > 0) {
            check_importance(&trial);
        }
        trial.calibration = NULL;
        check_trial(&trial);
        if (i < SEARCH_SHAPES) {
            check_search(&trial);
        }
    }
    free(importance);
    free(x);
}

/* Any bytes can be decoded, by every kernel to the same floats. */
static void check_any_bytes(const struct pare_encoding *encoding, const struct pare_kernel *kernel,
                            uint64_t seed)
{
    uint64_t row_len = (uint64_t)BLOCKS * encoding->block_len;
    struct trial trial = { encoding, kernel, "random bytes", NULL, ROWS, row_len, NULL };
    struct random random = { seed };
    struct planes planes;
    float *floats;
    float *reference;

    planes_init(&planes, encoding, trial.rows, trial.row_len, 1, 0);
    for (uint32_t p = 0; p < planes.n; p++) {
        for (size_t i = 0; i < planes.size[p]; i++) {
            ((uint8_t *)planes.plane[p])[i] = (uint8_t)random_next(&random);
        }
    }
    floats = trial_decode(&trial, kernel, &planes);
    reference = trial_decode(&trial, encoding->kernels[0], &planes);
    expect(floats_equal(floats, reference, trial.rows * trial.row_len), &trial,
           "other floats than the first kernel's");
    free(floats);
    free(reference);
    planes_deinit(&planes);
}

static void check_kernel(const struct pare_encoding *encoding, const struct pare_kernel *kernel,
                         uint64_t seed)
{
    uint64_t before = failures;

    if (!kernel_runs(kernel)) {
        printf("skip   %s %s: this machine lacks its CPU features\n", encoding->name, kernel->name);
        return;
    }
    check_any_bytes(encoding, kernel, seed);
    for (int i = 0; inputs[i].name && kernel->encode; i++) {
        if ((uint64_t)i % step != seed % step) {
            continue;
        }
        check_input(encoding, kernel, &inputs[i], seed);
    }
    printf("%s %s %s\n", failures == before ? "ok    " : "not ok", encoding->name, kernel->name);
}

/* Every kernel of an encoding, and that it has what its flags promise. */
static void check_encoding(const struct pare_encoding *encoding, uint64_t seed)
{
    for (uint32_t i = 0; encoding->kernels[i]; i++) {
        if (!encoding->kernels[i]->encode && !(encoding->flags & PARE_ENCODING_INTEGER)) {
            printf("not ok %s %s: it cannot encode\n", encoding->name, encoding->kernels[i]->name);
            failures++;
            continue;
        }
        check_kernel(encoding, encoding->kernels[i], seed);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: check FOLDER [SEED [STEP]]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    seed = seed != 0 ? seed : (uint64_t)time(NULL);
    step = argc > 3 && atoi(argv[3]) > 0 ? (uint64_t)atoi(argv[3]) : 1;
    const struct pare_encoding **all = encodings_load(argv[1]);
    printf("seed %llu\n", (unsigned long long)seed);
    for (const struct pare_encoding **encoding = all; *encoding; encoding++) {
        check_encoding(*encoding, seed);
    }
    free(all);
    printf("%llu failures\n", (unsigned long long)failures);
    return failures == 0 ? 0 : 1;
}
