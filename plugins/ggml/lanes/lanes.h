/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lanes: LANES floats side by side, each of another block. What the reference does to one block a
 * search in lanes does to LANES of them, operation by operation in the same order, so that every
 * lane ends with the reference's bits. No lane looks at another; a branch becomes a mask.
 *
 * The types take C's operators (a GNU extension that gcc and clang share). Nothing here fuses a
 * multiplication with an addition, and all is rounded to nearest, ties to even.
 */
#ifndef PARE_PLUGINS_GGML_LANES_H
#define PARE_PLUGINS_GGML_LANES_H

#include <math.h>
#include <stdint.h>

#include "ggml/level.h"

#define LANES_ROUNDER 12582912.0f /* 1.5 * 2^23: see round_even in search.h */

#if LANES > 0

#define LANES_INLINE static inline __attribute__((always_inline))

#if LANES == 16
#include <immintrin.h>
typedef __m512 lanes;     /* floats */
typedef __m512i ilanes;   /* 32-bit integers; see lanes_bits for their operations */
typedef __mmask16 mlanes; /* which lanes */
#elif LANES == 8
#include <immintrin.h>
typedef __m256 lanes;
typedef __m256i ilanes;
typedef __m256 mlanes; /* all bits of a lane, or none */
#else
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t ilanes __attribute__((vector_size(4 * LANES)));
typedef ilanes mlanes;
#endif

#define LANES_BYTES (4 * LANES)
#define LANES_ALIGNED __attribute__((aligned(4 * LANES)))

LANES_INLINE lanes lanes_all(float value)
{
#if LANES == 16
    return _mm512_set1_ps(value);
#elif LANES == 8
    return _mm256_set1_ps(value);
#else
    return (lanes){ value, value, value, value };
#endif
}

/* LANES floats at an aligned address. */
LANES_INLINE lanes lanes_load(const float *from)
{
    return *(const lanes *)(const void *)from;
}

LANES_INLINE void lanes_store(float *to, lanes values)
{
    *(lanes *)(void *)to = values;
}

/* Which lanes have a < b; none where one is a NaN. */
LANES_INLINE mlanes lanes_less(lanes a, lanes b)
{
#if LANES == 16
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
#elif LANES == 8
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
#else
    return a < b;
#endif
}

/* Which lanes have a <= b; none where one is a NaN. */
LANES_INLINE mlanes lanes_at_most(lanes a, lanes b)
{
#if LANES == 16
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
#elif LANES == 8
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
#else
    return a <= b;
#endif
}

/* Which lanes have a == b; none where one is a NaN. */
LANES_INLINE mlanes lanes_equal(lanes a, lanes b)
{
#if LANES == 16
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
#elif LANES == 8
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
#else
    return a == b;
#endif
}

LANES_INLINE mlanes lanes_and(mlanes a, mlanes b)
{
#if LANES == 8
    return _mm256_and_ps(a, b);
#else
    return (mlanes)(a & b);
#endif
}

LANES_INLINE mlanes lanes_or(mlanes a, mlanes b)
{
#if LANES == 8
    return _mm256_or_ps(a, b);
#else
    return (mlanes)(a | b);
#endif
}

/* Those of a that are not in b. */
LANES_INLINE mlanes lanes_without(mlanes a, mlanes b)
{
#if LANES == 8
    return _mm256_andnot_ps(b, a);
#else
    return (mlanes)(a & ~b);
#endif
}

LANES_INLINE mlanes lanes_every(void)
{
#if LANES == 16
    return (mlanes)0xffff;
#else
    return lanes_equal(lanes_all(0.0f), lanes_all(0.0f));
#endif
}

LANES_INLINE mlanes lanes_none(void)
{
    return lanes_without(lanes_every(), lanes_every());
}

/* 1 when some lane is in the mask. */
LANES_INLINE int lanes_any(mlanes mask)
{
#if LANES == 16
    return mask != 0;
#elif LANES == 8
    return _mm256_movemask_ps(mask) != 0;
#else
    int32_t any = 0;
    for (int i = 0; i < LANES; i++) {
        any |= mask[i];
    }
    return any != 0;
#endif
}

/* a in the lanes of the mask, b in the others. */
LANES_INLINE lanes lanes_choose(mlanes mask, lanes a, lanes b)
{
#if LANES == 16
    return _mm512_mask_blend_ps(mask, b, a);
#elif LANES == 8
    return _mm256_blendv_ps(b, a, mask);
#else
    return (lanes)((mask & (ilanes)a) | (~mask & (ilanes)b));
#endif
}

/* a < b ? a : b, which is b where one is a NaN, and of two zeros b. */
LANES_INLINE lanes lanes_lesser(lanes a, lanes b)
{
#if LANES == 16
    return _mm512_min_ps(a, b);
#elif LANES == 8
    return _mm256_min_ps(a, b);
#else
    return lanes_choose(a < b, a, b);
#endif
}

/* a > b ? a : b. */
LANES_INLINE lanes lanes_greater(lanes a, lanes b)
{
#if LANES == 16
    return _mm512_max_ps(a, b);
#elif LANES == 8
    return _mm256_max_ps(a, b);
#else
    return lanes_choose(b < a, a, b);
#endif
}

LANES_INLINE lanes lanes_root(lanes a)
{
#if LANES == 16
    return _mm512_sqrt_ps(a);
#elif LANES == 8
    return _mm256_sqrt_ps(a);
#else
    lanes root = a;
    for (int i = 0; i < LANES; i++) {
        root[i] = sqrtf(a[i]);
    }
    return root;
#endif
}

LANES_INLINE ilanes lanes_bits(lanes a)
{
    return (ilanes)a;
}

LANES_INLINE lanes lanes_of_bits(ilanes a)
{
    return (lanes)a;
}

LANES_INLINE ilanes ilanes_all(int32_t value)
{
#if LANES == 16
    return _mm512_set1_epi32(value);
#elif LANES == 8
    return _mm256_set1_epi32(value);
#else
    return (ilanes){ value, value, value, value };
#endif
}

LANES_INLINE ilanes ilanes_and(ilanes a, ilanes b)
{
    return (ilanes)(a & b);
}

LANES_INLINE ilanes ilanes_or(ilanes a, ilanes b)
{
    return (ilanes)(a | b);
}

/* `value` held between low and high, as signed integers. */
LANES_INLINE ilanes ilanes_clamp(ilanes value, ilanes low, ilanes high)
{
#if LANES == 16
    return _mm512_min_epi32(_mm512_max_epi32(value, low), high);
#elif LANES == 8
    return _mm256_min_epi32(_mm256_max_epi32(value, low), high);
#else
    ilanes above = value > low;
    value = (above & value) | (~above & low);
    ilanes below = value < high;
    return (below & value) | (~below & high);
#endif
}

LANES_INLINE lanes lanes_magnitude(lanes a)
{
    return lanes_of_bits(ilanes_and(lanes_bits(a), ilanes_all(0x7fffffff)));
}

/* The bits of the float LANES_ROUNDER + round_even(value). */
LANES_INLINE ilanes lanes_rounded_bits(lanes value)
{
    ilanes bits = lanes_bits(value + lanes_all(LANES_ROUNDER));

#if LANES == 16
    return _mm512_ternarylogic_epi32(bits, ilanes_all(0x007fffff), ilanes_all(0x4b000000), 0xea);
#else
    return ilanes_or(ilanes_and(bits, ilanes_all(0x007fffff)), ilanes_all(0x4b000000));
#endif
}

/* round_even(value) as a float. */
LANES_INLINE lanes lanes_rounded(lanes value)
{
    return lanes_of_bits(lanes_rounded_bits(value)) - lanes_all(LANES_ROUNDER);
}

/* round_even(value) held between the integers low and high, as a float. */
LANES_INLINE lanes lanes_level(lanes value, int32_t low, int32_t high)
{
    ilanes bits = ilanes_clamp(lanes_rounded_bits(value), ilanes_all(0x4b400000 + low),
                               ilanes_all(0x4b400000 + high));

    return lanes_of_bits(bits) - lanes_all(LANES_ROUNDER);
}

#else
#include "ggml/lanes/lanes_one.h"
#endif

/* The integer nearest to `value`, ties to even, held between low and high; low for a NaN. */
LANES_INLINE lanes lanes_held_level(lanes value, float low, float high)
{
    lanes held = lanes_lesser(lanes_greater(value, lanes_all(low)), lanes_all(high));

    return held + lanes_all(LANES_ROUNDER) - lanes_all(LANES_ROUNDER);
}

#endif
