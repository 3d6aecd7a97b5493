/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Weights to test kernels with: random ones of known distribution, and shaped ones that hit every
 * corner: ties, zeros, subnormals, scales that underflow or overflow, infinities and NaNs.
 *
 * The same name, seed and count give the same bits on every machine: an integer generator feeds
 * arithmetic that IEEE 754 defines exactly (no libm but sqrt, which is correctly rounded).
 */
#ifndef CHECK_INPUTS_H
#define CHECK_INPUTS_H

#include <stdint.h>

struct random {
    uint64_t state;
};

/* The next 64 random bits, by splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014). */
uint64_t random_next(struct random *random);

enum input_range {
    INPUT_ANY = 0,     /* NaNs or infinities among them */
    INPUT_FINITE = 1,  /* of a size that some encodings cannot hold */
    INPUT_ORDINARY = 2 /* as weights are: what is encoded decodes to finite ones */
};

struct input {
    const char *name;
    enum input_range range;
    void (*fill)(struct random *random, float *x, uint64_t n);
};

/* All inputs; the last has no name. The first three are the distributions. */
extern const struct input inputs[];
#define INPUT_DISTRIBUTIONS 3
#define INPUT_COUNT 34

/* Fills x with n weights. */
void input_fill(const struct input *input, uint64_t seed, float *x, uint64_t n);

/* Fills importance with n weights in [0, 4), `dead` in sixteen of them 0. */
void input_importance(uint64_t seed, uint32_t dead, float *importance, uint64_t n);

#endif
