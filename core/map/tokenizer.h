/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Tokenizers: from the files of a Hugging Face folder to the metadata tokenizer.* of a GGUF, and
 * back. Everything is data: chat templates are carried as text, nothing is evaluated. The kind of
 * pre-tokenizer is recognised by the structure of tokenizer.json, looked up in a table
 * (etc/architectures/pretokenizers.table); what is not in it is an error, never a default.
 */
#ifndef MAP_TOKENIZER_H
#define MAP_TOKENIZER_H

#include "model/model.h"

/* What an architecture map says about tokenizers; strings may be NULL. */
struct tokenizer_request {
    const struct model *source; /* its files are looked at: tokenizer.json and so on */
    const json_t *config;       /* config.json, with text_config merged over it */
    const char *kind;           /* "spm", "bpe", "wordpiece", "auto" or "none" */
    const char *pre;            /* a name of llama.cpp's, given by hand: no table is asked */
    const char *dirs;           /* colon-separated: where pretokenizers.table lies */
    uint64_t vocab_size;        /* rows of the embedding; 0: as many as there are tokens */
    int add_space_prefix;       /* -1: as the tokenizer's files say */
    int looks_special;          /* 0: tokens such as <|x|> are special only when marked (Phi-3) */
    int spm_added_tokens;       /* 1: added_tokens of tokenizer.json besides tokenizer.model */
};

/* Appends tokenizer.* to a model's metadata. PARE_EDATA: the files are no proper tokenizer;
 * PARE_ENOTSUP: a kind, or a pre-tokenizer, that is not known (the text tells its fingerprint and
 * how to name it); PARE_EINCOMPLETE: there is no tokenizer and kind is not "none". */
int tokenizer_load(const struct tokenizer_request *request, struct model *target,
                   struct error *err) __attribute__((warn_unused_result));

/* The other way: the files of a Hugging Face tokenizer that a GGUF's metadata describe, as
 * {"tokenizer.json": "TEXT", "tokenizer_config.json": "TEXT", ...}; tokenizer_load of them gives
 * the same metadata. PARE_ENOTSUP: one that cannot be written. New reference. */
int tokenizer_unload(const struct model *gguf, const char *dirs, json_t **ret_files,
                     struct error *err) __attribute__((warn_unused_result));

#endif
