/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Special tokens as metadata: their ids (tokenizer_ids.h), which of them llama.cpp adds to a text,
 * and what the normalizer does. Keys and their order are those of llama.cpp's converter
 * (gguf-py/gguf/vocab.py, SpecialVocab).
 */
#include "model/side_files.h"
#include "tokenizer/tokenizer_ids.h"
#include "tokenizer/tokenizer_post.h"
#include "tokenizer/tokenizer_private.h"

#include <string.h>

/* Keys of ids; the converter has none for cls. */
static const char *const id_keys[SPECIAL_N] = {
    "tokenizer.ggml.bos_token_id",     "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.seperator_token_id",
    "tokenizer.ggml.padding_token_id", NULL,
    "tokenizer.ggml.mask_token_id",    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id"
};

static const char *const add_keys[SPECIAL_N] = {
    [SPECIAL_BOS] = "tokenizer.ggml.add_bos_token",
    [SPECIAL_EOS] = "tokenizer.ggml.add_eos_token",
    [SPECIAL_SEP] = "tokenizer.ggml.add_sep_token",
};

static void read_normalizer(struct special_tokens *special, const json_t *normalizer, int depth)
{
    const char *type = json_string_value(json_object_get(normalizer, "type"));
    if (!type || depth > 8)
        return;
    const json_t *lowercase = json_object_get(normalizer, "lowercase");
    const json_t *accents = json_object_get(normalizer, "strip_accents");
    size_t i;
    json_t *inner;
    if (!strcmp(type, "Lowercase"))
        special->lowercase = 1;
    else if (!strcmp(type, "StripAccents"))
        special->strip_accents = 1;
    else if (!strcmp(type, "BertNormalizer")) {
        if (lowercase)
            special->lowercase = json_is_null(lowercase) ? -1 : tokenizer_json_true(lowercase);
        if (accents)
            special->strip_accents = json_is_null(accents) ? -1 : tokenizer_json_true(accents);
    } else if (!strcmp(type, "Sequence")) {
        json_array_foreach(json_object_get(normalizer, "normalizers"), i, inner)
            read_normalizer(special, inner, depth + 1);
    }
}

static void read_tokenizer(const struct tokenizer *t, struct special_tokens *special)
{
    const json_t **token = special->token;
    read_normalizer(special, json_object_get(t->json, "normalizer"), 0);
    if (!tokenizer_json_true(token[SPECIAL_BOS]) && tokenizer_json_true(token[SPECIAL_CLS]))
        token[SPECIAL_BOS] = token[SPECIAL_CLS];
    if (!tokenizer_json_true(token[SPECIAL_EOS]) && tokenizer_json_true(token[SPECIAL_SEP]))
        token[SPECIAL_EOS] = token[SPECIAL_SEP];
    special_post_process(special, json_object_get(t->json, "post_processor"));
}

static int put_all(const struct tokenizer *t, const struct special_tokens *special,
                   struct error *err)
{
    int r = 0;
    for (int i = 0; !r && i < special->n_ids; i++) {
        int which = special->id_order[i];
        if (id_keys[which])
            r = tokenizer_put_u32(t->target, id_keys[which], (uint32_t)special->id[which], err);
    }
    for (int i = 0; !r && i < special->n_adds; i++) {
        int which = special->add_order[i];
        if (add_keys[which])
            r = tokenizer_put_bool(t->target, add_keys[which], special->add[which], err);
    }
    return r;
}

static int put_normalizer(const struct tokenizer *t, const struct special_tokens *special,
                          struct error *err)
{
    int lowercase = special->lowercase;
    const json_t *lower = json_object_get(t->config, "do_lower_case");
    if (!t->json && json_is_false(lower)) /* vocab.txt alone: llama.cpp lowers unless told not to */
        lowercase = 0;
    int r = lowercase < 0 ? 0
                          : tokenizer_put_bool(t->target, "tokenizer.ggml.normalizer.lowercase",
                                               lowercase, err);
    if (!r && special->strip_accents >= 0)
        r = tokenizer_put_bool(t->target, "tokenizer.ggml.normalizer.strip_accents",
                               special->strip_accents, err);
    return r;
}

int tokenizer_emit_special(struct tokenizer *t, struct error *err)
{
    struct special_tokens special;
    special_begin(t, &special);
    if (t->json)
        read_tokenizer(t, &special);
    int r = special_find(t, &special, err);
    if (!r)
        r = put_all(t, &special, err);
    if (!r && (special.has_config ||
               side_file_find(t->request->source, "chat_template.jinja"))) /* it stands alone */
        r = tokenizer_emit_chat(t, err);
    return r ? r : put_normalizer(t, &special, err);
}
