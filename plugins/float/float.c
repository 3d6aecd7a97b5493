/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Plain floats: f32, f16, bf16 and f64, one element per block, little-endian.
 *
 * Encoding is a cast: to nearest, ties to even, overflow to infinity. f32 keeps every bit, also of
 * NaNs; f16 and bf16 make NaNs quiet. Decoding f64 rounds to the nearest float. Planes need no
 * alignment. See docs/formats/encodings/float.md.
 */
#include "encodings.h"

#include "../common/half.h"

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

static void f16_encode(const float *x, uint64_t rows, uint64_t row_len,
                       const struct pare_calibration *calibration, void *const *planes)
{
    uint8_t *data = planes[0];

    (void)calibration;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        store_u16(data + 2 * i, half_encode(x[i]));
    }
}

static void f16_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const uint8_t *data = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i++) {
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

#define FLOAT_ENCODING(type, bytes, text)                                                    \
    static const struct pare_plane type##_plane = {sizeof(struct pare_plane), "data", bytes, 0}; \
    static const struct pare_plane *const type##_planes[] = {&type##_plane, NULL};           \
    static const struct pare_kernel type##_c = {sizeof(struct pare_kernel), "c", 0,          \
                                                type##_encode, type##_decode};               \
    static const struct pare_kernel *const type##_kernels[] = {&type##_c, NULL};             \
    const struct pare_encoding encoding_##type = {                                           \
        .struct_size = sizeof(struct pare_encoding),                                         \
        .name = #type,                                                                       \
        .summary = text,                                                                     \
        .flags = PARE_ENCODING_FLOAT,                                                        \
        .block_len = 1,                                                                      \
        .planes = type##_planes,                                                             \
        .kernels = type##_kernels,                                                           \
    }

FLOAT_ENCODING(f32, 4, "IEEE 754 binary32");
FLOAT_ENCODING(f16, 2, "IEEE 754 binary16: 11 bits of precision, largest 65504");
FLOAT_ENCODING(bf16, 2, "bfloat16: 8 bits of precision, the range of f32");
FLOAT_ENCODING(f64, 8, "IEEE 754 binary64");
