/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The search for scales and mins of sub-blocks, and their rounding: see subblocks.h. */
#include "subblocks.h"

/* What the search gives for each sub-block. */
struct found {
    float scale[SUPER_SUBS_MAX];
    float min[SUPER_SUBS_MAX];
    float weight[SUPER_SUBS_MAX]; /* sum of the weights' weights; only with importance */
};

static void search_plain(const struct sub_kind *kind, const float *x, struct found *found,
                         uint8_t *codes)
{
    const uint32_t len = SUPER_LEN / kind->subs;
    float weights[SEARCH_MAX];

    for (uint32_t j = 0; j < kind->subs; j++) {
        const float *sub = x + j * len;
        float rms = kind->plain_rms ? sqrtf(sum_of_squares(sub, len) / (float)len) : 0.0f;
        for (uint32_t i = 0; i < len; i++) {
            weights[i] = rms + fabsf(sub[i]);
        }
        found->scale[j] = search_affine(&kind->plain, sub, len, weights, codes + j * len,
                                        &found->min[j]);
    }
}

static void search_importance(const struct sub_kind *kind, const float *x,
                              const float *importance, struct found *found, uint8_t *codes)
{
    const struct affine_search search = affine_search_importance(kind->plain.top);
    const float spread = kind->spread * sum_of_squares(x, SUPER_LEN) / (float)SUPER_LEN;
    const uint32_t len = SUPER_LEN / kind->subs;
    float weights[SEARCH_MAX];

    for (uint32_t j = 0; j < kind->subs; j++) {
        const float *sub = x + j * len;
        found->weight[j] = importance_weights(sub, importance + j * len, len, spread, weights);
        found->scale[j] = search_affine(&search, sub, len, weights, codes + j * len,
                                        &found->min[j]);
    }
}

/* Rounds the values of all sub-blocks to codes up to that of the largest. Gives the unit. */
static float round_plain(const struct sub_kind *kind, const float *values, uint8_t *codes)
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

void sub_blocks_search(const struct sub_kind *kind, const float *x,
                       const struct block_context *context, struct sub_blocks *ret_subs,
                       uint8_t *codes)
{
    const uint32_t n = kind->subs;
    uint8_t *scale = ret_subs->scale_code;
    uint8_t *min = ret_subs->min_code;
    struct found found;

    if (context->importance != NULL) {
        search_importance(kind, x, context->importance, &found, codes);
        ret_subs->d = search_positive(found.scale, n, kind->top_scale, found.weight, scale);
        ret_subs->dmin = search_positive(found.min, n, kind->top_scale, found.weight, min);
    } else {
        search_plain(kind, x, &found, codes);
        ret_subs->d = round_plain(kind, found.scale, scale);
        ret_subs->dmin = round_plain(kind, found.min, min);
    }
    uint8_t cap = context->importance != NULL ? kind->cap : kind->plain_cap;
    cap_codes(n, cap, scale);
    cap_codes(n, cap, min);
}

void sub_blocks_recode(const struct sub_kind *kind, const float *x, const float *scale,
                       const float *min, uint8_t *codes)
{
    const uint32_t len = SUPER_LEN / kind->subs;

    for (uint32_t j = 0; j < kind->subs; j++) {
        if (scale[j] == 0.0f) {
            continue;
        }
        for (uint32_t i = j * len; i < (j + 1) * len; i++) {
            int32_t code = round_even((x[i] + min[j]) / scale[j]);
            codes[i] = (uint8_t)clamp_int(code, 0, kind->plain.top);
        }
    }
}
