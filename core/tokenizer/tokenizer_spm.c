/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * tokenizer.model: SentencePiece's ModelProto (sentencepiece_model.proto). Of its fields only the
 * pieces are needed, and of the specifications what kind of model and normalizer they are. Tokens
 * that Hugging Face adds are in added_tokens.json and tokenizer_config.json.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/protobuf.h"
#include "base/text.h"
#include "model/metadata.h"
#include "model/side_files.h"

#include <stdlib.h>
#include <string.h>

#define PAD_SCORE (-10000.0f)
#define ADDED_SCORE (-1000.0f)

static const char file_name[] = "tokenizer.model";

/* Field numbers. */
enum {
    MODEL_PIECES = 1,
    MODEL_TRAINER = 2,
    MODEL_NORMALIZER = 3,
    PIECE_TEXT = 1,
    PIECE_SCORE = 2,
    PIECE_TYPE = 3,
    TRAINER_TYPE = 3,
    NORMALIZER_DUMMY_PREFIX = 3
};

enum { TRAINER_UNIGRAM = 1, TRAINER_BPE = 2 };

struct spm {
    uint64_t n_pieces;
    uint64_t trainer; /* TRAINER_...; unigram when not said */
    int dummy_prefix; /* a space is put in front; 1 when not said */
};

/* ---- the file ---- */

static int prefix(struct error *err, int r)
{
    return r < 0 ? error_prefix(err, "%s", file_name) : r;
}

/* The last value of a number field of a message. */
static int read_number(struct protobuf message, uint32_t number, uint64_t *value, struct error *err)
{
    struct protobuf_field field;
    int r;
    while ((r = protobuf_next(&message, &field, err)) > 0)
        if (field.number == number && field.wire == PROTOBUF_VARINT)
            *value = field.value;
    return r;
}

/* Counts pieces and reads the specifications. */
static int survey(struct protobuf message, struct spm *spm, struct error *err)
{
    struct protobuf_field field;
    uint64_t dummy_prefix = 1;
    int r;
    while ((r = protobuf_next(&message, &field, err)) > 0) {
        struct protobuf inner = { field.data, field.len };
        if (field.number <= MODEL_NORMALIZER && field.wire != PROTOBUF_BYTES)
            return error_set(err, PARE_EDATA, "field %u has the wire type %u", field.number,
                             field.wire);
        if (field.number == MODEL_PIECES)
            spm->n_pieces++;
        else if (field.number == MODEL_TRAINER)
            r = read_number(inner, TRAINER_TYPE, &spm->trainer, err);
        else if (field.number == MODEL_NORMALIZER)
            r = read_number(inner, NORMALIZER_DUMMY_PREFIX, &dummy_prefix, err);
        if (r < 0)
            return r;
    }
    spm->dummy_prefix = dummy_prefix != 0;
    return r;
}

static int32_t type_of(uint64_t type)
{
    switch (type) {
    case TOKEN_UNKNOWN:
    case TOKEN_CONTROL:
    case TOKEN_UNUSED:
    case TOKEN_BYTE:
        return (int32_t)type;
    default: /* as llama.cpp's converter does with user-defined pieces */
        return TOKEN_NORMAL;
    }
}

static int read_piece(struct tokenizer *t, struct protobuf message, uint64_t id, struct error *err)
{
    static const uint32_t wires[] = { [PIECE_TEXT] = PROTOBUF_BYTES,
                                      [PIECE_SCORE] = PROTOBUF_FIXED32,
                                      [PIECE_TYPE] = PROTOBUF_VARINT };
    struct protobuf_field field;
    struct pare_str text = { "", 0 };
    float score = 0;
    uint64_t type = TOKEN_NORMAL;
    int r;
    while ((r = protobuf_next(&message, &field, err)) > 0) {
        if (field.number <= PIECE_TYPE && field.wire != wires[field.number])
            return error_set(err, PARE_EDATA, "field %u of piece %llu has the wire type %u",
                             field.number, (unsigned long long)id, field.wire);
        if (field.number == PIECE_TEXT)
            text = (struct pare_str){ (const char *)field.data, field.len };
        else if (field.number == PIECE_SCORE)
            score = protobuf_float(&field);
        else if (field.number == PIECE_TYPE)
            type = field.value;
    }
    if (r < 0)
        return r;
    t->vocab.tokens[id] = text;
    t->vocab.scores[id] = score;
    t->vocab.types[id] = type_of(type);
    return tokenizer_check_piece(text, score, id, err);
}

static int read_pieces(struct tokenizer *t, struct protobuf message, struct error *err)
{
    struct protobuf_field field;
    uint64_t id = 0;
    int r;
    while (id < t->vocab.n && (r = protobuf_next(&message, &field, err)) > 0) {
        if (field.number != MODEL_PIECES)
            continue;
        r = read_piece(t, (struct protobuf){ field.data, field.len }, id++, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- added tokens ---- */

/* 1: the id is past the model's embedding. */
static int add(struct tokenizer *t, int64_t id, struct pare_str token, int32_t type,
               const char *where, struct error *err)
{
    if (id < 0 || !token.data)
        return error_set(err, PARE_EDATA, "%s: a token without id or content", where);
    int r = tokenizer_check_token(token, where, err);
    if (r < 0)
        return r;
    if ((uint64_t)id >= t->vocab.n) {
        tokenizer_warn(t, "%s: the token `%.*s`, id %lld, is ignored: the model has %llu", where,
                       text_clip(token), token.data, (long long)id, (unsigned long long)t->vocab.n);
        return 1;
    }
    struct pare_str old = t->vocab.tokens[id];
    if (old.data && t->vocab.types[id] != TOKEN_UNUSED && !text_equals(old, token))
        tokenizer_warn(t, "%s: the token %lld, `%.*s`, becomes `%.*s`", where, (long long)id,
                       text_clip(old), old.data, text_clip(token), token.data);
    t->vocab.tokens[id] = token;
    t->vocab.scores[id] = ADDED_SCORE;
    t->vocab.types[id] = type;
    return 0;
}

/* added_tokens.json; p NULL: there is none. */
static int add_from_list(struct tokenizer *t, struct json_walk list, struct error *err)
{
    if (!list.p)
        return 0;
    json_walk_enter(&list);
    while (json_walk_more(&list)) {
        const struct pare_str token = json_walk_key(&list);
        int64_t id = -1;
        (void)json_walk_int(&list, &id);
        int r = add(t, id, token, TOKEN_USER_DEFINED, "added_tokens.json", err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The entries of added_tokens_decoder, or of tokenizer.json's added_tokens. */
static int add_entries(struct tokenizer *t, const struct tokenizer_added_list *added,
                       const char *where, struct error *err)
{
    int by_looks = t->request->looks_special, r = 0;
    for (size_t i = 0; i < added->n && r >= 0; i++) {
        struct pare_str token = added->list[i].content;
        int special = added->list[i].flags & TOKEN_SPECIAL ||
                      (by_looks && token.data && token_looks_special(token));
        if (by_looks && !special && token.data)
            r = vocab_spaces(&t->vocab, token, &token, err);
        if (r >= 0)
            r = add(t, added->list[i].id, token, special ? TOKEN_CONTROL : TOKEN_USER_DEFINED,
                    where, err);
    }
    return r < 0 ? r : 0;
}

/* ---- all of it ---- */

static int fill(struct tokenizer *t, struct protobuf message, struct json_walk list,
                struct spm *spm, struct error *err)
{
    int r = prefix(err, survey(message, spm, err));
    if (r < 0)
        return r;
    if (spm->trainer != TRAINER_BPE && spm->trainer != TRAINER_UNIGRAM)
        return error_set(err, PARE_ENOTSUP,
                         "%s: a model of words or characters (trainer_spec."
                         "model_type %llu)",
                         file_name, (unsigned long long)spm->trainer);
    if (!spm->n_pieces)
        return error_set(err, PARE_EDATA, "%s: there are no pieces in it", file_name);
    uint64_t n = t->request->vocab_size ? t->request->vocab_size : spm->n_pieces;
    if (spm->n_pieces > n)
        tokenizer_warn(t, "%s: tokens from id %llu on are ignored: there are %llu", file_name,
                       (unsigned long long)n, (unsigned long long)spm->n_pieces);
    r = vocab_init(&t->vocab, n, err);
    if (!r)
        r = prefix(err, read_pieces(t, message, err));
    if (!r)
        r = add_from_list(t, list, err);
    if (!r)
        r = add_entries(t, &t->files.decoder, "tokenizer_config.json: added_tokens_decoder", err);
    if (!r && t->request->spm_added_tokens)
        r = add_entries(t, &t->files.added, "tokenizer.json: added_tokens", err);
    if (!r)
        r = vocab_pad(&t->vocab, PAD_SCORE, err);
    return r ? r : prefix(err, vocab_index(&t->vocab, err));
}

int tokenizer_load_spm(struct tokenizer *t, struct error *err)
{
    size_t len = 0;
    struct json_walk list = { NULL, NULL };
    int r = side_file_text(t->request->source, file_name, TOKENIZER_MAX_FILE, &t->text, &len, err);
    if (r >= 0)
        r = tokenizer_files_walk(t->request->source, "added_tokens.json", &t->list, &list, err);
    if (r < 0)
        return r;
    struct spm spm = { .trainer = TRAINER_UNIGRAM };
    r = fill(t, (struct protobuf){ (const uint8_t *)t->text, len }, list, &spm, err);
    if (!r)
        r = tokenizer_put_vocab(t, "llama", "default", 1, err);
    if (!r && !spm.dummy_prefix && t->request->add_space_prefix < 0 &&
        !meta_find(t->target, "tokenizer.ggml.add_space_prefix"))
        r = tokenizer_put_bool(t->target, "tokenizer.ggml.add_space_prefix", 0, err);
    return r;
}
