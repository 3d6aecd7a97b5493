/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A plugin for `pare plugins --check`: good, or with one defect, as VARIANT says when it is
 * compiled. Its encoding q9 has a scale for 32 codes and a second kernel, which has the defects of
 * kernels; planes.c has the encodings that look at a tensor first.
 */
#include "checked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEN 32

static float scale_of(const float *x, int n)
{
    float largest = 0.0f;
    float poison = 0.0f;

    for (int i = 0; i < n; i++) {
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
        poison += 0.0f * x[i];
    }
    return poison == 0.0f ? largest / 127.0f : NAN;
}

static void encode_with(const float *x, uint64_t n, void *const *planes, float (*to_code)(float))
{
    uint8_t *codes = planes[0];
    uint8_t *scales = planes[1];

    for (uint64_t i = 0; i < n; i += BLOCK_LEN) {
        float scale = scale_of(x + i, BLOCK_LEN);
        memcpy(scales + i / BLOCK_LEN * sizeof(scale), &scale, sizeof(scale));
        for (int j = 0; j < BLOCK_LEN; j++) {
            codes[i + (uint64_t)j] = (uint8_t)checked_code(x[i + (uint64_t)j], scale, to_code);
        }
    }
}

int8_t checked_code(float x, float scale, float (*to_code)(float))
{
    float code = scale > 0.0f ? to_code(x / scale) : 0.0f;

    return (int8_t)(code > 127.0f ? 127.0f : code >= -127.0f ? code : -127.0f);
}

static void encode(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes)
{
    if (calibration->search > PARE_SEARCH_BEST) { /* the manual says that it is never NULL */
        abort();
    }
    encode_with(x, rows * row_len, planes, rintf);
}

static void fast_encode(const float *x, uint64_t rows, uint64_t row_len,
                        const struct pare_calibration *calibration, void *const *planes)
{
    uint64_t n = rows * row_len;
    uint8_t last = n > 0 ? ((const uint8_t *)planes[0])[n - 1] : 0;

    (void)calibration;
    encode_with(x, n, planes, VARIANT == TIES ? roundf : rintf);
    if (VARIANT == ROWS && rows > 1) {
        memcpy((uint8_t *)planes[1] + row_len / BLOCK_LEN * 4, planes[1], 4);
    }
    if (VARIANT == MANY && rows >= 8) {
        ((uint8_t *)planes[0])[7 * row_len] ^= 1;
    }
    if (VARIANT == LENGTHY && row_len > 4096) {
        ((uint8_t *)planes[0])[4096] ^= 1;
    }
    if (VARIANT == KEEPS && n > 0) {
        ((uint8_t *)planes[0])[n - 1] = last;
    }
    if (VARIANT == PAST) {
        ((uint8_t *)planes[0])[n] = 0;
    }
    if (VARIANT == CRASH && n > 0 && isinf(x[37 % n])) {
        *(volatile int *)planes[2] = 0; /* there is none: NULL */
    }
    for (volatile int more = VARIANT == HANG; more;) {
    }
}

static void decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const int8_t *codes = planes[0];
    const uint8_t *scales = planes[1];

    for (uint64_t i = 0; i < rows * row_len; i++) {
        float scale;
        memcpy(&scale, scales + i / BLOCK_LEN * sizeof(scale), sizeof(scale));
        x[i] = VARIANT == DIVIDES && scale == 0.0f ? NAN : (float)codes[i] * scale;
    }
}

static int recover(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes)
{
    (void)grain;
    encode_with(x, rows * row_len, planes, rintf);
    return 1;
}

static const struct pare_plane codes = { .struct_size = sizeof(codes),
                                         .name = "codes",
                                         .bits = 8 * BLOCK_LEN };
static const struct pare_plane scales = { .struct_size = sizeof(scales),
                                          .name = "scales",
                                          .bits = 32 };
static const struct pare_plane *const planes[] = { &codes, &scales, NULL };
static const struct pare_kernel kernel_c = {
    .struct_size = sizeof(kernel_c), .name = "c", .encode = encode, .decode = decode
};
static const struct pare_kernel kernel_fast = {
    .struct_size = sizeof(kernel_fast), .name = "fast", .encode = fast_encode, .decode = decode
};
static const struct pare_kernel *const kernels[] = { &kernel_c, &kernel_fast, NULL };
static const struct pare_encoding q9 = {
    .struct_size = sizeof(q9),
    .name = "q9",
    .summary = "codes of 8 bits, a scale for 32",
    .flags = PARE_ENCODING_QUANTIZED | (VARIANT == FLAGS ? PARE_ENCODING_NEEDS_IMPORTANCE : 0),
    .block_len = BLOCK_LEN,
    .planes = planes,
    .kernels = kernels,
    .recover = VARIANT == RECOVERS ? recover : NULL,
};
static const struct pare_encoding *const encodings[] = { &q9, &checked_column8, &checked_tile5,
                                                         NULL };
static const struct pare_encoding *const few[] = { &q9, NULL };
static const struct pare_matrix *const matrices[] = { &checked_loops, NULL };
static const struct pare_plugin plugin = {
    .struct_size = sizeof(plugin),
    .name = "checked",
    .version = "1",
    .summary = "for the tests of a check",
    .encodings = VARIANT == GOOD || VARIANT == GATHER || VARIANT == WHOLE ? encodings : few,
    .matrices = VARIANT == GOOD || VARIANT == PRODUCT ? matrices : NULL,
};
PARE_PLUGIN(plugin)

__attribute__((constructor)) static void be_loaded(void)
{
    if (VARIANT == LOADING) {
        abort();
    }
}
