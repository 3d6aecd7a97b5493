/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * llama.cpp's library as these tests see it: found in the folder that PARE_TEST_GGML names (beside
 * libggml-base.so), opened with dlopen, never linked or included. Its parameter structures are
 * passed and returned by value; here they are larger than any version's. That is safe where such
 * structures travel in memory (x86-64 and AArch64): the library writes and reads its own part.
 * Tested with llama.cpp de3ff81.
 */
#ifndef INTEROP_LLAMA_PEER_H
#define INTEROP_LLAMA_PEER_H

#include <stdbool.h> /* the ABI of the library has it */
#include <stdint.h>

#define PEER_SKIP 77

/* Parameters of a model, a context or a quantization, of which only the first words are known. */
struct peer_params {
    int32_t words[256];
};

struct llama_model;
struct llama_context;
struct llama_vocab;

struct llama_batch {
    int32_t n_tokens;
    int32_t *token;
    float *embd;
    int32_t *pos;
    int32_t *n_seq_id;
    int32_t **seq_id;
    int8_t *logits;
};

struct peer {
    void (*set_log)(void (*log)(int level, const char *text, void *context), void *context);
    struct peer_params (*quantize_defaults)(void); /* words 0 and 1: threads and file type */
    uint32_t (*quantize)(const char *in, const char *out, const struct peer_params *params);
    struct peer_params (*model_defaults)(void);
    struct llama_model *(*model_load)(const char *path, struct peer_params params);
    void (*model_free)(struct llama_model *model);
    const struct llama_vocab *(*vocab)(const struct llama_model *model);
    int32_t (*n_tokens)(const struct llama_vocab *vocab);
    /* Tokens of a text: how many, or less than 0. */
    int32_t (*tokenize)(const struct llama_vocab *vocab, const char *text, int32_t length,
                        int32_t *tokens, int32_t most, bool add_special, bool parse_special);
    struct peer_params (*context_defaults)(void); /* words 0 to 2: context, batch, part batch */
    struct llama_context *(*context_new)(struct llama_model *model, struct peer_params params);
    void (*context_free)(struct llama_context *context);
    void (*set_threads)(struct llama_context *context, int32_t one, int32_t batch);
    struct llama_batch (*batch_new)(int32_t n_tokens, int32_t embd, int32_t n_sequences);
    void (*batch_free)(struct llama_batch batch);
    int32_t (*decode)(struct llama_context *context, struct llama_batch batch);
    float *(*logits)(struct llama_context *context, int32_t i);
    int32_t (*width)(const struct llama_model *model);
    void (*set_embeddings)(struct llama_context *context, bool on);
    float *(*embedding)(struct llama_context *context, int32_t sequence); /* pooled, or NULL */
};

/* Opens the library of the folder in PARE_TEST_GGML, quiet but for its errors. Returns 0,
 * PEER_SKIP, with a line on standard output, when there is none, or 1, with a line on standard
 * error, when it lacks something. */
int peer_open(struct peer *ret_peer);

#endif
