/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plain floats: f32, f16, bf16 and f64, one element per block, little-endian.
 *
 * Encoding is a cast: to nearest, ties to even, overflow to infinity. f32 keeps every bit, also of
 * NaNs; f16 and bf16 make NaNs quiet. Decoding f64 rounds to the nearest float. Planes need no
 * alignment. See docs/formats/encodings/float.md.
 *
 * This file is compiled once for each level of common/level.h.
 */
#include "float/encodings.h"

#include "common/half.h"
#include "common/level.h"

#if LANES == 0

static void f32_encode(const float *x, uint64_t rows, uint64_t row_len,
                       const struct pare_calibration *calibration, void *const *planes)
{
    (void)calibration;
    if (rows * row_len > 0) {
        memcpy(planes[0], x, rows * row_len * sizeof(float));
    }
}

static void f32_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    if (rows * row_len > 0) {
        memcpy(x, planes[0], rows * row_len * sizeof(float));
    }
}

#endif

#if LANES >= 8

/* Halves from a vector of floats, and back. vcvtps2ph keeps a NaN's upper bits; to give the bytes
 * of half_encode, NaNs are replaced before it. */
static inline void f16_encode_vector(const float *x, uint8_t *data)
{
#if LANES == 16
    const __m512 sign = _mm512_set1_ps(-0.0f);
    const __m512 quiet = _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000));
    __m512 value = _mm512_loadu_ps(x);
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    value = _mm512_mask_or_ps(value, nan, _mm512_and_ps(value, sign), quiet);
    __m256i halves = _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256((__m256i *)(void *)data, halves);
#else
    const __m256 sign = _mm256_set1_ps(-0.0f);
    const __m256 quiet = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000));
    __m256 value = _mm256_loadu_ps(x);
    __m256 nan = _mm256_cmp_ps(value, value, _CMP_UNORD_Q);
    __m256 instead = _mm256_or_ps(_mm256_and_ps(value, sign), quiet);
    value = _mm256_blendv_ps(value, instead, nan);
    __m128i halves = _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(void *)data, halves);
#endif
}

static inline void f16_decode_vector(const uint8_t *data, float *x)
{
#if LANES == 16
    __m256i halves = _mm256_loadu_si256((const __m256i *)(const void *)data);
    _mm512_storeu_ps(x, _mm512_cvtph_ps(halves));
#else
    __m128i halves = _mm_loadu_si128((const __m128i *)(const void *)data);
    _mm256_storeu_ps(x, _mm256_cvtph_ps(halves));
#endif
}

#endif

static void f16_encode(const float *x, uint64_t rows, uint64_t row_len,
                       const struct pare_calibration *calibration, void *const *planes)
{
    uint8_t *data = planes[0];
    uint64_t i = 0;

    (void)calibration;
#if LANES >= 8
    for (; i + LANES <= rows * row_len; i += LANES) {
        f16_encode_vector(x + i, data + 2 * i);
    }
#endif
    for (; i < rows * row_len; i++) {
        store_u16(data + 2 * i, half_encode(x[i]));
    }
}

static void f16_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const uint8_t *data = planes[0];
    uint64_t i = 0;

#if LANES >= 8
    for (; i + LANES <= rows * row_len; i += LANES) {
        f16_decode_vector(data + 2 * i, x + i);
    }
#endif
    for (; i < rows * row_len; i++) {
        x[i] = half_decode(load_u16(data + 2 * i));
    }
}

static void bf16_encode(const float *x, uint64_t rows, uint64_t row_len,
                        const struct pare_calibration *calibration, void *const *planes)
{
    uint8_t *data = planes[0];

    (void)calibration;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        store_u16(data + 2 * i, bfloat_encode(x[i]));
    }
}

static void bf16_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const uint8_t *data = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i++) {
        x[i] = bfloat_decode(load_u16(data + 2 * i));
    }
}

static void f64_encode(const float *x, uint64_t rows, uint64_t row_len,
                       const struct pare_calibration *calibration, void *const *planes)
{
    uint8_t *data = planes[0];

    (void)calibration;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        double value = x[i];
        memcpy(data + 8 * i, &value, sizeof(value));
    }
}

static void f64_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const uint8_t *data = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i++) {
        double value;
        memcpy(&value, data + 8 * i, sizeof(value));
        x[i] = (float)value;
    }
}

#define FLOAT_KERNEL(type)                                                               \
    const struct pare_kernel LEVEL_NAME(kernel_##type) = { sizeof(struct pare_kernel),   \
                                                           LEVEL_TEXT(LEVEL), LEVEL_CPU, \
                                                           type##_encode, type##_decode }

FLOAT_KERNEL(f16);
FLOAT_KERNEL(bf16);
FLOAT_KERNEL(f64);

#if LANES == 0

FLOAT_KERNEL(f32); /* copies: memcpy has levels of its own */

/* The kernels besides that of the level `c`, in the order of capability. */
#if defined(PARE_LEVELS_X86)
#define MORE_KERNELS(type) &kernel_##type##_avx2, &kernel_##type##_avx512,
#elif defined(PARE_LEVELS_NEON)
#define MORE_KERNELS(type) &kernel_##type##_neon,
#else
#define MORE_KERNELS(type)
#endif
#define NO_MORE_KERNELS(type)

#define FLOAT_ENCODING(type, bytes, text, more)                                           \
    static const struct pare_plane type##_plane = { sizeof(struct pare_plane), "data", 0, \
                                                    8 * (bytes) };                        \
    static const struct pare_plane *const type##_planes[] = { &type##_plane, NULL };      \
    static const struct pare_kernel *const type##_kernels[] = { &kernel_##type##_c,       \
                                                                more(type) NULL };        \
    const struct pare_encoding encoding_##type = {                                        \
        .struct_size = sizeof(struct pare_encoding),                                      \
        .name = #type,                                                                    \
        .summary = text,                                                                  \
        .flags = PARE_ENCODING_FLOAT,                                                     \
        .block_len = 1,                                                                   \
        .planes = type##_planes,                                                          \
        .kernels = type##_kernels,                                                        \
    }

FLOAT_ENCODING(f32, 4, "IEEE 754 binary32", NO_MORE_KERNELS);
FLOAT_ENCODING(f16, 2, "IEEE 754 binary16: 11 bits of precision, largest 65504", MORE_KERNELS);
FLOAT_ENCODING(bf16, 2, "bfloat16: 8 bits of precision, the range of f32", MORE_KERNELS);
FLOAT_ENCODING(f64, 8, "IEEE 754 binary64", MORE_KERNELS);

#endif
