/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What q4_k and q5_k share: blocks of 256 weights in 8 sub-blocks of 32, each with a scale and a
 * min of 6 bits. x = d * scale * code - dmin * min.
 *
 * Both begin with the same 16 bytes, here called the head: half d; half dmin; 12 bytes of scales
 * and mins. They differ in how many bits a code has and in how the codes are stored.
 */
#ifndef PARE_PLUGINS_GGML_SUPERBLOCK_H
#define PARE_PLUGINS_GGML_SUPERBLOCK_H

#include "ggml/search/subblocks.h"

#define SUPER_SUBS 8
#define SUPER_SUB_LEN 32
#define SUPER_HEAD 16 /* bytes */

/* The kind of an encoding: its search without importance, and the cap of codes with importance. */
#define SUPER_KIND(top, first, step, steps, cap_)                                     \
    {                                                                                 \
        .subs = SUPER_SUBS, .top_scale = 63, .plain = { top, first, step, steps, 0 }, \
        .plain_rms = 1, .spread = 2.0f, .plain_cap = 63, .cap = cap_                  \
    }

/* Writes the head of a block for which `subs` were found, and gives its 256 codes, one per byte. */
void super_store(const struct sub_kind *kind, const struct sub_blocks *subs, const float *x,
                 uint8_t *head, uint8_t *codes);

/* The 256 weights of a head and of codes, one per byte. */
void super_decode(const uint8_t *head, const uint8_t *codes, float *x);

#endif
