/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Loading a tokenizer: from the files of a Hugging Face folder to the metadata tokenizer.* of a
 * GGUF. Everything is data: chat templates are carried as text, nothing is evaluated. The kind of
 * pre-tokenizer is recognised by the structure of tokenizer.json, looked up in a table
 * (etc/architectures/pretokenizers.table); what is not in it is an error, never a default.
 *
 * Kinds, and the files that they are made of:
 *   spm        tokenizer.model, SentencePiece's: "llama" in GGUF
 *   bpe        tokenizer.json, or vocab.json and merges.txt: "gpt2", byte-level BPE
 *   wordpiece  tokenizer.json or vocab.txt: "bert"
 *   spm,bpe    spm where there is a tokenizer.model, else bpe
 *   auto       as the files say: spm where there is a tokenizer.model; a BPE with byte fallback
 *              (tokenizer.json) is "llama" too; else wordpiece or bpe, as tokenizer.json says.
 *              add_prefix_space of tokenizer_config.json is obeyed
 *   none       the model "none", whatever the folder has
 */
#ifndef TOKENIZER_TOKENIZER_H
#define TOKENIZER_TOKENIZER_H

#include "model/model.h"

/* What an architecture map says about tokenizers; strings may be NULL. */
struct tokenizer_request {
    const struct model *source; /* its files are looked at: tokenizer.json and so on */
    const json_t *config;       /* config.json, with text_config merged over it; or NULL */
    const char *kind;           /* see above; NULL is "auto" */
    const char *pre;            /* a name of llama.cpp's, given by hand: no table is asked */
    const char *dirs;           /* colon-separated: where pretokenizers.table lies */
    uint64_t vocab_size;        /* rows of the embedding; 0: as many as there are tokens */
    int add_space_prefix;       /* 0, 1: written so, last; -1: left out (but see "auto") */
    int looks_special;          /* 0: tokens such as <|x|> are special only when marked */
    int spm_added_tokens;       /* 1: added_tokens of tokenizer.json besides tokenizer.model */
    void (*warn)(void *context, const char *text); /* or NULL */
    void *context;
};

/* Appends tokenizer.* to a model's metadata, in the order in which llama.cpp's converter writes
 * them. PARE_EDATA: the files are damaged; PARE_ENOTSUP: a kind, or a pre-tokenizer,
 * that is not known (the text tells its fingerprint and how to name it); PARE_EINCOMPLETE: there is
 * no tokenizer and kind is not "none"; PARE_ELIMIT: a limit, named. */
int tokenizer_load(const struct tokenizer_request *request, struct model *target, struct error *err)
    __attribute__((warn_unused_result));

#endif
