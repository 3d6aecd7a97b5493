/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of iq1.h in lanes: LANES groups at once, each of another block; what the searches of
 * iq1_s and iq1_m, which differ in the order of their sums, have in common; and the encoders that
 * use them where there are lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_IQ1_H
#define PARE_PLUGINS_GGML_LANES_IQ1_H

#include "ggml/grid/iq1.h"
#if LANES > 0
#include "ggml/lanes/lanes_points.h"

#define IQ1_GROUP_POINTS_MAX (IQ1_GROUP_MAX / 8)

/* Groups to be searched: rows of weights. */
struct iq1_group_lanes {
    uint32_t len;
    lanes x[IQ1_GROUP_MAX];
    lanes weights[IQ1_GROUP_MAX];
    lanes rank[IQ1_GROUP_MAX];     /* the place of each weight in ascending order */
    lanes sorted_w[IQ1_GROUP_MAX]; /* weights, and weights * x, in that order */
    lanes sorted_wx[IQ1_GROUP_MAX];
};

/* struct iq1_split, with numbers as floats. */
struct iq1_split_lanes {
    lanes low;
    lanes high;
    lanes scale;
    lanes score;
    mlanes down[IQ1_GROUP_POINTS_MAX]; /* of iq1_s the first, of iq1_m the first two are set */
};

/* Which lanes have a score that may be better: what iq1_split_offer_lanes looks at closely. */
LANES_INLINE mlanes iq1_split_promises(const struct iq1_split_lanes *best, lanes xl, lanes ll)
{
    return lanes_less(best->score * ll, xl * xl);
}

/* The value itself. It is made before a mask is known that the compiler would make it under: the
 * divisions of several choices then overlap. */
LANES_INLINE lanes lanes_early(lanes value)
{
#if LANES == 16
    __asm__("" : "+v"(value));
#elif LANES == 8
    __asm__("" : "+x"(value));
#endif
    return value;
}

/* iq1_split_offer, all but what is moved down. Gives the lanes that took over. */
LANES_INLINE mlanes iq1_split_offer_lanes(struct iq1_split_lanes *best, uint32_t low, uint32_t high,
                                          lanes xl, lanes ll)
{
    mlanes better = lanes_and(iq1_split_promises(best, xl, ll), lanes_less(lanes_all(0.0f), ll));
    lanes scale = lanes_early(xl / ll);
    lanes score = lanes_early(scale * xl);

    best->low = lanes_choose(better, lanes_all((float)low), best->low);
    best->high = lanes_choose(better, lanes_all((float)high), best->high);
    best->scale = lanes_choose(better, scale, best->scale);
    best->score = lanes_choose(better, score, best->score);
    return better;
}

/* Sets the lanes of `better` in *mask to `value`. */
LANES_INLINE void iq1_mask_set(mlanes better, uint32_t value, mlanes *mask)
{
    *mask = value ? lanes_or(*mask, better) : lanes_without(*mask, better);
}

#endif

/* iq1_block_encode of blocks in lanes; ret_blocks has room for LANES of them. */
void iq1_block_encode_lanes(const struct iq1_kind *kind, const struct block_lanes *blocks,
                            struct iq1_block *ret_blocks);

/* The encoders of an encoding, at file scope, around its kind and its store_block. */
#define IQ1_ENCODERS BLOCK_ENCODERS(struct iq1_block, iq1_block_encode, iq1_block_encode_lanes)

#endif
