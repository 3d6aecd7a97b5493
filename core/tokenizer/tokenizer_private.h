/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Within the tokenizer: one load has the folder's JSON files, a vocabulary that is filled by the
 * module for its kind, and the special tokens; emitting writes them as metadata. All of it lives
 * on the stack of tokenizer_load and goes when it returns.
 */
#ifndef TOKENIZER_TOKENIZER_PRIVATE_H
#define TOKENIZER_TOKENIZER_PRIVATE_H

#include "base/arena.h"
#include "base/strmap.h"
#include "tokenizer/tokenizer.h"

/* Limits; what exceeds one is PARE_ELIMIT and names it. */
#define TOKENIZER_MAX_FILE (256u << 20) /* bytes of a file */
#define TOKENIZER_MAX_TOKENS (4u << 20) /* ids of a vocabulary */
#define TOKENIZER_MAX_TOKEN (1u << 16)  /* bytes of a token */
#define TOKENIZER_MAX_MERGES (16u << 20)
#define TOKENIZER_MAX_TEMPLATE (4u << 20) /* bytes of a chat template */
#define TOKENIZER_MAX_TEMPLATES 64

#define TOKENIZER_SPACE "\xe2\x96\x81" /* U+2581, for a space in SentencePiece's vocabularies */

/* Llama.cpp's numbers. */
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
    TOKEN_NAMED = 8       /* tokenizer_config.json gives it a meaning: bos_token and so on */
};

/* ---- vocabulary (tokenizer_vocab.c) ---- */

struct vocab {
    uint64_t n;
    struct pare_str *tokens; /* data NULL: no token has this id */
    float *scores;
    int32_t *types;
    uint8_t *flags;
    struct strmap ids;  /* filled by vocab_index */
    struct arena texts; /* made for it, of which some tokens are */
};

/* n empty ids. */
int vocab_init(struct vocab *vocab, uint64_t n, struct error *err)
    __attribute__((warn_unused_result));
void vocab_deinit(struct vocab *vocab);
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

/* 1 for tokens that are control tokens though nobody says so: <|x|>, <pad>, <unused7>, ... */
int token_looks_special(struct pare_str token);
/* 1 for <0xNN>. */
int token_is_byte(struct pare_str token);

/* ---- the load ---- */

struct tokenizer {
    const struct tokenizer_request *request;
    struct model *target;
    json_t *json;   /* tokenizer.json, or NULL */
    json_t *config; /* tokenizer_config.json, or NULL */
    char *text;     /* what the vocabulary's tokens are parts of: tokenizer.model ... */
    json_t *list;   /* ... and added_tokens.json, or vocab.json or vocab.txt; or NULL */
    struct vocab vocab;
    uint64_t left_out;  /* tokens past the model's embedding */
    unsigned *warnings; /* how many there were */
    int llama;          /* 1: what llama.cpp does for Llama's family only (kind "auto") */
};

/* The bytes of a JSON string; data NULL when it is none. */
struct pare_str tokenizer_json_str(const json_t *value);
/* 1: a whole number, of either of Jansson's types. */
int tokenizer_json_int(const json_t *value, int64_t *ret);
/* Python's idea of truth. */
int tokenizer_json_true(const json_t *value);
/* A file of the folder as JSON; *ret_json stays when there is none (1). Numbers are reals, since
 * "model_max_length" is often more than 64 bits; NUL is allowed in texts, not in keys. */
int tokenizer_read_json(const struct tokenizer *t, const char *name, json_t **ret_json,
                        struct error *err) __attribute__((warn_unused_result));
void tokenizer_warn(const struct tokenizer *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- checks (tokenizer_check.c) ---- */

/* PARE_EDATA when a value of tokenizer.json or tokenizer_config.json has a type that it cannot
 * have. */
int tokenizer_check_json(const struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
/* PARE_ELIMIT when a token has too many bytes. `where` is the file's name. */
int tokenizer_check_token(struct pare_str token, const char *where, struct error *err)
    __attribute__((warn_unused_result));
/* PARE_EDATA or PARE_ELIMIT when a piece of SentencePiece is none: empty, not UTF-8, too long, or
 * with a score that is not finite. */
int tokenizer_check_piece(struct pare_str text, float score, uint64_t id, struct error *err)
    __attribute__((warn_unused_result));
/* How many bytes a valid UTF-8 sequence has at p; 0 when there is none. n > 0. */
size_t tokenizer_utf8_length(const uint8_t *p, size_t n);

/* ---- kinds: fill the vocabulary and emit model, pre, tokens and so on ---- */

/* tokenizer.model (tokenizer_spm.c). */
int tokenizer_load_spm(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));
/* tokenizer.json of Llama's BPE, with byte fallback (tokenizer_fallback.c). */
int tokenizer_load_fallback(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
/* 1 when tokenizer.json is one. */
int tokenizer_has_fallback(const struct tokenizer *t);
/* Byte-level BPE: tokenizer.json, or vocab.json and merges.txt (tokenizer_bpe.c). */
int tokenizer_load_bpe(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));
/* BERT's: tokenizer.json or vocab.txt (tokenizer_wordpiece.c). */
int tokenizer_load_wordpiece(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));

/* The vocabulary {token: id} and all added tokens, with flags, types not set yet
 * (tokenizer_base.c). */
int tokenizer_fill(struct tokenizer *t, const json_t *vocab, const char *where, struct error *err)
    __attribute__((warn_unused_result));

/* ---- merges (tokenizer_merges.c) ---- */

/* The merges of tokenizer.json or merges.txt as "a b" texts, kept in the vocabulary's memory.
 * Each part and the result must be a token. ranks, unless NULL, gets for each id the number of the
 * first merge that makes it, or UINT32_MAX. */
int tokenizer_read_merges(struct tokenizer *t, const json_t *merges, uint32_t *ranks,
                          struct pare_str **ret_merges, size_t *ret_n, struct error *err)
    __attribute__((warn_unused_result));

/* ---- the pre-tokenizer's name (tokenizer_pre.c) ---- */

/* What the structure of tokenizer.json says, as lines: see pretokenizers.table. */
char *tokenizer_structure(const json_t *tokenizer);
/* The name, from the request or the table (free it). */
int tokenizer_pre_name(const struct tokenizer *t, char **ret_name, struct error *err)
    __attribute__((warn_unused_result));
/* The lines that the table has for a name (free it). 1: it has none. */
int tokenizer_pre_lines(const char *dirs, const char *name, char **ret_lines, struct error *err)
    __attribute__((warn_unused_result));
/* The other way (tokenizer_structure.c): normalizer, pre_tokenizer and model flags of a
 * tokenizer.json from lines; PARE_EDATA for lines that mean nothing. */
int tokenizer_from_structure(const char *lines, json_t *tokenizer, struct error *err)
    __attribute__((warn_unused_result));

/* ---- special tokens, chat templates (tokenizer_special.c, tokenizer_chat.c) ---- */

/* Ids of special tokens, whether they are added, normalizer, chat templates. */
int tokenizer_emit_special(struct tokenizer *t, struct error *err)
    __attribute__((warn_unused_result));
int tokenizer_emit_chat(struct tokenizer *t, struct error *err) __attribute__((warn_unused_result));

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

void special_add(struct special_tokens *special, int which, int add);
/* What tokenizer.json's post_processor says (tokenizer_post.c). */
void special_post_process(struct special_tokens *special, const json_t *post_processor);
/* bos_token ... eom_token, "bos" ... "eom". */
extern const char *const special_names[SPECIAL_N];

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
