/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A second, slow decoder for the encodings of the plugins `float` and `ggml`, written from their
 * pages in docs/formats/encodings and not from the kernels: one weight at a time, every bit looked
 * up by its position, in exact double arithmetic that is rounded once at the end. The kernels must
 * agree on random bytes. And the casts to 16 bits must round to the nearest, at every tie.
 *
 * Usage: slow FOLDER [SEED]. Status 0 when all agree.
 */
#include "inputs.h"
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WEIGHTS 65536u

static uint64_t failures;

/* `count` bits from bit number `first` of little-endian bytes. */
static uint64_t bits_at(const uint8_t *bytes, uint64_t first, uint32_t count)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t bit = first + i;
        value |= (uint64_t)(bytes[bit / 8] >> bit % 8 & 1) << i;
    }
    return value;
}

static int64_t signed_at(const uint8_t *bytes, uint32_t count)
{
    uint64_t value = bits_at(bytes, 0, count);
    uint64_t sign = 1ull << (count - 1);

    return (int64_t)((value ^ sign) - sign);
}

/* A float of `exponent` + `mantissa` bits and a sign. */
static double float_at(const uint8_t *bytes, uint32_t exponent_bits, uint32_t mantissa_bits)
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

static double half_at(const uint8_t *bytes)
{
    return float_at(bytes, 5, 10);
}

static double f16_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return half_at(block);
}

static double bf16_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 8, 7);
}

static double f32_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 8, 23);
}

static double f64_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 11, 52);
}

/* The nibble of weight i of 32: low ones first, then the high ones. */
static int nibble_of_32(const uint8_t *bytes, uint32_t i)
{
    return (int)bits_at(bytes, i % 16 * 8 + (i < 16 ? 0 : 4), 4);
}

static double q4_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * (nibble_of_32(block + 2, i) - 8);
}

static double q4_1_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * nibble_of_32(block + 4, i) + half_at(block + 2);
}

static double q5_0_value(const uint8_t *block, uint32_t i)
{
    int high = (int)bits_at(block + 2, i, 1);
    return half_at(block) * (nibble_of_32(block + 6, i) + 16 * high - 16);
}

static double q5_1_value(const uint8_t *block, uint32_t i)
{
    int high = (int)bits_at(block + 4, i, 1);
    return half_at(block) * (nibble_of_32(block + 8, i) + 16 * high) + half_at(block + 2);
}

static double q8_0_value(const uint8_t *block, uint32_t i)
{
    return half_at(block) * (double)signed_at(block + 2 + i, 8);
}

/* A code of weight i, in a block that begins as q4_k and q5_k do. */
static double super_value(const uint8_t *block, uint32_t i, uint64_t code)
{
    const uint8_t *packed = block + 4;
    uint32_t sub = i / 32;
    uint64_t scale = bits_at(packed, sub * 8, 6);
    uint64_t min = bits_at(packed, (sub + 4) * 8, 6);

    if (sub >= 4) {
        scale = bits_at(packed, (sub + 4) * 8, 4) | bits_at(packed, (sub - 4) * 8 + 6, 2) << 4;
        min = bits_at(packed, (sub + 4) * 8 + 4, 4) | bits_at(packed, sub * 8 + 6, 2) << 4;
    }
    double value = half_at(block) * (double)scale;
    return value * (double)code - half_at(block + 2) * (double)min;
}

/* The nibble of weight i of 256: each 32 bytes have 32 weights in the low ones, then 32 more. */
static uint64_t nibble_of_256(const uint8_t *bytes, uint32_t i)
{
    return bits_at(bytes, (i / 64 * 32 + i % 32) * 8 + i % 64 / 32 * 4, 4);
}

static double q4_k_value(const uint8_t *block, uint32_t i)
{
    return super_value(block, i, nibble_of_256(block + 16, i));
}

static double q5_k_value(const uint8_t *block, uint32_t i)
{
    uint64_t high = bits_at(block + 16, i % 32 * 8 + i / 32, 1);
    return super_value(block, i, nibble_of_256(block + 48, i) | high << 4);
}

static double q6_k_value(const uint8_t *block, uint32_t i)
{
    uint32_t part = i / 128;
    uint32_t run = i % 128 / 32;
    uint32_t at = i % 32;
    uint64_t low = bits_at(block + 64 * part, (run % 2 * 32 + at) * 8 + run / 2 * 4, 4);
    uint64_t high = bits_at(block + 128 + 32 * part, at * 8 + run * 2, 2);
    double scale = half_at(block + 208) * (double)signed_at(block + 192 + i / 16, 8);

    return scale * ((double)(low | high << 4) - 32.0);
}

static const struct slow {
    const char *name;
    double (*value)(const uint8_t *block, uint32_t i);
} slow[] = {
    {"f16", f16_value},   {"bf16", bf16_value}, {"f32", f32_value},   {"f64", f64_value},
    {"q4_0", q4_0_value}, {"q4_1", q4_1_value}, {"q5_0", q5_0_value}, {"q5_1", q5_1_value},
    {"q8_0", q8_0_value}, {"q4_k", q4_k_value}, {"q5_k", q5_k_value}, {"q6_k", q6_k_value},
    {NULL, NULL},
};

/* An integer's value, as the nearest float, from its type's name: i32, u8, bool. */
static float integer_value(const char *name, const uint8_t *bytes)
{
    uint32_t bits = (uint32_t)atoi(name + 1);

    if (strcmp(name, "bool") == 0) {
        return bytes[0] != 0 ? 1.0f : 0.0f;
    }
    return name[0] == 'i' ? (float)signed_at(bytes, bits) : (float)bits_at(bytes, 0, bits);
}

static float slow_value(const struct pare_encoding *encoding, const uint8_t *block, uint32_t i)
{
    for (const struct slow *type = slow; type->name != NULL; type++) {
        if (strcmp(type->name, encoding->name) == 0) {
            return (float)type->value(block, i);
        }
    }
    return integer_value(encoding->name, block);
}

static int slow_knows(const struct pare_encoding *encoding)
{
    for (const struct slow *type = slow; type->name != NULL; type++) {
        if (strcmp(type->name, encoding->name) == 0) {
            return 1;
        }
    }
    return (encoding->flags & PARE_ENCODING_INTEGER) != 0;
}

/* Random bytes through the first kernel and through the slow decoder. Zeros match zeros: the sign
 * of one can come from a code or from a scale. */
static void decoder_check(const struct pare_encoding *encoding, uint64_t seed)
{
    uint64_t differing = 0;
    uint32_t len = encoding->block_len;
    float *x = allocate(WEIGHTS, sizeof(float));
    struct random random = {seed};
    struct planes planes;

    planes_init(&planes, encoding, 1, WEIGHTS, 1, 0);
    uint8_t *bytes = planes.plane[0];
    for (size_t i = 0; i < planes.size[0]; i++) {
        bytes[i] = (uint8_t)random_next(&random);
    }
    encoding->kernels[0]->decode((const void *const *)planes.plane, 1, WEIGHTS, x);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        const uint8_t *block = bytes + i / len * encoding->planes[0]->bytes_per_block;
        float expected = slow_value(encoding, block, i % len);
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
static void cast_check(const struct pare_encoding *encoding, uint16_t last,
                       double (*value)(const uint8_t *block, uint32_t i))
{
    uint64_t wrong = 0;

    for (uint32_t code = 0; code <= last; code++) {
        uint8_t here[2] = {(uint8_t)code, (uint8_t)(code >> 8)};
        uint8_t before[2] = {(uint8_t)(code - 1), (uint8_t)((code - 1) >> 8)};
        uint8_t after[2] = {(uint8_t)(code + 1), (uint8_t)((code + 1) >> 8)};
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

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: slow FOLDER [SEED]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    const struct pare_encoding **all = encodings_load(argv[1]);
    printf("seed %llu\n", (unsigned long long)seed);
    for (const struct pare_encoding **encoding = all; *encoding != NULL; encoding++) {
        if (slow_knows(*encoding)) {
            decoder_check(*encoding, seed);
        }
        if (strcmp((*encoding)->name, "f16") == 0) {
            cast_check(*encoding, 0x7bff, f16_value);
        }
        if (strcmp((*encoding)->name, "bf16") == 0) {
            cast_check(*encoding, 0x7f7f, bf16_value);
        }
    }
    free(all);
    return failures == 0 ? 0 : 1;
}
