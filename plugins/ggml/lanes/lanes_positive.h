/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_positive of search.h in lanes: for the scales of sub-blocks, and for the first guess of
 * iq2_xxs's groups.
 */
#ifndef PARE_PLUGINS_GGML_LANES_POSITIVE_H
#define PARE_PLUGINS_GGML_LANES_POSITIVE_H

#include "ggml/lanes/lanes_search.h"

#if LANES > 0

/* search_positive of n values a group. Gives the scales; ret_levels are the codes as floats. */
lanes lanes_positive(const lanes *x, uint32_t n, int32_t top, const lanes *weights,
                     lanes *ret_levels);

#endif
#endif
