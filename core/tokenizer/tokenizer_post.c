/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What tokenizer.json's post_processor says of special tokens: which of them stand before a text,
 * behind it and between two. It is read as llama.cpp's converter does (gguf-py/gguf/vocab.py,
 * SpecialVocab), with its limits: tokens are compared as JSON values, so one that
 * tokenizer_config.json has as an object never equals one that the template has as a text.
 */
#include "tokenizer/tokenizer_post.h"

#include <string.h>

/* The id of an element of a template: of a "SpecialToken" or of a "Sequence". */
static const json_t *id_of(const json_t *element, const char *kind)
{
    const json_t *id = json_object_get(json_object_get(element, kind), "id");
    return tokenizer_json_true(id) ? id : NULL;
}

static int same(const json_t *a, const json_t *b)
{
    return a && b && json_equal(a, b);
}

static int is_bos(const struct special_tokens *special, const json_t *id)
{
    return same(id, special->token[SPECIAL_BOS]) || same(id, special->token[SPECIAL_CLS]);
}

static int is_separator(const struct special_tokens *special, const json_t *id)
{
    return same(id, special->token[SPECIAL_SEP]) || same(id, special->token[SPECIAL_EOS]);
}

static void read_first(struct special_tokens *special, const json_t *first)
{
    if (!special->has_config) {
        special->token[SPECIAL_BOS] = first;
    } else if (!is_bos(special, first)) {
        if (!tokenizer_json_true(special->token[SPECIAL_BOS]))
            special->token[SPECIAL_BOS] = first;
        if (!tokenizer_json_true(special->token[SPECIAL_CLS]))
            special->token[SPECIAL_CLS] = first;
    }
    special_add(special, SPECIAL_BOS, is_bos(special, first));
}

/* Where the template ends with another token than eos, that one was the end of a turn. */
static void read_last(struct special_tokens *special, const json_t *last)
{
    if (special->has_config && !same(last, special->token[SPECIAL_EOS]) &&
        special->n_types < SPECIAL_N)
        special->token[special->n_types++] = special->token[SPECIAL_EOS];
    special->token[SPECIAL_EOS] = last;
    special_add(special, SPECIAL_EOS, 1);
}

/* A [sep] [eos] B, without what stands around a single text. */
static void read_pair(struct special_tokens *special, const json_t *pair, const json_t *first,
                      const json_t *last)
{
    size_t begin = 0, end = json_array_size(pair);
    if (first && same(id_of(json_array_get(pair, 0), "SpecialToken"), first))
        begin = 1;
    if (last && end && same(id_of(json_array_get(pair, end - 1), "SpecialToken"), last))
        end--;
    if (end < begin + 3)
        return;
    const char *a = json_string_value(id_of(json_array_get(pair, begin), "Sequence"));
    const char *b = json_string_value(id_of(json_array_get(pair, end - 1), "Sequence"));
    if (!a || !b || strcmp(a, "A") != 0 || strcmp(b, "B") != 0)
        return;
    int add = is_separator(special, id_of(json_array_get(pair, begin + 1), "SpecialToken")) &&
              !last;
    if (end - begin == 4 &&
        is_separator(special, id_of(json_array_get(pair, begin + 2), "SpecialToken")))
        add = 1;
    special_add(special, SPECIAL_SEP, add);
    if (add && !tokenizer_json_true(special->token[SPECIAL_SEP]))
        special->token[SPECIAL_SEP] = special->token[SPECIAL_EOS];
}

static void read_template(struct special_tokens *special, const json_t *processor)
{
    const json_t *single = json_object_get(processor, "single");
    const json_t *pair = json_object_get(processor, "pair");
    const json_t *first = NULL, *last = NULL;
    size_t n = json_array_size(single);
    if (n > 1) {
        first = id_of(json_array_get(single, 0), "SpecialToken");
        if (first)
            read_first(special, first);
        last = id_of(json_array_get(single, n - 1), "SpecialToken");
        if (last)
            read_last(special, last);
    }
    if (json_array_size(pair))
        read_pair(special, pair, first, last);
}

static void read_roberta(struct special_tokens *special, const json_t *processor)
{
    static const struct {
        const char *key;
        int which;
    } parts[] = { { "cls", SPECIAL_CLS }, { "sep", SPECIAL_SEP } };
    special_add(special, SPECIAL_BOS, 1);
    special_add(special, SPECIAL_EOS, 1);
    special_add(special, SPECIAL_SEP, 1);
    for (size_t i = 0; i < 2; i++) {
        const json_t **token = &special->token[parts[i].which];
        if (tokenizer_json_true(*token))
            continue;
        const json_t *given = json_object_get(processor, parts[i].key);
        *token = given ? json_array_get(given, 0)
                       : special->token[parts[i].which == SPECIAL_CLS ? SPECIAL_BOS : SPECIAL_EOS];
    }
}

static void read_one(struct special_tokens *special, const json_t *processor)
{
    const char *type = json_string_value(json_object_get(processor, "type"));
    if (type && !strcmp(type, "RobertaProcessing"))
        read_roberta(special, processor);
    else if (type && !strcmp(type, "TemplateProcessing"))
        read_template(special, processor);
}

void special_post_process(struct special_tokens *special, const json_t *post_processor)
{
    const json_t *list = json_object_get(post_processor, "processors");
    size_t i;
    json_t *processor;
    if (!list)
        read_one(special, post_processor);
    json_array_foreach(list, i, processor)
        read_one(special, processor);
}
