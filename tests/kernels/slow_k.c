/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Slow decoders of the encodings with blocks of 256 and scales of sub-blocks, and of ternary
 * weights: see slow.h.
 */
#include "slow.h"

/* A code of weight i, in a block that begins as q4_k and q5_k do. */
static double super_value(const uint8_t *block, uint32_t i, uint64_t code)
{
    const uint8_t *packed = block + 4;
    uint32_t sub = i / 32;
    uint64_t scale = bits_at(packed, sub * 8, 6);
    uint64_t min = bits_at(packed, (sub + 4) * 8, 6);

    if (sub >= 4) {
        scale = bits_at(packed, (sub + 4) * 8, 4) | bits_at(packed, (sub - 4) * 8 + 6, 2) << 4;
        min = bits_at(packed, (sub + 4) * 8 + 4, 4) | bits_at(packed, sub * 8 + 6, 2) << 4;
    }
    double value = half_at(block) * (double)scale;
    return value * (double)code - half_at(block + 2) * (double)min;
}

/* The nibble of weight i of 256: each 32 bytes have 32 weights in the low ones, then 32 more. */
static uint64_t nibble_of_256(const uint8_t *bytes, uint32_t i)
{
    return bits_at(bytes, (i / 64 * 32 + i % 32) * 8 + i % 64 / 32 * 4, 4);
}

/* The two bits of weight i of 256: each 32 bytes have 128 weights, four runs of 32. */
static uint64_t pair_of_256(const uint8_t *bytes, uint32_t i)
{
    return bits_at(bytes, (i / 128 * 32 + i % 32) * 8 + i % 128 / 32 * 2, 2);
}

static double q2_k_value(const uint8_t *block, uint32_t i)
{
    uint64_t scale = bits_at(block, i / 16 * 8, 4);
    uint64_t min = bits_at(block, i / 16 * 8 + 4, 4);
    double value = half_at(block + 80) * (double)scale;

    return value * (double)pair_of_256(block + 16, i) - half_at(block + 82) * (double)min;
}

static double q3_k_value(const uint8_t *block, uint32_t i)
{
    const uint8_t *packed = block + 96;
    uint32_t sub = i / 16;
    uint64_t scale = bits_at(packed, sub % 8 * 8 + sub / 8 * 4, 4) |
                     bits_at(packed, (8 + sub % 4) * 8 + sub / 4 * 2, 2) << 4;
    uint64_t code = pair_of_256(block + 32, i) | bits_at(block, i % 32 * 8 + i / 32, 1) << 2;

    return half_at(block + 108) * ((double)scale - 32.0) * ((double)code - 4.0);
}

static double q4_k_value(const uint8_t *block, uint32_t i)
{
    return super_value(block, i, nibble_of_256(block + 16, i));
}

static double q5_k_value(const uint8_t *block, uint32_t i)
{
    uint64_t high = bits_at(block + 16, i % 32 * 8 + i / 32, 1);
    return super_value(block, i, nibble_of_256(block + 48, i) | high << 4);
}

static double q6_k_value(const uint8_t *block, uint32_t i)
{
    uint32_t part = i / 128;
    uint32_t run = i % 128 / 32;
    uint32_t at = i % 32;
    uint64_t low = bits_at(block + 64 * part, (run % 2 * 32 + at) * 8 + run / 2 * 4, 4);
    uint64_t high = bits_at(block + 128 + 32 * part, at * 8 + run * 2, 2);
    double scale = half_at(block + 208) * (double)signed_at(block + 192 + i / 16, 8);

    return scale * ((double)(low | high << 4) - 32.0);
}

/* The digit of weight i is found by taking those before it off the fraction of 256. */
static double tq1_0_value(const uint8_t *block, uint32_t i)
{
    uint32_t start = i < 160 ? 0 : i < 240 ? 160 : 240;
    uint32_t bytes = i < 160 ? 32 : i < 240 ? 16 : 4;
    uint32_t first = i < 160 ? 0 : i < 240 ? 32 : 48;
    uint32_t fraction = block[first + (i - start) % bytes];

    for (uint32_t digit = 0; digit < (i - start) / bytes; digit++) {
        fraction = fraction * 3 % 256;
    }
    return half_at(block + 52) * ((double)(fraction * 3 / 256) - 1.0);
}

static double tq2_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block + 64) * ((double)pair_of_256(block, i) - 1.0);
}

const struct slow slow_k[] = {
    { "q2_k", q2_k_value },   { "q3_k", q3_k_value }, { "q4_k", q4_k_value },
    { "q5_k", q5_k_value },   { "q6_k", q6_k_value }, { "tq1_0", tq1_0_value },
    { "tq2_0", tq2_0_value }, { NULL, NULL },
};
