/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * tq1_0: 256 weights in 54 bytes (1.6875 bits per weight): 32 bytes with five codes each, of
 * weights j, j + 32, ...; 16 bytes with five of the next 80, j, j + 16, ...; 4 bytes with four of
 * the last 16, j, j + 4, ...; half d. x = d * (code - 1).
 *
 * The codes of a byte are the digits of a number to the base 3, the first the most significant. It
 * is stored as a fraction of 243 in units of 1/256, rounded up: then the integer part of three
 * times the byte is the first digit, and the fraction that remains holds the others. See
 * docs/formats/encodings/tq1_0.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/ternary.h"

#define BLOCK_BYTES 54
#define SCALE 52 /* offset of d */

/* Bytes with the same number of codes: byte j has the codes j, j + bytes, j + 2 * bytes, ... */
struct run {
    uint32_t bytes;
    uint32_t digits;
};

static const struct run runs[] = { { 32, 5 }, { 16, 5 }, { 4, 4 } };

#define RUNS (sizeof(runs) / sizeof(runs[0]))

#if LANES > 0

/* LANES bytes at a time, each from five digits. */
static void digits_pack_lanes(const struct run *run, const uint8_t *codes, uint8_t *bytes)
{
    for (uint32_t j = 0; j < run->bytes; j += LANES) {
        ilanes number = wide_bytes(codes + j);
        for (uint32_t digit = 1; digit < 5; digit++) {
            ilanes code = wide_bytes(codes + digit * run->bytes + j);
            number = wide_add(wide_add(number, code), wide_left(number, 1));
        }
        number = wide_add(wide_left(number, 8), ilanes_all(242));
        wide_bytes_store(bytes + j, wide_right(wide_times(number, 17261), 22)); /* over 243 */
    }
}

#endif

/* One byte from the digits of `run` at codes. A fifth one that is missing counts as 0. */
static uint8_t digits_pack(const struct run *run, const uint8_t *codes)
{
    uint32_t number = 0;

    for (uint32_t digit = 0; digit < 5; digit++) {
        number = number * 3 + (digit < run->digits ? codes[digit * run->bytes] : 0);
    }
    return (uint8_t)((number * 256 + 242) / 243);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[TERNARY_LEN];
    const uint8_t *from = codes;

    (void)context;
    store_u16(block + SCALE, scale_encode(ternary_encode(x, codes)));
    for (size_t i = 0; i < RUNS; i++) {
        const struct run *run = &runs[i];
#if LANES > 0
        if (run->digits == 5) {
            digits_pack_lanes(run, from, block);
            block += run->bytes;
            from += run->bytes * run->digits;
            continue;
        }
#endif
        for (uint32_t j = 0; j < run->bytes; j++) {
            *block++ = digits_pack(run, from + j);
        }
        from += run->bytes * run->digits;
    }
}

/* The weights of the digit that `power`, 3 for each digit before it, brings to the front. */
static void digit_decode(const uint8_t *bytes, uint32_t n, uint32_t power, float d, float *x)
{
    uint32_t j = 0;

#if LANES > 0
    for (; j + LANES <= n; j += LANES) {
        ilanes fraction = wide_times(wide_bytes(bytes + j), (int32_t)power);
        fraction = ilanes_and(fraction, ilanes_all(255));
        ilanes code = wide_right(wide_add(fraction, wide_left(fraction, 1)), 8);
        wide_store(x + j, (wide_floats(code) - lanes_all(1.0f)) * lanes_all(d));
    }
#endif
    for (; j < n; j++) {
        uint8_t fraction = (uint8_t)(bytes[j] * power);
        x[j] = (float)((fraction * 3 >> 8) - 1) * d;
    }
}

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block + SCALE));

    for (size_t i = 0; i < RUNS; i++) {
        uint32_t power = 1;
        for (uint32_t digit = 0; digit < runs[i].digits; digit++) {
            digit_decode(block, runs[i].bytes, power, d, x);
            x += runs[i].bytes;
            power *= 3;
        }
        block += runs[i].bytes;
    }
}

BLOCK_ENCODING(tq1_0, TERNARY_LEN, BLOCK_BYTES, SCALE, 0,
               "256 weights: scale and codes of -1, 0, 1, five per byte", NULL, NULL);
