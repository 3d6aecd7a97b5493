/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The nearest of the levels of levels.h, in lanes. Sixteen levels have fifteen middles between
 * them. Where the CPU can permute a vector, a search by halves needs four comparisons, and a
 * permutation looks up the middle that each lane needs; else all fifteen are compared.
 */
#ifndef PARE_PLUGINS_GGML_LANES_NEAREST_H
#define PARE_PLUGINS_GGML_LANES_NEAREST_H

#include "ggml/lanes/lanes.h"
#include "ggml/search/levels.h"

/* The codes of the levels nearest to `scaled`: four steps of a search by halves, each with the
 * middle that the steps before it lead to. */
LANES_INLINE ilanes nearest(lanes scaled)
{
#if LANES == 16
    const __m512 middles = _mm512_loadu_ps(level_middles);
    const __m512i seven = _mm512_set1_epi32(7);
    __m512i code = _mm512_setzero_si512();
    for (int step = 8; step > 0; step /= 2) {
        __m512i up = _mm512_add_epi32(code, _mm512_set1_epi32(step));
        __m512i at = step == 8 ? seven : _mm512_add_epi32(code, _mm512_set1_epi32(step - 1));
        __m512 middle = _mm512_permutexvar_ps(at, middles);
        code = _mm512_mask_mov_epi32(up, _mm512_cmp_ps_mask(scaled, middle, _CMP_LT_OQ), code);
    }
    return code;
#elif LANES == 8
    const float *m = level_middles;
    const __m256 of_4 = _mm256_setr_ps(m[1], m[5], m[9], m[13], m[1], m[5], m[9], m[13]);
    const __m256 of_8 = _mm256_setr_ps(m[0], m[2], m[4], m[6], m[8], m[10], m[12], m[14]);
    const __m256i one = _mm256_set1_epi32(1);
    __m256 low = _mm256_cmp_ps(scaled, _mm256_set1_ps(m[7]), _CMP_LT_OQ);
    __m256i code = _mm256_add_epi32(one, _mm256_castps_si256(low));
    __m256 middle = _mm256_blendv_ps(_mm256_set1_ps(m[11]), _mm256_set1_ps(m[3]), low);
    low = _mm256_cmp_ps(scaled, middle, _CMP_LT_OQ);
    code = _mm256_add_epi32(_mm256_add_epi32(code, code), one);
    code = _mm256_add_epi32(code, _mm256_castps_si256(low));
    low = _mm256_cmp_ps(scaled, _mm256_permutevar8x32_ps(of_4, code), _CMP_LT_OQ);
    code = _mm256_add_epi32(_mm256_add_epi32(code, code), one);
    code = _mm256_add_epi32(code, _mm256_castps_si256(low));
    low = _mm256_cmp_ps(scaled, _mm256_permutevar8x32_ps(of_8, code), _CMP_LT_OQ);
    code = _mm256_add_epi32(_mm256_add_epi32(code, code), one);
    return _mm256_add_epi32(code, _mm256_castps_si256(low));
#elif LANES == 0
    ilanes code = 15;
    for (int k = 0; k < 15; k++) {
        code -= scaled < level_middles[k];
    }
    return code;
#else
    ilanes code = ilanes_all(15);
    for (int k = 0; k < 15; k++) {
        code += scaled < lanes_all(level_middles[k]);
    }
    return code;
#endif
}

/* What codes stand for. */
LANES_INLINE lanes nearest_values(ilanes codes)
{
#if LANES == 0
    return level_values[codes];
#else
    return wide_pick(level_values, codes);
#endif
}

#endif
