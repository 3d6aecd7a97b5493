/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_affine of search.h in lanes. There are two functions, because sums over 16 or 32 weights
 * are chains of additions that leave the CPU waiting: where an encoding has more groups, two chains
 * run side by side.
 */
#ifndef PARE_PLUGINS_GGML_LANES_AFFINE_H
#define PARE_PLUGINS_GGML_LANES_AFFINE_H

#include "ggml/lanes/lanes_search.h"

#if LANES > 0

/* What struct affine_found has, of LANES groups. */
struct lanes_found {
    lanes scale;
    lanes min;
    lanes inverse;
    lanes from;
};

/* search_affine of 32 weights a group, by their squared errors. */
struct lanes_found lanes_affine(const struct affine_search *search, const lanes *x,
                                const lanes *weights);

/* search_affine of two groups of n = 16 or 32 weights, one after the other. */
void lanes_affine_two(const struct affine_search *search, const lanes *x, const lanes *weights,
                      uint32_t n, struct lanes_found *ret_found);

#endif
#endif
