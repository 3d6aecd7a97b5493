/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Byte-level BPE ("gpt2"): a tokenizer.json, or the vocab.json and merges.txt of older folders.
 * llama.cpp looks for added tokens in the text as it comes, so those are written as they decode.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "model/side_files.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* ---- GPT-2's alphabet: every byte as a printable character ---- */

/* The byte of a character of the alphabet, or -1. Bytes that are not printable Latin-1 characters
 * are numbered from U+0100 on. */
static int byte_of(uint32_t c)
{
    if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xac) || (c >= 0xae && c <= 0xff))
        return (int)c;
    if (c < 0x100 || c >= 0x144)
        return -1;
    c -= 0x100;
    return c <= 0x20 ? (int)c : c <= 0x42 ? (int)(c - 0x21 + 0x7f) : 0xad;
}

/* The next character of UTF-8 text that Jansson has checked. */
static uint32_t next_character(struct pare_str text, size_t *at)
{
    uint8_t c = (uint8_t)text.data[(*at)++];
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    uint32_t code = more == 3 ? c & 7u : more == 2 ? c & 15u : more == 1 ? c & 31u : c;
    for (; more && *at < text.len; more--)
        code = code << 6 | ((uint8_t)text.data[(*at)++] & 63u);
    return code;
}

/* The text that a token of the alphabet stands for; others stand for themselves. */
static int decode_bytes(struct vocab *vocab, struct pare_str token, struct pare_str *ret,
                        struct error *err)
{
    _cleanup_free_ uint8_t *bytes = malloc(token.len + 1);
    if (!bytes)
        return error_oom(err);
    size_t n = 0;
    for (size_t i = 0; i < token.len;) {
        int byte = byte_of(next_character(token, &i));
        if (byte < 0) {
            *ret = token;
            return 0;
        }
        bytes[n++] = (uint8_t)byte;
    }
    char *text = arena_text(&vocab->texts, 3 * n);
    if (!text)
        return error_oom(err);
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        size_t valid = tokenizer_utf8_length(bytes + i, n - i);
        memcpy(text + len, valid ? (const char *)bytes + i : REPLACEMENT, valid ? valid : 3);
        len += valid ? valid : 3;
        i += valid ? valid : 1;
    }
    text[len] = 0;
    *ret = (struct pare_str){ text, len };
    return 0;
}

/* ---- types ---- */

static int has_decoder(const json_t *decoder, const char *type)
{
    const char *own = json_string_value(json_object_get(decoder, "type"));
    size_t i;
    json_t *inner;
    if (own && !strcmp(own, type))
        return 1;
    json_array_foreach(json_object_get(decoder, "decoders"), i, inner) {
        own = json_string_value(json_object_get(inner, "type"));
        if (own && !strcmp(own, type))
            return 1;
    }
    return 0;
}

static int decode(struct tokenizer *t, struct pare_str *token, struct error *err)
{
    const json_t *decoder = json_object_get(t->json, "decoder");
    if (!t->json || has_decoder(decoder, "ByteLevel"))
        return decode_bytes(&t->vocab, *token, token, err);
    return has_decoder(decoder, "Replace") ? vocab_spaces(&t->vocab, *token, token, err) : 0;
}

static int set_types(struct tokenizer *t, struct error *err)
{
    struct vocab *vocab = &t->vocab;
    for (uint64_t i = 0; i < vocab->n; i++) {
        struct pare_str *token = &vocab->tokens[i];
        if (!token->data)
            continue;
        vocab->types[i] = TOKEN_NORMAL;
        if (!(vocab->flags[i] & TOKEN_ADDED))
            continue;
        int r = vocab->flags[i] & TOKEN_NORMALIZED ? 0 : decode(t, token, err);
        if (r < 0)
            return r;
        if (vocab->flags[i] & TOKEN_SPECIAL || token_looks_special(*token)) {
            vocab->types[i] = TOKEN_CONTROL;
            continue;
        }
        vocab->types[i] = TOKEN_USER_DEFINED;
        r = vocab_spaces(vocab, *token, token, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- files ---- */

static int read_merges_txt(struct tokenizer *t, struct tokenizer_merges *merges, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    int r = side_file_text(t->request->source, "merges.txt", TOKENIZER_MAX_FILE, &text, &len, err);
    if (r)
        return r < 0 ? r : 0;
    r = tokenizer_read_merge_lines(t, (struct pare_str){ text, len }, merges, err);
    return r < 0 ? error_prefix(err, "merges.txt") : 0;
}

static int put_merges(struct tokenizer *t, struct error *err)
{
    CLEANUP(tokenizer_merges_deinit) struct tokenizer_merges merges = { NULL };
    int in_file = !t->files.merges.p || !json_walk_count(&t->files.merges);
    int r = in_file ? read_merges_txt(t, &merges, err)
                    : tokenizer_read_merges(t, t->files.merges, &merges, err);
    if (r < 0)
        return in_file ? r : error_prefix(err, "tokenizer.json");
    if (!merges.n)
        tokenizer_warn(t, "the tokenizer has no merges: llama.cpp will not load it");
    return tokenizer_put_strings(t->target, "tokenizer.ggml.merges", merges.texts, merges.n, err);
}

static int check_model(const struct tokenizer *t, struct error *err)
{
    static const char *const affixes[] = { "continuing_subword_prefix", "end_of_word_suffix" };
    const json_t *model = json_object_get(t->json, "model");
    const char *type = json_string_value(json_object_get(model, "type"));
    if (type && strcmp(type, "BPE") != 0)
        return error_set(err, PARE_ENOTSUP,
                         "tokenizer.json: a model of the type `%.40s`, where "
                         "this architecture has BPE",
                         type);
    for (size_t i = 0; i < 2; i++)
        if (tokenizer_json_true(json_object_get(model, affixes[i])))
            return error_set(err, PARE_ENOTSUP,
                             "tokenizer.json: a BPE with %s `%.40s`, which "
                             "llama.cpp does not know",
                             affixes[i], json_string_value(json_object_get(model, affixes[i])));
    return 0;
}

static int fill(struct tokenizer *t, struct error *err)
{
    struct json_walk vocab = { NULL, NULL };
    if (t->json)
        return tokenizer_fill(t, t->files.vocab, "tokenizer.json", err);
    int r = tokenizer_files_walk(t->request->source, "vocab.json", &t->list, &vocab, err);
    return r < 0 ? r : tokenizer_fill(t, vocab, "vocab.json", err);
}

int tokenizer_load_bpe(struct tokenizer *t, struct error *err)
{
    _cleanup_free_ char *pre = NULL;
    int r = check_model(t, err);
    if (!r)
        r = tokenizer_pre_name(t, &pre, err);
    if (!r)
        r = fill(t, err);
    if (!r)
        r = set_types(t, err);
    if (!r)
        r = vocab_pad(&t->vocab, 0, err);
    if (!r)
        r = tokenizer_put_vocab(t, "gpt2", pre, 0, err);
    if (r)
        return r;
    /* Merges are made of the tokens as the file has them, before any was decoded. */
    r = put_merges(t, err);
    return r ? r : vocab_index(&t->vocab, err);
}
