/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * iq1_s: 256 weights in 50 bytes (1.5625 bits per weight): half d; 32 bytes with the low bits of
 * the numbers of points of 8 (grid of 2048); 8 words of 16 bits, one per group of 32 weights: four
 * times the high three bits of these numbers, from the lowest bits up; the 3-bit scale; and on top
 * whether the points of the group are moved down. x = d * (2 * scale + 1) * value.
 *
 * See iq1.h, grid.h and docs/formats/encodings/iq1_s.md.
 */
#include "ggml/encodings.h"
#include "ggml/lanes/lanes_iq1_s.h"

#define BLOCK_BYTES 50
#define GROUP 32
#define GROUPS 8
#define GROUP_POINTS 4
#define LOW 2              /* offset of the numbers' low bits */
#define WORDS 34           /* offset of the words */
#define UNIT_FACTOR 1.125f /* found by trial, by ggml's authors */
#define SPLITS (GROUP + 1)

/* Sums of w x and of w over the weights before each place in order. */
struct sums {
    float x[SPLITS];
    float w[SPLITS];
};

/* What the weights of an outer level add to the sums of a fit; by direction of the move, and by
 * where the level ends or begins. */
struct part {
    float xl[2][SPLITS];
    float ll[2][SPLITS];
};

static void sums_make(const struct iq1_group *group, struct sums *ret_sums)
{
    ret_sums->x[0] = 0.0f;
    ret_sums->w[0] = 0.0f;
    for (uint32_t i = 0; i < GROUP; i++) {
        uint32_t at = group->order[i];
        ret_sums->x[i + 1] = ret_sums->x[i] + group->weights[at] * group->x[at];
        ret_sums->w[i + 1] = ret_sums->w[i] + group->weights[at];
    }
}

static void parts_make(const struct sums *sums, struct part *ret_first, struct part *ret_last)
{
    for (uint32_t down = 0; down < 2; down++) {
        float first = iq1_values[down][0];
        float last = iq1_values[down][2];
        for (uint32_t i = 0; i < SPLITS; i++) {
            ret_first->xl[down][i] = sums->x[i] * first;
            ret_first->ll[down][i] = sums->w[i] * first * first;
            ret_last->xl[down][i] = (sums->x[GROUP] - sums->x[i]) * last;
            ret_last->ll[down][i] = (sums->w[GROUP] - sums->w[i]) * last * last;
        }
    }
}

static void group_search(const struct iq1_group *group, struct iq1_split *best)
{
    struct sums sums;
    struct part first;
    struct part last;

    sums_make(group, &sums);
    parts_make(&sums, &first, &last);
    for (uint32_t low = 0; low < SPLITS; low++) {
        for (uint32_t high = low; high < SPLITS; high++) {
            float x = sums.x[high] - sums.x[low];
            float w = sums.w[high] - sums.w[low];
            for (uint32_t down = 0; down < 2; down++) {
                float middle = iq1_values[down][1];
                float xl = first.xl[down][low] + x * middle + last.xl[down][high];
                float ll = first.ll[down][low] + w * middle * middle + last.ll[down][high];
                iq1_split_offer(best, low, high, down != 0 ? ~0u : 0u, xl, ll);
            }
        }
    }
}

static const struct iq1_kind kind = { .group = GROUP,
                                      .zero = 1e-12f,
                                      .search = group_search,
                                      .search_lanes = IN_LANES(iq1_s_search_lanes) };

static void store_block(const struct iq1_block *parts, const float *x, uint8_t *block)
{
    (void)x;
    store_u16(block, scale_encode(iq1_unit(parts->largest) * UNIT_FACTOR));
    for (uint32_t j = 0; j < GROUPS; j++) {
        const uint16_t *points = parts->points + GROUP_POINTS * j;
        uint32_t word = (uint32_t)parts->codes[j] << 12;
        word |= (uint32_t)parts->down[GROUP_POINTS * j] << 15;
        for (uint32_t k = 0; k < GROUP_POINTS; k++) {
            block[LOW + GROUP_POINTS * j + k] = (uint8_t)points[k];
            word |= (uint32_t)(points[k] >> 8) << 3 * k;
        }
        store_u16(block + WORDS + 2 * j, (uint16_t)word);
    }
}

IQ1_ENCODERS

static void decode_block(const uint8_t *block, float *x)
{
    float d = half_decode(load_u16(block));

    for (uint32_t j = 0; j < GROUPS; j++) {
        uint32_t word = load_u16(block + WORDS + 2 * j);
        float scale = d * (float)(int32_t)(2 * (word >> 12 & 7) + 1);
        for (uint32_t k = 0; k < GROUP_POINTS; k++) {
            uint32_t point = block[LOW + GROUP_POINTS * j + k] | (word >> 3 * k & 7) << 8;
            iq1_point_decode(point, word >> 15, scale, x);
            x += 8;
        }
    }
}

BLOCK_ENCODING(iq1_s, IQ1_LEN, BLOCK_BYTES, 0,
               PARE_ENCODING_IMPORTANCE | PARE_ENCODING_NEEDS_IMPORTANCE,
               "256 weights: points of 8 from a grid of 2048, scale per 32", IN_LANES(encode_lanes),
               NULL);
