/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Within the tokenizer: one load has the folder's JSON files, a vocabulary that is filled by the
 * module for its kind, and the special tokens; emitting writes them as metadata. All of it lives
 * on the stack of tokenizer_load and goes when it returns.
 */
#ifndef TOKENIZER_TOKENIZER_PRIVATE_H
#define TOKENIZER_TOKENIZER_PRIVATE_H

#include "base/json_walk.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_files.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/tokenizer_vocab.h"

#define TOKENIZER_MAX_FILE (256u << 20)   /* bytes of a file */
#define TOKENIZER_MAX_TEMPLATE (4u << 20) /* bytes of a chat template */
#define TOKENIZER_MAX_TEMPLATES 64

/* ---- the load ---- */

struct tokenizer {
    const struct tokenizer_request *request;
    struct model *target;
    struct tokenizer_files files; /* tokenizer.json and tokenizer_config.json */
    const json_t *json;           /* of these: what is left in trees, or NULL */
    const json_t *config;
    char *text; /* what the vocabulary's tokens are parts of, too: tokenizer.model or vocab.txt, */
    char *list; /* added_tokens.json or vocab.json; or NULL */
    struct vocab vocab;
    uint64_t left_out;  /* tokens past the model's embedding */
    unsigned *warnings; /* how many there were */
    int is_auto;        /* 1: the kind is "auto" */
};

void tokenizer_warn(const struct tokenizer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- checks (tokenizer_check.c) ---- */

/* PARE_EDATA when a value of tokenizer.json or tokenizer_config.json has the wrong type. */
int tokenizer_check_json(const struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
/* PARE_ELIMIT when a token has too many bytes. `where` is the file's name. */
int tokenizer_check_token(struct pare_str token, const char *where, struct error *err)
    __attribute__((warn_unused_result));
/* Refuses a piece of SentencePiece that is empty, not UTF-8 or has a score that is not finite
 * (PARE_EDATA), or that is too long (PARE_ELIMIT). */
int tokenizer_check_piece(struct pare_str text, float score, uint64_t id, struct error *err)
    __attribute__((warn_unused_result));
/* How many bytes a valid UTF-8 sequence has at p; 0 when there is none. n > 0. */
size_t tokenizer_utf8_length(const uint8_t *p, size_t n);
/* 1 when all of a text is UTF-8. */
int tokenizer_is_utf8(struct pare_str text);

/* ---- kinds: fill the vocabulary and emit model, pre, tokens and so on ---- */

/* tokenizer.model (tokenizer_spm.c). */
int tokenizer_load_spm(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));
/* A tokenizer.json with a BPE that has byte fallback (tokenizer_fallback.c). */
int tokenizer_load_fallback(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
/* 1 when tokenizer.json has one. */
int tokenizer_has_fallback(const struct tokenizer *t);
/* Byte-level BPE: tokenizer.json, or vocab.json and merges.txt (tokenizer_bpe.c). */
int tokenizer_load_bpe(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));
/* BERT's: tokenizer.json or vocab.txt (tokenizer_wordpiece.c). */
int tokenizer_load_wordpiece(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));

/* The vocabulary {token: id} (p NULL: there is none) and all added tokens, with flags, types not
 * set yet (tokenizer_base.c). */
int tokenizer_fill(struct tokenizer *t, struct json_walk vocab, const char *where,
                   struct error *err) __attribute__((warn_unused_result));
/* The same of a text with one token a line, whose number is the token's id. Of tokens that stand
 * twice the last one counts. */
int tokenizer_fill_lines(struct tokenizer *t, struct pare_str text, const char *where,
                         struct error *err) __attribute__((warn_unused_result));

/* ---- merges (tokenizer_merges.c) ---- */

struct tokenizer_merges {
    struct pare_str *texts; /* "a b", kept in the vocabulary's memory */
    size_t n;
    uint32_t *ranks; /* for each id the number of the first merge that makes it, or UINT32_MAX; NULL
                        when nobody asks */
};

/* The merges of tokenizer.json (p NULL: none), or those of merges.txt, a line each. Each part and
 * the result must be a token. What is in *merges is freed by the caller, failed or not. */
int tokenizer_read_merges(struct tokenizer *t, struct json_walk list,
                          struct tokenizer_merges *merges, struct error *err)
    __attribute__((warn_unused_result));
int tokenizer_read_merge_lines(struct tokenizer *t, struct pare_str text,
                               struct tokenizer_merges *merges, struct error *err)
    __attribute__((warn_unused_result));
void tokenizer_merges_deinit(struct tokenizer_merges *merges);

/* ---- the pre-tokenizer's name (tokenizer_pre.c) ---- */

/* The name, from the request or the table (free it). */
int tokenizer_pre_name(const struct tokenizer *t, char **ret_name, struct error *err)
    __attribute__((warn_unused_result));
/* ---- special tokens, chat templates (tokenizer_special.c, tokenizer_chat.c) ---- */

/* Writes the ids of special tokens, which of them are added to texts, the chat templates (these
 * through tokenizer_emit_chat), and what the normalizer does. */
int tokenizer_emit_special(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
int tokenizer_emit_chat(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));

/* ---- metadata (tokenizer_meta.c) ---- */

int tokenizer_put_string(struct model *target, const char *key, struct pare_str value,
                         struct error *err) __attribute__((warn_unused_result));
int tokenizer_put_u32(struct model *target, const char *key, uint32_t value, struct error *err)
    __attribute__((warn_unused_result));
int tokenizer_put_bool(struct model *target, const char *key, int value, struct error *err)
    __attribute__((warn_unused_result));
/* Arrays without elements are left out, as llama.cpp's converter does. */
int tokenizer_put_strings(struct model *target, const char *key, const struct pare_str *values,
                          uint64_t n, struct error *err) __attribute__((warn_unused_result));
/* model, pre, tokens, scores (when asked for) and token_type. */
int tokenizer_put_vocab(struct tokenizer *t, const char *model, const char *pre, int scores,
                        struct error *err) __attribute__((warn_unused_result));

#endif
