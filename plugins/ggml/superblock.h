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

#include "blocks.h"
#include "search.h"

#define SUPER_LEN 256
#define SUPER_SUBS 8
#define SUPER_SUB_LEN 32
#define SUPER_HEAD 16 /* bytes */

/* How q4_k and q5_k are made differently. */
struct super_kind {
    struct affine_search plain; /* without importance; its top is the largest code of both ways */
    uint8_t cap; /* of the codes of scales and mins that importance gives: 63, or 255 for none */
};

/* Writes the head of a block, and gives its 256 codes, one per byte. */
void super_encode(const struct super_kind *kind, const float *x,
                  const struct block_context *context, uint8_t *head, uint8_t *codes);

/* The 256 weights of a head and of codes, one per byte. */
void super_decode(const uint8_t *head, const uint8_t *codes, float *x);

#endif
