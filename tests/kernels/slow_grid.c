/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Slow decoders of the encodings whose codes are points of a grid: see slow.h. The points are the
 * normative data of these encodings, plugins/ggml/grid/grid_codes.c; nothing else of it is used. */
#include "slow.h"

#include "ggml/grid/grid.h"

/* The level of weight i of a point with 2 or 3 bits per level. */
static uint32_t level_at(uint16_t code, uint32_t bits, uint32_t i)
{
    uint8_t bytes[2] = { (uint8_t)code, (uint8_t)(code >> 8) };

    return (uint32_t)bits_at(bytes, (uint64_t)bits * i, bits);
}

/* The sign of weight i of eight, of which seven have a bit and minuses are even in number. */
static double even_sign(const uint8_t *bytes, uint64_t first, uint32_t i)
{
    uint64_t minuses = 0;

    for (uint32_t j = 0; j < 7; j++) {
        minuses += bits_at(bytes, first + j, 1);
    }
    uint64_t minus = i < 7 ? bits_at(bytes, first + i, 1) : minuses % 2;
    return minus ? -1.0 : 1.0;
}

static double sign_at(const uint8_t *bytes, uint32_t i)
{
    return bits_at(bytes, i, 1) ? -1.0 : 1.0;
}

static double iq2_level(uint16_t code, uint32_t i)
{
    static const double values[3] = { 8.0, 25.0, 43.0 };

    return values[level_at(code, 2, i % 8)];
}

/* d * (scale + 0.5) / 4 */
static double iq2_scale(const uint8_t *block, uint64_t scale)
{
    return half_at(block) * ((double)scale + 0.5) / 4.0;
}

static double iq2_xxs_value(const uint8_t *block, uint32_t i)
{
    const uint8_t *group = block + 2 + i / 32 * 8;
    uint32_t point = i % 32 / 8;
    double value = iq2_level(grid_codes_iq2_xxs[group[point]], i);

    return iq2_scale(block, bits_at(group, 60, 4)) * value *
           even_sign(group, 32 + 7 * point, i % 8);
}

static double iq2_xs_value(const uint8_t *block, uint32_t i)
{
    const uint8_t *word = block + 2 + i / 8 * 2;
    double value = iq2_level(grid_codes_iq2_xs[bits_at(word, 0, 9)], i);

    return iq2_scale(block, bits_at(block + 66, i / 16 * 4, 4)) * value * even_sign(word, 9, i % 8);
}

static double iq2_s_value(const uint8_t *block, uint32_t i)
{
    uint64_t number = block[2 + i / 8] | bits_at(block + 66, i / 8 * 2, 2) << 8;
    double value = iq2_level(grid_codes_iq2_s[number], i);

    return iq2_scale(block, bits_at(block + 74, i / 16 * 4, 4)) * value * sign_at(block + 34, i);
}

static double iq3_xxs_value(const uint8_t *block, uint32_t i)
{
    static const double values[8] = { 4.0, 12.0, 20.0, 28.0, 36.0, 44.0, 52.0, 62.0 };
    const uint8_t *word = block + 66 + i / 32 * 4;
    uint32_t level = level_at(grid_codes_iq3_xxs[block[2 + i / 4]], 3, i % 4);
    double scale = half_at(block) * ((double)bits_at(word, 28, 4) + 0.5) / 2.0;

    return scale * values[level] * even_sign(word, 7 * (i % 32 / 8), i % 8);
}

static double iq3_s_value(const uint8_t *block, uint32_t i)
{
    uint64_t number = block[2 + i / 4] | bits_at(block + 66, i / 4, 1) << 8;
    double value = 2.0 * level_at(grid_codes_iq3_s[number], 3, i % 4) + 1.0;
    double scale = half_at(block) * (2.0 * (double)bits_at(block + 106, i / 32 * 4, 4) + 1.0);

    return scale * value * sign_at(block + 74, i);
}

/* A weight of the grid of iq1, moved by an eighth; scales are odd. */
static double iq1_value(double d, uint64_t scale, uint64_t number, uint64_t down, uint32_t i)
{
    double value = (double)level_at(grid_codes_iq1[number], 2, i % 8) - 1.0;

    return d * (2.0 * (double)scale + 1.0) * (value + (down ? -0.125 : 0.125));
}

static double iq1_s_value(const uint8_t *block, uint32_t i)
{
    const uint8_t *word = block + 34 + i / 32 * 2;
    uint64_t number = block[2 + i / 8] | bits_at(word, i % 32 / 8 * 3, 3) << 8;

    return iq1_value(half_at(block), bits_at(word, 12, 3), number, bits_at(word, 15, 1), i);
}

static double iq1_m_value(const uint8_t *block, uint32_t i)
{
    const uint8_t *word = block + 48 + i / 64 * 2;
    uint64_t nibble = bits_at(block + 32, i / 8 * 4, 4);
    uint64_t half = 0;

    for (uint32_t j = 0; j < 4; j++) {
        half |= bits_at(block + 48, 16 * j + 12, 4) << 4 * j;
    }
    uint8_t bytes[2] = { (uint8_t)half, (uint8_t)(half >> 8) };
    return iq1_value(half_at(bytes), bits_at(word, i % 64 / 16 * 3, 3),
                     block[i / 8] | (nibble & 7) << 8, nibble >> 3, i);
}

const struct slow slow_grid[] = {
    { "iq2_xxs", iq2_xxs_value }, { "iq2_xs", iq2_xs_value },
    { "iq2_s", iq2_s_value },     { "iq3_xxs", iq3_xxs_value },
    { "iq3_s", iq3_s_value },     { "iq1_s", iq1_s_value },
    { "iq1_m", iq1_m_value },     { NULL, NULL },
};
