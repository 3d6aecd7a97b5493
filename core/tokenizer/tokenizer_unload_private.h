/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Private to tokenizer_unload*.c: the GGUF's vocabulary, which stays the model's, and the files
 * that are being made of it. It lives on the stack of tokenizer_unload.
 */
#ifndef TOKENIZER_TOKENIZER_UNLOAD_PRIVATE_H
#define TOKENIZER_TOKENIZER_UNLOAD_PRIVATE_H

#include "base/strbuf.h"
#include "tokenizer/tokenizer_unload.h"
#include "tokenizer/tokenizer_vocab.h"

struct unload {
    const struct model *gguf;
    const char *dirs;
    uint64_t n;
    const struct pare_str *tokens;
    const int32_t *types; /* or NULL: all are text */
    const float *scores;  /* or NULL */
    struct strmap ids;
    struct vocab texts; /* the tokens that the files write differently */
    /* tokenizer.json, but for its lists, which are texts: {} and [] in its model stand where
     * put_vocab and put_merges (NULL: there are none) write them; and tokenizer_config.json. */
    json_t *tokenizer, *config;
    struct strbuf added; /* the entries of added_tokens */
    int (*put_vocab)(const struct unload *u, struct strbuf *sb, struct error *err);
    int (*put_merges)(const struct unload *u, struct strbuf *sb, struct error *err);
    struct unload_merge *merges; /* of "llama" */
    size_t n_merges;
    json_t *files; /* borrowed */
};

struct unload_merge { /* two tokens that make a third */
    uint32_t id, a, b;
    float score;
};

int32_t unload_type(const struct unload *u, uint64_t id);
/* 1 for [PADid], which loading makes by itself. */
int unload_is_padding(const struct unload *u, uint64_t id);
/* A text as JSON; PARE_ENOTSUP when it is not UTF-8. New reference. */
int unload_text(struct pare_str text, json_t **ret_text, struct error *err)
    __attribute__((warn_unused_result));
/* Sets what stands for the lists in the model of tokenizer.json. */
int unload_put_lists(struct unload *u, int with_merges, struct error *err)
    __attribute__((warn_unused_result));
/* ["a", "b"] and {"token": id, ...}, of all tokens but padding. PARE_ENOTSUP: not UTF-8. */
int unload_put_pair(struct strbuf *sb, struct pare_str a, struct pare_str b, struct error *err)
    __attribute__((warn_unused_result));
int unload_put_vocab(const struct unload *u, struct strbuf *sb, struct error *err)
    __attribute__((warn_unused_result));
/* tokenizer.json (tokenizer_unload_text.c), into u->files. */
int unload_write(struct unload *u, struct error *err) __attribute__((warn_unused_result));
/* Appends to tokenizer.json's added_tokens. */
int unload_add_token(struct unload *u, uint64_t id, struct pare_str text, int special,
                     struct error *err) __attribute__((warn_unused_result));
/* A true or false of the metadata. */
int unload_flag(const struct unload *u, const char *key, int fallback);
/* The id of a special token, by its key; -1: there is none. */
int64_t unload_token(const struct unload *u, const char *key);

struct unload_around {
    int64_t first, last; /* ids; -1: nothing */
    int separated;       /* 1: the last one stands behind both texts of a pair */
};
/* Adds tokens that stand around texts to the post-processor (tokenizer_unload_post.c). */
int unload_post(struct unload *u, const struct unload_around *around, struct error *err)
    __attribute__((warn_unused_result));
/* "llama": tokenizer.model, and the same as a BPE with byte fallback (tokenizer_unload_spm.c). */
int unload_spm(struct unload *u, struct error *err) __attribute__((warn_unused_result));

#endif
