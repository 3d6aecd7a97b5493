/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The searches of search.h, in the order of operations that ggml's reference quantizers use
 * (llama.cpp de3ff81). Loops are split where that changes no sum: first what a compiler can
 * vectorise (codes, products), then the sums, which must run in order.
 */
#include "ggml/search/search.h"

#include <math.h>

/* Codes and the two sums of a least-squares fit through zero. */
struct line_fit {
    float xl; /* sum of w x l */
    float ll; /* sum of w l l */
};

static struct line_fit symmetric_try(const float *x, uint32_t n, int32_t half, float inverse,
                                     const float *weights, uint8_t *codes)
{
    float xl[SEARCH_MAX];
    float ll[SEARCH_MAX];
    struct line_fit fit = { 0.0f, 0.0f };

    for (uint32_t i = 0; i < n; i++) {
        int32_t level = clamp_int(round_even(inverse * x[i]), -half, half - 1);
        codes[i] = (uint8_t)(level + half);
        xl[i] = weights[i] * x[i] * (float)level;
        ll[i] = weights[i] * (float)level * (float)level;
    }
    for (uint32_t i = 0; i < n; i++) {
        fit.xl += xl[i];
        fit.ll += ll[i];
    }
    return fit;
}

float search_symmetric(const float *x, uint32_t n, int32_t half, const float *weights,
                       uint8_t *codes)
{
    float squares[SEARCH_MAX];
    uint8_t tried[SEARCH_MAX];
    float max = extreme(x, n);

    if (fabsf(max) < SEARCH_ALL_ZERO) {
        memset(codes, 0, n);
        return 0.0f;
    }
    for (uint32_t i = 0; i < n && !weights; i++) {
        squares[i] = x[i] * x[i];
    }
    weights = weights ? weights : squares;
    struct line_fit fit = symmetric_try(x, n, half, (float)-half / max, weights, codes);
    float scale = fit.ll != 0.0f ? fit.xl / fit.ll : 0.0f;
    float best = scale * fit.xl;
    for (int32_t step = -9; step <= 9; step++) {
        if (step == 0) {
            continue;
        }
        float inverse = -((float)half + 0.1f * (float)step) / max;
        fit = symmetric_try(x, n, half, inverse, weights, tried);
        if (fit.ll > 0.0f && fit.xl * fit.xl > best * fit.ll) {
            memcpy(codes, tried, n);
            scale = fit.xl / fit.ll;
            best = scale * fit.xl;
        }
    }
    return scale;
}

/* Levels in [-half, top] that are refined one by one, stored as codes level + half. With half 0
 * they belong to non-negative values, and there is no lower bound. */
struct refinement {
    const float *x;
    const float *weights;
    uint32_t n;
    int32_t half;
    int32_t top;
};

/* Moves each level to where the fit of the others wants it, when that makes the fit better.
 * Gives how many changed. */
static uint32_t refine_sweep(const struct refinement *group, uint8_t *codes, struct line_fit *fit)
{
    const int32_t low = group->half != 0 ? -group->half : INT32_MIN;
    uint32_t changed = 0;

    for (uint32_t i = 0; i < group->n; i++) {
        float x = group->x[i];
        float wx = group->weights[i] * x;
        float old = (float)(codes[i] - group->half);
        struct line_fit others = { fit->xl - wx * old, fit->ll - group->weights[i] * old * old };
        if (!(others.xl > 0.0f && (group->half != 0 || others.ll > 0.0f))) {
            continue;
        }
        int32_t level = clamp_int(round_even(x * others.ll / others.xl), low, group->top);
        if (level == codes[i] - group->half) {
            continue;
        }
        others.xl += wx * (float)level;
        others.ll += group->weights[i] * (float)level * (float)level;
        if (others.ll > 0.0f && others.xl * others.xl * fit->ll > fit->xl * fit->xl * others.ll) {
            codes[i] = (uint8_t)(level + group->half);
            *fit = others;
            changed++;
        }
    }
    return changed;
}

/* Refines codes whose sums are `fit` in up to five sweeps. Gives the scale. */
static float refine(const struct refinement *group, struct line_fit fit, uint8_t *codes)
{
    for (int sweep = 0; sweep < 5; sweep++) {
        if (refine_sweep(group, codes, &fit) == 0) {
            break;
        }
    }
    return fit.ll > 0.0f ? fit.xl / fit.ll : 0.0f;
}

float search_refined(const float *x, uint32_t n, int32_t half, uint8_t *codes)
{
    float squares[SEARCH_MAX];
    const struct refinement group = { x, squares, n, half, half - 1 };
    float max = extreme(x, n);

    if (fabsf(max) < SEARCH_ALL_ZERO) {
        memset(codes, 0, n);
        return 0.0f;
    }
    for (uint32_t i = 0; i < n; i++) {
        squares[i] = x[i] * x[i];
    }
    return refine(&group, symmetric_try(x, n, half, (float)-half / max, squares, codes), codes);
}

/* What stays the same while an affine group is searched. */
struct affine_group {
    const float *x;
    const float *weights;
    uint32_t n;
    int32_t top;
    int absolute;
    float sum_w;
    float sum_wx;
};

/* Weighted error of x ~ scale * code + min: squared, or absolute. */
static float affine_error(const struct affine_group *group, float scale, float min,
                          const uint8_t *codes)
{
    float errors[SEARCH_MAX];
    float sum = 0.0f;

    for (uint32_t i = 0; i < group->n; i++) {
        float difference = scale * (float)codes[i] + min - group->x[i];
        float error = group->absolute ? fabsf(difference) : difference * difference;
        errors[i] = group->weights[i] * error;
    }
    for (uint32_t i = 0; i < group->n; i++) {
        sum += errors[i];
    }
    return sum;
}

/* Fits scale and min <= 0 to the codes. Gives 1, or 0 when the codes are all the same. */
static int affine_fit(const struct affine_group *group, const uint8_t *codes, float *ret_scale,
                      float *ret_min)
{
    float wl[SEARCH_MAX];
    float wll[SEARCH_MAX];
    float wlx[SEARCH_MAX];
    float l = 0.0f;
    float ll = 0.0f;
    float lx = 0.0f;

    for (uint32_t i = 0; i < group->n; i++) {
        wl[i] = group->weights[i] * (float)codes[i];
        wll[i] = wl[i] * (float)codes[i];
        wlx[i] = wl[i] * group->x[i];
    }
    for (uint32_t i = 0; i < group->n; i++) {
        l += wl[i];
        ll += wll[i];
        lx += wlx[i];
    }
    float determinant = group->sum_w * ll - l * l;
    if (!(determinant > 0.0f)) {
        return 0;
    }
    *ret_scale = (group->sum_w * lx - group->sum_wx * l) / determinant;
    *ret_min = (ll * group->sum_wx - l * lx) / determinant;
    if (*ret_min > 0.0f) {
        *ret_min = 0.0f;
        *ret_scale = lx / ll;
    }
    return 1;
}

static struct affine_group affine_group_of(const struct affine_search *search, const float *x,
                                           uint32_t n, const float *weights, float *ret_low,
                                           float *ret_high)
{
    struct affine_group group = {
        .x = x, .weights = weights, .n = n, .top = search->top, .absolute = search->absolute
    };

    range(x, n, ret_low, ret_high);
    *ret_low = *ret_low > 0.0f ? 0.0f : *ret_low;
    group.sum_w = weights[0];
    group.sum_wx = weights[0] * x[0];
    for (uint32_t i = 1; i < n; i++) {
        group.sum_w += weights[i];
        group.sum_wx += weights[i] * x[i];
    }
    return group;
}

struct affine_found search_affine(const struct affine_search *search, const float *x, uint32_t n,
                                  const float *weights)
{
    uint8_t codes[SEARCH_MAX];
    float min;
    float max;
    struct affine_group group = affine_group_of(search, x, n, weights, &min, &max);

    if (max <= min) {
        return (struct affine_found){ .min = -min, .from = min };
    }
    float inverse = (float)search->top / (max - min);
    struct affine_found best = { 1.0f / inverse, min, inverse, min };
    affine_codes(&best, x, n, search->top, codes);
    float least = affine_error(&group, best.scale, min, codes);
    for (int32_t step = 0; step <= search->steps; step++) {
        struct affine_found tried;
        /* min is the best one so far, not the first: later candidates start from it. */
        tried.from = best.min;
        tried.inverse = (search->first + search->step * (float)step + (float)search->top) /
                        (max - best.min);
        affine_codes(&tried, x, n, search->top, codes);
        if (!affine_fit(&group, codes, &tried.scale, &tried.min)) {
            continue;
        }
        float error = affine_error(&group, tried.scale, tried.min, codes);
        if (error < least) {
            least = error;
            best = tried;
        }
    }
    best.min = -best.min;
    return best;
}

/* Weighted square error of x ~ levels / inverse. */
static float positive_error(const float *x, uint32_t n, const float *weights, const int32_t *levels,
                            float inverse)
{
    float scale = 1.0f / inverse;
    float sum = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        float difference = x[i] - scale * (float)levels[i];
        sum += weights[i] * difference * difference;
    }
    return sum;
}

static void positive_levels(const float *x, uint32_t n, int32_t top, float inverse,
                            int32_t *ret_levels)
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t level = round_even(inverse * x[i]);
        ret_levels[i] = level < top ? level : top;
    }
}

/* The best of nine inverse scales about top / max. A negative value, which only the rounding of
 * degenerate weights makes, has its code wrap around to a byte in the first of them, as in ggml. */
static float positive_inverse(const float *x, uint32_t n, int32_t top, const float *weights,
                              float max)
{
    int32_t levels[SEARCH_MAX];
    float inverse = (float)top / max;

    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (uint8_t)round_even(inverse * x[i]);
    }
    float best = positive_error(x, n, weights, levels, inverse);
    for (int32_t step = -4; step <= 4; step++) {
        if (step == 0) {
            continue;
        }
        float candidate = (0.1f * (float)step + (float)top) / max;
        positive_levels(x, n, top, candidate, levels);
        float error = positive_error(x, n, weights, levels, candidate);
        if (error < best) {
            best = error;
            inverse = candidate;
        }
    }
    return inverse;
}

float search_positive(const float *x, uint32_t n, int32_t top, const float *weights, uint8_t *codes)
{
    const struct refinement group = { x, weights, n, 0, top };
    struct line_fit fit = { 0.0f, 0.0f };
    int32_t levels[SEARCH_MAX];
    float max = 0.0f;

    for (uint32_t i = 0; i < n; i++) {
        max = max > x[i] ? max : x[i];
    }
    if (max < SEARCH_ALL_ZERO) {
        memset(codes, 0, n);
        return 0.0f;
    }
    float inverse = positive_inverse(x, n, top, weights, max);
    positive_levels(x, n, top, inverse, levels);
    for (uint32_t i = 0; i < n; i++) {
        float level = (float)levels[i];
        codes[i] = (uint8_t)levels[i];
        fit.xl += weights[i] * x[i] * level;
        fit.ll += weights[i] * level * level;
    }
    return refine(&group, fit, codes);
}
