/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A second, slow decoder for the encodings of the plugins `float` and `ggml`, written from their
 * pages in docs/formats/encodings and not from the kernels: one weight at a time, every bit looked
 * up by its position, in exact double arithmetic that is rounded once at the end. The kernels must
 * agree on random bytes. And the casts to 16 bits must round to the nearest, at every tie; and the
 * exponents of mxfp4 must be those of logarithms that are floats, next to every power of two.
 *
 * Usage: slow FOLDER [SEED]. Status 0 when all agree.
 */
#include "check/inputs.h"
#include "kernels.h"
#include "slow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WEIGHTS 65536u

static uint64_t failures;

/* The lists of all families. */
static const struct slow *const families[] = { slow_float, slow_simple, slow_k, slow_small,
                                               slow_grid };

/* The decoder of an encoding; NULL when there is none. */
static const struct slow *slow_find(const char *name)
{
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
        for (const struct slow *type = families[f]; type->name; type++) {
            if (strcmp(type->name, name) == 0) {
                return type;
            }
        }
    }
    return NULL;
}

/* An integer's value, as the nearest float, from its type's name: i32, u8, bool. */
static float integer_value(const char *name, const uint8_t *bytes)
{
    uint32_t bits = (uint32_t)atoi(name + 1);

    if (strcmp(name, "bool") == 0) {
        return bytes[0] != 0 ? 1.0f : 0.0f;
    }
    return name[0] == 'i' ? (float)signed_at(bytes, bits) : (float)bits_at(bytes, 0, bits);
}

static float slow_value(const struct pare_encoding *encoding, const struct slow *type,
                        const uint8_t *block, uint32_t i)
{
    return type ? (float)type->value(block, i) : integer_value(encoding->name, block);
}

/* Integers and bools need no decoder of their own. */
static int slow_knows(const struct pare_encoding *encoding)
{
    return (encoding->flags & PARE_ENCODING_INTEGER) != 0 || slow_find(encoding->name);
}

/* Random bytes through the first kernel and through the slow decoder. Zeros match zeros: the sign
 * of one can come from a code or from a scale. */
static void decoder_check(const struct pare_encoding *encoding, uint64_t seed)
{
    uint64_t differing = 0;
    uint32_t len = encoding->block_len;
    const struct slow *type = slow_find(encoding->name);
    float *x = check_allocate(WEIGHTS, sizeof(float));
    struct random random = { seed };
    struct planes planes;

    planes_init(&planes, encoding, 1, WEIGHTS, 1, 0);
    uint8_t *bytes = planes.plane[0];
    for (size_t i = 0; i < planes.size[0]; i++) {
        bytes[i] = (uint8_t)random_next(&random);
    }
    encoding->kernels[0]->decode((const void *const *)planes.plane, 1, WEIGHTS, x);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        const uint8_t *block = bytes + i / len * encoding->planes[0]->bits / 8;
        float expected = slow_value(encoding, type, block, i % len);
        if (!floats_equal(&x[i], &expected, 1) && x[i] != expected && differing++ == 0) {
            printf("  %s: weight %u is %a, should be %a\n", encoding->name, i, (double)x[i],
                   (double)expected);
        }
    }
    printf("%s %s decodes %u weights of random bytes\n", differing == 0 ? "ok    " : "not ok",
           encoding->name, WEIGHTS);
    failures += differing;
    planes_deinit(&planes);
    free(x);
}

/* The code that `encoding` gives one float. */
static uint16_t cast(const struct pare_encoding *encoding, float x)
{
    uint16_t code;
    void *plane = &code;

    encoding->kernels[0]->encode(&x, 1, 1, NULL, &plane);
    return code;
}

/* Every finite code of a 16-bit float: itself, half way to the next (ties to even), and just below
 * and above half way. 0 .. last are the positive ones; last + 1 is infinity. */
static void cast_check(const struct pare_encoding *encoding, uint16_t last)
{
    double (*value)(const uint8_t *block, uint32_t i) = slow_find(encoding->name)->value;
    uint64_t wrong = 0;

    for (uint32_t code = 0; code <= last; code++) {
        uint8_t here[2] = { (uint8_t)code, (uint8_t)(code >> 8) };
        uint8_t before[2] = { (uint8_t)(code - 1), (uint8_t)((code - 1) >> 8) };
        uint8_t after[2] = { (uint8_t)(code + 1), (uint8_t)((code + 1) >> 8) };
        double low = value(here, 0);
        double step = code < last ? value(after, 0) - low : low - value(before, 0);
        float middle = (float)(low + step / 2);
        uint16_t even = (uint16_t)(code + code % 2);
        wrong += cast(encoding, (float)low) != code;
        wrong += cast(encoding, -(float)low) != (code | 0x8000);
        wrong += cast(encoding, middle) != even;
        wrong += cast(encoding, -middle) != (even | 0x8000);
        wrong += cast(encoding, nextafterf(middle, 0.0f)) != code;
        wrong += cast(encoding, nextafterf(middle, INFINITY)) != code + 1;
    }
    wrong += cast(encoding, INFINITY) != last + 1;
    wrong += cast(encoding, -INFINITY) != ((last + 1) | 0x8000);
    printf("%s %s rounds to nearest, ties to even, at all %u codes\n",
           wrong == 0 ? "ok    " : "not ok", encoding->name, last + 1u);
    failures += wrong;
}

/* The exponent of a block is the rounded-down logarithm, as a float, of its largest weight: here
 * for the floats from each power of two down. */
static void exponent_check(const struct pare_encoding *encoding)
{
    uint64_t wrong = 0;

    for (int power = -149; power <= 127; power++) {
        float largest = ldexpf(1.0f, power);
        for (int step = 0; step < 128 && largest > 0.0f; step++) {
            float x[32] = { largest };
            uint8_t block[17];
            void *plane = block;
            encoding->kernels[0]->encode(x, 1, 32, NULL, &plane);
            int expected = (int)floorf((float)log2((double)largest)) - 2 + 127;
            wrong += block[0] != (uint8_t)expected;
            largest = nextafterf(largest, 0.0f);
        }
    }
    printf("%s %s has the right exponents next to powers of two\n",
           wrong == 0 ? "ok    " : "not ok", encoding->name);
    failures += wrong;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: slow FOLDER [SEED]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    const struct pare_encoding **all = encodings_load(argv[1]);
    printf("seed %llu\n", (unsigned long long)seed);
    for (const struct pare_encoding **encoding = all; *encoding; encoding++) {
        if (slow_knows(*encoding)) {
            decoder_check(*encoding, seed);
        }
        if (strcmp((*encoding)->name, "f16") == 0) {
            cast_check(*encoding, 0x7bff);
        }
        if (strcmp((*encoding)->name, "bf16") == 0) {
            cast_check(*encoding, 0x7f7f);
        }
        if (strcmp((*encoding)->name, "mxfp4") == 0) {
            exponent_check(*encoding);
        }
    }
    free(all);
    return failures == 0 ? 0 : 1;
}
