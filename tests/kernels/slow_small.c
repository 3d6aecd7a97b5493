/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Slow decoders of the encodings with a table of levels, and of one and two bits: see slow.h. */
#include "slow.h"

/* The nibble of weight i of a run: low ones of its `half` bytes first, then the high ones. */
static uint32_t nibble_at(const uint8_t *bytes, uint32_t half, uint32_t i)
{
    return (uint32_t)bits_at(bytes, (uint64_t)(i % half) * 8 + (i < half ? 0 : 4), 4);
}

/* The levels of iq4_nl and iq4_xs, from their page. */
static double level_of(uint32_t code)
{
    static const double levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113 };
    return levels[code];
}

static double iq4_nl_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * level_of(nibble_at(block + 2, 16, i));
}

/* d * (scale - 32) is exact in a float; its product with a level in a double. */
static double iq4_xs_value(const uint8_t *block, uint32_t i)
{
    uint32_t sub = i / 32;
    uint64_t low = bits_at(block + 4, sub * 4, 4);
    uint64_t high = bits_at(block + 2, sub * 2, 2);
    double scale = half_at(block) * ((double)(low | high << 4) - 32.0);

    return scale * level_of(nibble_at(block + 8 + 16 * sub, 16, i % 32));
}

/* A float of four bits: sign, two of exponent, one of mantissa; it has no infinity and no NaN. */
static double e2m1_value(uint32_t code)
{
    uint32_t exponent = code >> 1 & 3;
    double fraction = 0.5 * (code & 1);
    double magnitude = exponent == 0 ? fraction : ldexp(1.0 + fraction, (int)exponent - 1);

    return code & 8 ? -magnitude : magnitude;
}

/* The products are rounded to floats: 2^128 times a value beyond 0.5 is infinite. */
static double mxfp4_value(const uint8_t *block, uint32_t i)
{
    return ldexp(e2m1_value(nibble_at(block + 1, 16, i)), block[0] - 127);
}

/* An unsigned float of eight bits; the code that is a NaN elsewhere is 0. */
static double e4m3_value(uint8_t code)
{
    uint32_t exponent = (uint32_t)bits_at(&code, 3, 4);
    double fraction = (double)bits_at(&code, 0, 3) / 8.0;

    if (code == 0x7f) {
        return 0.0;
    }
    return exponent == 0 ? ldexp(fraction, -6) : ldexp(1.0 + fraction, (int)exponent - 7);
}

static double nvfp4_value(const uint8_t *block, uint32_t i)
{
    uint32_t code = nibble_at(block + 4 + 8 * (i / 16), 8, i % 16);

    return e4m3_value(block[i / 16]) * e2m1_value(code);
}

static double q1_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * (bits_at(block + 2, i, 1) ? 1.0 : -1.0);
}

static double q2_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * ((double)bits_at(block + 2, 2 * (uint64_t)i, 2) - 1.0);
}

const struct slow slow_small[] = {
    { "iq4_nl", iq4_nl_value },
    { "iq4_xs", iq4_xs_value },
    { "mxfp4", mxfp4_value },
    { "nvfp4", nvfp4_value },
    { "q1_0", q1_0_value },
    { "q2_0", q2_0_value },
    { NULL, NULL },
};
