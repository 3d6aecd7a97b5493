/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What iq2_xxs, iq2_xs, iq2_s, iq3_xxs and iq3_s share: blocks of 256 weights in groups of 16 or 32
 * with a scale of 4 bits each; in a group, magnitudes are points of a grid (grid.h), and signs are
 * stored apart, those of eight weights together.
 *
 * In three of them eight signs take seven bits: the number of minuses is even, so that the eighth
 * follows from the others. Where it would be odd, the weight that matters least is negated.
 */
#ifndef PARE_PLUGINS_GGML_GRIDBLOCK_H
#define PARE_PLUGINS_GGML_GRIDBLOCK_H

#include "ggml/blocks.h"
#include "ggml/grid/grid.h"

#define GRID_BLOCK_LEN 256
#define GRID_GROUPS_MAX 16
#define GRID_POINTS_MAX 64
#define GRID_SIGNS (GRID_BLOCK_LEN / 8)

/* Which points are chosen anew for the scale that the search found. */
enum grid_refit {
    GRID_REFIT_OFF,    /* those that were not where rounding led */
    GRID_REFIT_IF_OFF, /* all, if any of them was not, or nothing was found */
    GRID_REFIT_ALWAYS, /* all */
};

/* How an encoding makes its blocks. */
struct grid_kind {
    const struct grid *(*grid)(void);
    const struct grid_shape *shape;
    uint32_t group; /* weights with one scale: 16 or 32 */
    int even;       /* 1: an even number of minuses among eight signs */
    int presearch;  /* 1: candidates start from a search without the grid */
    float spread;   /* times the mean square: what is added to squares in weights */
    float plain;    /* part of it without importance */
    float zero;     /* groups whose largest magnitude is below this are zero */
    int32_t steps;  /* candidates to each side */
    float step;
    enum grid_refit refit;
};

/* A block as its encoding stores it. */
struct grid_block {
    float d;                          /* unit of the scales: group scale = d * (2 code + 1) */
    uint8_t scales[GRID_GROUPS_MAX];  /* codes from 0 to 15, by group */
    uint8_t zero[GRID_GROUPS_MAX];    /* 1: the group is zero; its points and signs are 0 */
    uint16_t points[GRID_POINTS_MAX]; /* numbers */
    uint8_t signs[GRID_SIGNS];        /* of eight weights; 1 is minus; the first is bit 0 */
};

/* Encodes 256 finite weights. Sums that overflow give a d that is NaN. */
void grid_block_encode(const struct grid_kind *kind, const float *x,
                       const struct block_context *context, struct grid_block *ret_block);

/* Ends a block whose zeros, points and signs are known, with the scales of its groups. */
void grid_block_finish(const struct grid_kind *kind, const float *scales, struct grid_block *block);

/* Eight signs from the first seven, such that the number of minuses is even. */
static inline uint8_t grid_even_signs(uint32_t seven)
{
    return (uint8_t)(seven | (uint32_t)__builtin_parity(seven) << 7);
}

/* The weights of a point of 8: values are by level, four of them; signs by weight from bit 0 on. */
static inline void grid_point_decode(uint32_t code, uint32_t signs, float scale,
                                     const float *values, float *x)
{
#if LANES >= 8
    _mm256_storeu_ps(x, wide_signed(wide_point(code, values) * _mm256_set1_ps(scale), signs));
#else
    for (uint32_t i = 0; i < 8; i++) {
        float value = scale * values[grid_level(&grid_of_8, code, i)];
        x[i] = signs >> i & 1 ? -value : value;
    }
#endif
}

/* The same of two points of 4, with GRID_LEVELS values. */
static inline void grid_pair_decode(uint32_t first, uint32_t second, uint32_t signs, float scale,
                                    const float *values, float *x)
{
    uint32_t codes = first | second << 12;
#if LANES >= 8
    _mm256_storeu_ps(x, wide_signed(wide_pair(codes, values) * _mm256_set1_ps(scale), signs));
#else
    for (uint32_t i = 0; i < 8; i++) {
        float value = scale * values[codes >> 3 * i & 7];
        x[i] = signs >> i & 1 ? -value : value;
    }
#endif
}

/* What the levels of points of 8 stand for in iq2. */
static const float grid_values_iq2[4] = { 8.0f, 25.0f, 43.0f, 0.0f };

/* Codes of 4 bits, two in a byte, the first in the low bits. */
static inline void grid_scales_pack(const uint8_t *scales, uint32_t n, uint8_t *bytes)
{
    for (uint32_t i = 0; i < n; i += 2) {
        bytes[i / 2] = (uint8_t)(scales[i] | scales[i + 1] << 4);
    }
}

static inline int32_t grid_scale(const uint8_t *bytes, uint32_t i)
{
    return bytes[i / 2] >> i % 2 * 4 & 15;
}

/* A word with four times seven signs and a scale, as iq2_xxs and iq3_xxs have per 32 weights. */
static inline void grid_word_store(uint8_t *bytes, const uint8_t *signs, uint32_t scale)
{
    uint32_t word = scale << 28;

    for (uint32_t i = 0; i < 4; i++) {
        word |= (signs[i] & 127u) << 7 * i;
    }
    store_u16(bytes, (uint16_t)word);
    store_u16(bytes + 2, (uint16_t)(word >> 16));
}

static inline uint32_t grid_word_load(const uint8_t *bytes)
{
    return load_u16(bytes) | (uint32_t)load_u16(bytes + 2) << 16;
}

#endif
