/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The checks of a kernel: see encoding.h. An encoding that looks at a tensor first does so for each
 * trial; calls for some of its rows then share the state, as they do in the pipeline.
 */
#include "check/encoding.h"

#include "check/gathering.h"
#include "check/search.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 4u
#define BLOCKS 5u /* per row: an odd number */
#define SHAPES 6u
#define MANY_ROWS 67u       /* more than a vector has lanes, and than a loop is unrolled for */
#define LONG_ROW 5000u      /* weights of a long row, at least */
#define MAX_WEIGHTS 4194304 /* of an input, whatever the tiles */
#define MAX_GRAM 2048       /* columns of a tensor whose second moments are given */
#define SEARCH_SHAPES 2     /* of the shapes, that the longer search is tried on */

static const struct check_rule unstable = {
    "encode depends on alignment or on old bytes",
    "planes are unaligned and uninitialized: write every bit, and through memcpy or bytes"
};
static const struct check_rule decode_unaligned = {
    "decode depends on alignment", "read planes through memcpy or bytes, and write every float"
};
static const struct check_rule rows_around = {
    "encode depends on the rows around",
    "the host calls with any number of rows: keep nothing from one row to the next"
};
static const struct check_rule blocks_around = {
    "encode depends on the blocks around",
    "the host cuts rows between blocks: set PARE_ENCODING_WHOLE_ROWS if that must not be"
};
static const struct check_rule zeros_lost = { "zeros do not stay zeros",
                                              "a block of zeros must decode to zeros" };
static const struct check_rule damage_lost = {
    "a NaN or an infinity disappears",
    "let a block with one decode to something that is not finite, or that is larger than any sound "
    "block decodes to, so that damage shows"
};
static const struct check_rule not_finite = {
    "weights of ordinary size decode to something that is not finite",
    "look for a division by a scale of zero, or a scale that overflows"
};
static const struct check_rule far_off = { "decoded weights are far from the source",
                                           "encode and decode must be each other's inverse" };
static const struct check_rule cast_again = {
    "a second cast changes the bytes", "a float that was decoded must be encoded to the same bytes"
};
static const struct check_rule other_bytes = {
    "other bytes than the first kernel's",
    "round as the first kernel does, ties too, without contraction (-ffp-contract=off)"
};
static const struct check_rule other_floats = { "other floats than the first kernel's",
                                                "compute in the same order as the first kernel" };
static const struct check_rule gather_parts = {
    "the result depends on how many rows gather gets at once",
    "add up in an order that does not change with the calls, row by row"
};

/* The rows, or as many as have a tile together, one call for each. */
static void check_rows(const struct trial *trial, const struct planes *planes)
{
    uint64_t together = encoding_rows_together(trial->encoding);
    struct trial row = *trial;

    for (uint64_t i = 0; i < trial->rows && trial->row_len > 0; i += together) {
        struct planes part;
        row.x = trial->x + i * trial->row_len;
        row.rows = trial->rows - i < together ? trial->rows - i : together;
        row.first_row = trial->first_row + i;
        trial_encode(&row, trial->kernel, 3, 0, &part);
        for (uint32_t p = 0; p < part.n; p++) {
            int whole = plane_is_whole(trial->encoding->planes[p]);
            size_t at = whole ? 0 : plane_bytes(trial->encoding, p, i, trial->row_len);
            trial_expect_bytes(trial, p, part.plane[p], (const uint8_t *)planes->plane[p] + at, at,
                               part.size[p], &rows_around);
        }
        planes_deinit(&part);
    }
}

/* The same bytes wherever the planes lie and whatever was in them before, from one call for all
 * rows or one for each. */
static void check_encode(const struct trial *trial, const struct planes *planes,
                         const float *decoded)
{
    struct planes other;

    trial_encode(trial, trial->kernel, 1, 0xff, &other);
    trial_expect_planes(trial, &other, planes, &unstable);
    float *floats = trial_decode(trial, trial->kernel, &other);
    trial_expect_floats(trial, floats, decoded, &decode_unaligned);
    free(floats);
    planes_deinit(&other);
    check_rows(trial, planes);
}

/* Weights [column, column + block->row_len) of a row, encoded alone. */
static void check_block(const struct trial *trial, struct trial *block, uint64_t row,
                        uint64_t column, const struct planes *planes)
{
    struct pare_calibration calibration = { .struct_size = sizeof(calibration) };
    uint64_t number = column / trial->encoding->block_len;
    struct planes part;

    if (trial->calibration) {
        calibration = *trial->calibration;
        calibration.importance += calibration.importance ? column : 0;
        block->calibration = &calibration;
    }
    block->x = trial->x + row * trial->row_len + column;
    block->first_row = row;
    block->first_column = column;
    trial_encode(block, trial->kernel, 2, 0, &part);
    for (uint32_t p = 0; p < part.n; p++) {
        size_t at = plane_bytes(trial->encoding, p, row, trial->row_len) +
                    number * trial->encoding->planes[p]->bits / 8;
        trial_expect_bytes(trial, p, part.plane[p], (const uint8_t *)planes->plane[p] + at, at,
                           part.size[p], &blocks_around);
    }
    planes_deinit(&part);
    block->calibration = trial->calibration;
}

/* Blocks one by one give the same, unless the encoding asks for whole rows. */
static void check_blocks(const struct trial *trial, const struct planes *planes)
{
    uint64_t step = encoding_step(trial->encoding);
    struct trial block = *trial;

    if (!encoding_divides_rows(trial->encoding) || trial->encoding->block_len == 1) {
        return;
    }
    block.rows = 1;
    for (uint64_t row = 0; row < trial->rows; row++) {
        for (uint64_t i = 0; i < trial->row_len; i += step) {
            block.row_len = trial->row_len - i < step ? trial->row_len - i : step;
            check_block(trial, &block, row, i, planes);
        }
    }
}

/* The largest size that weights of `size` decode to; FLT_MAX if some are not finite. */
static float decoded_size(struct trial *trial, float *x, float size)
{
    uint64_t n = trial->rows * trial->row_len;
    struct planes planes;
    float largest = 0.0f;

    for (uint64_t i = 0; i < n; i++) {
        x[i] = i % 2 ? -size : size;
    }
    trial_encode(trial, trial->kernel, 0, 0, &planes);
    float *decoded = trial_decode(trial, trial->kernel, &planes);
    for (uint64_t i = 0; i < n; i++) {
        float found = isfinite(decoded[i]) ? fabsf(decoded[i]) : FLT_MAX;
        largest = found > largest ? found : largest;
    }
    planes_deinit(&planes);
    free(decoded);
    return largest;
}

/* The largest size of a weight that decodes from weights of any size. FLT_MAX where some are not
 * finite, and for encodings that look at a tensor first. */
static float largest_sound(const struct trial *trial)
{
    struct trial loud = *trial;
    float largest = trial->gathered ? FLT_MAX : 0.0f;
    float *x = check_allocate(trial->rows * trial->row_len, sizeof(float));

    loud.x = x;
    loud.input = "powers of two";
    for (int i = 0; i < FLT_MAX_EXP && largest < FLT_MAX; i++) {
        float found = decoded_size(&loud, x, ldexpf(1.0f, i));
        largest = found > largest ? found : largest;
    }
    free(x);
    return largest;
}

/* Whether each block with a weight that is not finite decodes to one beyond `sound`. */
static int shows_damage(const struct trial *trial, const float *decoded, float sound)
{
    uint64_t n = trial->rows * trial->row_len;
    uint32_t len = trial->encoding->block_len;
    int damage = 1;

    for (uint64_t i = 0; i < n; i += len) {
        int bad = 0;
        int shown = 0;
        for (uint64_t j = i; j < i + len; j++) {
            bad |= !isfinite(trial->x[j]);
            shown |= !(fabsf(decoded[j]) <= sound);
        }
        damage &= !bad || shown;
    }
    return damage;
}

/* Zeros stay zeros, and what is not finite shows in its block: as something that is not finite, or,
 * where the encoding has no such value, as one larger than any that sound weights decode to. */
static void check_values(const struct trial *trial, const float *decoded)
{
    uint64_t n = trial->rows * trial->row_len;
    uint32_t len = trial->encoding->block_len;
    int zeros = 1;
    int finite = 1;

    for (uint64_t i = 0; i < n; i += len) {
        int all_zero = 1;
        for (uint64_t j = i; j < i + len; j++) {
            all_zero &= trial->x[j] == 0.0f;
            finite &= isfinite(decoded[j]) != 0;
        }
        for (uint64_t j = i; j < i + len && all_zero; j++) {
            zeros &= decoded[j] == 0.0f;
        }
    }
    int damage = shows_damage(trial, decoded, FLT_MAX) ||
                 shows_damage(trial, decoded, largest_sound(trial));
    trial_expect(trial, zeros, &zeros_lost, NULL);
    trial_expect(trial, damage, &damage_lost, NULL);
    trial_expect(trial, finite || trial->range != INPUT_ORDINARY, &not_finite, NULL);
}

/* Sum of squared errors over sum of squares, for weights of ordinary size. */
static void check_error(const struct trial *trial, const struct planes *planes,
                        const float *decoded)
{
    uint64_t n = trial->rows * trial->row_len;
    double signal = 0.0;
    double noise = 0.0;
    double bits = 0.0;

    for (uint64_t i = 0; i < n; i++) {
        double error = (double)decoded[i] - (double)trial->x[i];
        signal += (double)trial->x[i] * (double)trial->x[i];
        noise += error * error;
    }
    for (uint32_t p = 0; p < planes->n; p++) {
        bits += 8.0 * (double)planes->size[p];
    }
    trial_expect(trial, noise <= (bits >= 3.0 * (double)n ? 0.1 : 1.0) * signal, &far_off, NULL);
}

/* A cast of what was cast before changes nothing. */
static void check_idempotent(const struct trial *trial, const struct planes *planes,
                             const float *decoded)
{
    struct trial again = *trial;
    struct planes other;

    if ((trial->encoding->flags & PARE_ENCODING_FLOAT) && !trial->gathered) {
        again.x = decoded;
        trial_encode(&again, trial->kernel, 0, 0, &other);
        trial_expect_planes(trial, &other, planes, &cast_again);
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
    trial_expect_planes(trial, planes, &reference, &other_bytes);
    floats = trial_decode(trial, first, planes);
    trial_expect_floats(trial, decoded, floats, &other_floats);
    planes_deinit(&reference);
    free(floats);
}

static void check_result(const struct trial *trial, const struct planes *planes,
                         const float *decoded)
{
    check_encode(trial, planes, decoded);
    check_blocks(trial, planes);
    check_values(trial, decoded);
    check_against_first(trial, planes, decoded);
}

/* Looked at row by row (or tile by tile) the tensor is the same. */
static void check_gather(const struct trial *trial, const struct planes *planes)
{
    struct trial other = *trial;
    struct planes again;
    struct gathering gathering;

    if (!trial->gathered || trial->kernel != trial->encoding->kernels[0]) {
        return;
    }
    if (gathering_open(&other, encoding_rows_together(trial->encoding), &gathering) > 0) {
        other.gathered = &gathering.made;
        trial_encode(&other, trial->kernel, 0, 0, &again);
        trial_expect_planes(trial, &again, planes, &gather_parts);
        planes_deinit(&again);
    }
    gathering_close(&other, &gathering);
}

static void check_trial(const struct trial *trial)
{
    struct planes planes;
    float *decoded;

    trial_encode(trial, trial->kernel, 0, 0, &planes);
    decoded = trial_decode(trial, trial->kernel, &planes);
    check_result(trial, &planes, decoded);
    if (strcmp(trial->input, "gaussian") == 0 && !trial->calibration) {
        check_error(trial, &planes, decoded);
    }
    check_idempotent(trial, &planes, decoded);
    check_gather(trial, &planes);
    free(decoded);
    planes_deinit(&planes);
}

/* One shape of an input; number: of the shape. */
static void check_shape(struct trial *trial, size_t number)
{
    int rich = strcmp(trial->input, "gaussian") == 0 && number == 0;
    struct gathering gathering;
    int r = gathering_open(trial, 0, &gathering);

    trial->gathered = r > 0 ? &gathering.made : NULL;
    if (r >= 0) {
        check_trial(trial);
        if (number < SEARCH_SHAPES) {
            check_search(trial, rich, check_result);
        }
        if (trial->calibration && trial->rows * trial->row_len > 0 &&
            !(trial->encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE)) {
            check_importance(trial, rich);
        }
    }
    gathering_close(trial, &gathering);
    trial->gathered = NULL;
}

/* Rows and blocks of a row for which there is more than one tile each way, and a part of one. */
static void choose_size(const struct pare_encoding *encoding, uint64_t len, uint64_t *ret_rows,
                        uint64_t *ret_blocks)
{
    uint64_t together = encoding_rows_together(encoding);
    uint64_t blocks = BLOCKS;

    for (uint32_t p = 0; encoding->planes[p]; p++) {
        uint64_t wanted = encoding->planes[p]->tile_columns / len + 2;
        blocks = encoding->planes[p]->per == PARE_PER_TILE && wanted > blocks ? wanted : blocks;
    }
    *ret_rows = together == 1 ? ROWS : 2 * together + 1;
    if (*ret_rows * blocks * len > MAX_WEIGHTS) {
        *ret_rows = ROWS;
    }
    *ret_blocks = blocks;
}

/* Sums of x times x transposed of inputs as different as the importance says. */
static float *make_gram(const float *importance, uint64_t n)
{
    float *gram = check_allocate(n * n, sizeof(float));

    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j < n; j++) {
            gram[i * n + j] = i == j ? importance[i] + 0.25f : 0.25f / (float)(1 + i % 7 + j % 7);
        }
    }
    return gram;
}

/* What is known of a tensor's inputs, for encodings that gather. */
struct known {
    struct pare_input mean, gram;
    const struct pare_input *list[3];
    float *memory;
};

static void known_init(struct known *known, const struct trial *trial, const float *importance)
{
    uint64_t n = trial->row_len;

    memset(known, 0, sizeof(*known));
    known->mean = (struct pare_input){ .struct_size = sizeof(known->mean),
                                       .kind = PARE_INPUT_IMPORTANCE,
                                       .n_dims = 1,
                                       .dims = { n },
                                       .data = importance };
    known->list[0] = &known->mean;
    if (n <= MAX_GRAM) {
        known->memory = make_gram(importance, n);
        known->gram = (struct pare_input){ .struct_size = sizeof(known->gram),
                                           .kind = PARE_INPUT_GRAM,
                                           .n_dims = 2,
                                           .dims = { n, n },
                                           .data = known->memory };
        known->list[1] = &known->gram;
    }
}

/* A shape with importance. */
static void check_known(struct trial *trial, size_t number, const float *importance)
{
    struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                            .importance = importance };
    struct known known = { .memory = NULL };

    if (trial->encoding->begin) {
        known_init(&known, trial, importance);
        calibration.inputs = known.list;
    }
    trial->calibration = &calibration;
    check_shape(trial, number);
    trial->calibration = NULL;
    free(known.memory);
}

/* The first n shapes of an input. Encodings that gather get none without weights. */
static void check_shapes(struct trial *trial, size_t n, uint64_t len, uint64_t rows,
                         uint64_t blocks, const float *importance)
{
    const uint64_t shapes[SHAPES][2] = { { rows, blocks }, { 1, 1 },      { 2, 1 },
                                         { 1, blocks },    { 0, blocks }, { 1, 0 } };

    for (size_t i = 0; i < n; i++) {
        trial->rows = shapes[i][0];
        trial->row_len = shapes[i][1] * len;
        if (trial->encoding->begin && trial->rows * trial->row_len == 0) {
            continue;
        }
        check_known(trial, i, importance);
        if (!(trial->encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE)) {
            check_shape(trial, i);
        }
    }
}

/* An input of so many rows of so many blocks, in its first `shapes` shapes. */
static void check_size(struct trial *trial, const struct input *input, size_t shapes, uint64_t len,
                       uint64_t rows, uint64_t blocks)
{
    float *x = check_allocate(rows * blocks * len, sizeof(float));
    float *importance = check_allocate(blocks * len, sizeof(float));

    input_fill(input, trial->check->seed, x, rows * blocks * len);
    input_importance(trial->check->seed, 2, importance, blocks * len);
    trial->x = x;
    trial->input = input->name;
    trial->range = input->range;
    check_shapes(trial, shapes, len, rows, blocks, importance);
    free(importance);
    free(x);
}

/* One input; `large`: also in many rows, and in long ones, as conversions have them. */
static void check_input(struct trial *trial, const struct input *input, int large)
{
    uint64_t len = trial->encoding->block_len == 1 ? 37 : trial->encoding->block_len;
    uint64_t rows, blocks;

    choose_size(trial->encoding, len, &rows, &blocks);
    check_size(trial, input, SHAPES, len, rows, blocks);
    if (large && blocks == BLOCKS) {
        check_size(trial, input, 1, len, rows > MANY_ROWS ? rows : MANY_ROWS, 2);
        check_size(trial, input, 1, len, rows, LONG_ROW / len + BLOCKS);
    }
}

/* Any bytes can be decoded, by every kernel to the same floats. */
static void check_any_bytes(struct trial *trial)
{
    const struct pare_encoding *encoding = trial->encoding;
    struct random random = { trial->check->seed };
    struct planes planes;
    float *floats;
    float *reference;

    trial->input = "random bytes";
    trial->rows = ROWS;
    trial->row_len = (uint64_t)BLOCKS * encoding->block_len;
    planes_init(&planes, encoding, trial->rows, trial->row_len, 1, 0);
    for (uint32_t p = 0; p < planes.n; p++) {
        for (size_t i = 0; i < planes.size[p]; i++) {
            ((uint8_t *)planes.plane[p])[i] = (uint8_t)random_next(&random);
        }
    }
    floats = trial_decode(trial, trial->kernel, &planes);
    reference = trial_decode(trial, encoding->kernels[0], &planes);
    trial_expect_floats(trial, floats, reference, &other_floats);
    free(floats);
    free(reference);
    planes_deinit(&planes);
}

int check_has_input(const struct check *check, uint64_t i)
{
    return !i || i % check->every == check->seed % check->every;
}

enum check_verdict check_kernel(struct check *check, const struct pare_encoding *encoding,
                                const struct pare_kernel *kernel)
{
    struct trial trial = { .check = check, .encoding = encoding, .kernel = kernel };
    uint64_t before = check->failures;

    if (kernel->cpu & ~check->cpu) {
        return CHECK_SKIPPED;
    }
    check_any_bytes(&trial);
    for (uint64_t i = 0; inputs[i].name && kernel->encode; i++) {
        if (check_has_input(check, i)) {
            check_input(&trial, &inputs[i], !i);
        }
    }
    return check->failures == before ? CHECK_GOOD : CHECK_BAD;
}
