/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The longer search for blocks of 256 weights whose sub-blocks have a scale each and no min,
 * x = d * scale * level: as in best_super.h, with scales of either sign and d alone to fit.
 */
#ifndef PARE_PLUGINS_GGML_BEST_CHAIN_H
#define PARE_PLUGINS_GGML_BEST_CHAIN_H

#include "ggml/best/best_symmetric.h"

#define BEST_CHAIN_LEN 256
#define BEST_CHAIN_SUBS 16 /* at most */
#define BEST_CHAIN_TURNS 3

struct best_chain {
    uint32_t subs;
    float half; /* scales reach from -half to half - 1 */
    struct best_scales scales;
};

/* What blocks have found: d, a half, and scales as floats. */
struct best_links {
    lanes d;
    lanes scale[BEST_CHAIN_SUBS];
    lanes error;
};

/* The same by lane. */
struct best_chain_found {
    LANES_ALIGNED float d[LANES_ROOM];
    float scale[LANES_ROOM][BEST_CHAIN_SUBS];
    uint8_t codes[LANES_ROOM][BLOCK_MAX]; /* less the lowest level; of uneven ones their codes */
};

/* Each sub-block on its own; the largest scale is put at -half. */
LANES_INLINE void best_chain_begin(const struct best_chain *chain, const struct best_group *subs,
                                   struct best_links *links)
{
    lanes largest = lanes_all(0.0f);

    for (uint32_t j = 0; j < chain->subs; j++) {
        lanes scale = best_scale_search(&chain->scales, &subs[j]);
        mlanes larger = lanes_less(lanes_magnitude(largest), lanes_magnitude(scale));
        links->scale[j] = scale;
        largest = lanes_choose(larger, scale, largest);
    }
    links->d = best_half(largest / lanes_all(-chain->half));
    for (uint32_t j = 0; j < chain->subs; j++) {
        links->scale[j] = lanes_held_level(links->scale[j] * best_inverse(links->d), -chain->half,
                                           chain->half - 1.0f);
    }
}

/* Tries the scales within `reach` of a sub-block's. Gives the least error. */
LANES_INLINE lanes best_chain_try(const struct best_chain *chain, const struct best_group *sub,
                                  struct best_links *links, uint32_t j, int reach)
{
    const lanes old = links->scale[j];
    lanes least = lanes_all(INFINITY);

    for (int a = -reach; a <= reach; a++) {
        lanes scale = lanes_held_level(old + lanes_all((float)a), -chain->half, chain->half - 1.0f);
        lanes error = best_scale_error(&chain->scales, sub, links->d * scale);
        mlanes better = lanes_less(error, least);
        least = lanes_choose(better, error, least);
        links->scale[j] = lanes_choose(better, scale, links->scale[j]);
    }
    return least;
}

/* Fits d anew. */
LANES_INLINE void best_chain_fit(const struct best_chain *chain, const struct best_group *subs,
                                 struct best_links *links)
{
    const lanes zero = lanes_all(0.0f);
    lanes pp = zero;
    lanes px = zero;

    for (uint32_t j = 0; j < chain->subs; j++) {
        lanes scale = links->scale[j];
        struct best_line fit = best_line_fit(&chain->scales, &subs[j],
                                             best_inverse(links->d * scale));
        pp = pp + scale * scale * fit.ll;
        px = px + scale * fit.xl;
    }
    links->d = best_half(lanes_choose(lanes_less(zero, pp), px / pp, links->d));
}

/* The codes of sub-blocks by their scales. */
LANES_INLINE void best_chain_codes(const struct best_chain *chain, const struct best_group *subs,
                                   const struct best_links *links, struct best_chain_found *found)
{
    struct best_found codes;
    lanes levels[BEST_CHAIN_LEN];

    for (uint32_t j = 0; j < chain->subs; j++) {
        lanes inverse = best_inverse(links->d * links->scale[j]);
        for (uint32_t i = 0; i < subs[j].n; i++) {
            lanes scaled = inverse * subs[j].x[i];
            levels[j * subs[j].n + i] = chain->scales.uneven ? best_code(scaled)
                                                             : best_level(&chain->scales, scaled);
        }
    }
    best_codes(levels, BEST_CHAIN_LEN, -(int32_t)chain->scales.low, &codes);
    memcpy(found->codes, codes.codes, sizeof(found->codes));
}

LANES_INLINE void best_chain_give(const struct best_chain *chain, const struct best_group *subs,
                                  const struct best_links *links, struct best_chain_found *found)
{
    LANES_ALIGNED float row[LANES_ROOM];

    lanes_store(found->d, links->d);
    for (uint32_t j = 0; j < chain->subs; j++) {
        lanes_store(row, links->scale[j]);
        for (uint32_t lane = 0; lane < LANES_ROOM; lane++) {
            found->scale[lane][j] = row[lane];
        }
    }
    best_chain_codes(chain, subs, links, found);
}

/* Keeps what has the smaller error. */
LANES_INLINE void best_links_take(const struct best_chain *chain, const struct best_links *links,
                                  struct best_links *best)
{
    mlanes better = lanes_less(links->error, best->error);

    best->error = lanes_choose(better, links->error, best->error);
    best->d = lanes_choose(better, links->d, best->d);
    for (uint32_t j = 0; j < chain->subs; j++) {
        best->scale[j] = lanes_choose(better, links->scale[j], best->scale[j]);
    }
}

/* Searches blocks. */
LANES_INLINE void best_chain_search(const struct best_chain *chain,
                                    const struct block_lanes *blocks,
                                    struct best_chain_found *found)
{
    lanes x[BEST_CHAIN_LEN];
    lanes weights[BEST_CHAIN_LEN];
    struct best_group subs[BEST_CHAIN_SUBS];
    struct best_links links;
    const uint32_t len = BEST_CHAIN_LEN / chain->subs;

    best_load(blocks, BEST_CHAIN_LEN, x, weights);
    for (uint32_t j = 0; j < chain->subs; j++) {
        subs[j] = (struct best_group){ x + j * len, weights + j * len, len };
    }
    best_chain_begin(chain, subs, &links);
    links.error = lanes_all(INFINITY);
    struct best_links best = links;
    for (int turn = 0; turn < BEST_CHAIN_TURNS; turn++) {
        if (turn > 0) {
            best_chain_fit(chain, subs, &links);
        }
        links.error = lanes_all(0.0f);
        for (uint32_t j = 0; j < chain->subs; j++) {
            links.error = links.error + best_chain_try(chain, &subs[j], &links, j, 2);
        }
        best_links_take(chain, &links, &best);
    }
    best_chain_give(chain, subs, &best, found);
}

#endif
