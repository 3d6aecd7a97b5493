/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Rows as sequences of blocks: what every encoding of this plugin does around its own block.
 *
 * An encoding says how long its blocks are and how to encode and decode one; the two functions
 * here walk over rows with it. They are inline so that each encoding gets loops of its own with
 * its functions inlined.
 *
 * A block with a NaN or an infinity among its weights becomes all zero bytes but for its scale,
 * which is the half NaN 0xfe00: all its weights decode to NaN, so the damage is contained and
 * cannot be overlooked. (Where an encoding has no such scale, it says what takes its place.) For
 * finite weights, however large or small, the bytes are ggml's.
 */
#ifndef PARE_PLUGINS_GGML_BLOCKS_H
#define PARE_PLUGINS_GGML_BLOCKS_H

#include <pare/plugin.h>

#include <math.h>

#include "../common/half.h"

#define SCALE_NAN 0xfe00u
#define BLOCK_MAX 256 /* weights */

/* What an encoder may know about a block besides its weights. */
struct block_context {
    const float *importance; /* one per weight of the block; or NULL */
    float row_mean_square;   /* of the row that holds the block; only with importance */
};

struct block_shape {
    uint32_t len;             /* weights */
    uint32_t bytes;
    void (*encode)(const float *x, const struct block_context *context, uint8_t *block);
    void (*decode)(const uint8_t *block, float *x);
    void (*damage)(uint8_t *block); /* marks a zeroed block: none of its weights is known */
    /* Looks for codes that decode to x; 1 when there are some. NULL: nobody has asked for it. */
    int (*recover)(const float *x, enum pare_grain grain, uint8_t *block);
};

/* 1 when all n floats are finite, else 0. */
static inline int floats_finite(const float *x, uint32_t n)
{
    uint32_t largest = 0;

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

/* The largest magnitude of n weights. */
static inline float largest_magnitude(const float *x, uint32_t n)
{
    float largest = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    }
    return largest;
}

/* Encodes one block, whatever its weights are. */
static inline void block_encode(const struct block_shape *shape, const float *x,
                                const struct block_context *context, uint8_t *block)
{
    if (floats_finite(x, shape->len)) {
        shape->encode(x, context, block);
    } else {
        memset(block, 0, shape->bytes);
        shape->damage(block);
    }
}

/* Encodes rows * row_len weights to planes[0]. `calibration` may be NULL; encodings that do not
 * use importance pass NULL. */
static inline void blocks_encode(const struct block_shape *shape, const float *x, uint64_t rows,
                                 uint64_t row_len, const struct pare_calibration *calibration,
                                 void *const *planes)
{
    const float *importance = calibration != NULL ? calibration->importance : NULL;
    uint8_t *block = planes[0];

    for (uint64_t row = 0; row < rows; row++) {
        struct block_context context = {0};
        if (importance != NULL) {
            context.row_mean_square = mean_square(x, row_len);
        }
        for (uint64_t i = 0; i < row_len; i += shape->len) {
            context.importance = importance != NULL ? importance + i : NULL;
            block_encode(shape, x + i, &context, block);
            block += shape->bytes;
        }
        x += row_len;
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
 * callback. What encoding gives is preferred where it loses nothing, so that a block without a
 * lattice worth the name keeps its bytes. Whatever is found is decoded and compared. */
static inline int blocks_recover(const struct block_shape *shape, const float *x, uint64_t rows,
                                 uint64_t row_len, uint32_t grain_, void *const *planes)
{
    const struct block_context context = {0};
    enum pare_grain grain = grain_ <= PARE_GRAIN_BF16 ? (enum pare_grain)grain_ : PARE_GRAIN_F32;
    uint8_t *block = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i += shape->len, block += shape->bytes) {
        if (!floats_finite(x + i, shape->len)) {
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

/* What every encoding of this plugin has, at file scope, around its encode_block, decode_block and
 * damage_block: the shape of its blocks, one plane, and the C kernel over rows of blocks. recover_:
 * its recover_block, or NULL. */
#define BLOCK_KERNEL(block_len_, block_bytes, recover_)                                           \
    static const struct block_shape shape = {                                                     \
        .len = block_len_,                                                                        \
        .bytes = block_bytes,                                                                     \
        .encode = encode_block,                                                                   \
        .decode = decode_block,                                                                   \
        .damage = damage_block,                                                                   \
        .recover = recover_,                                                                      \
    };                                                                                            \
    static void encode(const float *x, uint64_t rows, uint64_t row_len,                           \
                       const struct pare_calibration *calibration, void *const *planes)           \
    {                                                                                             \
        blocks_encode(&shape, x, rows, row_len, calibration, planes);                             \
    }                                                                                             \
    static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)      \
    {                                                                                             \
        blocks_decode(&shape, planes, rows, row_len, x);                                          \
    }                                                                                             \
    static const struct pare_plane plane = {sizeof(plane), "data", block_bytes, 0};               \
    static const struct pare_plane *const planes_data[] = {&plane, NULL};                         \
    static const struct pare_kernel kernel_c = {sizeof(kernel_c), "c", 0, encode, decode};        \
    static const struct pare_kernel *const kernels[] = {&kernel_c, NULL}

/* The description encoding_ID. The flags are besides QUANTIZED; recover_ is as in pare_encoding. */
#define BLOCK_DESCRIPTION(id, block_len_, more_flags, text, recover_)                             \
    const struct pare_encoding encoding_##id = {                                                  \
        .struct_size = sizeof(struct pare_encoding),                                              \
        .name = #id,                                                                              \
        .summary = text,                                                                          \
        .flags = PARE_ENCODING_QUANTIZED | (more_flags),                                          \
        .block_len = block_len_,                                                                  \
        .planes = planes_data,                                                                    \
        .kernels = kernels,                                                                       \
        .recover = recover_,                                                                      \
    }

/* An encoding with its own damage_block. */
#define BLOCK_ENCODING_DAMAGE(id, block_len_, block_bytes, more_flags, text)                      \
    BLOCK_KERNEL(block_len_, block_bytes, NULL);                                                  \
    BLOCK_DESCRIPTION(id, block_len_, more_flags, text, NULL)

/* An encoding where the half at `scale_at` multiplies every weight. */
#define BLOCK_ENCODING(id, block_len_, block_bytes, scale_at, more_flags, text)                   \
    BLOCK_DAMAGE_SCALE(scale_at)                                                                  \
    BLOCK_ENCODING_DAMAGE(id, block_len_, block_bytes, more_flags, text)

/* The same two of encodings that have recover_block. */
#define BLOCK_LATTICE_DAMAGE(id, block_len_, block_bytes, more_flags, text)                       \
    BLOCK_KERNEL(block_len_, block_bytes, recover_block);                                         \
    static int recover(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,           \
                       void *const *planes)                                                       \
    {                                                                                             \
        return blocks_recover(&shape, x, rows, row_len, grain, planes);                           \
    }                                                                                             \
    BLOCK_DESCRIPTION(id, block_len_, more_flags, text, recover)
#define BLOCK_LATTICE(id, block_len_, block_bytes, scale_at, more_flags, text)                    \
    BLOCK_DAMAGE_SCALE(scale_at)                                                                  \
    BLOCK_LATTICE_DAMAGE(id, block_len_, block_bytes, more_flags, text)
#define BLOCK_DAMAGE_SCALE(scale_at)                                                              \
    static void damage_block(uint8_t *block)                                                      \
    {                                                                                             \
        store_u16(block + (scale_at), SCALE_NAN);                                                 \
    }

#endif
