/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Slow decoders of the blocks of 32 with one scale: see slow.h. */
#include "slow.h"

/* The nibble of weight i of 32: low ones first, then the high ones. */
static int nibble_of_32(const uint8_t *bytes, uint32_t i)
{
    return (int)bits_at(bytes, i % 16 * 8 + (i < 16 ? 0 : 4), 4);
}

static double q4_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * (nibble_of_32(block + 2, i) - 8);
}

static double q4_1_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * nibble_of_32(block + 4, i) + half_at(block + 2);
}

static double q5_0_value(const uint8_t *block, uint32_t i)
{
    int high = (int)bits_at(block + 2, i, 1);
    return half_at(block) * (nibble_of_32(block + 6, i) + 16 * high - 16);
}

static double q5_1_value(const uint8_t *block, uint32_t i)
{
    int high = (int)bits_at(block + 4, i, 1);
    return half_at(block) * (nibble_of_32(block + 8, i) + 16 * high) + half_at(block + 2);
}

static double q8_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * (double)signed_at(block + 2 + i, 8);
}

const struct slow slow_simple[] = {
    { "q4_0", q4_0_value }, { "q4_1", q4_1_value }, { "q5_0", q5_0_value },
    { "q5_1", q5_1_value }, { "q8_0", q8_0_value }, { NULL, NULL },
};
