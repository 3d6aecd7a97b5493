/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The search of subblocks.c in lanes: one block in each, its sub-blocks one after the other. */
#include "lanes_search.h"
#include "subblocks.h"

/* What is found for the sub-blocks of all lanes. */
struct found_lanes {
    struct lanes_found subs[SUPER_SUBS_MAX];
    lanes sums[SUPER_SUBS_MAX]; /* of the weights' weights; only with importance */
};

LANES_INLINE void search_plain(const struct sub_kind *kind, const lanes *x, uint32_t len,
                               struct lanes_found *ret_found)
{
    lanes weights[SEARCH_MAX];
    lanes rms = lanes_all(0.0f);

    if (kind->plain_rms) {
        rms = lanes_root(lanes_sum_of_squares(x, len) / lanes_all((float)len));
    }
    for (uint32_t i = 0; i < len; i++) {
        weights[i] = rms + lanes_magnitude(x[i]);
    }
    *ret_found = lanes_affine(&kind->plain, x, weights, len);
}

/* Gives the sum of the weights' weights. */
LANES_INLINE lanes search_importance(const struct sub_kind *kind, const lanes *x,
                                     const lanes *importance, lanes spread, uint32_t len,
                                     struct lanes_found *ret_found)
{
    const struct affine_search search = affine_search_importance(kind->plain.top);
    lanes weights[SEARCH_MAX];
    lanes sum = lanes_all(0.0f);

    for (uint32_t i = 0; i < len; i++) {
        weights[i] = importance[i] * lanes_root(spread + x[i] * x[i]);
        sum = sum + weights[i];
    }
    *ret_found = lanes_affine(&search, x, weights, len);
    return sum;
}

static void search_all_importance(const struct sub_kind *kind, const struct block_lanes *blocks,
                                  const lanes *x, struct found_lanes *found)
{
    const uint32_t len = SUPER_LEN / kind->subs;
    lanes spread = lanes_all(kind->spread) * lanes_sum_of_squares(x, SUPER_LEN) /
                   lanes_all((float)SUPER_LEN);
    const float *rows[LANES];
    lanes importance[SEARCH_MAX];

    for (uint32_t lane = 0; lane < LANES; lane++) {
        rows[lane] = blocks->context[lane].importance;
    }
    for (uint32_t j = 0; j < kind->subs; j++) {
        lanes_gather(rows, j * len, len, importance);
        found->sums[j] = search_importance(kind, x + j * len, importance, spread, len,
                                           &found->subs[j]);
    }
}

/* Gives each block its lane of the codes of values, and their unit. */
static void take_codes(const struct sub_kind *kind, lanes unit, const lanes *levels, int is_min,
                       uint32_t n, struct sub_blocks *ret_subs)
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
            code = code < kind->cap ? code : kind->cap;
            (is_min ? ret_subs[lane].min_code : ret_subs[lane].scale_code)[j] = code;
        }
    }
}

static void round_importance(const struct sub_kind *kind, const struct found_lanes *found,
                             uint32_t n, struct sub_blocks *ret_subs)
{
    lanes values[SUPER_SUBS_MAX];
    lanes levels[SUPER_SUBS_MAX];

    for (int is_min = 0; is_min < 2; is_min++) {
        for (uint32_t j = 0; j < kind->subs; j++) {
            values[j] = is_min ? found->subs[j].min : found->subs[j].scale;
        }
        lanes unit = lanes_positive(values, kind->subs, kind->top_scale, found->sums, levels);
        take_codes(kind, unit, levels, is_min, n, ret_subs);
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
            ret_subs[lane].found[j] = (struct affine_found){rows[0][lane], rows[1][lane],
                                                            rows[2][lane], rows[3][lane]};
        }
    }
}

void sub_blocks_search_lanes(const struct sub_kind *kind, const struct block_lanes *blocks,
                             struct sub_blocks *ret_subs)
{
    const uint32_t len = SUPER_LEN / kind->subs;
    struct found_lanes found;
    lanes x[SUPER_LEN];

    lanes_gather(blocks->x, 0, SUPER_LEN, x);
    if (blocks->has_importance) {
        search_all_importance(kind, blocks, x, &found);
        round_importance(kind, &found, blocks->n, ret_subs);
    } else {
        for (uint32_t j = 0; j < kind->subs; j++) {
            search_plain(kind, x + j * len, len, &found.subs[j]);
        }
    }
    take_found(kind, &found, blocks->n, ret_subs);
    for (uint32_t lane = 0; lane < blocks->n && !blocks->has_importance; lane++) {
        sub_blocks_round(kind, &ret_subs[lane]);
    }
}
