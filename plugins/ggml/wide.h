/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One block in whole vectors: LANES of its weights side by side, in the vector types of lanes.h,
 * whose elements here are not lanes of a search. It is for what needs no sums, whose order would
 * change: the largest of some weights, their codes, and weights from codes.
 *
 * Lengths are multiples of LANES, and of 32 where a mask is made of all weights; addresses need no
 * alignment.
 */
#ifndef PARE_PLUGINS_GGML_WIDE_H
#define PARE_PLUGINS_GGML_WIDE_H

#include <string.h>

#include "common/half.h"
#include "ggml/lanes/lanes.h"

#if LANES > 0

LANES_INLINE lanes wide_load(const float *from)
{
#if LANES == 16
    return _mm512_loadu_ps(from);
#elif LANES == 8
    return _mm256_loadu_ps(from);
#else
    lanes values;
    memcpy(&values, from, sizeof(values));
    return values;
#endif
}

LANES_INLINE void wide_store(float *to, lanes values)
{
#if LANES == 16
    _mm512_storeu_ps(to, values);
#elif LANES == 8
    _mm256_storeu_ps(to, values);
#else
    memcpy(to, &values, sizeof(values));
#endif
}

/* Integers from LANES bytes. */
LANES_INLINE ilanes wide_bytes(const uint8_t *from)
{
#if LANES == 16
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
#elif LANES == 8
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
#else
    return (ilanes){ from[0], from[1], from[2], from[3] };
#endif
}

/* The same of signed bytes. */
LANES_INLINE ilanes wide_signed_bytes(const uint8_t *from)
{
#if LANES == 16
    return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
#elif LANES == 8
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
#else
    return (ilanes){ (int8_t)from[0], (int8_t)from[1], (int8_t)from[2], (int8_t)from[3] };
#endif
}

/* The lowest byte of each integer. */
LANES_INLINE void wide_bytes_store(uint8_t *to, ilanes values)
{
#if LANES == 16
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(values));
#elif LANES == 8
    const __m256i lowest = _mm256_set1_epi32(0x0c080400);
    __m256i bytes = _mm256_shuffle_epi8(values, lowest);
    __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes),
                                      _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)(void *)to, both);
#else
    for (int i = 0; i < LANES; i++) {
        to[i] = (uint8_t)values[i];
    }
#endif
}

/* The lowest bytes of 32 integers that signed bytes can hold. */
LANES_INLINE void wide_bytes_store_32(uint8_t *to, const ilanes *values)
{
#if LANES == 8
    const __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(values[0], values[1]),
                                       _mm256_packs_epi32(values[2], values[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, in_order);
    _mm256_storeu_si256((__m256i *)(void *)to, bytes);
#else
    for (int i = 0; i < 32 / LANES; i++) {
        wide_bytes_store(to + i * LANES, values[i]);
    }
#endif
}

LANES_INLINE lanes wide_floats(ilanes values)
{
#if LANES == 16
    return _mm512_cvtepi32_ps(values);
#elif LANES == 8
    return _mm256_cvtepi32_ps(values);
#else
    return __builtin_convertvector(values, lanes);
#endif
}

/* The integer parts of floats that integers can hold. */
LANES_INLINE ilanes wide_cut(lanes values)
{
#if LANES == 16
    return _mm512_cvttps_epi32(values);
#elif LANES == 8
    return _mm256_cvttps_epi32(values);
#else
    return __builtin_convertvector(values, ilanes);
#endif
}

LANES_INLINE ilanes wide_left(ilanes values, unsigned int bits)
{
#if LANES == 16
    return _mm512_slli_epi32(values, bits);
#elif LANES == 8
    return _mm256_slli_epi32(values, (int)bits);
#else
    return values << (int32_t)bits;
#endif
}

/* Shifted right; zeros come in. */
LANES_INLINE ilanes wide_right(ilanes values, unsigned int bits)
{
#if LANES == 16
    return _mm512_srli_epi32(values, bits);
#elif LANES == 8
    return _mm256_srli_epi32(values, (int)bits);
#else
    return values >> (int32_t)bits & ilanes_all((int32_t)(0xffffffffu >> bits));
#endif
}

LANES_INLINE ilanes wide_add(ilanes a, ilanes b)
{
#if LANES == 16
    return _mm512_add_epi32(a, b);
#elif LANES == 8
    return _mm256_add_epi32(a, b);
#else
    return a + b;
#endif
}

LANES_INLINE ilanes wide_times(ilanes a, int32_t b)
{
#if LANES == 16
    return _mm512_mullo_epi32(a, _mm512_set1_epi32(b));
#elif LANES == 8
    return _mm256_mullo_epi32(a, _mm256_set1_epi32(b));
#else
    return a * ilanes_all(b);
#endif
}

/* `value` in the elements of the mask, 0 in the others. */
LANES_INLINE ilanes wide_where(mlanes mask, int32_t value)
{
#if LANES == 16
    return _mm512_maskz_set1_epi32(mask, value);
#elif LANES == 8
    return _mm256_and_si256(_mm256_castps_si256(mask), _mm256_set1_epi32(value));
#else
    return mask & ilanes_all(value);
#endif
}

/* Bit i: element i is in the mask. */
LANES_INLINE uint32_t wide_bits(mlanes mask)
{
#if LANES == 16
    return (uint32_t)mask;
#elif LANES == 8
    return (uint32_t)_mm256_movemask_ps(mask);
#else
    return (uint32_t)(mask[0] & 1) | (uint32_t)(mask[1] & 2) | (uint32_t)(mask[2] & 4) |
           (uint32_t)(mask[3] & 8);
#endif
}

/* The mask of the lowest LANES bits. */
LANES_INLINE mlanes wide_mask(uint32_t bits)
{
#if LANES == 16
    return (mlanes)bits;
#elif LANES == 8
    const __m256i one = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i here = _mm256_and_si256(_mm256_set1_epi32((int32_t)bits), one);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(here, one));
#else
    const ilanes one = { 1, 2, 4, 8 };
    return (ilanes_all((int32_t)bits) & one) == one;
#endif
}

/* The lowest 16 bits, each with a 0 above it. */
LANES_INLINE uint32_t wide_spread(uint32_t bits)
{
#ifdef __BMI2__
    return _pdep_u32(bits, 0x55555555u);
#else
    bits = (bits | bits << 8) & 0x00ff00ffu;
    bits = (bits | bits << 4) & 0x0f0f0f0fu;
    bits = (bits | bits << 2) & 0x33333333u;
    return (bits | bits << 1) & 0x55555555u;
#endif
}

/* In element i: value >> (step * i + first). */
LANES_INLINE ilanes wide_fan(uint32_t value, int32_t step, int32_t first)
{
#if LANES == 16
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i by = _mm512_mullo_epi32(lane, _mm512_set1_epi32(step));
    by = _mm512_add_epi32(by, _mm512_set1_epi32(first));
    return _mm512_srlv_epi32(_mm512_set1_epi32((int32_t)value), by);
#elif LANES == 8
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i by = _mm256_mullo_epi32(lane, _mm256_set1_epi32(step));
    by = _mm256_add_epi32(by, _mm256_set1_epi32(first));
    return _mm256_srlv_epi32(_mm256_set1_epi32((int32_t)value), by);
#else
    ilanes shifted;
    for (int i = 0; i < LANES; i++) {
        shifted[i] = (int32_t)(value >> (step * i + first));
    }
    return shifted;
#endif
}

/* table[code] by element; only the lowest four bits of a code count. */
LANES_INLINE lanes wide_pick(const float table[16], ilanes codes)
{
#if LANES == 16
    return _mm512_permutexvar_ps(codes, _mm512_loadu_ps(table));
#elif LANES == 8
    __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), codes);
    __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), codes);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28)));
#else
    return (lanes){ table[codes[0] & 15], table[codes[1] & 15], table[codes[2] & 15],
                    table[codes[3] & 15] };
#endif
}

/* The same of a table whose halves are alike. */
LANES_INLINE lanes wide_pick_8(const float table[16], ilanes codes)
{
#if LANES == 8
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), codes);
#else
    return wide_pick(table, codes);
#endif
}

/* 16 weights from their codes of two bits. */
LANES_INLINE void wide_levels_of_16(uint32_t codes, const float levels[4], float *x)
{
    /* clang-format off */
    const float table[16] = {
        levels[0], levels[1], levels[2], levels[3], levels[0], levels[1], levels[2], levels[3],
        levels[0], levels[1], levels[2], levels[3], levels[0], levels[1], levels[2], levels[3],
    };
    /* clang-format on */

    for (int i = 0; i < 16; i += LANES) {
        wide_store(x + i, wide_pick_8(table, wide_fan(codes, 2, 2 * i)));
    }
}

#if LANES >= 8

/* values[level] of the 8 weights of a point (grid.h), whose levels have two bits. */
LANES_INLINE __m256 wide_point(uint32_t code, const float *values)
{
    const __m256i by_2 = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
    __m256 four = _mm256_castps128_ps256(_mm_loadu_ps(values));
    __m256i levels = _mm256_srlv_epi32(_mm256_set1_epi32((int32_t)code), by_2);

    return _mm256_permutevar_ps(_mm256_permute2f128_ps(four, four, 0), levels);
}

/* values[level] of the weights of two points of 4, whose levels have three bits. */
LANES_INLINE __m256 wide_pair(uint32_t codes, const float *values)
{
    const __m256i by_3 = _mm256_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21);
    __m256i levels = _mm256_srlv_epi32(_mm256_set1_epi32((int32_t)codes), by_3);

    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(values), levels);
}

/* Negates the floats whose bits are set. */
LANES_INLINE __m256 wide_signed(__m256 values, uint32_t minus)
{
    const __m256i to_top = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
    __m256i signs = _mm256_sllv_epi32(_mm256_set1_epi32((int32_t)minus), to_top);

    signs = _mm256_and_si256(signs, _mm256_set1_epi32(INT32_MIN));
    return _mm256_xor_ps(values, _mm256_castsi256_ps(signs));
}

#endif

/* The largest element, none of which is a NaN; of two zeros either. */
LANES_INLINE float wide_largest(lanes values)
{
#if LANES == 16
    return _mm512_reduce_max_ps(values);
#elif LANES == 8
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
#else
    float a = values[0] > values[1] ? values[0] : values[1];
    float b = values[2] > values[3] ? values[2] : values[3];
    return a > b ? a : b;
#endif
}

/* 1 when all n floats are finite, else 0. */
LANES_INLINE int wide_finite(const float *x, uint32_t n)
{
    mlanes finite = lanes_every();

    for (uint32_t i = 0; i < n; i += LANES) {
        lanes magnitude = lanes_magnitude(wide_load(x + i));
        finite = lanes_and(finite, lanes_less(magnitude, lanes_all(INFINITY)));
    }
    return wide_bits(finite) == (1u << LANES) - 1;
}

/* The largest magnitude of n floats. */
LANES_INLINE float wide_magnitude(const float *x, uint32_t n)
{
    lanes largest = lanes_all(0.0f);

    for (uint32_t i = 0; i < n; i += LANES) {
        largest = lanes_greater(lanes_magnitude(wide_load(x + i)), largest);
    }
    return wide_largest(largest);
}

/* The first of 32 floats that equals `value`, which one of them does. */
LANES_INLINE float wide_first(const float *x, float value)
{
    uint32_t equal = 0;

    for (uint32_t i = 0; i < 32; i += LANES) {
        equal |= wide_bits(lanes_equal(wide_load(x + i), lanes_all(value))) << i;
    }
    return x[__builtin_ctz(equal)];
}

/* The largest elements of two vectors; of two zeros either. */
LANES_INLINE void wide_largest_two(lanes a, lanes b, float *ret_a, float *ret_b)
{
#if LANES >= 8
#if LANES == 16
    __m256 a8 = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m256 b8 = _mm256_max_ps(_mm512_castps512_ps256(b), _mm512_extractf32x8_ps(b, 1));
#else
    __m256 a8 = a;
    __m256 b8 = b;
#endif
    __m128 a4 = _mm_max_ps(_mm256_castps256_ps128(a8), _mm256_extractf128_ps(a8, 1));
    __m128 b4 = _mm_max_ps(_mm256_castps256_ps128(b8), _mm256_extractf128_ps(b8, 1));
    __m128 both = _mm_max_ps(_mm_unpacklo_ps(a4, b4), _mm_unpackhi_ps(a4, b4));
    both = _mm_max_ps(both, _mm_movehl_ps(both, both));
    *ret_a = _mm_cvtss_f32(both);
    *ret_b = _mm_cvtss_f32(_mm_shuffle_ps(both, both, 1));
#else
    *ret_a = wide_largest(a);
    *ret_b = wide_largest(b);
#endif
}

/* The smallest of 32 floats, negated, and the largest; of two zeros either. */
LANES_INLINE void wide_bounds(const float *x, float *ret_low, float *ret_high)
{
    lanes low = wide_load(x);
    lanes high = low;

    for (uint32_t i = LANES; i < 32; i += LANES) {
        low = lanes_lesser(wide_load(x + i), low);
        high = lanes_greater(wide_load(x + i), high);
    }
    wide_largest_two(-low, high, ret_low, ret_high);
}

/* extreme of search.h of 32 floats. Without a tie it is the smallest or the largest. */
LANES_INLINE float wide_extreme(const float *x)
{
    float low; /* negated */
    float high;
    uint32_t equal = 0;

    wide_bounds(x, &low, &high);
    if (low != high) {
        uint32_t minus = (uint32_t)(low > high) << 31;
        return float_from_bits(float_bits(low > high ? low : high) | minus);
    }
    for (uint32_t i = 0; i < 32; i += LANES) {
        lanes magnitude = lanes_magnitude(wide_load(x + i));
        equal |= wide_bits(lanes_equal(magnitude, lanes_all(high))) << i;
    }
    return high > 0.0f ? x[__builtin_ctz(equal)] : 0.0f;
}

/* range of search.h of 32 floats. */
LANES_INLINE void wide_range(const float *x, float *ret_low, float *ret_high)
{
    float low; /* negated */
    float high;

    wide_bounds(x, &low, &high);
    *ret_low = low != 0.0f ? -low : wide_first(x, low);
    *ret_high = high != 0.0f ? high : wide_first(x, high);
}

/* `value` where its magnitude is less than 128, else 0. */
LANES_INLINE lanes wide_held(lanes value)
{
    mlanes small = lanes_less(lanes_magnitude(value), lanes_all(128.0f));
#if LANES == 16
    return _mm512_maskz_mov_ps(small, value);
#elif LANES == 8
    return _mm256_and_ps(small, value);
#else
    return (lanes)(small & (ilanes)value);
#endif
}

/* code_cut of codes.h. */
LANES_INLINE ilanes wide_code_cut(lanes raised, int32_t top)
{
    ilanes code = wide_cut(wide_held(raised));
#if LANES == 16
    return _mm512_min_epi32(code, _mm512_set1_epi32(top));
#elif LANES == 8
    return _mm256_min_epi32(code, _mm256_set1_epi32(top));
#else
    ilanes below = code < ilanes_all(top);
    return (below & code) | (~below & ilanes_all(top));
#endif
}

/* Rows become columns. */
LANES_INLINE void wide_transpose(lanes rows[LANES])
{
#if LANES == 16
    __m512 a[16];
    __m512 b[16];
    for (int i = 0; i < 16; i += 2) {
        a[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        a[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) { /* b[i + k]: in each quarter q, rows i to i + 3 of 4 q + k */
        b[i] = _mm512_shuffle_ps(a[i], a[i + 2], 0x44);
        b[i + 1] = _mm512_shuffle_ps(a[i], a[i + 2], 0xee);
        b[i + 2] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0x44);
        b[i + 3] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0xee);
    }
    for (int k = 0; k < 4; k++) {
        __m512 even_low = _mm512_shuffle_f32x4(b[k], b[k + 4], 0x88);
        __m512 odd_low = _mm512_shuffle_f32x4(b[k], b[k + 4], 0xdd);
        __m512 even_high = _mm512_shuffle_f32x4(b[k + 8], b[k + 12], 0x88);
        __m512 odd_high = _mm512_shuffle_f32x4(b[k + 8], b[k + 12], 0xdd);
        rows[k] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        rows[k + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        rows[k + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
        rows[k + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
    }
#elif LANES == 8
    __m256 a[8];
    for (int i = 0; i < 8; i += 4) { /* a[i + k]: in each half h, rows i to i + 3 of 4 h + k */
        __m256 low = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        __m256 high = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        __m256 next_low = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
        __m256 next_high = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);
        a[i] = _mm256_shuffle_ps(low, next_low, 0x44);
        a[i + 1] = _mm256_shuffle_ps(low, next_low, 0xee);
        a[i + 2] = _mm256_shuffle_ps(high, next_high, 0x44);
        a[i + 3] = _mm256_shuffle_ps(high, next_high, 0xee);
    }
    for (int k = 0; k < 4; k++) {
        rows[k] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x20);
        rows[k + 4] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x31);
    }
#else
    lanes old[LANES];
    memcpy(old, rows, sizeof(old));
    for (int i = 0; i < LANES; i++) {
        for (int k = 0; k < LANES; k++) {
            rows[i][k] = old[k][i];
        }
    }
#endif
}

#endif
#endif
