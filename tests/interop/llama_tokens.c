/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_tokens MODEL.gguf ADD_SPECIAL PARSE_SPECIAL <TEXTS >IDS
 *
 * Cuts texts into tokens with llama.cpp. Each text on standard input has its length in bytes before
 * it (32 bits, of this machine); for each one line of numbers comes out. ADD_SPECIAL and
 * PARSE_SPECIAL are 0 or 1: what llama_tokenize takes. Without arguments it only says whether the
 * library can be used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT (1 << 20)

/* Gives 1 at the end of the input, -1 when it is cut off or too long. */
static int read_text(char *text, uint32_t *ret_length)
{
    uint32_t length;
    size_t n = fread(&length, 1, sizeof length, stdin);
    if (n == 0)
        return 1;
    if (n != sizeof length || length > MAX_TEXT || fread(text, 1, length, stdin) != length)
        return -1;
    *ret_length = length;
    return 0;
}

/* Text and tokens have room for MAX_TEXT, and for twice as many tokens and some. */
static int tokenize_all(const struct peer *peer, const struct llama_vocab *vocab, char *text,
                        int32_t *tokens, bool special, bool parse)
{
    uint32_t length;
    int r;
    while ((r = read_text(text, &length)) == 0) {
        int32_t n = peer->tokenize(vocab, text, (int32_t)length, tokens, 2 * MAX_TEXT + 16, special,
                                   parse);
        if (n < 0)
            return -1;
        for (int32_t i = 0; i < n; i++)
            (void)printf(i ? " %d" : "%d", tokens[i]);
        (void)printf("\n");
    }
    return r < 0 ? r : 0;
}

int main(int argc, char **argv)
{
    struct peer peer;
    int r = peer_open(&peer);
    if (r || argc == 1)
        return r;
    if (argc != 4) {
        (void)fprintf(stderr, "usage: llama_tokens MODEL.gguf ADD_SPECIAL PARSE_SPECIAL\n");
        return 2;
    }
    struct llama_model *model = peer.model_load(argv[1], peer.model_defaults());
    char *text = malloc(MAX_TEXT);
    int32_t *tokens = malloc((2 * MAX_TEXT + 16) * sizeof *tokens);
    r = -1;
    if (model && text && tokens)
        r = tokenize_all(&peer, peer.vocab(model), text, tokens, atoi(argv[2]), atoi(argv[3]));
    free(tokens);
    free(text);
    if (model)
        peer.model_free(model);
    return r ? 1 : 0;
}
