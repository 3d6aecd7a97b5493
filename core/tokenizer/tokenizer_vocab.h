/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of a tokenizer: arrays by id, and the limits of what is taken for one. What
 * exceeds a limit is PARE_ELIMIT, with the limit's name.
 */
#ifndef TOKENIZER_TOKENIZER_VOCAB_H
#define TOKENIZER_TOKENIZER_VOCAB_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strmap.h"

#define TOKENIZER_MAX_TOKENS (4u << 20) /* ids of a vocabulary */
#define TOKENIZER_MAX_TOKEN (1u << 16)  /* bytes of a token */
#define TOKENIZER_MAX_MERGES (16u << 20)

#define TOKENIZER_SPACE "\xe2\x96\x81" /* U+2581, for a space in SentencePiece's vocabularies */

/* llama.cpp's numbers. */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    TOKEN_CONTROL = 3,
    TOKEN_USER_DEFINED = 4,
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6
};

enum token_flag {
    TOKEN_ADDED = 1, /* one of the added tokens */
    TOKEN_SPECIAL = 2,
    TOKEN_NORMALIZED = 4, /* added, and looked for in normalized text */
    TOKEN_NAMED = 8,      /* tokenizer_config.json gives it a meaning: bos_token and so on */
    TOKEN_OWN = 16        /* the model's own vocabulary has it, too */
};

struct vocab {
    uint64_t n;
    struct pare_str *tokens; /* data NULL: no token has this id */
    float *scores;
    int32_t *types;
    uint8_t *flags;
    struct strmap ids;  /* filled by vocab_index */
    struct arena texts; /* tokens that no file has as they are here */
};

/* n empty ids. */
int vocab_init(struct vocab *vocab, uint64_t n, struct error *err)
    __attribute__((warn_unused_result));
void vocab_deinit(struct vocab *vocab);
/* Replaces what is said of an added token. */
void vocab_set_flags(struct vocab *vocab, uint64_t id, uint8_t flags);
/* The concatenation of two texts, in the vocabulary's arena. */
int vocab_join(struct vocab *vocab, struct pare_str a, struct pare_str b, struct pare_str *ret,
               struct error *err) __attribute__((warn_unused_result));
/* The token with each U+2581 replaced by a space. */
int vocab_spaces(struct vocab *vocab, struct pare_str token, struct pare_str *ret,
                 struct error *err) __attribute__((warn_unused_result));
/* Ids without a token become [PADi], TOKEN_UNUSED, of the score. */
int vocab_pad(struct vocab *vocab, float score, struct error *err)
    __attribute__((warn_unused_result));
/* Builds the map of ids; a token that stands twice is PARE_EDATA. Ids without a token are left
 * out. */
int vocab_index(struct vocab *vocab, struct error *err) __attribute__((warn_unused_result));

/* 1 for tokens whose text alone says that they are control tokens: <|x|>, <pad>, <unused7>, ...
 * (llama.cpp's converter, does_token_look_special). */
int token_looks_special(struct pare_str token);
/* 1 for <0xNN>. */
int token_is_byte(struct pare_str token);

#endif
