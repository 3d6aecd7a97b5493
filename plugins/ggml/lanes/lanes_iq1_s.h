/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of iq1_s in lanes, which encodings/iq1_s.c gives to the encoder of lanes_iq1.h.
 */
#ifndef PARE_PLUGINS_GGML_LANES_IQ1_S_H
#define PARE_PLUGINS_GGML_LANES_IQ1_S_H

#include "ggml/lanes/lanes_iq1.h"

#if LANES > 0

/* A group in each lane: takes over the best choice, if it is better than *best. */
void iq1_s_search_lanes(const struct iq1_group_lanes *group, struct iq1_split_lanes *best);

#endif
#endif
