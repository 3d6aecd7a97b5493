/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * WordPiece ("bert"). The files mark tokens that continue a word with ##; llama.cpp marks those
 * that begin one, with U+2581.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "model/side_files.h"

#include <string.h>

static const char continuing[] = "##";

static int fill_from_file(struct tokenizer *t, struct error *err)
{
    size_t len = 0;
    int r = side_file_text(t->request->source, "vocab.txt", TOKENIZER_MAX_FILE, &t->text, &len,
                           err);
    if (r < 0)
        return r;
    return tokenizer_fill_lines(t, (struct pare_str){ t->text, len }, "vocab.txt", err);
}

/* BertTokenizer's own names, where tokenizer_config.json has none. */
static void mark_defaults(struct tokenizer *t)
{
    static const char *const names[][2] = { { "unk_token", "[UNK]" },
                                            { "sep_token", "[SEP]" },
                                            { "pad_token", "[PAD]" },
                                            { "cls_token", "[CLS]" },
                                            { "mask_token", "[MASK]" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t id;
        if (!json_object_get(t->config, names[i][0]) &&
            strmap_find(&t->vocab.ids, names[i][1], strlen(names[i][1]), &id))
            t->vocab.flags[id] |= TOKEN_ADDED | TOKEN_SPECIAL;
    }
}

static int fill(struct tokenizer *t, struct error *err)
{
    const json_t *model = json_object_get(t->json, "model");
    if (!t->json) {
        int r = fill_from_file(t, err);
        if (!r)
            mark_defaults(t);
        return r;
    }
    const char *type = json_string_value(json_object_get(model, "type"));
    if (type && strcmp(type, "WordPiece") != 0)
        return error_set(err, PARE_ENOTSUP,
                         "tokenizer.json: a model of the type `%.40s`, where "
                         "this architecture has WordPiece",
                         type);
    const json_t *prefix = json_object_get(model, "continuing_subword_prefix");
    if (prefix && (!json_is_string(prefix) || strcmp(json_string_value(prefix), continuing) != 0))
        return error_set(err, PARE_ENOTSUP,
                         "tokenizer.json: what continues a word is not marked "
                         "with ##, which is all that llama.cpp knows");
    return tokenizer_fill(t, t->files.vocab, "tokenizer.json", err);
}

static int set_types(struct tokenizer *t, struct error *err)
{
    struct vocab *vocab = &t->vocab;
    for (uint64_t i = 0; i < vocab->n; i++) {
        uint8_t flags = vocab->flags[i];
        struct pare_str *token = &vocab->tokens[i];
        if (!token->data)
            continue;
        vocab->types[i] = TOKEN_NORMAL;
        if (!(flags & TOKEN_ADDED))
            continue;
        vocab->types[i] = TOKEN_CONTROL;
        if (flags & TOKEN_SPECIAL || token_looks_special(*token))
            continue;
        vocab->types[i] = TOKEN_USER_DEFINED;
        int r = vocab_spaces(vocab, *token, token, err);
        if (r < 0)
            return r;
    }
    return vocab_pad(vocab, 0, err);
}

/* "##x" becomes "x", "x" becomes U+2581 and "x". */
static int mark_beginnings(struct vocab *vocab, struct error *err)
{
    for (uint64_t i = 0; i < vocab->n; i++) {
        struct pare_str *token = &vocab->tokens[i];
        if (vocab->types[i] == TOKEN_CONTROL)
            continue;
        if (token->len >= 2 && !memcmp(token->data, continuing, 2)) {
            *token = (struct pare_str){ token->data + 2, token->len - 2 };
            continue;
        }
        int r = vocab_join(vocab, text_of(TOKENIZER_SPACE), *token, token, err);
        if (r < 0)
            return r;
    }
    return vocab_index(vocab, err);
}

/* How many types of tokens a text may have; a family that has more without saying so has a default
 * in its map. */
static int put_type_count(const struct tokenizer *t, struct error *err)
{
    int64_t count = 1;
    (void)tokenizer_json_int(json_object_get(t->request->config, "type_vocab_size"), &count);
    if (count < 0 || count > UINT32_MAX)
        return error_set(err, PARE_EDATA, "config.json: type_vocab_size is %lld", (long long)count);
    return tokenizer_put_u32(t->target, "tokenizer.ggml.token_type_count", (uint32_t)count, err);
}

int tokenizer_load_wordpiece(struct tokenizer *t, struct error *err)
{
    _cleanup_free_ char *pre = NULL;
    int r = tokenizer_pre_name(t, &pre, err);
    if (!r)
        r = fill(t, err);
    if (!r)
        r = set_types(t, err);
    if (!r)
        r = mark_beginnings(&t->vocab, err);
    if (!r)
        r = put_type_count(t, err);
    return r ? r : tokenizer_put_vocab(t, "bert", pre, 0, err);
}
