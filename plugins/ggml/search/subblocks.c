/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search for scales and mins of sub-blocks, and their rounding: see subblocks.h. This is the
 * reference; lanes/lanes_subblocks.c gives the same bytes.
 */
#include "ggml/search/subblocks.h"

#include "ggml/search/recode.h"

static void search_plain(const struct sub_kind *kind, const float *x, struct affine_found *found)
{
    const uint32_t len = SUPER_LEN / kind->subs;
    float weights[SEARCH_MAX];

    for (uint32_t j = 0; j < kind->subs; j++) {
        const float *sub = x + j * len;
        float rms = kind->plain_rms ? sqrtf(sum_of_squares(sub, len) / (float)len) : 0.0f;
        for (uint32_t i = 0; i < len; i++) {
            weights[i] = rms + fabsf(sub[i]);
        }
        found[j] = search_affine(&kind->plain, sub, len, weights);
    }
}

/* Gives the sum of each sub-block's weights, too. */
static void search_importance(const struct sub_kind *kind, const float *x, const float *importance,
                              struct affine_found *found, float *sums)
{
    const struct affine_search search = affine_search_importance(kind->plain.top);
    const float spread = kind->spread * sum_of_squares(x, SUPER_LEN) / (float)SUPER_LEN;
    const uint32_t len = SUPER_LEN / kind->subs;
    float weights[SEARCH_MAX];

    for (uint32_t j = 0; j < kind->subs; j++) {
        const float *sub = x + j * len;
        sums[j] = importance_weights(sub, importance + j * len, len, spread, weights);
        found[j] = search_affine(&search, sub, len, weights);
    }
}

/* Rounds the values of all sub-blocks to codes up to that of the largest. Gives the unit. */
static float round_values(const struct sub_kind *kind, const float *values, uint8_t *codes)
{
    const float top = (float)kind->top_scale;
    float max = 0.0f;

    for (uint32_t j = 0; j < kind->subs; j++) {
        max = values[j] > max ? values[j] : max;
    }
    float inverse = max > 0.0f ? top / max : 0.0f;
    for (uint32_t j = 0; j < kind->subs; j++) {
        codes[j] = (uint8_t)round_even(inverse * values[j]);
    }
    return max / top;
}

/* A negative code, which only a negative value has, counts modulo 256 and is capped then. */
static void cap_codes(uint32_t n, uint8_t cap, uint8_t *codes)
{
    for (uint32_t j = 0; j < n; j++) {
        codes[j] = codes[j] < cap ? codes[j] : cap;
    }
}

/* What was found for each sub-block as two arrays. */
static void found_values(const struct sub_kind *kind, const struct sub_blocks *subs, float *scale,
                         float *min)
{
    for (uint32_t j = 0; j < kind->subs; j++) {
        scale[j] = subs->found[j].scale;
        min[j] = subs->found[j].min;
    }
}

static void round_plain(const struct sub_kind *kind, struct sub_blocks *subs)
{
    float scale[SUPER_SUBS_MAX];
    float min[SUPER_SUBS_MAX];

    found_values(kind, subs, scale, min);
    subs->d = round_values(kind, scale, subs->scale_code);
    subs->dmin = round_values(kind, min, subs->min_code);
    cap_codes(kind->subs, kind->plain_cap, subs->scale_code);
    cap_codes(kind->subs, kind->plain_cap, subs->min_code);
}

static void round_importance(const struct sub_kind *kind, const float *sums,
                             struct sub_blocks *subs)
{
    float scale[SUPER_SUBS_MAX];
    float min[SUPER_SUBS_MAX];

    found_values(kind, subs, scale, min);
    subs->d = search_positive(scale, kind->subs, kind->top_scale, sums, subs->scale_code);
    subs->dmin = search_positive(min, kind->subs, kind->top_scale, sums, subs->min_code);
    cap_codes(kind->subs, kind->cap, subs->scale_code);
    cap_codes(kind->subs, kind->cap, subs->min_code);
}

void sub_blocks_search(const struct sub_kind *kind, const float *x,
                       const struct block_context *context, struct sub_blocks *ret_subs)
{
    float sums[SUPER_SUBS_MAX];

    if (context->importance) {
        search_importance(kind, x, context->importance, ret_subs->found, sums);
        round_importance(kind, sums, ret_subs);
    } else {
        search_plain(kind, x, ret_subs->found);
        round_plain(kind, ret_subs);
    }
}

void sub_blocks_recode(const struct sub_kind *kind, const struct sub_blocks *subs, const float *x,
                       const float *scale, const float *min, uint8_t *codes)
{
    const uint32_t len = SUPER_LEN / kind->subs;

    for (uint32_t j = 0; j < kind->subs; j++) {
        if (scale[j] == 0.0f) {
            affine_codes(&subs->found[j], x + j * len, len, kind->plain.top, codes + j * len);
            continue;
        }
        recode(x + j * len, len, min[j], scale[j], 0, kind->plain.top, codes + j * len);
    }
}
