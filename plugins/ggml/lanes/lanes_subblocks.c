/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of subblocks.c in lanes: one block in each, its sub-blocks in pairs, for which
 * lanes_affine_two is made.
 */
#include "ggml/lanes/lanes_subblocks.h"
#include "ggml/lanes/lanes_affine.h"
#include "ggml/lanes/lanes_positive.h"

/* What is found for the sub-blocks of all lanes. */
struct found_lanes {
    struct lanes_found subs[SUPER_SUBS_MAX];
    lanes sums[SUPER_SUBS_MAX]; /* of the weights' weights; only with importance */
};

/* The sub-blocks in pairs. */
static void search_plain(const struct sub_kind *kind, const lanes *x, struct found_lanes *found)
{
    const uint32_t len = SUPER_LEN / kind->subs;
    lanes weights[2 * SEARCH_MAX];

    for (uint32_t j = 0; j < kind->subs; j += 2) {
        for (uint32_t k = 0; k < 2; k++) {
            const lanes *sub = x + (j + k) * len;
            lanes rms = lanes_all(0.0f);
            if (kind->plain_rms) {
                rms = lanes_root(lanes_sum_of_squares(sub, len) / lanes_all((float)len));
            }
            for (uint32_t i = 0; i < len; i++) {
                weights[k * len + i] = rms + lanes_magnitude(sub[i]);
            }
        }
        lanes_affine_two(&kind->plain, x + j * len, weights, len, &found->subs[j]);
    }
}

static void search_importance(const struct sub_kind *kind, const struct block_lanes *blocks,
                              const lanes *x, struct found_lanes *found)
{
    const struct affine_search search = affine_search_importance(kind->plain.top);
    const uint32_t len = SUPER_LEN / kind->subs;
    lanes spread = lanes_all(kind->spread) * lanes_sum_of_squares(x, SUPER_LEN) /
                   lanes_all((float)SUPER_LEN);
    lanes weights[SUPER_LEN];

    lanes_gather_importance(blocks, 0, SUPER_LEN, weights);
    for (uint32_t j = 0; j < kind->subs; j++) {
        lanes sum = lanes_all(0.0f);
        for (uint32_t i = j * len; i < (j + 1) * len; i++) {
            weights[i] = weights[i] * lanes_root(spread + x[i] * x[i]);
            sum = sum + weights[i];
        }
        found->sums[j] = sum;
    }
    for (uint32_t j = 0; j < kind->subs; j += 2) {
        lanes_affine_two(&search, x + j * len, weights + j * len, len, &found->subs[j]);
    }
}

/* Gives each block its lane of the codes of values, at most `cap`, and their unit. */
static void take_codes(const struct sub_kind *kind, uint8_t cap, lanes unit, const lanes *levels,
                       int is_min, uint32_t n, struct sub_blocks *ret_subs)
{
    LANES_ALIGNED float row[LANES];

    lanes_store(row, unit);
    for (uint32_t lane = 0; lane < n; lane++) {
        *(is_min ? &ret_subs[lane].dmin : &ret_subs[lane].d) = row[lane];
    }
    for (uint32_t j = 0; j < kind->subs; j++) {
        lanes_store(row, levels[j]);
        for (uint32_t lane = 0; lane < n; lane++) {
            uint8_t code = (uint8_t)row[lane];
            code = code < cap ? code : cap;
            (is_min ? ret_subs[lane].min_code : ret_subs[lane].scale_code)[j] = code;
        }
    }
}

/* round_values of subblocks.c in lanes. Gives the units. */
static lanes round_values(const struct sub_kind *kind, const lanes *values, lanes *ret_levels)
{
    const lanes top = lanes_all((float)kind->top_scale);
    const lanes zero = lanes_all(0.0f);
    lanes max = zero;

    for (uint32_t j = 0; j < kind->subs; j++) {
        max = lanes_greater(values[j], max);
    }
    lanes inverse = lanes_choose(lanes_less(zero, max), top / max, zero);
    for (uint32_t j = 0; j < kind->subs; j++) {
        ret_levels[j] = lanes_byte_level(inverse * values[j]);
    }
    return max / top;
}

/* Rounds the scales and mins that were found to codes and units. */
static void round_found(const struct sub_kind *kind, const struct found_lanes *found,
                        const struct block_lanes *blocks, struct sub_blocks *ret_subs)
{
    const uint8_t cap = blocks->has_importance ? kind->cap : kind->plain_cap;
    lanes values[SUPER_SUBS_MAX];
    lanes levels[SUPER_SUBS_MAX];
    lanes unit;

    for (int is_min = 0; is_min < 2; is_min++) {
        for (uint32_t j = 0; j < kind->subs; j++) {
            values[j] = is_min ? found->subs[j].min : found->subs[j].scale;
        }
        if (blocks->has_importance) {
            unit = lanes_positive(values, kind->subs, kind->top_scale, found->sums, levels);
        } else {
            unit = round_values(kind, values, levels);
        }
        take_codes(kind, cap, unit, levels, is_min, blocks->n, ret_subs);
    }
}

/* Gives each block its lane of what was found. */
static void take_found(const struct sub_kind *kind, const struct found_lanes *found, uint32_t n,
                       struct sub_blocks *ret_subs)
{
    LANES_ALIGNED float rows[4][LANES];

    for (uint32_t j = 0; j < kind->subs; j++) {
        lanes_store(rows[0], found->subs[j].scale);
        lanes_store(rows[1], found->subs[j].min);
        lanes_store(rows[2], found->subs[j].inverse);
        lanes_store(rows[3], found->subs[j].from);
        for (uint32_t lane = 0; lane < n; lane++) {
            ret_subs[lane].found[j] = (struct affine_found){ rows[0][lane], rows[1][lane],
                                                             rows[2][lane], rows[3][lane] };
        }
    }
}

void sub_blocks_search_lanes(const struct sub_kind *kind, const struct block_lanes *blocks,
                             struct sub_blocks *ret_subs)
{
    struct found_lanes found = { 0 };
    lanes x[SUPER_LEN];

    lanes_gather(blocks->x, 0, SUPER_LEN, x);
    if (blocks->has_importance) {
        search_importance(kind, blocks, x, &found);
    } else {
        search_plain(kind, x, &found);
    }
    round_found(kind, &found, blocks, ret_subs);
    take_found(kind, &found, blocks->n, ret_subs);
}
