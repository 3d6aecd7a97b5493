/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Codes of four and five bits, and how ggml lays them out in bytes.
 *
 * Kernels work on arrays with one code per byte; these functions turn them into what is stored and
 * back. They are inline so that each encoding gets loops with its own constants.
 */
#ifndef PARE_PLUGINS_GGML_CODES_H
#define PARE_PLUGINS_GGML_CODES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The code of a value that is already 1/2 too large: its integer part, at most `top` (<= 31).
 * Values that no code can have come from a scale so small that its inverse overflows; they are
 * code 0. */
static inline uint8_t code_cut(float raised, int32_t top)
{
    int32_t code = (int32_t)(fabsf(raised) < 128.0f ? raised : 0.0f);

    return (uint8_t)(code < top ? code : top);
}

/* The low four bits of 2 * half codes in `half` bytes: those of code j are the low bits of byte j,
 * and those of code j + half its high bits. */
static inline void nibbles_pack(const uint8_t *codes, uint32_t half, uint8_t *bytes)
{
    for (uint32_t j = 0; j < half; j++) {
        bytes[j] = (uint8_t)((codes[j] & 15) | (codes[j + half] & 15) << 4);
    }
}

/* 2 * half codes from what nibbles_pack made of them. */
static inline void nibbles_unpack(const uint8_t *bytes, uint32_t half, uint8_t *codes)
{
    for (uint32_t j = 0; j < half; j++) {
        codes[j] = bytes[j] & 15;
        codes[j + half] = bytes[j] >> 4;
    }
}

/* 32 codes of five bits in 20 bytes: the fifth bits as a 32-bit integer, whose bit i is that of
 * code i; then the nibbles of the others. */
static inline void fives_pack(const uint8_t *codes, uint8_t *bytes)
{
    uint32_t high = 0;

    for (uint32_t i = 0; i < 32; i++) {
        high |= (uint32_t)(codes[i] >> 4) << i;
    }
    memcpy(bytes, &high, sizeof(high));
    nibbles_pack(codes, 16, bytes + sizeof(high));
}

/* 32 codes from what fives_pack made of them. */
static inline void fives_unpack(const uint8_t *bytes, uint8_t *codes)
{
    uint32_t high;

    memcpy(&high, bytes, sizeof(high));
    nibbles_unpack(bytes + sizeof(high), 16, codes);
    for (uint32_t i = 0; i < 32; i++) {
        codes[i] = (uint8_t)(codes[i] | (high >> i & 1u) << 4);
    }
}

#endif
