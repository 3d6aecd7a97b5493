/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Four lanes of multiplications, each of which goes through all words of its own: a CPU does them
 * side by side, at the speed of its memory.
 */
#include "base/checksum.h"

#include "base/le.h"

#include <string.h>

#define LANES 4u
#define STRIDE (8u * LANES)

static const uint64_t odd[LANES] = { 0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu,
                                     0xd6e8feb86659fd93u };

static uint64_t mix(uint64_t lane, uint64_t word, uint64_t factor)
{
    lane = (lane ^ word) * factor;
    return lane ^ lane >> 32;
}

uint64_t checksum_of(const void *data, size_t n, uint64_t seed)
{
    const unsigned char *at = data;
    unsigned char last[STRIDE] = { 0 };
    uint64_t lane[LANES];
    size_t left = n;
    for (size_t i = 0; i < LANES; i++)
        lane[i] = mix(odd[i], seed, odd[0]);
    for (; left >= STRIDE; at += STRIDE, left -= STRIDE)
        for (size_t i = 0; i < LANES; i++)
            lane[i] = mix(lane[i], le_get64(at + 8 * i), odd[i]);
    if (left)
        memcpy(last, at, left);
    uint64_t sum = n;
    for (size_t i = 0; i < LANES; i++)
        sum = mix(sum, mix(lane[i], le_get64(last + 8 * i), odd[i]), odd[0]);
    return sum;
}
