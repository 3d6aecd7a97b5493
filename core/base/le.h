/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Little-endian numbers in files of our own, at any alignment. */
#ifndef BASE_LE_H
#define BASE_LE_H

#include <stdint.h>

static inline void le_put32(unsigned char *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (unsigned char)(v >> 8 * i);
}

static inline void le_put64(unsigned char *to, uint64_t v)
{
    le_put32(to, (uint32_t)v);
    le_put32(to + 4, (uint32_t)(v >> 32));
}

static inline uint32_t le_get32(const unsigned char *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline uint64_t le_get64(const unsigned char *from)
{
    return le_get32(from) | (uint64_t)le_get32(from + 4) << 32;
}

#endif
