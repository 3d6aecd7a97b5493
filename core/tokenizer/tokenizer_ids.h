/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The special tokens of a tokenizer while it is loaded: which text each has, its id, and whether it
 * is added to texts, each in the order in which it was found, since that is the order of the keys.
 */
#ifndef TOKENIZER_TOKENIZER_IDS_H
#define TOKENIZER_TOKENIZER_IDS_H

#include "tokenizer/tokenizer_private.h"

enum special {
    SPECIAL_BOS,
    SPECIAL_EOS,
    SPECIAL_UNK,
    SPECIAL_SEP,
    SPECIAL_PAD,
    SPECIAL_CLS,
    SPECIAL_MASK,
    SPECIAL_EOT,
    SPECIAL_EOM,
    SPECIAL_N
};

struct special_tokens {
    const json_t *token[SPECIAL_N]; /* of tokenizer_config.json, or what takes its place */
    int has_config;
    int n_types;                    /* 7, and eot and eom where they turn up */
    int64_t id[SPECIAL_N];          /* -1: none */
    int add[SPECIAL_N];             /* -1: not said */
    int id_order[SPECIAL_N], n_ids; /* in which order they were found */
    int add_order[SPECIAL_N], n_adds;
    int lowercase, strip_accents; /* -1: not said */
};

/* "bos" ... "eom": of bos_token ... eom_token. */
extern const char *const special_names[SPECIAL_N];

/* The texts that tokenizer_config.json has for them, and no ids yet. */
void special_begin(const struct tokenizer *t, struct special_tokens *special);
/* Notes that a token is added to texts, or is not. What is said last counts. */
void special_add(struct special_tokens *special, int which, int add);
/* Finds the ids. PARE_EDATA: one is negative; one past the vocabulary is passed over, with a
 * warning. */
int special_find(const struct tokenizer *t, struct special_tokens *special, struct error *err)
    __attribute__((warn_unused_result));

#endif
