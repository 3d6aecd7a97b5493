/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recovering codes: see lattice.h. Most blocks that come here have no lattice, so what is cheap and
 * rules a block out comes first. Every candidate is proven on all weights, to the last bit, before
 * it is believed: no tolerance decides anything.
 */
#include "ggml/lattice.h"

#include "ggml/encodings/codes.h"
#include "ggml/encodings/fp4.h"
#include "ggml/search/search.h"

#include <math.h>
#include <stdlib.h>

#define HALF_INFINITY 0x7c00
#define NEIGHBOURS 16 /* halves on each side: more than lie within a last place of any grain */

int lattice_has_more_values(const float *x, uint32_t n, uint32_t most)
{
    float seen[BLOCK_MAX];
    uint32_t known = 0;

    for (uint32_t i = 0; i < n && known <= most; i++) {
        uint32_t same = 0;
        for (uint32_t j = 0; j < known; j++) {
            same += seen[j] == x[i];
        }
        seen[known] = x[i];
        known += same == 0;
    }
    return known > most;
}

/* How far a product of 24 bits moves, relative to itself, when it is rounded to a normal float of
 * the grain. */
static float rounding_of(enum pare_grain grain)
{
    return grain == PARE_GRAIN_F16 ? 0x1p-11f : grain == PARE_GRAIN_BF16 ? 0x1p-8f : 0.0f;
}

/* 1 when every weight that is a normal float of the grain is near a whole multiple of `scale`: as
 * near as its rounding and that of the extreme weight, from which the scale was taken, allow. */
static int are_near_multiples(const float *x, uint32_t n, float scale, enum pare_grain grain)
{
    const float slack = 2.5f * rounding_of(grain) + 0x1p-20f;
    const float normal = grain == PARE_GRAIN_F16 ? 0x1p-14f : 0x1p-126f;
    const float inverse = 1.0f / scale;

    for (uint32_t i = 0; i < n; i++) {
        float steps = fabsf(x[i]) * inverse;
        float away = fabsf(steps - (float)(int32_t)(steps + 0.5f));
        if (away > slack * (steps + 1.0f) && fabsf(x[i]) >= normal) {
            return 0;
        }
    }
    return 1;
}

int lattice_may_hold(const float *x, uint32_t n, int32_t top, enum pare_grain grain)
{
    const float largest = largest_magnitude(x, n);

    if (largest < 0x1p-14f) { /* all zero, or so small that rounding left nothing to recover */
        return 1;
    }
    for (int32_t level = top; level > 0; level--) {
        if (are_near_multiples(x, n, largest / (float)level, grain)) {
            return 1;
        }
    }
    return 0;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

int lattice_too_close(const float *x, uint32_t n, int32_t top, enum pare_grain grain)
{
    float sorted[BLOCK_MAX];
    float least = INFINITY;

    memcpy(sorted, x, n * sizeof(*x));
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    for (uint32_t i = 1; i < n; i++) {
        float gap = sorted[i] - sorted[i - 1];
        least = gap > 0.0f && gap < least ? gap : least;
    }
    float ends = fmaxf(fabsf(sorted[0]), fabsf(sorted[n - 1]));
    float slack = (0x1p-20f + 2.5f * rounding_of(grain)) * ends;
    return ends >= 0x1p-14f && (least + slack) * (float)top < sorted[n - 1] - sorted[0] - slack;
}

static float level_of(const struct lattice *lattice, uint32_t code)
{
    return lattice->levels ? lattice->levels[code] : (float)(lattice->least + (int32_t)code);
}

/* The code of the level nearest to `value`, which may lie a little beyond the last. */
static uint32_t nearest_code(const struct lattice *lattice, float value)
{
    int32_t last = (int32_t)lattice->count - 1;
    uint32_t code = 0;

    if (!lattice->levels) {
        return (uint32_t)clamp_int(round_even(value) - lattice->least, 0, last);
    }
    while ((int32_t)code < last &&
           value >= 0.5f * (lattice->levels[code] + lattice->levels[code + 1])) {
        code++;
    }
    return code;
}

/* 1 when x are levels of the scale; codes are undefined when not. */
static int scale_fits(const struct lattice *lattice, const float *x, uint32_t n,
                      enum pare_grain grain, float scale, uint8_t *codes)
{
    const float inverse = 1.0f / scale;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = nearest_code(lattice, x[i] * inverse);
        if (grain_round(level_of(lattice, code) * scale, grain) != x[i]) {
            return 0;
        }
        codes[i] = (uint8_t)code;
    }
    return 1;
}

/* Tries a half as the scale. 1: all weights fit; 0: only the extreme weight does; -1: not even that
 * one. */
static int try_scale(const struct lattice *lattice, const float *x, uint32_t n,
                     enum pare_grain grain, float extreme_x, float level, uint16_t half,
                     uint8_t *codes)
{
    float scale = half_decode(half);

    if (scale == 0.0f || !isfinite(scale) || grain_round(scale * level, grain) != extreme_x) {
        return -1;
    }
    return scale_fits(lattice, x, n, grain, scale, codes);
}

/* The scales that put the extreme weight on a level, from the middle outward. Where that would be
 * infinite, because the extreme weight was rounded up, it is the largest half. */
static int try_level(const struct lattice *lattice, const float *x, uint32_t n,
                     enum pare_grain grain, float extreme_x, float level, uint16_t *ret_scale,
                     uint8_t *codes)
{
    int32_t middle = half_encode(extreme_x / level);
    int alive[2] = { 1, 1 }; /* above and below: halves there still give the extreme weight */

    if ((middle & 0x7fff) == HALF_INFINITY) { /* of the largest half, when x was rounded upward */
        middle--;
    }
    for (int32_t i = 0; i <= 2 * NEIGHBOURS && (alive[0] || alive[1]); i++) {
        int side = (i + 1) % 2; /* 0, 1, -1, 2, -2, ... */
        int32_t half = middle + (side ? -(i / 2) : i / 2 + 1);
        int r = -1;
        *ret_scale = (uint16_t)half;
        if (alive[side]) {
            r = try_scale(lattice, x, n, grain, extreme_x, level, *ret_scale, codes);
        }
        if (r == 1) {
            return 1;
        }
        alive[side] = r == 0;
        if (i == 0 && r < 0) {
            return 0;
        }
    }
    return 0;
}

/* 1 when some weight is minus zero and none plus zero: then 0 * scale has to be it, if possible. */
static int zeros_are_negative(const float *x, uint32_t n)
{
    int minus = 0;
    int plus = 0;

    for (uint32_t i = 0; i < n; i++) {
        minus |= float_bits(x[i]) == 0x80000000u;
        plus |= float_bits(x[i]) == 0;
    }
    return minus && !plus;
}

int lattice_recover(const struct lattice *lattice, const float *x, uint32_t n,
                    enum pare_grain grain, uint8_t *block, uint8_t *codes)
{
    uint16_t scale;
    const float most = extreme(x, n);
    const int upper = (most > 0.0f) != zeros_are_negative(x, n); /* of two levels equally far */
    uint32_t low = 0;
    uint32_t high = lattice->count - 1;

    if (most == 0.0f || lattice_has_more_values(x, n, lattice->count)) {
        return 0;
    }
    for (uint32_t left = lattice->count; left > 0; left--) {
        float a = level_of(lattice, low);
        float b = level_of(lattice, high);
        float level = fabsf(b) > fabsf(a) || (fabsf(b) == fabsf(a) && upper) ? b : a;
        if (level != 0.0f && try_level(lattice, x, n, grain, most, level, &scale, codes)) {
            store_u16(block, scale);
            return 1;
        }
        if (level == b && left > 1) {
            high--;
        } else {
            low++;
        }
    }
    return 0;
}

int lattice_recover_nibbles(const struct lattice *lattice, const float *x, enum pare_grain grain,
                            uint8_t *block)
{
    uint8_t codes[32];

    if (!lattice_recover(lattice, x, 32, grain, block, codes)) {
        return 0;
    }
    nibbles_pack(codes, 16, block + 2);
    return 1;
}

/* 1 when x are codes of the scale and the offset. */
static int affine_fits(const float *x, uint32_t n, int32_t top, float scale, float low,
                       uint8_t *codes)
{
    const float inverse = 1.0f / scale;

    for (uint32_t i = 0; i < n; i++) {
        int32_t code = clamp_int(round_even((x[i] - low) * inverse), 0, top);
        if ((float)code * scale + low != x[i]) {
            return 0;
        }
        codes[i] = (uint8_t)code;
    }
    return 1;
}

/* Tries a half as the scale that leads from x `from` to x `to` in `steps` codes, at all places. */
static int try_steps(const float *x, uint32_t n, int32_t top, float from, float to, int32_t steps,
                     uint16_t half, uint16_t *ret_low, uint8_t *codes)
{
    const float scale = half_decode(half);

    if (scale == 0.0f || !isfinite(scale)) {
        return 0;
    }
    for (int32_t code = 0; code <= top - steps; code++) {
        uint16_t low_half = half_encode((float)((double)from - (double)code * (double)scale));
        float low = half_decode(low_half);
        if ((float)code * scale + low == from && (float)(code + steps) * scale + low == to &&
            affine_fits(x, n, top, scale, low, codes)) {
            *ret_low = low_half;
            return 1;
        }
    }
    return 0;
}

/* Sums of scale * code and offset may have been rounded: the neighbours of the scale that the
 * extremes give are tried, too. */
int lattice_recover_affine(const float *x, uint32_t n, int32_t top, uint8_t *block, uint8_t *codes)
{
    uint16_t low;
    static const int8_t around[3] = { 0, 1, -1 };
    float ends[2];

    range(x, n, &ends[0], &ends[1]);
    if (ends[0] == ends[1] || lattice_too_close(x, n, top, PARE_GRAIN_F32)) {
        return 0;
    }
    for (int32_t steps = top; steps > 0; steps--) {
        for (int backward = 0; backward < 2; backward++) {
            float from = ends[backward];
            float to = ends[1 - backward];
            uint16_t half = half_encode((float)(((double)to - (double)from) / steps));
            for (int i = 0; i < 3; i++) {
                uint16_t scale = (uint16_t)(half + around[i]);
                if (try_steps(x, n, top, from, to, steps, scale, &low, codes)) {
                    store_u16(block, scale);
                    store_u16(block + 2, low);
                    return 1;
                }
            }
        }
    }
    return 0;
}

/* 1 when x are values of fp4.h times the unit, which is a power of two. */
static int fp4_fits(const float *x, uint32_t n, float unit, uint8_t *codes)
{
    for (uint32_t i = 0; i < n; i++) {
        float units = fabsf(x[i]) / unit;
        uint8_t code = 0;
        while (code < FP4_LARGEST && fp4_values[code] < units) {
            code++;
        }
        if (fp4_values[code] != units) {
            return 0;
        }
        codes[i] = (uint8_t)(code | (x[i] < 0.0f ? FP4_SIGN : 0));
    }
    return 1;
}

int lattice_recover_fp4(const float *x, uint32_t n, float *ret_unit, uint8_t *codes)
{
    const float largest = largest_magnitude(x, n);

    for (uint32_t code = FP4_LARGEST; code > 0 && largest > 0.0f; code--) {
        int exponent;
        float unit = largest / fp4_values[code];
        if (frexpf(unit, &exponent) == 0.5f && unit * fp4_values[code] == largest &&
            fp4_fits(x, n, unit, codes)) {
            *ret_unit = unit;
            return 1;
        }
    }
    return 0;
}

#define WHOLE_BITS 40 /* of weights in units of the last bit that any of them has */

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

int64_t lattice_divisor(const int32_t *numbers, uint32_t n)
{
    int64_t divisor = 0;

    for (uint32_t i = 0; i < n && divisor != 1; i++) {
        divisor = greatest_divisor(divisor, numbers[i]);
    }
    return divisor;
}

/* The exponent of the last bit that is set in a float other than zero. */
static int last_bit(float x)
{
    const uint32_t bits = float_bits(x) & 0x7fffffffu;
    const int exponent = (int)(bits >> 23);
    const uint32_t mantissa = (bits & 0x7fffffu) | (exponent != 0 ? 0x800000u : 0u);

    return (exponent != 0 ? exponent : 1) - 150 + __builtin_ctz(mantissa);
}

int lattice_whole(const float *x, uint32_t n, int64_t limit, double *ret_unit, int32_t *numbers)
{
    const double largest = largest_magnitude(x, n);
    int64_t divisor = 0;
    int bit = 1000;

    for (uint32_t i = 0; i < n; i++) {
        int last = x[i] != 0.0f ? last_bit(x[i]) : bit;
        bit = last < bit ? last : bit;
    }
    if (largest == 0.0 || largest >= ldexp(1.0, bit + WHOLE_BITS)) {
        return 0;
    }
    for (uint32_t i = 0; i < n && divisor != 1; i++) {
        divisor = greatest_divisor(divisor, (int64_t)ldexp(x[i], -bit));
    }
    *ret_unit = ldexp((double)divisor, bit);
    if (largest / *ret_unit > (double)limit) {
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        numbers[i] = (int32_t)((double)x[i] / *ret_unit);
    }
    return 1;
}
