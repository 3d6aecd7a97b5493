/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Codes of two to five bits, and how ggml lays them out in bytes.
 *
 * Kernels work on arrays with one code per byte; these functions turn them into what is stored and
 * back. They are inline so that each encoding gets loops with its own constants.
 */
#ifndef PARE_PLUGINS_GGML_CODES_H
#define PARE_PLUGINS_GGML_CODES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "ggml/level.h"

#if LANES >= 8
#include <immintrin.h>
#endif

/* The code of a value that is already 1/2 too large: its integer part, at most `top` (<= 31).
 * Values that no code can have come from a scale so small that its inverse overflows; they are
 * code 0. */
static inline uint8_t code_cut(float raised, int32_t top)
{
    int32_t code = (int32_t)(fabsf(raised) < 128.0f ? raised : 0.0f);

    return (uint8_t)(code < top ? code : top);
}

/* The low four bits of 2 * half codes in `half` bytes: those of code j are the low bits of byte j,
 * and those of code j + half its high bits. */
static inline void nibbles_pack(const uint8_t *codes, uint32_t half, uint8_t *bytes)
{
#if LANES >= 8
    if (half % 16 == 0) {
        const __m128i nibble = _mm_set1_epi8(15);
        for (uint32_t j = 0; j < half; j += 16) {
            __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(codes + j));
            __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(codes + j + half));
            high = _mm_slli_epi16(_mm_and_si128(high, nibble), 4);
            low = _mm_or_si128(_mm_and_si128(low, nibble), high);
            _mm_storeu_si128((__m128i *)(void *)(bytes + j), low);
        }
        return;
    }
    if (half == 8) {
        __m128i both = _mm_loadu_si128((const __m128i *)(const void *)codes);
        both = _mm_and_si128(both, _mm_set1_epi8(15));
        both = _mm_or_si128(both, _mm_slli_epi16(_mm_srli_si128(both, 8), 4));
        _mm_storel_epi64((__m128i *)(void *)bytes, both);
        return;
    }
#endif
    for (uint32_t j = 0; j < half; j++) {
        bytes[j] = (uint8_t)((codes[j] & 15) | (codes[j + half] & 15) << 4);
    }
}

/* 2 * half codes from what nibbles_pack made of them. */
static inline void nibbles_unpack(const uint8_t *bytes, uint32_t half, uint8_t *codes)
{
#if LANES >= 8
    if (half % 16 == 0) {
        const __m128i nibble = _mm_set1_epi8(15);
        for (uint32_t j = 0; j < half; j += 16) {
            __m128i both = _mm_loadu_si128((const __m128i *)(const void *)(bytes + j));
            __m128i high = _mm_and_si128(_mm_srli_epi16(both, 4), nibble);
            _mm_storeu_si128((__m128i *)(void *)(codes + j), _mm_and_si128(both, nibble));
            _mm_storeu_si128((__m128i *)(void *)(codes + j + half), high);
        }
        return;
    }
    if (half == 8) {
        __m128i both = _mm_loadl_epi64((const __m128i *)(const void *)bytes);
        both = _mm_unpacklo_epi64(both, _mm_srli_epi16(both, 4));
        _mm_storeu_si128((__m128i *)(void *)codes, _mm_and_si128(both, _mm_set1_epi8(15)));
        return;
    }
#endif
    for (uint32_t j = 0; j < half; j++) {
        codes[j] = bytes[j] & 15;
        codes[j + half] = bytes[j] >> 4;
    }
}

/* The low two bits of 128 codes in 32 bytes: byte j has those of codes j, j + 32, j + 64 and
 * j + 96, from its low bits up. */
static inline void crumbs_pack(const uint8_t *codes, uint8_t *bytes)
{
    for (uint32_t j = 0; j < 32; j++) {
        const uint8_t *code = codes + j;
        bytes[j] = (uint8_t)((code[0] & 3) | (code[32] & 3) << 2 | (code[64] & 3) << 4 |
                             (code[96] & 3) << 6);
    }
}

/* 128 codes from what crumbs_pack made of them. */
static inline void crumbs_unpack(const uint8_t *bytes, uint8_t *codes)
{
    for (uint32_t run = 0; run < 4; run++) {
        for (uint32_t j = 0; j < 32; j++) {
            codes[32 * run + j] = bytes[j] >> 2 * run & 3;
        }
    }
}

/* Bit number `bit` of 256 codes in 32 bytes: byte j has that of codes j, j + 32, ... j + 224, from
 * its bit 0 up. */
static inline void top_bits_pack(const uint8_t *codes, uint32_t bit, uint8_t *bytes)
{
    memset(bytes, 0, 32);
    for (uint32_t run = 0; run < 8; run++) {
        for (uint32_t j = 0; j < 32; j++) {
            bytes[j] = (uint8_t)(bytes[j] | (codes[32 * run + j] >> bit & 1) << run);
        }
    }
}

/* Adds to 256 codes the bits that top_bits_pack took from them. */
static inline void top_bits_unpack(const uint8_t *bytes, uint32_t bit, uint8_t *codes)
{
    for (uint32_t run = 0; run < 8; run++) {
        for (uint32_t j = 0; j < 32; j++) {
            uint8_t *code = &codes[32 * run + j];
            *code = (uint8_t)(*code | (bytes[j] >> run & 1) << bit);
        }
    }
}

/* The fifth bits of 32 codes of five bits: bit i is that of code i. */
static inline uint32_t fifths_pack(const uint8_t *codes)
{
    uint32_t high = 0;

#if LANES >= 8
    for (int i = 0; i < 32; i += 16) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(codes + i));
        high |= (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(part, 3)) << i;
    }
#else
    for (uint32_t i = 0; i < 32; i++) {
        high |= (uint32_t)(codes[i] >> 4) << i;
    }
#endif
    return high;
}

/* 32 codes of five bits in 20 bytes: the fifth bits as a 32-bit integer, whose bit i is that of
 * code i; then the nibbles of the others. */
static inline void fives_pack(const uint8_t *codes, uint8_t *bytes)
{
    uint32_t high = fifths_pack(codes);

    memcpy(bytes, &high, sizeof(high));
    nibbles_pack(codes, 16, bytes + sizeof(high));
}

/* 32 codes from what fives_pack made of them. */
static inline void fives_unpack(const uint8_t *bytes, uint8_t *codes)
{
    uint32_t high;

    memcpy(&high, bytes, sizeof(high));
    nibbles_unpack(bytes + sizeof(high), 16, codes);
#if LANES >= 8
    const __m128i byte_of = _mm_set_epi64x(0x0101010101010101, 0);
    const __m128i bit_of = _mm_set1_epi64x((int64_t)0x8040201008040201);
    for (uint32_t i = 0; i < 32; i += 16) {
        __m128i *to = (__m128i *)(void *)(codes + i);
        __m128i bits = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)(high >> i)), byte_of);
        bits = _mm_cmpeq_epi8(_mm_and_si128(bits, bit_of), bit_of);
        bits = _mm_and_si128(bits, _mm_set1_epi8(16));
        _mm_storeu_si128(to, _mm_or_si128(_mm_loadu_si128(to), bits));
    }
#else
    for (uint32_t i = 0; i < 32; i++) {
        codes[i] = (uint8_t)(codes[i] | (high >> i & 1u) << 4);
    }
#endif
}

#endif
