/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_logits MODEL.gguf OUT.f32 TOKEN...
 *
 * Runs a model with llama.cpp on the tokens (numbers) and writes the logits after each, as rows of
 * 32-bit floats. One thread, so that two runs of the same file are equal. Without arguments it
 * only says whether the library can be used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(struct llama_batch *batch, int n, char **tokens)
{
    batch->n_tokens = n;
    for (int i = 0; i < n; i++) {
        batch->token[i] = atoi(tokens[i]);
        batch->pos[i] = i;
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = 0;
        batch->logits[i] = 1;
    }
}

static int write_logits(const struct peer *peer, struct llama_context *context, int n, size_t row,
                        const char *path)
{
    FILE *f = fopen(path, "wb");
    int bad = !f;
    for (int i = 0; !bad && i < n; i++) {
        const float *logits = peer->logits(context, i);
        bad = !logits || fwrite(logits, sizeof *logits, row, f) != row;
    }
    if (f && fclose(f) != 0)
        bad = 1;
    if (bad)
        (void)fprintf(stderr, "%s: cannot write the logits\n", path);
    return bad;
}

static int run(const struct peer *peer, struct llama_model *model, const char *path, int n,
               char **tokens)
{
    struct peer_params params = peer->context_defaults();
    params.words[0] = params.words[1] = params.words[2] = n;
    struct llama_context *context = peer->context_new(model, params);
    if (!context)
        return 1;
    peer->set_threads(context, 1, 1);
    struct llama_batch batch = peer->batch_new(n, 0, 1);
    fill(&batch, n, tokens);
    int r = peer->decode(context, batch);
    size_t row = (size_t)peer->n_tokens(peer->vocab(model));
    if (r == 0)
        r = write_logits(peer, context, n, row, path);
    peer->batch_free(batch);
    peer->context_free(context);
    return r ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct peer peer;
    int r = peer_open(&peer);
    if (r || argc == 1)
        return r;
    if (argc < 4) {
        (void)fprintf(stderr, "usage: llama_logits MODEL.gguf OUT.f32 TOKEN...\n");
        return 2;
    }
    struct llama_model *model = peer.model_load(argv[1], peer.model_defaults());
    if (!model)
        return 1;
    r = run(&peer, model, argv[2], argc - 3, argv + 3);
    peer.model_free(model);
    return r;
}
