/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The head and the codes of q4_k and q5_k blocks.
 *
 * Scale and min of each sub-block are searched; then all are rounded to 6 bits of the largest, and
 * the codes are made anew with the rounded ones. A sub-block whose rounded scale is 0 keeps the
 * codes of the search (they decode to -dmin * min whatever they are).
 */
#include "superblock.h"

#define MIN_OFFSET 2
#define SCALES 4     /* offset of the packed scales and mins */
#define TOP_SCALE 63

/* What the search finds for a block, before and after rounding to 6 bits. */
struct sub_blocks {
    float scale[SUPER_SUBS];
    float min[SUPER_SUBS];
    float weight[SUPER_SUBS]; /* sum of the weights' weights */
    uint8_t scale_code[SUPER_SUBS];
    uint8_t min_code[SUPER_SUBS];
    float d;
    float dmin;
};

static float sum_of_squares(const float *x, int n)
{
    float sum = 0.0f;

    for (int i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sum;
}

/* Without importance an error counts root mean square of the sub-block + |x|. */
static void search_plain(const struct affine_search *search, const float *x,
                         struct sub_blocks *subs, uint8_t *codes)
{
    float weights[SUPER_SUB_LEN];

    for (int j = 0; j < SUPER_SUBS; j++) {
        const float *sub = x + j * SUPER_SUB_LEN;
        float rms = sqrtf(sum_of_squares(sub, SUPER_SUB_LEN) / (float)SUPER_SUB_LEN);
        for (int i = 0; i < SUPER_SUB_LEN; i++) {
            weights[i] = rms + fabsf(sub[i]);
        }
        subs->scale[j] = search_affine(search, sub, SUPER_SUB_LEN, weights,
                                       codes + j * SUPER_SUB_LEN, &subs->min[j]);
    }
}

/* With importance an error counts importance * sqrt(2 * mean square of the block + x^2). */
static void search_importance(const struct affine_search *search, const float *x,
                              const float *importance, struct sub_blocks *subs, uint8_t *codes)
{
    float weights[SUPER_SUB_LEN];
    float spread = 2.0f * sum_of_squares(x, SUPER_LEN) / (float)SUPER_LEN;

    for (int j = 0; j < SUPER_SUBS; j++) {
        const float *sub = x + j * SUPER_SUB_LEN;
        float sum = 0.0f;
        for (int i = 0; i < SUPER_SUB_LEN; i++) {
            weights[i] = importance[j * SUPER_SUB_LEN + i] * sqrtf(spread + sub[i] * sub[i]);
        }
        for (int i = 0; i < SUPER_SUB_LEN; i++) {
            sum += weights[i];
        }
        subs->weight[j] = sum;
        subs->scale[j] = search_affine(search, sub, SUPER_SUB_LEN, weights,
                                       codes + j * SUPER_SUB_LEN, &subs->min[j]);
    }
}

/* Rounds the values of 8 sub-blocks to 6 bits of the largest. Gives the unit. */
static float round_plain(const float *values, uint8_t *codes)
{
    float max = 0.0f;

    for (int j = 0; j < SUPER_SUBS; j++) {
        max = values[j] > max ? values[j] : max;
    }
    float inverse = max > 0.0f ? (float)TOP_SCALE / max : 0.0f;
    for (int j = 0; j < SUPER_SUBS; j++) {
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
static void unpack_scales(const uint8_t *head, float *scale, float *min)
{
    const uint8_t *packed = head + SCALES;
    float d = half_decode(load_u16(head));
    float dmin = half_decode(load_u16(head + MIN_OFFSET));

    for (int j = 0; j < 4; j++) {
        scale[j] = d * (float)(packed[j] & 63);
        min[j] = dmin * (float)(packed[j + 4] & 63);
        scale[j + 4] = d * (float)((packed[j + 8] & 15) | packed[j] >> 6 << 4);
        min[j + 4] = dmin * (float)(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
}

/* The codes that fit the stored scales. */
static void recode(const float *x, const uint8_t *head, int32_t top, uint8_t *codes)
{
    float scale[SUPER_SUBS];
    float min[SUPER_SUBS];

    unpack_scales(head, scale, min);
    for (int j = 0; j < SUPER_SUBS; j++) {
        if (scale[j] == 0.0f) {
            continue;
        }
        for (int i = j * SUPER_SUB_LEN; i < (j + 1) * SUPER_SUB_LEN; i++) {
            codes[i] = (uint8_t)clamp_int(round_even((x[i] + min[j]) / scale[j]), 0, top);
        }
    }
}

/* Searches the unit of 8 values and their codes. A negative code, which only a negative value has,
 * counts modulo 256 and is capped then. */
static float round_importance(const struct super_kind *kind, const float *values,
                              const float *weights, uint8_t *codes)
{
    float unit = search_positive(values, SUPER_SUBS, TOP_SCALE, weights, codes);

    for (int j = 0; j < SUPER_SUBS; j++) {
        codes[j] = codes[j] < kind->cap ? codes[j] : kind->cap;
    }
    return unit;
}

void super_encode(const struct super_kind *kind, const float *x,
                  const struct block_context *context, uint8_t *head, uint8_t *codes)
{
    struct sub_blocks subs;

    if (context->importance != NULL) {
        struct affine_search search = affine_search_importance(kind->plain.top);
        search_importance(&search, x, context->importance, &subs, codes);
        subs.d = round_importance(kind, subs.scale, subs.weight, subs.scale_code);
        subs.dmin = round_importance(kind, subs.min, subs.weight, subs.min_code);
    } else {
        search_plain(&kind->plain, x, &subs, codes);
        subs.d = round_plain(subs.scale, subs.scale_code);
        subs.dmin = round_plain(subs.min, subs.min_code);
    }
    store_u16(head, scale_encode(subs.d));
    store_u16(head + MIN_OFFSET, scale_encode(subs.dmin));
    pack_scales(&subs, head + SCALES);
    recode(x, head, kind->plain.top, codes);
}

void super_decode(const uint8_t *head, const uint8_t *codes, float *x)
{
    float scale[SUPER_SUBS];
    float min[SUPER_SUBS];

    unpack_scales(head, scale, min);
    for (int j = 0; j < SUPER_SUBS; j++) {
        for (int i = j * SUPER_SUB_LEN; i < (j + 1) * SUPER_SUB_LEN; i++) {
            x[i] = scale[j] * (float)codes[i] - min[j];
        }
    }
}
