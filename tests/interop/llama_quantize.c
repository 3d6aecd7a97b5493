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
#include "llama_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    params.words[1] = llama_type(argv[3]);
    if (params.words[1] < 0)
        return 2;
    return peer.quantize(argv[1], argv[2], &params) ? 1 : 0;
}
