/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: kernels-repack PLUGINS [RULES]
 *
 * Which encodings can be encoded as another without loss: both decode to the same weights. With a
 * file of rules, each "repack A -> B" in it is tried with WEIGHTS weights of each input that is
 * finite, and must lose nothing. Without, all pairs are tried, until they lose something; those
 * that never do are printed.
 */
#include "check/inputs.h"
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_LEN 4096
#define ROWS 256 /* 1048576 weights */
#define FEW 4    /* rows of the first attempt */

struct pair {
    const struct pare_encoding *from, *to;
};

static float importance[ROW_LEN];

static void encode(const struct pare_encoding *encoding, const float *x, uint64_t rows,
                   struct planes *planes)
{
    const struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                                  .importance = importance };
    int needs = (encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE) != 0;

    encoding->kernels[0]->encode(x, rows, ROW_LEN, needs ? &calibration : NULL, planes->plane);
}

/* Replaces x by what comes out of an encoding. */
static void pass(const struct pare_encoding *encoding, uint64_t rows, float *x)
{
    struct planes planes;

    planes_init(&planes, encoding, rows, ROW_LEN, 0, 0);
    encode(encoding, x, rows, &planes);
    encoding->kernels[0]->decode((const void *const *)planes.plane, rows, ROW_LEN, x);
    planes_deinit(&planes);
}

/* Gives how many weights change between the encodings. Where a scale overflows there are none to
 * change: conversions refuse them. */
static uint64_t count_losses(struct pair pair, const struct input *input, uint64_t rows)
{
    uint64_t n = rows * ROW_LEN, losses = 0;
    float *before = check_allocate(n, sizeof(*before)), *after = check_allocate(n, sizeof(*after));

    input_fill(input, 7, before, n);
    pass(pair.from, rows, before);
    memcpy(after, before, n * sizeof(*after));
    pass(pair.to, rows, after);
    for (uint64_t i = 0; i < n; i++) {
        losses += isfinite(before[i]) && before[i] != after[i];
    }
    free(before);
    free(after);
    return losses;
}

/* All finite inputs. Gives 1 when nothing is lost in any. */
static int is_lossless(struct pair pair, uint64_t rows, int tell)
{
    int lossless = 1;

    for (const struct input *input = inputs; input->name && (lossless || tell); input++) {
        uint64_t losses = input->range != INPUT_ANY ? count_losses(pair, input, rows) : 0;
        if (losses > 0 && tell) {
            printf("not ok %s -> %s, %s: %llu of %llu weights change\n", pair.from->name,
                   pair.to->name, input->name, (unsigned long long)losses,
                   (unsigned long long)rows * ROW_LEN);
        }
        lossless &= losses == 0;
    }
    return lossless;
}

static int is_block(const struct pare_encoding *encoding)
{
    return (encoding->flags & PARE_ENCODING_QUANTIZED) != 0 && ROW_LEN % encoding->block_len == 0;
}

static void try_all(const struct pare_encoding **all)
{
    for (size_t i = 0; all[i]; i++) {
        for (size_t k = 0; all[k]; k++) {
            struct pair pair = { all[i], all[k] };
            if (i != k && is_block(pair.from) && is_block(pair.to) && is_lossless(pair, FEW, 0) &&
                is_lossless(pair, ROWS, 0)) {
                printf("%s -> %s\n", pair.from->name, pair.to->name);
            }
        }
    }
}

/* Gives how many of the rules do not hold; at least one when there are none. */
static int try_rules(const struct pare_encoding **all, FILE *rules)
{
    char line[512], from[64], to[64];
    int failed = 0, n = 0;

    while (fgets(line, sizeof(line), rules)) {
        if (sscanf(line, "repack %63s -> %63s", from, to) != 2) {
            continue;
        }
        struct pair pair = { encodings_find(all, from), encodings_find(all, to) };
        int good = pair.from && pair.to && is_lossless(pair, ROWS, 1);
        printf("%s %s -> %s\n", good ? "ok" : "not ok", from, to);
        failed += !good;
        n++;
    }
    return n > 0 ? failed : 1;
}

int main(int argc, char **argv)
{
    const struct pare_encoding **all = argc > 1 ? encodings_load(argv[1]) : NULL;
    FILE *rules = argc > 2 ? fopen(argv[2], "r") : NULL;
    int failed = 0;

    if (!all || (argc > 2 && !rules)) {
        fprintf(stderr, "usage: kernels-repack PLUGINS [RULES]\n");
        return 2;
    }
    input_importance(3, 1, importance, ROW_LEN);
    if (rules) {
        failed = try_rules(all, rules);
        fclose(rules);
    } else {
        try_all(all);
    }
    free(all);
    return failed > 0;
}
