/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * etc/architectures/pretokenizers.table, which explains itself: llama.cpp's names for the ways in
 * which text is cut, with the fingerprints and the structure of the tokenizer.json that has them.
 */
#ifndef TOKENIZER_TOKENIZER_TABLE_H
#define TOKENIZER_TOKENIZER_TABLE_H

#include "base/error.h"

#define TOKENIZER_TABLE "pretokenizers.table"

struct tokenizer_entry {
    char *name, *lines; /* lines: "" when the entry has none */
    int clean;          /* which clean_up_tokenization_spaces it asks for: 0, 1; -1: any */
    int adds_bos;       /* 1: llama.cpp begins a text with bos unless the GGUF says otherwise */
};

void tokenizer_entry_deinit(struct tokenizer_entry *entry);

/* The first entry with that fingerprint which takes that clean_up_tokenization_spaces, from the
 * tables of the colon-separated directories in turn. 1: there is none. */
int tokenizer_table_by_digest(const char *dirs, const char *digest, int clean,
                              struct tokenizer_entry *ret_entry, struct error *err)
    __attribute__((warn_unused_result));

/* The first entry of that name that has lines. 1: there is none. */
int tokenizer_table_by_name(const char *dirs, const char *name, struct tokenizer_entry *ret_entry,
                            struct error *err) __attribute__((warn_unused_result));

#endif
