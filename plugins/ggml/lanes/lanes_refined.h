/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_refined of search.h in lanes, for q3_k without importance. Four groups at a time: refining
 * is one long chain of dependent steps, and four of them keep the CPU busy.
 */
#ifndef PARE_PLUGINS_GGML_LANES_REFINED_H
#define PARE_PLUGINS_GGML_LANES_REFINED_H

#include "ggml/lanes/lanes_search.h"

#if LANES > 0

/* search_refined of four groups of 16 finite weights, one after the other, the same way. */
void lanes_refined(const lanes *x, int32_t half, lanes *ret_scales, lanes *ret_levels);

#endif
#endif
