/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * search_symmetric of search.h in lanes.
 */
#ifndef PARE_PLUGINS_GGML_LANES_SYMMETRIC_H
#define PARE_PLUGINS_GGML_LANES_SYMMETRIC_H

#include "ggml/lanes/lanes_search.h"

#if LANES > 0

/* search_symmetric of n <= SEARCH_MAX weights a group; weights NULL: the squares of x. Gives the
 * scales; ret_levels, if not NULL, are the codes less half, as floats. */
lanes lanes_symmetric(const lanes *x, uint32_t n, int32_t half, const lanes *weights,
                      lanes *ret_levels);

#endif
#endif
