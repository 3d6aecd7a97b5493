/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The search of iq1_m in lanes, which encodings/iq1_m.c gives to the encoder of lanes_iq1.h.
 */
#ifndef PARE_PLUGINS_GGML_LANES_IQ1_M_H
#define PARE_PLUGINS_GGML_LANES_IQ1_M_H

#include "ggml/lanes/lanes_iq1.h"

#if LANES > 0

/* A group in each lane: takes over the best choice, if it is better than *best. */
void iq1_m_search_lanes(const struct iq1_group_lanes *group, struct iq1_split_lanes *best);

#endif
#endif
