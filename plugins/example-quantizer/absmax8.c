/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The smallest useful quantizer: copy this file to write your own. See also pare-plugin(3).
 *
 * It defines one encoding, `absmax8`: every 64 weights of a row share a scale, and each weight is
 * stored as an 8-bit code. Build it alone, with nothing of Pare's but the one header:
 *
 *     cc -shared -fPIC -O2 -ffp-contract=off -fvisibility=hidden -o absmax8.so absmax8.c -lm
 *
 * Put absmax8.so into the plugin directory, and `pare plugins` shows it. Rename: the plugin and
 * the encoding must have names of their own, in lower case.
 */
#include <pare/plugin.h>
#include <math.h>
#include <string.h>

#define BLOCK_LEN 64
#define TOP 127.0f /* the largest code */

/* How the encoding is stored: in one or more planes, each with a unit of so many bits for every
 * block, row, column or tile, or for the tensor. So Pare knows every size beforehand. Formats like
 * GGUF interleave scales and codes in a single plane; here they are apart, as safetensors files
 * would have them. Both have a unit per block, which is what a plane has if it does not say. */
enum { CODES, SCALES };
static const struct pare_plane codes_plane = { .struct_size = sizeof(codes_plane),
                                               .name = "codes",
                                               .bits = 8 * BLOCK_LEN };
static const struct pare_plane scales_plane = { .struct_size = sizeof(scales_plane),
                                                .name = "scales",
                                                .bits = 32 };
static const struct pare_plane *const planes_of_absmax8[] = { &codes_plane, &scales_plane, NULL };

/* The scale of a block. A NaN or an infinity anywhere makes it NaN, and so the whole block when
 * it is decoded: damage must show. The result must be defined for every input. */
static float scale_of(const float *x)
{
    float largest = 0.0f;
    float poison = 0.0f; /* 0 times infinity or NaN is NaN */

    for (int i = 0; i < BLOCK_LEN; i++) {
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
        poison += 0.0f * x[i];
    }
    return poison == 0.0f ? largest / TOP : NAN;
}

/* The code of a weight: to nearest, ties to even. The comparisons come first, because converting
 * a NaN or a float out of range to an integer is undefined in C; a NaN fails them both. */
static int8_t code_of(float x, float scale)
{
    float code = rintf(x / scale);

    return (int8_t)(code > TOP ? TOP : code >= -TOP ? code : code < -TOP ? -TOP : 0.0f);
}

/* Kernels are pure: they allocate nothing, keep no state, cannot fail, and run on any thread.
 * x holds `rows` rows of `row_len` weights, a multiple of BLOCK_LEN; planes[] are the places to
 * write the same rows to, in the order of the planes above. They need not be aligned: memcpy or
 * single bytes, never a cast to float *. Pare calls with as many rows at a time as it likes, so
 * the result must not depend on it. */
static void encode(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes)
{
    int8_t *codes = planes[CODES];
    uint8_t *scales = planes[SCALES];

    (void)calibration; /* importance of the inputs: used with PARE_ENCODING_IMPORTANCE only */
    for (uint64_t block = 0; block < rows * row_len / BLOCK_LEN; block++) {
        float scale = scale_of(x);
        memcpy(scales, &scale, sizeof(scale));
        for (int i = 0; i < BLOCK_LEN; i++) {
            codes[i] = code_of(x[i], scale);
        }
        x += BLOCK_LEN;
        codes += BLOCK_LEN;
        scales += sizeof(scale);
    }
}

/* The way back. Pare measures the error of every conversion with it, and reads sources that are
 * stored in this encoding. The bytes may come from a hostile file: any of them must be safe. */
static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const int8_t *codes = planes[CODES];
    const uint8_t *scales = planes[SCALES];

    for (uint64_t i = 0; i < rows * row_len; i++) {
        float scale;
        memcpy(&scale, scales + i / BLOCK_LEN * sizeof(scale), sizeof(scale));
        x[i] = (float)codes[i] * scale;
    }
}

/* The first kernel, in plain C, defines the encoding. Faster ones may follow, each with the CPU
 * features that it needs; they must give the same bytes and the same floats. */
static const struct pare_kernel kernel_c = {
    .struct_size = sizeof(kernel_c), .name = "c", .encode = encode, .decode = decode
};
static const struct pare_kernel *const kernels[] = { &kernel_c, NULL };

static const struct pare_encoding absmax8 = {
    .struct_size = sizeof(absmax8),
    .name = "absmax8",
    .summary = "example: 8-bit codes, one float scale per 64 weights",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = BLOCK_LEN,
    .planes = planes_of_absmax8,
    .kernels = kernels
};
static const struct pare_encoding *const encodings[] = { &absmax8, NULL };

static const struct pare_plugin plugin = {
    .struct_size = sizeof(plugin), /* Pare reads no field that this plugin does not know */
    .name = "example-quantizer",
    .version = "1.0", /* change it whenever any output byte may change */
    .summary = "the smallest quantizer, to copy from",
    .encodings = encodings,
};
PARE_PLUGIN(plugin)
