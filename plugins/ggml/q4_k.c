/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q4_k: 256 weights in 144 bytes (4.5 bits per weight): half d; half dmin; 12 bytes of 6-bit
 * scales and mins of 8 sub-blocks of 32; 128 bytes of codes, of which each 32 hold two sub-blocks,
 * the first in the low nibbles. x = d * scale * code - dmin * min.
 *
 * Scale and min of each sub-block are searched; then all are rounded to 6 bits of the largest, and
 * the codes are made anew with the rounded ones. A sub-block whose rounded scale is 0 keeps the
 * codes of the search (they decode to -dmin * min whatever they are). See
 * docs/formats/encodings/q4_k.md.
 */
#include "blocks.h"
#include "encodings.h"
#include "search.h"

#define BLOCK_LEN 256
#define BLOCK_BYTES 144
#define SUBS 8    /* sub-blocks */
#define SUB_LEN 32
#define MIN_OFFSET 2
#define SCALES 4  /* offset of the packed scales and mins */
#define CODES 16  /* offset of the codes */
#define TOP_SCALE 63

/* What the search finds for a block, before and after rounding to 6 bits. */
struct sub_blocks {
    float scale[SUBS];
    float min[SUBS];
    float weight[SUBS]; /* sum of the weights' weights */
    uint8_t scale_code[SUBS];
    uint8_t min_code[SUBS];
    float d;
    float dmin;
};

static const struct affine_search plain_search = {15, -1.0f, 0.1f, 20};
static const struct affine_search importance_search = {15, -0.9f, 0.05f, 36};

static float sum_of_squares(const float *x, int n)
{
    float sum = 0.0f;

    for (int i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sum;
}

/* Without importance an error counts root mean square of the sub-block + |x|. */
static void search_plain(const float *x, struct sub_blocks *subs, uint8_t *codes)
{
    float weights[SUB_LEN];

    for (int j = 0; j < SUBS; j++) {
        const float *sub = x + j * SUB_LEN;
        float rms = sqrtf(sum_of_squares(sub, SUB_LEN) / (float)SUB_LEN);
        for (int i = 0; i < SUB_LEN; i++) {
            weights[i] = rms + fabsf(sub[i]);
        }
        subs->scale[j] = search_affine(&plain_search, sub, SUB_LEN, weights, codes + j * SUB_LEN,
                                       &subs->min[j]);
    }
}

/* With importance an error counts importance * sqrt(2 * mean square of the block + x^2). */
static void search_importance(const float *x, const float *importance, struct sub_blocks *subs,
                              uint8_t *codes)
{
    float weights[SUB_LEN];
    float spread = 2.0f * sum_of_squares(x, BLOCK_LEN) / (float)BLOCK_LEN;

    for (int j = 0; j < SUBS; j++) {
        const float *sub = x + j * SUB_LEN;
        float sum = 0.0f;
        for (int i = 0; i < SUB_LEN; i++) {
            weights[i] = importance[j * SUB_LEN + i] * sqrtf(spread + sub[i] * sub[i]);
        }
        for (int i = 0; i < SUB_LEN; i++) {
            sum += weights[i];
        }
        subs->weight[j] = sum;
        subs->scale[j] = search_affine(&importance_search, sub, SUB_LEN, weights,
                                       codes + j * SUB_LEN, &subs->min[j]);
    }
}

/* Rounds the values of 8 sub-blocks to 6 bits of the largest. Gives the unit. */
static float round_plain(const float *values, uint8_t *codes)
{
    float max = 0.0f;

    for (int j = 0; j < SUBS; j++) {
        max = values[j] > max ? values[j] : max;
    }
    float inverse = max > 0.0f ? (float)TOP_SCALE / max : 0.0f;
    for (int j = 0; j < SUBS; j++) {
        uint8_t code = (uint8_t)round_even(inverse * values[j]);
        codes[j] = code < TOP_SCALE ? code : TOP_SCALE;
    }
    return max / (float)TOP_SCALE;
}

/* 8 scales and 8 mins of 6 bits in 12 bytes: those of the first four sub-blocks have a byte each;
 * the others' low four bits share the last four bytes, and their high two bits top the first 8. */
static void pack_scales(const struct sub_blocks *subs, uint8_t *packed)
{
    const uint8_t *scale = subs->scale_code;
    const uint8_t *min = subs->min_code;

    for (int j = 0; j < 4; j++) {
        packed[j] = (uint8_t)(scale[j] | scale[j + 4] >> 4 << 6);
        packed[j + 4] = (uint8_t)(min[j] | min[j + 4] >> 4 << 6);
        packed[j + 8] = (uint8_t)((scale[j + 4] & 15) | (min[j + 4] & 15) << 4);
    }
}

/* The scales and mins that are stored, as floats. */
static void unpack_scales(const uint8_t *block, float *scale, float *min)
{
    const uint8_t *packed = block + SCALES;
    float d = half_decode(load_u16(block));
    float dmin = half_decode(load_u16(block + MIN_OFFSET));

    for (int j = 0; j < 4; j++) {
        scale[j] = d * (float)(packed[j] & 63);
        min[j] = dmin * (float)(packed[j + 4] & 63);
        scale[j + 4] = d * (float)((packed[j + 8] & 15) | packed[j] >> 6 << 4);
        min[j + 4] = dmin * (float)(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
}

/* The codes that fit the stored scales. */
static void recode(const float *x, const uint8_t *block, uint8_t *codes)
{
    float scale[SUBS];
    float min[SUBS];

    unpack_scales(block, scale, min);
    for (int j = 0; j < SUBS; j++) {
        if (scale[j] == 0.0f) {
            continue;
        }
        for (int i = j * SUB_LEN; i < (j + 1) * SUB_LEN; i++) {
            codes[i] = (uint8_t)clamp_int(round_even((x[i] + min[j]) / scale[j]), 0, 15);
        }
    }
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    struct sub_blocks subs;
    uint8_t codes[BLOCK_LEN];

    if (context->importance != NULL) {
        search_importance(x, context->importance, &subs, codes);
        subs.d = search_positive(subs.scale, SUBS, TOP_SCALE, subs.weight, subs.scale_code);
        subs.dmin = search_positive(subs.min, SUBS, TOP_SCALE, subs.weight, subs.min_code);
    } else {
        search_plain(x, &subs, codes);
        subs.d = round_plain(subs.scale, subs.scale_code);
        subs.dmin = round_plain(subs.min, subs.min_code);
    }
    store_u16(block, scale_encode(subs.d));
    store_u16(block + MIN_OFFSET, scale_encode(subs.dmin));
    pack_scales(&subs, block + SCALES);
    recode(x, block, codes);
    for (int i = 0; i < BLOCK_LEN / 2; i++) {
        const uint8_t *pair = codes + i / SUB_LEN * 2 * SUB_LEN + i % SUB_LEN;
        block[CODES + i] = (uint8_t)(pair[0] | pair[SUB_LEN] << 4);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float scale[SUBS];
    float min[SUBS];

    unpack_scales(block, scale, min);
    for (int j = 0; j < SUBS; j += 2) {
        const uint8_t *codes = block + CODES + j / 2 * SUB_LEN;
        float *first = x + j * SUB_LEN;
        for (int i = 0; i < SUB_LEN; i++) {
            first[i] = scale[j] * (float)(codes[i] & 15) - min[j];
            first[i + SUB_LEN] = scale[j + 1] * (float)(codes[i] >> 4) - min[j + 1];
        }
    }
}

static const struct block_shape shape = {
    .len = BLOCK_LEN,
    .bytes = BLOCK_BYTES,
    .scale_offset = 0,
    .encode = encode_block,
    .decode = decode_block,
};

static void encode(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes)
{
    blocks_encode(&shape, x, rows, row_len, calibration, planes);
}

static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    blocks_decode(&shape, planes, rows, row_len, x);
}

static const struct pare_plane data = {sizeof(data), "data", BLOCK_BYTES, 0};
static const struct pare_plane *const planes_data[] = {&data, NULL};
static const struct pare_kernel kernel_c = {sizeof(kernel_c), "c", 0, encode, decode};
static const struct pare_kernel *const kernels[] = {&kernel_c, NULL};

const struct pare_encoding encoding_q4_k = {
    .struct_size = sizeof(struct pare_encoding),
    .name = "q4_k",
    .summary = "256 weights: 4-bit codes, scale and min per 32",
    .flags = PARE_ENCODING_QUANTIZED | PARE_ENCODING_IMPORTANCE,
    .block_len = BLOCK_LEN,
    .planes = planes_data,
    .kernels = kernels,
};
