/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * q8_0: 32 weights in 34 bytes (8.5 bits per weight): half d; int8 codes[32]. x = d * code.
 *
 * d is the largest magnitude over 127; codes are rounded half away from zero, with the unrounded
 * d. Importance is not used. See docs/formats/encodings/q8_0.md.
 */
#include "blocks.h"
#include "encodings.h"

#include <math.h>

#define BLOCK_LEN 32
#define BLOCK_BYTES 34

/* The nearest integer, half away from zero. Values that no code can have come from a d so small
 * that its inverse overflows; they are 0. */
static int8_t code_of(float value)
{
    float held = fabsf(value) < 128.0f ? value : 0.0f;
    int32_t whole = (int32_t)held;
    float rest = held - (float)whole;

    return (int8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    float largest = 0.0f;

    (void)context;
    for (int i = 0; i < BLOCK_LEN; i++) {
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    }
    float d = largest / 127.0f;
    float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    store_u16(block, scale_encode(d));
    for (int i = 0; i < BLOCK_LEN; i++) {
        block[2 + i] = (uint8_t)code_of(x[i] * inverse);
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (int i = 0; i < BLOCK_LEN; i++) {
        x[i] = (float)(int8_t)block[2 + i] * d;
    }
}

static const struct block_shape shape = {
    .len = BLOCK_LEN,
    .bytes = BLOCK_BYTES,
    .scale_offset = 0,
    .encode = encode_block,
    .decode = decode_block,
};

static void encode(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes)
{
    blocks_encode(&shape, x, rows, row_len, calibration, planes);
}

static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    blocks_decode(&shape, planes, rows, row_len, x);
}

static const struct pare_plane data = {sizeof(data), "data", BLOCK_BYTES, 0};
static const struct pare_plane *const planes_data[] = {&data, NULL};
static const struct pare_kernel kernel_c = {sizeof(kernel_c), "c", 0, encode, decode};
static const struct pare_kernel *const kernels[] = {&kernel_c, NULL};

const struct pare_encoding encoding_q8_0 = {
    .struct_size = sizeof(struct pare_encoding),
    .name = "q8_0",
    .summary = "32 weights: scale and 8-bit codes",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = BLOCK_LEN,
    .planes = planes_data,
    .kernels = kernels,
};
