/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The two 16-bit floats, and little-endian loads and stores, for the quantizer plugins.
 *
 * Everything is inline and pure, without branches that would keep a compiler from vectorising a
 * loop over it. Both encoders round to nearest, ties to even, subnormals included, and overflow to
 * infinity; they give what vcvtps2ph gives for every value that is not a NaN, and use it in kernels
 * for CPUs that have it. They rely on the default rounding mode. Sources: IEEE 754-2008 section 3.6
 * (binary16); bfloat16 is the upper half of a binary32.
 */
#ifndef PARE_PLUGINS_HALF_H
#define PARE_PLUGINS_HALF_H

#ifdef __F16C__
#include <immintrin.h>
#endif
#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "models are little-endian, and so are the machines that this plugin is written for"
#endif

/* The bits of a float. */
static inline uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The float of 32 bits. */
static inline float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* A 16-bit integer from two bytes at any address. */
static inline uint16_t load_u16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

/* A 16-bit integer to two bytes at any address. */
static inline void store_u16(uint8_t *to, uint16_t value)
{
    memcpy(to, &value, sizeof(value));
}

/* The binary16 nearest to `value`. A NaN becomes the quiet NaN 0x7e00 with its sign. */
static inline uint16_t half_encode(float value)
{
#ifdef __F16C__
    uint16_t nan = (uint16_t)(0x7e00u | (float_bits(value) >> 16 & 0x8000u));
    return value == value ? _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT) : nan;
#else
    uint32_t bits = float_bits(value);
    uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    /* 13 bits are dropped; 112 is the difference of the exponents' biases. A carry out of the
     * largest finite half gives the code of infinity. */
    uint32_t even = magnitude >> 13 & 1u;
    uint32_t normal = ((magnitude + 0xfffu + even) >> 13) - (112u << 10);
    /* Below 2^-14 the unit is 2^-24, which is the last place of a float in [0.5, 1). */
    uint32_t small = magnitude < 0x38800000u ? magnitude : 0u;
    uint32_t subnormal = float_bits(float_from_bits(small) + 0.5f) - 0x3f000000u;
    uint32_t half = magnitude < 0x38800000u ? subnormal : normal;
    half = magnitude >= 0x47800000u ? 0x7c00u : half;
    half = magnitude > 0x7f800000u ? 0x7e00u : half;
    return (uint16_t)(sign | half);
#endif
}

/* The float of a binary16: exact. A NaN keeps its payload and becomes quiet. */
static inline float half_decode(uint16_t half)
{
#ifdef __F16C__
    return _cvtsh_ss(half);
#else
    uint32_t sign = (half & 0x8000u) << 16;
    uint32_t magnitude = half & 0x7fffu;
    uint32_t normal = (magnitude << 13) + (112u << 23);
    uint32_t special = normal + (112u << 23);
    special |= magnitude > 0x7c00u ? 0x400000u : 0u;
    uint32_t subnormal = float_bits(float_from_bits(0x3f000000u + (magnitude & 0x3ffu)) - 0.5f);
    uint32_t bits = magnitude < 0x400u ? subnormal : normal;
    bits = magnitude >= 0x7c00u ? special : bits;
    return float_from_bits(sign | bits);
#endif
}

/* The bfloat16 nearest to `value`. A NaN keeps its upper half and becomes quiet. */
static inline uint16_t bfloat_encode(float value)
{
    uint32_t bits = float_bits(value);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    uint32_t quiet = bits >> 16 | 0x40u;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

/* The float of a bfloat16: exact, NaNs included. */
static inline float bfloat_decode(uint16_t bfloat)
{
    return float_from_bits((uint32_t)bfloat << 16);
}

#endif
