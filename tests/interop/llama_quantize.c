/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_quantize [--keep-split] [--imatrix TABLE] IN.gguf OUT.gguf TYPE [THREADS]
 *
 * llama.cpp's llama-quantize with its defaults, for comparison: TYPE is a recipe of ours. With
 * --keep-split, OUT.gguf is what the shards' names begin with. TABLE: see llama_imatrix.h. Without
 * arguments it only says whether the library can be used (status 0), or that it is skipped (77).
 */
#include "llama_imatrix.h"
#include "llama_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *recipe;
    int32_t ftype; /* enum llama_ftype */
} types[] = {
    { "f32", 0 },      { "f16", 1 },      { "q4_0", 2 },       { "q4_1", 3 },
    { "q8_0", 7 },     { "q5_0", 8 },     { "q5_1", 9 },       { "q2_k", 10 },
    { "q3_k_s", 11 },  { "q3_k_m", 12 },  { "q3_k_l", 13 },    { "q4_k_s", 14 },
    { "q4_k_m", 15 },  { "q5_k_s", 16 },  { "q5_k_m", 17 },    { "q6_k", 18 },
    { "iq2_xxs", 19 }, { "iq2_xs", 20 },  { "q2_k_s", 21 },    { "iq3_xs", 22 },
    { "iq3_xxs", 23 }, { "iq1_s", 24 },   { "iq4_nl", 25 },    { "iq3_s", 26 },
    { "iq3_m", 27 },   { "iq2_s", 28 },   { "iq2_m", 29 },     { "iq4_xs", 30 },
    { "iq1_m", 31 },   { "bf16", 32 },    { "tq1_0", 36 },     { "tq2_0", 37 },
    { "mxfp4_moe", 38 }, { "q1_0", 40 },  { "q2_0", 41 },
};

/* The bools of the parameters follow on four words: the fifth says whether to keep the split. */
static void keep_split(struct peer_params *params)
{
    memcpy((char *)params + 4 * sizeof(int32_t) + 4, &(char){ 1 }, 1);
}

int main(int argc, char **argv)
{
    struct peer peer;
    int r = peer_open(&peer);
    if (r || argc == 1)
        return r;
    struct peer_params params = peer.quantize_defaults();
    if (!strcmp(argv[1], "--keep-split")) {
        keep_split(&params);
        argc--;
        argv++;
    }
    if (argc > 2 && !strcmp(argv[1], "--imatrix")) {
        r = imatrix_load(argv[2], &params);
        argc -= 2;
        argv += 2;
    }
    if (r == 0 && (argc < 4 || argc > 5)) {
        (void)fprintf(stderr, "usage: llama_quantize [--keep-split] [--imatrix TABLE] IN.gguf "
                              "OUT.gguf TYPE [THREADS]\n");
        r = 2;
    }
    if (r)
        return r;
    params.words[0] = argc == 5 ? atoi(argv[4]) : 2;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].recipe, argv[3])) {
            params.words[1] = types[i].ftype;
            return peer.quantize(argv[1], argv[2], &params) ? 1 : 0;
        }
    (void)fprintf(stderr, "llama_quantize: unknown type %s\n", argv[3]);
    return 2;
}
