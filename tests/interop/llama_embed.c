/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_embed MODEL.gguf OUT.f32 < TEXTS
 *
 * Makes one vector of each line of standard input with llama.cpp, pooled as the model says, and
 * writes them as rows of 32-bit floats, not normalized. One thread. Without arguments it only says
 * whether the library can be used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TOKENS 512

static int fail(const char *what, const char *text)
{
    (void)fprintf(stderr, "llama.cpp cannot %s: %s\n", what, text);
    return 1;
}

/* Runs the tokens of one text and writes its vector. */
static int run(const struct peer *peer, struct llama_context *context, int width,
               const int32_t *tokens, int n, FILE *out)
{
    struct llama_batch batch = peer->batch_new(n, 0, 1);
    batch.n_tokens = n;
    for (int i = 0; i < n; i++) {
        batch.token[i] = tokens[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = 1;
    }
    int r = peer->decode(context, batch);
    const float *row = r == 0 ? peer->embedding(context, 0) : NULL;
    int good = row && fwrite(row, sizeof *row, (size_t)width, out) == (size_t)width;
    peer->batch_free(batch);
    return good ? 0 : 1;
}

static int embed(const struct peer *peer, struct llama_model *model, const char *text, FILE *out)
{
    int32_t tokens[MOST_TOKENS];
    int n = peer->tokenize(peer->vocab(model), text, (int32_t)strlen(text), tokens, MOST_TOKENS,
                           true, false);
    if (n < 1)
        return fail("tokenize", text);
    struct peer_params params = peer->context_defaults();
    params.words[0] = params.words[1] = params.words[2] = MOST_TOKENS;
    struct llama_context *context = peer->context_new(model, params);
    if (!context)
        return fail("make a context for", text);
    peer->set_threads(context, 1, 1);
    peer->set_embeddings(context, true);
    int r = run(peer, context, peer->width(model), tokens, n, out);
    peer->context_free(context);
    return r ? fail("embed (has the model a pooling type?)", text) : 0;
}

static int embed_all(const struct peer *peer, struct llama_model *model, FILE *out)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = getline(&line, &size, stdin)) >= 0) {
        if (n > 0 && line[n - 1] == '\n')
            line[n - 1] = 0;
        r = embed(peer, model, line, out);
    }
    free(line);
    return r;
}

int main(int argc, char **argv)
{
    struct peer peer;
    int r = peer_open(&peer);
    if (r || argc == 1)
        return r;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: llama_embed MODEL.gguf OUT.f32 < TEXTS\n");
        return 2;
    }
    struct llama_model *model = peer.model_load(argv[1], peer.model_defaults());
    FILE *out = model ? fopen(argv[2], "wb") : NULL;
    r = out ? embed_all(&peer, model, out) : 1;
    if (out && fclose(out) != 0)
        r = 1;
    if (model)
        peer.model_free(model);
    return r;
}
