/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_quality WINDOW BASE.gguf MODEL.gguf... < TOKENS
 *
 * Runs models with llama.cpp on windows of the tokens (numbers) of standard input, as
 * llama-perplexity does: the second half of each window counts. For each MODEL it prints its
 * perplexity, and against BASE the mean, the median and the 99th percentile of the Kullback-Leibler
 * divergence and the share of predictions with the same best token. Two threads. Without arguments
 * it only says whether the library can be used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_MODELS 16
#define MOST_TOKENS 100000

struct run {
    struct llama_model *model;
    struct llama_context *context;
    double loss;        /* the sum of -log p of what came */
    double *divergence; /* of each prediction */
    size_t same;
};

struct quality {
    struct peer peer;
    int window;
    size_t vocabulary, n_predictions;
    double *base; /* log-probabilities of the window's predictions */
    double *row;
    int32_t tokens[MOST_TOKENS];
    int n_tokens;
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Log-probabilities; gives the best token. */
static size_t log_softmax(const float *logits, size_t n, double *out)
{
    size_t best = 0;
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        best = logits[i] > logits[best] ? i : best;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - (double)logits[best]);
    for (size_t i = 0; i < n; i++)
        out[i] = (double)logits[i] - (double)logits[best] - log(sum);
    return best;
}

static size_t best_of(const double *row, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = row[i] > row[best] ? i : best;
    return best;
}

static double divergence(const double *p, const double *q, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp(p[i]) * (p[i] - q[i]);
    return sum;
}

/* Takes in the predictions of one window; those of the first model are the base. */
static int count(struct quality *q, struct run *run, int is_base, const int32_t *tokens,
                 size_t first)
{
    size_t n = q->vocabulary;
    int half = q->window / 2;
    for (int i = half; i < q->window - 1; i++) {
        const float *logits = q->peer.logits(run->context, i);
        double *base = q->base + (size_t)(i - half) * n, *row = is_base ? base : q->row;
        if (!logits)
            return 1;
        size_t best = log_softmax(logits, n, row);
        run->loss -= row[tokens[i + 1]];
        if (is_base)
            continue;
        run->divergence[first + (size_t)(i - half)] = divergence(base, row, n);
        run->same += best == best_of(base, n);
    }
    return 0;
}

static int run_window(struct quality *q, struct run *run, const int32_t *tokens)
{
    struct peer_params params = q->peer.context_defaults();
    params.words[0] = params.words[1] = params.words[2] = q->window;
    q->peer.context_free(run->context);
    run->context = q->peer.context_new(run->model, params);
    if (!run->context)
        return 1;
    q->peer.set_threads(run->context, 2, 2);
    struct llama_batch batch = q->peer.batch_new(q->window, 0, 1);
    batch.n_tokens = q->window;
    for (int i = 0; i < q->window; i++) {
        batch.token[i] = tokens[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = i >= q->window / 2;
    }
    int r = q->peer.decode(run->context, batch);
    q->peer.batch_free(batch);
    return r ? 1 : 0;
}

static int measure(struct quality *q, struct run *runs, int n_runs)
{
    size_t each = (size_t)(q->window - 1 - q->window / 2);
    for (int w = 0; w < q->n_tokens / q->window; w++)
        for (int i = 0; i < n_runs; i++) {
            const int32_t *tokens = q->tokens + (size_t)w * (size_t)q->window;
            if (run_window(q, &runs[i], tokens) ||
                count(q, &runs[i], i == 0, tokens, (size_t)w * each))
                return 1;
        }
    q->n_predictions = (size_t)(q->n_tokens / q->window) * each;
    return 0;
}

static void print(const struct quality *q, struct run *run)
{
    size_t n = q->n_predictions;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += run->divergence[i];
    qsort(run->divergence, n, sizeof *run->divergence, by_size);
    (void)printf("%.6f %.8f %.8f %.8f %.6f\n", exp(run->loss / (double)n), sum / (double)n,
                 run->divergence[n / 2], run->divergence[n * 99 / 100],
                 (double)run->same / (double)n);
}

/* Loads the models and reads the tokens. */
static int prepare(struct quality *q, struct run *runs, int n_runs, char **paths)
{
    while (q->n_tokens < MOST_TOKENS && scanf("%d", &q->tokens[q->n_tokens]) == 1)
        q->n_tokens++;
    for (int i = 0; i < n_runs; i++) {
        runs[i].model = q->peer.model_load(paths[i], q->peer.model_defaults());
        runs[i].divergence = calloc((size_t)q->n_tokens + 1, sizeof *runs[i].divergence);
        if (!runs[i].model || !runs[i].divergence)
            return 1;
    }
    q->vocabulary = (size_t)q->peer.n_tokens(q->peer.vocab(runs[0].model));
    q->base = calloc(q->vocabulary * (size_t)q->window, sizeof *q->base);
    q->row = calloc(q->vocabulary, sizeof *q->row);
    return q->base && q->row && q->n_tokens >= q->window ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct quality q;
    struct run runs[MOST_MODELS] = { 0 };
    int n_runs = argc - 2, r = peer_open(&q.peer);
    if (r || argc == 1)
        return r;
    q.window = atoi(argv[1]);
    if (q.window < 2 || n_runs < 1 || n_runs > MOST_MODELS) {
        (void)fprintf(stderr, "usage: llama_quality WINDOW BASE.gguf MODEL.gguf... < TOKENS\n");
        return 2;
    }
    r = prepare(&q, runs, n_runs, argv + 2);
    if (r == 0)
        r = measure(&q, runs, n_runs);
    for (int i = 0; i < n_runs; i++) {
        if (r == 0)
            print(&q, &runs[i]);
        q.peer.context_free(runs[i].context);
        if (runs[i].model)
            q.peer.model_free(runs[i].model);
        free(runs[i].divergence);
    }
    free(q.base);
    free(q.row);
    return r;
}
