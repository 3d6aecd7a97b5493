/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * SentencePiece's model again: pieces, scores and types as a ModelProto. Hugging Face's library
 * reads no such file, so tokenizer.json has the same as a BPE with byte fallback: a merge for every
 * way to make a token of two others, those of better tokens first.
 */
#include "tokenizer/tokenizer_unload_private.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/protobuf.h"
#include "model/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BESIDE_PIECE 12 /* bytes of a piece besides its text, at most */
#define MAX_MERGED 256  /* bytes of a token that merges are sought for */

/* ---- tokenizer.model ---- */

static void put_piece(struct strbuf *model, struct pare_str text, float score, int32_t type)
{
    _cleanup_strbuf_ struct strbuf piece = STRBUF_INIT;
    protobuf_put_bytes(&piece, 1, text.data, text.len);
    protobuf_put_float(&piece, 2, score);
    if (type != TOKEN_NORMAL)
        protobuf_put_varint(&piece, 3, (uint64_t)type);
    protobuf_put_bytes(model, 1, piece.data, piece.len);
}

static int adds_space(const struct unload *u)
{
    const struct pare_value *value = meta_find(u->gguf, "tokenizer.ggml.add_space_prefix");
    return !value || value->type != PARE_BOOL || *(const uint8_t *)value->data;
}

static void put_specifications(struct strbuf *model, const struct unload *u)
{
    _cleanup_strbuf_ struct strbuf trainer = STRBUF_INIT, normalizer = STRBUF_INIT;
    protobuf_put_varint(&trainer, 3, 2);    /* model_type: BPE */
    protobuf_put_varint(&trainer, 4, u->n); /* vocab_size */
    protobuf_put_varint(&trainer, 35, 1);   /* byte_fallback */
    protobuf_put_bytes(&normalizer, 1, "identity", strlen("identity"));
    protobuf_put_varint(&normalizer, 3, (uint64_t)adds_space(u)); /* add_dummy_prefix */
    protobuf_put_varint(&normalizer, 4, 0);                       /* remove_extra_whitespaces */
    protobuf_put_bytes(model, 2, trainer.data, trainer.len);
    protobuf_put_bytes(model, 3, normalizer.data, normalizer.len);
}

static int add_model_file(struct unload *u, struct error *err)
{
    _cleanup_strbuf_ struct strbuf model = STRBUF_INIT;
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < u->n; i++)
        bytes += u->tokens[i].len + BESIDE_PIECE;
    memory_reading_allow(4 * bytes); /* a file that is made counts as one that is read, twice */
    for (uint64_t i = 0; i < u->n; i++) {
        int32_t type = unload_type(u, i);
        put_piece(&model, u->tokens[i], u->scores ? u->scores[i] : 0,
                  type >= TOKEN_NORMAL && type <= TOKEN_BYTE ? type : TOKEN_NORMAL);
    }
    put_specifications(&model, u);
    if (model.failed ||
        json_object_set_new_nocheck(u->files, "tokenizer.model",
                                    json_stringn_nocheck(model.data, model.len)) < 0)
        return error_oom(err);
    return 0;
}

/* ---- added tokens ---- */

/* llama.cpp takes user-defined pieces of a tokenizer.model for text, so added_tokens_decoder says
 * which tokens are user-defined. Control tokens are in tokenizer.model and in added_tokens, where
 * special tokens are looked up by their texts. */
static int add_tokens(struct unload *u, struct error *err)
{
    json_t *decoder = json_object();
    if (json_object_set_new(u->config, "added_tokens_decoder", decoder) < 0)
        return error_oom(err);
    for (uint64_t i = 0; i < u->n; i++) {
        int32_t type = unload_type(u, i);
        if (type != TOKEN_UNKNOWN && type != TOKEN_CONTROL && type != TOKEN_USER_DEFINED)
            continue;
        int r = unload_add_token(u, i, u->tokens[i], type != TOKEN_USER_DEFINED, err);
        if (r < 0)
            return r;
        if (type != TOKEN_USER_DEFINED)
            continue;
        char key[32];
        snprintf(key, sizeof key, "%llu", (unsigned long long)i);
        json_t *entry = json_pack("{s:s%, s:b, s:b, s:b, s:b, s:b}", "content", u->tokens[i].data,
                                  u->tokens[i].len, "single_word", 0, "lstrip", 0, "rstrip", 0,
                                  "normalized", 0, "special", 0);
        if (json_object_set_new(decoder, key, entry) < 0)
            return error_oom(err);
    }
    return 0;
}

/* ---- tokenizer.json ---- */

static int compare_merges(const void *one, const void *other)
{
    const struct unload_merge *a = one, *b = other;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->a < b->a ? -1 : a->a > b->a;
}

static int append(struct unload *u, size_t *capacity, struct unload_merge merge, struct error *err)
{
    if (u->n_merges == *capacity) {
        size_t more = *capacity ? 2 * *capacity : 1024;
        if (more > TOKENIZER_MAX_MERGES)
            return error_set(err, PARE_ELIMIT, "more than %u merges (TOKENIZER_MAX_MERGES)",
                             TOKENIZER_MAX_MERGES);
        struct unload_merge *list = realloc(u->merges, more * sizeof *list);
        if (!list)
            return error_oom(err);
        u->merges = list;
        *capacity = more;
    }
    u->merges[u->n_merges++] = merge;
    return 0;
}

static int find_merges(struct unload *u, struct error *err)
{
    size_t capacity = 0;
    for (uint64_t i = 0; i < u->n; i++) {
        struct pare_str token = u->tokens[i];
        if (unload_type(u, i) != TOKEN_NORMAL || token.len > MAX_MERGED)
            continue;
        for (size_t k = 1; k < token.len; k++) {
            uint64_t a, b;
            if (!strmap_find(&u->ids, token.data, k, &a) ||
                !strmap_find(&u->ids, token.data + k, token.len - k, &b) ||
                unload_type(u, a) != TOKEN_NORMAL || unload_type(u, b) != TOKEN_NORMAL)
                continue;
            struct unload_merge merge = { (uint32_t)i, (uint32_t)a, (uint32_t)b,
                                          u->scores ? u->scores[i] : 0 };
            int r = append(u, &capacity, merge, err);
            if (r < 0)
                return r;
        }
    }
    if (u->n_merges)
        qsort(u->merges, u->n_merges, sizeof *u->merges, compare_merges);
    return 0;
}

static int put_merges(const struct unload *u, struct strbuf *sb, struct error *err)
{
    for (size_t i = 0; i < u->n_merges; i++) {
        strbuf_puts(sb, i ? "," : "");
        int r = unload_put_pair(sb, u->tokens[u->merges[i].a], u->tokens[u->merges[i].b], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int put_structure(struct unload *u, struct error *err)
{
    json_t *replace = json_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern", "String", " ",
                                "content", TOKENIZER_SPACE);
    json_t *normalizer =
        adds_space(u) ? json_pack("{s:s, s:[{s:s, s:s}, o]}", "type", "Sequence", "normalizers",
                                  "type", "Prepend", "prepend", TOKENIZER_SPACE, replace)
                      : json_pack("{s:s, s:[o]}", "type", "Sequence", "normalizers", replace);
    json_t *decoders = json_pack("[{s:s, s:{s:s}, s:s}, {s:s}, {s:s}]", "type", "Replace",
                                 "pattern", "String", TOKENIZER_SPACE, "content", " ", "type",
                                 "ByteFallback", "type", "Fuse");
    if (adds_space(u))
        (void)json_array_append_new(decoders, json_pack("{s:s, s:s, s:i, s:i}", "type", "Strip",
                                                        "content", " ", "start", 1, "stop", 0));
    int failed = json_object_set_new(u->tokenizer, "normalizer", normalizer) < 0;
    failed |= json_object_set_new(u->tokenizer, "decoder",
                                  json_pack("{s:s, s:o}", "type", "Sequence", "decoders",
                                            decoders)) < 0;
    return failed ? error_oom(err) : 0;
}

/* LlamaTokenizer, like llama.cpp, begins each text with bos_token (or <s>) unless it is told not
 * to. Where the GGUF is explicit about that, so is tokenizer.json, and any class will do. */
static int add_around(struct unload *u, struct error *err)
{
    struct unload_around around = { -1, -1, 0 };
    int64_t first = unload_token(u, "tokenizer.ggml.bos_token_id");
    int add = unload_flag(u, "tokenizer.ggml.add_bos_token", -1);
    int is_told = add == 0 || (add > 0 && first >= 0);
    const char *class = is_told ? "PreTrainedTokenizerFast" : "LlamaTokenizer";
    if (json_object_set_new(u->config, "tokenizer_class", json_string(class)) < 0)
        return error_oom(err);
    if (is_told && add)
        around.first = first;
    if (is_told && unload_flag(u, "tokenizer.ggml.add_eos_token", 0))
        around.last = unload_token(u, "tokenizer.ggml.eos_token_id");
    return unload_post(u, &around, err);
}

int unload_spm(struct unload *u, struct error *err)
{
    json_t *model = json_object_get(u->tokenizer, "model");
    json_t *unknown = json_object_get(u->config, "unk_token");
    json_t *fields = json_pack("{s:s, s:n, s:O, s:n, s:n, s:b, s:b, s:b}", "type", "BPE", "dropout",
                               "unk_token", unknown ? unknown : json_null(),
                               "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", 1,
                               "byte_fallback", 1, "ignore_merges", 0);
    int r = !fields || json_object_update(model, fields) < 0 ? error_oom(err) : 0;
    json_decref(fields);
    if (!r)
        r = add_around(u, err);
    if (!r)
        r = add_model_file(u, err);
    if (!r)
        r = add_tokens(u, err);
    if (!r)
        r = unload_put_lists(u, 1, err);
    if (!r)
        r = find_merges(u, err);
    u->put_merges = put_merges;
    return r ? r : put_structure(u, err);
}
