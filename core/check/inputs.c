/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The inputs of inputs.h. The distributions are made without logarithms: a sum of 64 uniform
 * numbers for the normal one, and von Neumann's comparison of uniform numbers (Various techniques
 * used in connection with random digits, 1951) for the exponential one, from which Laplace and
 * Student's t with four degrees of freedom follow.
 */
#include "check/inputs.h"

#include <math.h>
#include <string.h>

static const float sigma = 0.02f; /* about that of a transformer's weights */

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* A float with a random sign and mantissa and an exponent in [low, high], biased by 127. */
static float random_float(struct random *random, uint32_t low, uint32_t high)
{
    uint64_t bits = random_next(random);
    uint32_t exponent = low + (uint32_t)(bits >> 32) % (high - low + 1);

    return from_bits(((uint32_t)bits & 0x807fffffu) | exponent << 23);
}

/* Normal, variance 1: 64 uniform 16-bit numbers have a variance of 64 * (2^32 - 1) / 12. */
static double random_normal(struct random *random)
{
    int64_t sum = 0;

    for (int i = 0; i < 16; i++) {
        uint64_t bits = random_next(random);
        sum += (int64_t)((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) +
                         (bits >> 48));
    }
    return (double)(sum - 32 * 65535) / sqrt(64.0 * 4294967295.0 / 12.0);
}

/* Exponential, mean 1: the length of a falling run of uniform numbers decides whether its first one
 * is the fraction; each rejected run adds 1. */
static double random_exponential(struct random *random)
{
    for (double whole = 0.0;; whole += 1.0) {
        uint64_t first = random_next(random) >> 11;
        uint64_t last = first;
        uint64_t next = random_next(random) >> 11;
        int run = 1;
        while (next < last) {
            last = next;
            next = random_next(random) >> 11;
            run++;
        }
        if (run % 2 == 1) {
            return whole + (double)first / 9007199254740992.0;
        }
    }
}

static void fill_gaussian(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)(0.02 * random_normal(random));
    }
}

static void fill_laplace(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        double first = random_exponential(random);
        double second = random_exponential(random);
        x[i] = (float)(0.02 * (first - second) / sqrt(2.0));
    }
}

static void fill_student(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        double normal = random_normal(random);
        double first = random_exponential(random);
        double second = random_exponential(random);
        x[i] = (float)(0.02 * normal / sqrt(first + second)); /* (e1 + e2) * 2 / 4, variance 2 */
    }
}

static void fill_zeros(struct random *random, float *x, uint64_t n)
{
    (void)random;
    for (uint64_t i = 0; i < n; i++) {
        x[i] = 0.0f;
    }
}

static void fill_negative_zeros(struct random *random, float *x, uint64_t n)
{
    (void)random;
    for (uint64_t i = 0; i < n; i++) {
        x[i] = -0.0f;
    }
}

static void fill_constant(struct random *random, float *x, uint64_t n)
{
    (void)random;
    for (uint64_t i = 0; i < n; i++) {
        x[i] = sigma;
    }
}

static void fill_constant_negative(struct random *random, float *x, uint64_t n)
{
    (void)random;
    for (uint64_t i = 0; i < n; i++) {
        x[i] = -sigma;
    }
}

/* Multiples of one half, the largest magnitude in every eight being `top`: exact ties of codes. */
static void fill_halves(struct random *random, float *x, uint64_t n, int top, float unit)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t bits = random_next(random);
        int twice = (int)(bits % (uint64_t)(4 * top + 1)) - 2 * top;
        twice = i % 8 == 3 ? (bits >> 63 ? 2 * top : -2 * top) : twice;
        x[i] = (float)twice * 0.5f * unit;
    }
}

static void fill_ties4(struct random *random, float *x, uint64_t n)
{
    fill_halves(random, x, n, 8, 0.0078125f);
}

static void fill_ties5(struct random *random, float *x, uint64_t n)
{
    fill_halves(random, x, n, 16, 0.03125f);
}

static void fill_ties6(struct random *random, float *x, uint64_t n)
{
    fill_halves(random, x, n, 32, 0.25f);
}

static void fill_ties8(struct random *random, float *x, uint64_t n)
{
    fill_halves(random, x, n, 127, 1.0f);
}

/* Half way between two neighbours of 13 fewer bits, over the range of f16 and its subnormals. */
static void fill_ties_f16(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        float value = random_float(random, 127 - 26, 127 + 16);
        uint32_t bits;
        memcpy(&bits, &value, sizeof(bits));
        uint32_t drop = 13;
        uint32_t exponent = bits >> 23 & 0xff;
        drop += exponent < 113 && exponent >= 103 ? 113 - exponent : 0;
        x[i] = from_bits((bits >> drop << drop) | 1u << (drop - 1));
    }
}

static void fill_ties_bf16(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        float value = random_float(random, 0, 254);
        uint32_t bits;
        memcpy(&bits, &value, sizeof(bits));
        x[i] = from_bits((bits & 0xffff0000u) | 0x8000u);
    }
}

static void fill_subnormal(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 0, 0);
    }
}

/* So small that the inverse of every scale overflows. */
static void fill_vanishing(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = from_bits((uint32_t)random_next(random) & 0x8001ffffu);
    }
}

/* So small that the inverse of a scale overflows, or nearly. */
static void fill_tiny(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 0, 8);
    }
}

/* Around 1e-15, below which the searches take a group for zero. */
static void fill_faint(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 127 - 51, 127 - 49);
    }
}

/* So small that a half cannot hold the scale, or only as a subnormal. */
static void fill_small(struct random *random, float *x, uint64_t n)
{
    uint32_t low = 127 - 28 + (uint32_t)(random_next(random) % 8);

    for (uint64_t i = 0; i < n; i++) {
        low = i % 256 == 0 ? 127 - 28 + (uint32_t)(random_next(random) % 12) : low;
        x[i] = random_float(random, low, low + 2);
    }
}

/* So large that a half cannot hold some of the scales. */
static void fill_large(struct random *random, float *x, uint64_t n)
{
    uint32_t low = 127 + 14;

    for (uint64_t i = 0; i < n; i++) {
        low = i % 256 == 0 ? 127 + 14 + (uint32_t)(random_next(random) % 12) : low;
        x[i] = random_float(random, low, low + 2);
    }
}

/* Squares, and sums of them, overflow. */
static void fill_squares_overflow(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 127 + 60, 127 + 66);
    }
}

static void fill_huge(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 250, 254);
    }
}

/* Any finite float. */
static void fill_wide(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_float(random, 0, 254);
    }
}

/* Magnitudes that fall from block to block and inside each. */
static void fill_falling(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i++) {
        x[i] *= from_bits((uint32_t)(127 - i / 8 % 32) << 23);
    }
}

static void fill_outlier(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i += 97) {
        x[i] *= 1024.0f;
    }
}

/* The extreme occurs with both signs: the first one decides. */
static void fill_twins(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_next(random) >> 63 ? sigma : -sigma;
    }
}

static void fill_positive(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i++) {
        x[i] = fabsf(x[i]) + 0.001f;
    }
}

static void fill_negative(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i++) {
        x[i] = -fabsf(x[i]) - 0.001f;
    }
}

static void fill_sparse(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i++) {
        x[i] = random_next(random) % 16 == 0 ? x[i] : 0.0f;
    }
}

static void fill_one(struct random *random, float *x, uint64_t n)
{
    fill_zeros(random, x, n);
    for (uint64_t i = random_next(random) % 29; i < n; i += 293) {
        x[i] = random_next(random) >> 63 ? sigma : -sigma;
    }
}

/* Sub-blocks of 16 and 32 that are zero, or so small beside others that their scale rounds to 0. */
static void fill_dead_groups(struct random *random, float *x, uint64_t n)
{
    uint64_t kind = 0;

    fill_gaussian(random, x, n);
    for (uint64_t i = 0; i < n; i++) {
        kind = i % 32 == 0 ? random_next(random) % 6 : kind;
        float half = i % 32 < 16 ? 1.0f : 0.0f;
        x[i] *= kind == 0 ? 0.0f : kind == 1 ? 0.0009765625f : kind == 2 ? half : 1.0f;
    }
}

/* Few values, as in weights that were quantized before. */
static void fill_lattice(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)((int)(random_next(random) % 16) - 8) * 0.0123f;
    }
}

static void fill_infinities(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 37; i < n; i += 211) {
        x[i] = random_next(random) >> 63 ? INFINITY : -INFINITY;
    }
}

/* NaNs of either sign, quiet and signalling, with random payloads. */
static void fill_nans(struct random *random, float *x, uint64_t n)
{
    fill_gaussian(random, x, n);
    for (uint64_t i = 11; i < n; i += 307) {
        uint32_t bits = 0x7f800001u | ((uint32_t)random_next(random) & 0x807fffffu);
        memcpy(&x[i], &bits, sizeof(bits));
    }
}

static void fill_any_bits(struct random *random, float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)random_next(random);
        memcpy(&x[i], &bits, sizeof(bits));
    }
}

const struct input inputs[INPUT_COUNT + 1] = {
    { "gaussian", INPUT_ORDINARY, fill_gaussian },
    { "laplace", INPUT_ORDINARY, fill_laplace },
    { "student4", INPUT_ORDINARY, fill_student },
    { "zeros", INPUT_ORDINARY, fill_zeros },
    { "negative-zeros", INPUT_ORDINARY, fill_negative_zeros },
    { "constant", INPUT_ORDINARY, fill_constant },
    { "constant-negative", INPUT_ORDINARY, fill_constant_negative },
    { "ties4", INPUT_ORDINARY, fill_ties4 },
    { "ties5", INPUT_ORDINARY, fill_ties5 },
    { "ties6", INPUT_ORDINARY, fill_ties6 },
    { "ties8", INPUT_ORDINARY, fill_ties8 },
    { "ties-f16", INPUT_FINITE, fill_ties_f16 },
    { "ties-bf16", INPUT_FINITE, fill_ties_bf16 },
    { "subnormal", INPUT_FINITE, fill_subnormal },
    { "vanishing", INPUT_FINITE, fill_vanishing },
    { "tiny", INPUT_FINITE, fill_tiny },
    { "faint", INPUT_FINITE, fill_faint },
    { "small", INPUT_FINITE, fill_small },
    { "large", INPUT_FINITE, fill_large },
    { "squares-overflow", INPUT_FINITE, fill_squares_overflow },
    { "huge", INPUT_FINITE, fill_huge },
    { "wide", INPUT_FINITE, fill_wide },
    { "falling", INPUT_ORDINARY, fill_falling },
    { "outlier", INPUT_ORDINARY, fill_outlier },
    { "twins", INPUT_ORDINARY, fill_twins },
    { "positive", INPUT_ORDINARY, fill_positive },
    { "negative", INPUT_ORDINARY, fill_negative },
    { "sparse", INPUT_ORDINARY, fill_sparse },
    { "one", INPUT_ORDINARY, fill_one },
    { "dead-groups", INPUT_ORDINARY, fill_dead_groups },
    { "lattice", INPUT_ORDINARY, fill_lattice },
    { "infinities", INPUT_ANY, fill_infinities },
    { "nans", INPUT_ANY, fill_nans },
    { "any-bits", INPUT_ANY, fill_any_bits },
    { NULL, INPUT_ANY, NULL },
};

void input_fill(const struct input *input, uint64_t seed, float *x, uint64_t n)
{
    struct random random = { seed };

    for (const char *c = input->name; *c != '\0'; c++) {
        random.state = random_next(&random) ^ (uint64_t)(unsigned char)*c;
    }
    input->fill(&random, x, n);
}

void input_importance(uint64_t seed, uint32_t dead, float *importance, uint64_t n)
{
    struct random random = { ~seed };

    for (uint64_t i = 0; i < n; i++) {
        uint64_t bits = random_next(&random);
        importance[i] = bits % 16 < dead ? 0.0f : (float)(bits >> 40) / 4194304.0f;
    }
}
