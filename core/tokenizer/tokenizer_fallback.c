/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A BPE with byte fallback, from a tokenizer.json: "llama" in GGUF, as if it came from
 * SentencePiece. llama.cpp merges the pair whose token has the best score first. Its converter
 * (LlamaHfVocab) gives all tokens the score -1000, so that pairs merge from left to right, whatever
 * the merges say; here the score is minus the rank of the merge that makes the token, which is the
 * order that Hugging Face's library merges in. It is the same for the tokenizers of Llama 2 and
 * Mistral, whose merges are all pairs that make a token, by the token's score; llama.cpp also does
 * those that the merges of a trained BPE leave out, which is a warning.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "model/metadata.h"

#include <stdlib.h>
#include <string.h>

#define PAD_SCORE (-10000000.0f)
#define MAX_LOOKUPS (16u << 20)   /* of pairs that could be merges */
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
        return scheme ? json_is_string(scheme) && strcmp(json_string_value(scheme), "never") != 0
                      : tokenizer_json_true(json_object_get(pre, "add_prefix_space"));
    json_array_foreach(json_object_get(normalizer, "normalizers"), i, inner)
        if (!strcmp(type_of(inner), "Prepend"))
            return 1;
    return !strcmp(type_of(normalizer), "Prepend");
}

/* Types as LlamaHfVocab has them, with one exception: it takes tokens of the model's own vocabulary
 * for text even when they are marked as special; here they are special. */
static void set_types(struct tokenizer *t)
{
    struct vocab *vocab = &t->vocab;
    for (uint64_t i = 0; i < vocab->n; i++) {
        struct pare_str token = vocab->tokens[i];
        uint8_t flags = vocab->flags[i];
        if (!token.data)
            continue;
        if (token_is_byte(token))
            vocab->types[i] = TOKEN_BYTE;
        else if (flags & TOKEN_NAMED || (flags & TOKEN_OWN && flags & TOKEN_SPECIAL))
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

/* ---- where llama.cpp does something else ---- */

/* Looks for two tokens that make this one though no merge joins them. 1: *ret_at is the length of
 * the first. */
static int find_unmerged(const struct vocab *vocab, const struct strmap *merges,
                         struct pare_str token, unsigned *lookups, size_t *ret_at)
{
    char text[64 + 1];
    uint64_t id;
    if (token.len >= sizeof text)
        return 0;
    for (size_t n = 1; n < token.len && *lookups < MAX_LOOKUPS; n++, ++*lookups) {
        if (((uint8_t)token.data[n] & 0xc0) == 0x80 ||
            !strmap_find(&vocab->ids, token.data, n, &id) ||
            !strmap_find(&vocab->ids, token.data + n, token.len - n, &id))
            continue;
        memcpy(text, token.data, n);
        text[n] = ' ';
        memcpy(text + n + 1, token.data + n, token.len - n);
        *ret_at = n;
        if (!strmap_find(merges, text, token.len + 1, &id))
            return 1;
    }
    return 0;
}

static int warn_unmerged(const struct tokenizer *t, const struct pare_str *merges, size_t n,
                         struct error *err)
{
    struct strmap known = STRMAP_INIT;
    unsigned lookups = 0;
    size_t at;
    int r = 0;
    for (size_t i = 0; r >= 0 && i < n; i++)
        r = strmap_add(&known, merges[i].data, merges[i].len, i, err);
    for (uint64_t i = 0; r >= 0 && i < t->vocab.n; i++) {
        struct pare_str token = t->vocab.tokens[i];
        if (t->vocab.types[i] != TOKEN_NORMAL ||
            !find_unmerged(&t->vocab, &known, token, &lookups, &at))
            continue;
        tokenizer_warn(t,
                       "tokenizer.json: the merges lack pairs that make a token, such as `%.*s` "
                       "and `%.*s`. llama.cpp merges those, too: it may cut texts into other "
                       "tokens",
                       (int)at, token.data, (int)(token.len - at), token.data + at);
        break;
    }
    strmap_deinit(&known);
    return r < 0 ? r : 0;
}

static void warn_bytes(const struct tokenizer *t)
{
    for (uint64_t i = 0; i < t->vocab.n; i++)
        if (t->vocab.types[i] == TOKEN_BYTE)
            return;
    tokenizer_warn(t, "tokenizer.json: there are no byte tokens (<0x00> to <0xFF>): llama.cpp "
                      "ends the program at a character that is no token");
}

/* The merges, and what follows from their order. */
static int score(struct tokenizer *t, struct error *err)
{
    CLEANUP(tokenizer_merges_deinit) struct tokenizer_merges merges = { NULL };
    merges.ranks = calloc(t->vocab.n ? t->vocab.n : 1, sizeof *merges.ranks);
    if (!merges.ranks)
        return error_oom(err);
    int r = tokenizer_read_merges(t, t->files.merges, &merges, err);
    if (r < 0)
        return error_prefix(err, "tokenizer.json");
    set_types(t);
    set_scores(&t->vocab, merges.ranks);
    warn_bytes(t);
    return warn_unmerged(t, merges.texts, merges.n, err);
}

int tokenizer_load_fallback(struct tokenizer *t, struct error *err)
{
    int r = tokenizer_fill(t, t->files.vocab, "tokenizer.json", err);
    if (!r)
        r = score(t, err);
    if (!r)
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
