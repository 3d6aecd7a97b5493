/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Llama's BPE with byte fallback, from a tokenizer.json: "llama" in GGUF, as if it came from
 * SentencePiece. llama.cpp merges the pair whose token has the best score first. Its converter
 * (LlamaHfVocab) gives all tokens the score -1000, so that pairs merge from left to right, whatever
 * the merges say; here the score is minus the rank of the merge that makes the token, which is the
 * order that Hugging Face's library merges in.
 */
#include "map/tokenizer_private.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define PAD_SCORE (-10000000.0f)
#define OTHER_SCORE (-1000000.0f) /* of tokens that no merge makes */

static const char *type_of(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    return type ? type : "";
}

int tokenizer_has_fallback(const struct tokenizer *t)
{
    const json_t *model = json_object_get(t->json, "model");
    return !strcmp(type_of(model), "BPE") &&
           tokenizer_json_true(json_object_get(model, "byte_fallback")) &&
           !strcmp(type_of(json_object_get(t->json, "decoder")), "Sequence");
}

/* 1 when text gets a space in front before it is cut into tokens. */
static int adds_space(const json_t *tokenizer)
{
    const json_t *normalizer = json_object_get(tokenizer, "normalizer");
    const json_t *pre = json_object_get(tokenizer, "pre_tokenizer");
    const json_t *scheme = json_object_get(pre, "prepend_scheme");
    size_t i;
    json_t *inner;
    if (!strcmp(type_of(pre), "Metaspace"))
        return scheme ? json_is_string(scheme) && strcmp(json_string_value(scheme), "never") != 0 :
                        tokenizer_json_true(json_object_get(pre, "add_prefix_space"));
    json_array_foreach (json_object_get(normalizer, "normalizers"), i, inner)
        if (!strcmp(type_of(inner), "Prepend"))
            return 1;
    return !strcmp(type_of(normalizer), "Prepend");
}

/* Types as LlamaHfVocab has them, but that marked tokens of the model's own vocabulary, which it
 * takes for text, are special. */
static void set_types(struct tokenizer *t, const json_t *model_vocab)
{
    struct vocab *vocab = &t->vocab;
    for (uint64_t i = 0; i < vocab->n; i++) {
        struct pare_str token = vocab->tokens[i];
        uint8_t flags = vocab->flags[i];
        if (!token.data)
            continue;
        int own = json_object_getn(model_vocab, token.data, token.len) != NULL;
        if (token_is_byte(token))
            vocab->types[i] = TOKEN_BYTE;
        else if (flags & TOKEN_NAMED || (own && flags & TOKEN_SPECIAL))
            vocab->types[i] = TOKEN_CONTROL;
        else
            vocab->types[i] = flags & TOKEN_ADDED ? TOKEN_USER_DEFINED : TOKEN_NORMAL;
    }
}

static void set_scores(struct vocab *vocab, const uint32_t *ranks)
{
    for (uint64_t i = 0; i < vocab->n; i++)
        vocab->scores[i] = ranks[i] == UINT32_MAX ? OTHER_SCORE : -(float)ranks[i];
}

int tokenizer_load_fallback(struct tokenizer *t, struct error *err)
{
    _cleanup_free_ struct pare_str *merges = NULL;
    _cleanup_free_ uint32_t *ranks = NULL;
    size_t n;
    const json_t *model = json_object_get(t->json, "model");
    const json_t *vocab = json_object_get(model, "vocab");
    int r = tokenizer_fill(t, vocab, "tokenizer.json", err);
    if (r)
        return r;
    ranks = calloc(t->vocab.n ? t->vocab.n : 1, sizeof *ranks);
    if (!ranks)
        return error_oom(err);
    r = tokenizer_read_merges(t, json_object_get(model, "merges"), ranks, &merges, &n, err);
    if (r < 0)
        return error_prefix(err, "tokenizer.json");
    set_types(t, vocab);
    set_scores(&t->vocab, ranks);
    r = vocab_pad(&t->vocab, PAD_SCORE, err);
    if (!r)
        r = vocab_index(&t->vocab, err);
    if (!r)
        r = tokenizer_put_vocab(t, "llama", "default", 1, err);
    if (!r && t->request->add_space_prefix < 0 && !adds_space(t->json) &&
        !meta_find(t->target, "tokenizer.ggml.add_space_prefix"))
        r = tokenizer_put_bool(t->target, "tokenizer.ggml.add_space_prefix", 0, err);
    return r;
}
