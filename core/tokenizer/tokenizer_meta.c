/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Tokenizers as metadata. llama.cpp's loader ends the program when a key has another type than it
 * expects, so the types are decided here and nowhere else.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/text.h"
#include "model/metadata.h"

static int put(struct model *target, const char *key, uint32_t type, int is_array, const void *data,
               uint64_t n, struct error *err)
{
    struct pare_value value = { .struct_size = sizeof value,
                                .type = type,
                                .is_array = (uint32_t)is_array,
                                .count = n,
                                .data = data };
    return meta_put(target, text_of(key), &value, err);
}

int tokenizer_put_string(struct model *target, const char *key, struct pare_str value,
                         struct error *err)
{
    return value.len ? put(target, key, PARE_STRING, 0, &value, 1, err) : 0;
}

int tokenizer_put_u32(struct model *target, const char *key, uint32_t value, struct error *err)
{
    return put(target, key, PARE_U32, 0, &value, 1, err);
}

int tokenizer_put_bool(struct model *target, const char *key, int value, struct error *err)
{
    uint8_t byte = value != 0;
    return put(target, key, PARE_BOOL, 0, &byte, 1, err);
}

int tokenizer_put_strings(struct model *target, const char *key, const struct pare_str *values,
                          uint64_t n, struct error *err)
{
    return n ? put(target, key, PARE_STRING, 1, values, n, err) : 0;
}

int tokenizer_put_vocab(struct tokenizer *t, const char *model, const char *pre, int scores,
                        struct error *err)
{
    const struct vocab *vocab = &t->vocab;
    if (!vocab->n)
        return error_set(err, PARE_EDATA, "the tokenizer has no tokens");
    int r = tokenizer_put_string(t->target, "tokenizer.ggml.model", text_of(model), err);
    if (!r)
        r = tokenizer_put_string(t->target, "tokenizer.ggml.pre", text_of(pre), err);
    if (!r)
        r = tokenizer_put_strings(t->target, "tokenizer.ggml.tokens", vocab->tokens, vocab->n, err);
    if (!r && scores)
        r = put(t->target, "tokenizer.ggml.scores", PARE_F32, 1, vocab->scores, vocab->n, err);
    if (!r)
        r = put(t->target, "tokenizer.ggml.token_type", PARE_I32, 1, vocab->types, vocab->n, err);
    return r;
}
