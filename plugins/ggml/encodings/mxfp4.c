/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * mxfp4: 32 weights in 17 bytes (4.25 bits per weight): the exponent e of a power of two (E8M0);
 * 16 bytes of codes, byte j holding code j in its low and code j + 16 in its high nibble.
 * x = 2^(e - 127) * E2M1 value of the code.
 *
 * e puts the largest magnitude into [4, 8), where values beyond 6 are cut to 6. Importance is not
 * used. See docs/formats/encodings/mxfp4.md.
 */
#include "ggml/blocks.h"
#include "ggml/encodings.h"
#include "ggml/encodings/codes.h"
#include "ggml/encodings/fp4.h"
#include "ggml/lattice.h"
#include "ggml/search/weights.h"

#define BLOCK_LEN 32
#define BLOCK_BYTES 17
#define CODES 1            /* offset of the codes */
#define EXPONENT_NAN 0xffu /* in E8M0; ggml takes it for 2^128 */
#define LOG2_E 1.4426950408889634

/* The integer part, rounded down, of log2 as the nearest float: values just below a power of two
 * count as that power when both logarithms are the same float. */
static int32_t log2_floor(float value)
{
    uint32_t bits = float_bits(value);
    int32_t above;

    if (bits >= 0x00800000u && (bits & 0x007fffffu) < 0x007ff000u) {
        return (int32_t)(bits >> 23) - 127; /* what is below, for all but the last of a binade */
    }
    double below_one = 1.0 - (double)frexpf(value, &above);

    return (float)((double)above - below_one * LOG2_E) < (float)above ? above - 1 : above;
}

/* Half of 2^(e - 127). */
static float unit_of(uint8_t e)
{
    return float_from_bits(e < 2 ? 0x200000u << e : (uint32_t)(e - 1) << 23);
}

/* The exponent of a unit that is a power of two. Below 2^-128 and above 2^126 there is none: the
 * nearest one is given. */
static uint8_t exponent_of(float unit)
{
    int exponent;

    (void)frexpf(unit, &exponent);
    exponent += 127;
    return (uint8_t)(exponent < 0 ? 0 : exponent > 254 ? 254 : exponent);
}

static void encode_block(const float *x, const struct block_context *context, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];
    float largest = largest_magnitude(x, BLOCK_LEN);

    (void)context;
    /* Below 2^-125 the exponent wraps around to 232 .. 255, as in ggml: all codes are 0 then. */
    block[0] = (uint8_t)(largest > 0.0f ? log2_floor(largest) - 2 + 127 : 0);
    fp4_encode(x, BLOCK_LEN, largest, unit_of(block[0]), codes);
    nibbles_pack(codes, BLOCK_LEN / 2, block + CODES);
}

static void decode_block(const uint8_t *block, float *x)
{
    uint8_t codes[BLOCK_LEN];
    float unit = unit_of(block[0]);

    nibbles_unpack(block + CODES, BLOCK_LEN / 2, codes);
    weights_table(codes, BLOCK_LEN, fp4_values, unit, x);
}

/* By E8M0 this is NaN; for ggml all weights are infinite, and its validation refuses the block. */
static void damage_block(uint8_t *block)
{
    block[0] = EXPONENT_NAN;
    memset(block + CODES, FP4_LARGEST | FP4_LARGEST << 4, BLOCK_BYTES - CODES);
}

/* Products of a power of two and two bits are exact in every grain. */
static int recover_block(const float *x, enum pare_grain grain, uint8_t *block)
{
    uint8_t codes[BLOCK_LEN];
    float unit;

    (void)grain;
    if (!lattice_recover_fp4(x, BLOCK_LEN, &unit, codes)) {
        return 0;
    }
    block[0] = exponent_of(unit);
    nibbles_pack(codes, BLOCK_LEN / 2, block + CODES);
    return 1;
}

static int may_hold(const float *x, enum pare_grain grain)
{
    (void)grain;
    return !lattice_has_more_values(x, BLOCK_LEN, 16);
}

BLOCK_LATTICE_DAMAGE(mxfp4, BLOCK_LEN, BLOCK_BYTES, 0, "32 weights: power of two and 4-bit floats",
                     NULL, NULL);
