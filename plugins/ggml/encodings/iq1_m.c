/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq1_m: 256 weights in 56 bytes (1.75 bits per weight): 32 bytes with the low bits of the numbers
 * of points of 8 (grid of 2048); 32 nibbles, one per point, with the high three bits of its number
 * and, on top, whether it is moved down; 4 words of 16 bits, each with the 3-bit scales of four
 * groups of 16 weights and, on top, four bits of the half d, the lowest in the first word.
 * x = d * (2 * scale + 1) * value.
 *
 * See iq1.h, grid.h and docs/formats/encodings/iq1_m.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_iq1_m.h"

#define BLOCK_BYTES 56
#define GROUP 16
#define GROUPS 16
#define HIGH 32             /* offset of the nibbles */
#define WORDS 48            /* offset of the words */
#define UNIT_FACTOR 1.1125f /* found by trial, by ggml's authors */
#define SPLITS (GROUP + 1)

/* Sums of w x and of w over the weights of half a group before each place in the group's order. */
struct sums {
    float x[SPLITS];
    float w[SPLITS];
};

/* The sums of a fit over half a group, moved up [0] or down [1]. */
struct fit {
    float xl[2];
    float ll[2];
};

static void sums_make(const struct iq1_group *group, struct sums *ret_halves)
{
    for (uint32_t h = 0; h < 2; h++) {
        struct sums *sums = &ret_halves[h];
        sums->x[0] = 0.0f;
        sums->w[0] = 0.0f;
        for (uint32_t i = 0; i < GROUP; i++) {
            uint32_t at = group->order[i];
            int inside = at / 8 == h;
            sums->x[i + 1] = inside ? sums->x[i] + group->weights[at] * group->x[at] : sums->x[i];
            sums->w[i + 1] = inside ? sums->w[i] + group->weights[at] : sums->w[i];
        }
    }
}

/* As if all weights had the last level, less what those before `high` and `low` do not have. */
static inline void half_fit(const struct sums *sums, uint32_t low, uint32_t high,
                            struct fit *ret_fit)
{
    float before = sums->x[low] + sums->x[high];

    for (uint32_t down = 0; down < 2; down++) {
        const float *v = iq1_values[down];
        float first = v[0] * v[0] - v[1] * v[1];
        float middle = v[1] * v[1] - v[2] * v[2];
        ret_fit->xl[down] = sums->x[GROUP] * v[2] - before;
        ret_fit->ll[down] = sums->w[GROUP] * v[2] * v[2] + sums->w[low] * first +
                            sums->w[high] * middle;
    }
}

static void group_search(const struct iq1_group *group, struct iq1_split *best)
{
    struct sums halves[2];
    struct fit fits[2];

    sums_make(group, halves);
    for (uint32_t low = 0; low < SPLITS; low++) {
        for (uint32_t high = low; high < SPLITS; high++) {
            half_fit(&halves[0], low, high, &fits[0]);
            half_fit(&halves[1], low, high, &fits[1]);
            for (uint32_t k = 0; k < 4; k++) {
                uint32_t a = k >> 1; /* the second half's move changes first */
                uint32_t b = k & 1;
                iq1_split_offer(best, low, high, a | b << 1, fits[0].xl[a] + fits[1].xl[b],
                                fits[0].ll[a] + fits[1].ll[b]);
            }
        }
    }
}

static const struct iq1_kind kind = { .group = GROUP,
                                      .zero = 1e-7f,
                                      .search = group_search,
                                      .search_lanes = IN_LANES(iq1_m_search_lanes) };

/* d, fitted to the whole block with the rounded scales. */
static float unit_fit(const struct iq1_block *parts, const float *x)
{
    float xl = 0.0f;
    float ll = 0.0f;

    if (parts->largest == 0.0f) {
        return 0.0f;
    }
    for (uint32_t k = 0; k < IQ1_POINTS; k++) {
        iq1_point_fit(x + 8 * k, parts->weights + 8 * k, parts->points[k], parts->down[k],
                      (float)(2 * parts->codes[k / 2] + 1), &xl, &ll);
    }
    return ll > 0.0f ? xl / ll : iq1_unit(parts->largest);
}

/* Puts the half into the highest bits of four words of scales, which are 0 so far. */
static void unit_store(uint8_t *block, uint16_t half)
{
    for (uint32_t j = 0; j < 4; j++) {
        uint32_t word = load_u16(block + WORDS + 2 * j) | (uint32_t)(half >> 4 * j & 15) << 12;
        store_u16(block + WORDS + 2 * j, (uint16_t)word);
    }
}

static uint16_t unit_load(const uint8_t *block)
{
    uint32_t half = 0;

    for (uint32_t j = 0; j < 4; j++) {
        half |= (uint32_t)(load_u16(block + WORDS + 2 * j) >> 12) << 4 * j;
    }
    return (uint16_t)half;
}

static void store_block(const struct iq1_block *parts, const float *x, uint8_t *block)
{
    for (uint32_t k = 0; k < IQ1_POINTS; k += 2) {
        uint32_t low = parts->points[k] >> 8 | parts->down[k] << 3;
        uint32_t high = parts->points[k + 1] >> 8 | parts->down[k + 1] << 3;
        block[k] = (uint8_t)parts->points[k];
        block[k + 1] = (uint8_t)parts->points[k + 1];
        block[HIGH + k / 2] = (uint8_t)(low | high << 4);
    }
    for (uint32_t j = 0; j < GROUPS; j += 4) {
        const uint8_t *codes = parts->codes + j;
        store_u16(block + WORDS + j / 2,
                  (uint16_t)(codes[0] | codes[1] << 3 | codes[2] << 6 | codes[3] << 9));
    }
    unit_store(block, scale_encode(unit_fit(parts, x) * UNIT_FACTOR));
}

IQ1_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(unit_load(block));

    for (uint32_t k = 0; k < IQ1_POINTS; k++) {
        uint32_t group = k / 2;
        uint32_t code = load_u16(block + WORDS + group / 4 * 2) >> group % 4 * 3 & 7;
        uint32_t nibble = block[HIGH + k / 2] >> k % 2 * 4 & 15;
        iq1_point_decode(block[k] | (nibble & 7) << 8, nibble >> 3,
                         d * (float)(int32_t)(2 * code + 1), x + 8 * k);
    }
}

static void damage_block(uint8_t *block)
{
    unit_store(block, SCALE_NAN);
}

BLOCK_ENCODING_DAMAGE(iq1_m, IQ1_LEN, BLOCK_BYTES, PARE_ENCODING_IMPORTANCE,
                      "256 weights: points of 8 from a grid of 2048, scale per 16",
                      IN_LANES(encode_lanes), NULL);
