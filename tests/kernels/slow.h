/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The slow decoders: for each encoding a function that gives one weight of a block, written from
 * its page in docs/formats/encodings and not from the kernels. Every bit is looked up by its
 * position; arithmetic is in doubles and exact. One file per family.
 */
#ifndef PARE_TESTS_KERNELS_SLOW_H
#define PARE_TESTS_KERNELS_SLOW_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct slow {
    const char *name;                                  /* NULL: the end of a list */
    double (*value)(const uint8_t *block, uint32_t i); /* weight i of a block */
};

extern const struct slow slow_float[];
extern const struct slow slow_simple[];
extern const struct slow slow_k[];
extern const struct slow slow_small[];
extern const struct slow slow_grid[];

/* `count` bits from bit number `first` of little-endian bytes. */
static inline uint64_t bits_at(const uint8_t *bytes, uint64_t first, uint32_t count)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t bit = first + i;
        value |= (uint64_t)(bytes[bit / 8] >> bit % 8 & 1) << i;
    }
    return value;
}

static inline int64_t signed_at(const uint8_t *bytes, uint32_t count)
{
    uint64_t value = bits_at(bytes, 0, count);
    uint64_t sign = 1ull << (count - 1);

    return (int64_t)((value ^ sign) - sign);
}

/* A float of `exponent` + `mantissa` bits and a sign. */
static inline double float_at(const uint8_t *bytes, uint32_t exponent_bits, uint32_t mantissa_bits)
{
    uint64_t mantissa = bits_at(bytes, 0, mantissa_bits);
    uint64_t exponent = bits_at(bytes, mantissa_bits, exponent_bits);
    double sign = bits_at(bytes, mantissa_bits + exponent_bits, 1) ? -1.0 : 1.0;
    int bias = (1 << (exponent_bits - 1)) - 1;

    if (exponent == (1ull << exponent_bits) - 1) {
        return mantissa != 0 ? NAN : sign * INFINITY;
    }
    double fraction = ldexp((double)mantissa, -(int)mantissa_bits);
    if (exponent == 0) {
        return sign * ldexp(fraction, 1 - bias);
    }
    return sign * ldexp(1.0 + fraction, (int)exponent - bias);
}

static inline double half_at(const uint8_t *bytes)
{
    return float_at(bytes, 5, 10);
}

#endif
