/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Rows as sequences of blocks: what every encoding of this plugin does around its own block.
 *
 * An encoding says how long its blocks are and how to encode and decode one; the two functions
 * here walk over rows with it. They are inline so that each encoding gets loops of its own with
 * its functions inlined.
 *
 * A block with a NaN or an infinity among its weights becomes all zero bytes except its scale,
 * which is the half NaN 0xfe00: all its weights decode to NaN, so the damage is contained and
 * cannot be overlooked. (Where an encoding has no such scale, it says what takes its place.) For
 * finite weights, however large or small, the bytes are ggml's.
 */
#ifndef PARE_PLUGINS_GGML_BLOCKS_H
#define PARE_PLUGINS_GGML_BLOCKS_H

#include <pare/plugin.h>

#include <math.h>
#include <stddef.h>

#include "common/half.h"
#include "ggml/level.h"
#include "ggml/wide.h"

#define SCALE_NAN 0xfe00u
#define BLOCK_MAX 256 /* weights */

/* What an encoder may know about a block besides its weights. */
struct block_context {
    const float *importance; /* one per weight of the block; or NULL */
    float row_mean_square;   /* of the row that holds the block; only with importance, where the
                              * shape asks for it */
};

/* Blocks that are encoded side by side, one in each lane. */
struct block_lanes {
    uint32_t n; /* how many there are; the other lanes have the first one's weights again */
    int has_importance;
    const float *x[LANES_ROOM];
    struct block_context context[LANES_ROOM];
    uint8_t *block[LANES_ROOM]; /* of the first n */
};

struct block_shape {
    uint32_t len; /* weights */
    uint32_t bytes;
    int row_mean;                                           /* 1: encoding uses row_mean_square */
    void (*encode_lanes)(const struct block_lanes *blocks); /* or NULL; as encode, if finite */
    void (*encode)(const float *x, const struct block_context *context, uint8_t *block);
    /* Encodes finite blocks by a longer search, whose blocks are taken where they are better than
     * those of `encode`; or NULL. */
    void (*best)(const struct block_lanes *blocks);
    void (*decode)(const uint8_t *block, float *x);
    void (*damage)(uint8_t *block); /* marks a zeroed block: none of its weights is known */
    /* Looks for codes that decode to x; 1 when there are some. NULL: the encoding has no such
     * search. */
    int (*recover)(const float *x, enum pare_grain grain, uint8_t *block);
    /* 0 when certainly no codes decode to x, which is quickly seen of ordinary weights. With
     * recover. */
    int (*may_hold)(const float *x, enum pare_grain grain);
};

/* 1 when all n floats are finite, else 0. */
static inline int floats_finite(const float *x, uint32_t n)
{
    uint32_t largest = 0;

#if LANES > 0
    if (n % LANES == 0) {
        return wide_finite(x, n);
    }
#endif
    for (uint32_t i = 0; i < n; i++) {
        uint32_t magnitude = float_bits(x[i]) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest < 0x7f800000u;
}

/* The half for a block's scale. A NaN, which finite weights give when their squares overflow, is
 * stored as x86 makes it, so that its sign does not depend on the machine. */
static inline uint16_t scale_encode(float scale)
{
    return scale == scale ? half_encode(scale) : SCALE_NAN;
}

/* Mean of the squares of the finite ones of n floats, summed in order as float. */
static inline float mean_square(const float *x, uint64_t n)
{
    float sum = 0.0f;

    for (uint64_t i = 0; i < n; i++) {
        sum += floats_finite(&x[i], 1) ? x[i] * x[i] : 0.0f;
    }
    return sum / (float)(int64_t)n;
}

/* mean_square of rows, LANES_ROOM of them at most. n is a multiple of 32. */
static inline void rows_mean_square(const float *x, uint64_t rows, uint64_t n, float *ret_means)
{
#if LANES > 0
    const float *row[LANES];
    lanes tile[LANES];
    lanes sum = lanes_all(0.0f);

    for (uint32_t lane = 0; lane < LANES; lane++) {
        row[lane] = x + (lane < rows ? lane : 0) * n;
    }
    for (uint64_t i = 0; i < n; i += LANES) {
        for (uint32_t lane = 0; lane < LANES; lane++) {
            tile[lane] = wide_load(row[lane] + i);
        }
        wide_transpose(tile);
        for (uint32_t k = 0; k < LANES; k++) {
            mlanes finite = lanes_less(lanes_magnitude(tile[k]), lanes_all(INFINITY));
            sum = sum + lanes_choose(finite, tile[k] * tile[k], lanes_all(0.0f));
        }
    }
    sum = sum / lanes_all((float)(int64_t)n);
    memcpy(ret_means, &sum, sizeof(sum));
#else
    (void)rows;
    *ret_means = mean_square(x, n);
#endif
}

/* The largest magnitude of n weights, a multiple of 16. */
static inline float largest_magnitude(const float *x, uint32_t n)
{
#if LANES > 0
    return wide_magnitude(x, n);
#else
    float largest = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    }
    return largest;
#endif
}

/* Encodes the blocks that wait for a lane each, and empties the list. */
static inline void block_lanes_flush(const struct block_shape *shape, struct block_lanes *beside)
{
    if (beside->n == 0) {
        return;
    }
    for (uint32_t i = beside->n; i < LANES_ROOM; i++) {
        beside->x[i] = beside->x[0];
        beside->context[i] = beside->context[0];
    }
    shape->encode_lanes(beside);
    beside->n = 0;
}

/* Encodes one block, whatever its weights are; a finite one may wait in `beside` for others. */
static inline void block_encode(const struct block_shape *shape, const float *x,
                                const struct block_context *context, uint8_t *block,
                                struct block_lanes *beside)
{
    if (!floats_finite(x, shape->len)) {
        memset(block, 0, shape->bytes);
        shape->damage(block);
    } else if (!shape->encode_lanes) {
        shape->encode(x, context, block);
    } else {
        beside->x[beside->n] = x;
        beside->context[beside->n] = *context;
        beside->block[beside->n++] = block;
        if (beside->n == LANES_ROOM) {
            block_lanes_flush(shape, beside);
        }
    }
}

/* Sum over a block of importance times squared error, infinite when it is not a number. The order
 * of additions is the same at every level. */
static inline double block_error(const float *x, const float *y, const float *importance,
                                 uint32_t n)
{
    double part[8] = { 0.0 };

    for (uint32_t i = 0; i < n; i += 8) {
        for (uint32_t k = 0; k < 8; k++) {
            double error = (double)y[i + k] - (double)x[i + k];
            double weight = importance ? (double)importance[i + k] : 1.0;
            part[k] += weight * (error * error);
        }
    }
    double sum = ((part[0] + part[1]) + (part[2] + part[3])) +
                 ((part[4] + part[5]) + (part[6] + part[7]));
    return sum == sum ? sum : (double)INFINITY;
}

/* Searches longer for the blocks that wait for a lane each, and empties the list. A block is
 * replaced where what its new bytes decode to is nearer. */
static inline void block_lanes_improve(const struct block_shape *shape, struct block_lanes *beside)
{
    uint8_t found[LANES_ROOM][BLOCK_MAX + BLOCK_MAX / 4];
    float old[BLOCK_MAX];
    float new[BLOCK_MAX];
    struct block_lanes search = *beside;

    for (uint32_t i = 0; i < LANES_ROOM; i++) {
        search.x[i] = beside->x[i < beside->n ? i : 0];
        search.context[i] = beside->context[i < beside->n ? i : 0];
        search.block[i] = found[i];
    }
    shape->best(&search);
    for (uint32_t i = 0; i < beside->n; i++) {
        const float *importance = beside->context[i].importance;
        shape->decode(beside->block[i], old);
        shape->decode(found[i], new);
        if (block_error(beside->x[i], new, importance, shape->len) <
            block_error(beside->x[i], old, importance, shape->len)) {
            memcpy(beside->block[i], found[i], shape->bytes);
        }
    }
    beside->n = 0;
}

/* 1 when the longer search is asked for; older hosts do not know that field. */
static inline int best_wanted(const struct pare_calibration *calibration)
{
    return calibration &&
           calibration->struct_size >=
               offsetof(struct pare_calibration, search) + sizeof(calibration->search) &&
           calibration->search == PARE_SEARCH_BEST;
}

/* Searches longer for blocks that blocks_encode encoded. */
static inline void blocks_improve(const struct block_shape *shape, const float *x, uint64_t rows,
                                  uint64_t row_len, const float *importance, uint8_t *block)
{
    struct block_lanes beside = { .has_importance = importance != NULL };

    for (uint64_t row = 0; row < rows; row++, x += row_len) {
        for (uint64_t i = 0; i < row_len; i += shape->len, block += shape->bytes) {
            if (!floats_finite(x + i, shape->len)) {
                continue;
            }
            beside.x[beside.n] = x + i;
            beside.context[beside.n].importance = importance ? importance + i : NULL;
            beside.block[beside.n++] = block;
            if (beside.n == LANES_ROOM) {
                block_lanes_improve(shape, &beside);
            }
        }
    }
    if (beside.n > 0) {
        block_lanes_improve(shape, &beside);
    }
}

/* Encodes rows * row_len weights to planes[0]. `calibration` may be NULL; encodings that do not
 * use importance pass NULL. */
static inline void blocks_encode(const struct block_shape *shape, const float *x, uint64_t rows,
                                 uint64_t row_len, const struct pare_calibration *calibration,
                                 void *const *planes)
{
    const float *importance = calibration ? calibration->importance : NULL;
    struct block_lanes beside = { .has_importance = importance != NULL };
    uint8_t *block = planes[0];
    float means[LANES_ROOM];

    for (uint64_t row = 0; row < rows; row++) {
        struct block_context context = { 0 };
        if (importance && shape->row_mean) {
            if (row % LANES_ROOM == 0) {
                rows_mean_square(x, rows - row, row_len, means);
            }
            context.row_mean_square = means[row % LANES_ROOM];
        }
        for (uint64_t i = 0; i < row_len; i += shape->len) {
            context.importance = importance ? importance + i : NULL;
            block_encode(shape, x + i, &context, block, &beside);
            block += shape->bytes;
        }
        x += row_len;
    }
    block_lanes_flush(shape, &beside);
    if (shape->best && best_wanted(calibration)) {
        blocks_improve(shape, x - rows * row_len, rows, row_len, importance, planes[0]);
    }
}

/* Decodes rows * row_len weights from planes[0]. */
static inline void blocks_decode(const struct block_shape *shape, const void *const *planes,
                                 uint64_t rows, uint64_t row_len, float *x)
{
    const uint8_t *block = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i += shape->len) {
        shape->decode(block, x + i);
        block += shape->bytes;
    }
}

/* `value` rounded to the nearest float of the grain. */
static inline float grain_round(float value, enum pare_grain grain)
{
    return grain == PARE_GRAIN_F16    ? half_decode(half_encode(value))
           : grain == PARE_GRAIN_BF16 ? bfloat_decode(bfloat_encode(value))
                                      : value;
}

/* 1 when a block decodes to finite x, rounded to the grain. Both zeros are the same. */
static inline int block_holds(const struct block_shape *shape, const float *x,
                              enum pare_grain grain, const uint8_t *block)
{
    float y[BLOCK_MAX];
    uint32_t wrong = 0;

    shape->decode(block, y);
    for (uint32_t i = 0; i < shape->len; i++) {
        wrong += grain_round(y[i], grain) != x[i];
    }
    return wrong == 0;
}

/* Recovers the codes of rows * row_len weights that lie on the encoding's lattice: pare_encoding's
 * callback. Where encoding loses nothing its bytes are kept, so that a block of, say, zeros, which
 * lies on any lattice, does not change. Whatever is found is decoded and compared. */
static inline int blocks_recover(const struct block_shape *shape, const float *x, uint64_t rows,
                                 uint64_t row_len, uint32_t grain_, void *const *planes)
{
    const struct block_context context = { 0 };
    enum pare_grain grain = grain_ <= PARE_GRAIN_BF16 ? (enum pare_grain)grain_ : PARE_GRAIN_F32;
    uint8_t *block = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i += shape->len, block += shape->bytes) {
        if (!floats_finite(x + i, shape->len) || !shape->may_hold(x + i, grain)) {
            return 0;
        }
        shape->encode(x + i, &context, block);
        if (block_holds(shape, x + i, grain, block)) {
            continue;
        }
        if (!shape->recover(x + i, grain, block) || !block_holds(shape, x + i, grain, block)) {
            return 0;
        }
    }
    return 1;
}

/* A function in lanes for the macros below, or NULL at the level that has no lanes. */
#if LANES > 0
#define IN_LANES(function) function
#else
#define IN_LANES(function) NULL
#endif

/* The encoders of an encoding whose search leaves what it found, a found_, to store_block; at file
 * scope, around its kind and store_block. */
#if LANES > 0
#define BLOCK_ENCODE_LANES(found_, search_lanes)                    \
    static void encode_lanes(const struct block_lanes *blocks)      \
    {                                                               \
        found_ found[LANES];                                        \
        search_lanes(&kind, blocks, found);                         \
        for (uint32_t i = 0; i < blocks->n; i++) {                  \
            store_block(&found[i], blocks->x[i], blocks->block[i]); \
        }                                                           \
    }
#else
#define BLOCK_ENCODE_LANES(found_, search_lanes)
#endif
#define BLOCK_ENCODERS(found_, search_, search_lanes)                                             \
    static void encode_block(const float *x, const struct block_context *context, uint8_t *block) \
    {                                                                                             \
        found_ found;                                                                             \
        search_(&kind, x, context, &found);                                                       \
        store_block(&found, x, block);                                                            \
    }                                                                                             \
    BLOCK_ENCODE_LANES(found_, search_lanes)

/* What every encoding of this plugin has at each level, at file scope, around its encode_block,
 * decode_block and damage_block: the shape of its blocks, and the kernel over rows of blocks.
 * recover_ and may_hold_: its recover_block and may_hold, or NULL; lanes_: IN_LANES of its
 * encode_lanes, or NULL; best_: its longer search, or NULL. */
#define BLOCK_KERNEL(id, block_len_, block_bytes, flags_, lanes_, recover_, may_hold_, best_)  \
    static const struct block_shape shape = {                                                  \
        .len = block_len_,                                                                     \
        .bytes = block_bytes,                                                                  \
        .row_mean = ((flags_)&PARE_ENCODING_WHOLE_ROWS) != 0,                                  \
        .encode_lanes = lanes_,                                                                \
        .best = best_,                                                                         \
        .encode = encode_block,                                                                \
        .decode = decode_block,                                                                \
        .damage = damage_block,                                                                \
        .recover = recover_,                                                                   \
        .may_hold = may_hold_,                                                                 \
    };                                                                                         \
    static void encode(const float *x, uint64_t rows, uint64_t row_len,                        \
                       const struct pare_calibration *calibration, void *const *planes)        \
    {                                                                                          \
        blocks_encode(&shape, x, rows, row_len, calibration, planes);                          \
    }                                                                                          \
    static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)   \
    {                                                                                          \
        blocks_decode(&shape, planes, rows, row_len, x);                                       \
    }                                                                                          \
    const struct pare_kernel LEVEL_NAME(kernel_##id) = { sizeof(struct pare_kernel),           \
                                                         LEVEL_TEXT(LEVEL), LEVEL_CPU, encode, \
                                                         decode }

/* The description encoding_ID, which one level gives for all of them: its one plane, and the
 * kernels, those of more capable CPUs later. The flags are besides QUANTIZED; recover_ is as in
 * pare_encoding. */
#if LANES > 0
#define BLOCK_DESCRIPTION(id, block_len_, block_bytes, more_flags, text, recover_) \
    _Static_assert((block_bytes) > 0, #id)
#else
#define BLOCK_DESCRIPTION(id, block_len_, block_bytes, more_flags, text, recover_)  \
    static const struct pare_plane plane = { sizeof(plane), "data", PARE_PER_BLOCK, \
                                             8 * (block_bytes) };                   \
    static const struct pare_plane *const planes_data[] = { &plane, NULL };         \
    static const struct pare_kernel *const kernels[] = { &kernel_##id##_c,          \
                                                         MORE_KERNELS(id) NULL };   \
    const struct pare_encoding encoding_##id = {                                    \
        .struct_size = sizeof(struct pare_encoding),                                \
        .name = #id,                                                                \
        .summary = text,                                                            \
        .flags = PARE_ENCODING_QUANTIZED | (more_flags),                            \
        .block_len = block_len_,                                                    \
        .planes = planes_data,                                                      \
        .kernels = kernels,                                                         \
        .recover = recover_,                                                        \
    }
#endif

/* An encoding with its own damage_block. */
#define BLOCK_ENCODING_DAMAGE(id, block_len_, block_bytes, more_flags, text, lanes_, best_) \
    BLOCK_KERNEL(id, block_len_, block_bytes, more_flags, lanes_, NULL, NULL, best_);       \
    BLOCK_DESCRIPTION(id, block_len_, block_bytes, more_flags, text, NULL)

/* An encoding where the half at `scale_at` multiplies every weight. */
#define BLOCK_ENCODING(id, block_len_, block_bytes, scale_at, more_flags, text, lanes_, best_) \
    BLOCK_DAMAGE_SCALE(scale_at)                                                               \
    BLOCK_ENCODING_DAMAGE(id, block_len_, block_bytes, more_flags, text, lanes_, best_)

/* The same two of encodings that have recover_block and may_hold. */
#define BLOCK_LATTICE_DAMAGE(id, block_len_, block_bytes, more_flags, text, lanes_, best_)         \
    BLOCK_KERNEL(id, block_len_, block_bytes, more_flags, lanes_, recover_block, may_hold, best_); \
    BLOCK_RECOVER                                                                                  \
    BLOCK_DESCRIPTION(id, block_len_, block_bytes, more_flags, text, recover)
#define BLOCK_LATTICE(id, block_len_, block_bytes, scale_at, more_flags, text, lanes_, best_) \
    BLOCK_DAMAGE_SCALE(scale_at)                                                              \
    BLOCK_LATTICE_DAMAGE(id, block_len_, block_bytes, more_flags, text, lanes_, best_)
#define BLOCK_DAMAGE_SCALE(scale_at)              \
    static void damage_block(uint8_t *block)      \
    {                                             \
        store_u16(block + (scale_at), SCALE_NAN); \
    }
#if LANES > 0
#define BLOCK_RECOVER
#else
#define BLOCK_RECOVER                                                                   \
    static int recover(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain, \
                       void *const *planes)                                             \
    {                                                                                   \
        return blocks_recover(&shape, x, rows, row_len, grain, planes);                 \
    }
#endif

#endif
