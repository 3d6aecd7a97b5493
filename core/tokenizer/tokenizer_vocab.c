/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A vocabulary: arrays by id. Texts that are not in a file as they are needed (padding, spaces
 * put in) are made in blocks of memory that go with it.
 */
#include "tokenizer/tokenizer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (1u << 18)

struct vocab_texts {
    struct vocab_texts *next;
    size_t used, capacity;
    char data[];
};

int vocab_init(struct vocab *vocab, uint64_t n, struct error *err)
{
    if (n > TOKENIZER_MAX_TOKENS)
        return error_set(err, PARE_ELIMIT,
                         "a vocabulary of %llu tokens; the limit (TOKENIZER_MAX_TOKENS) is %u",
                         (unsigned long long)n, TOKENIZER_MAX_TOKENS);
    *vocab = (struct vocab){ .n = n, .ids = STRMAP_INIT };
    vocab->tokens = calloc(n ? n : 1, sizeof *vocab->tokens);
    vocab->scores = calloc(n ? n : 1, sizeof *vocab->scores);
    vocab->types = calloc(n ? n : 1, sizeof *vocab->types);
    vocab->flags = calloc(n ? n : 1, 1);
    if (!vocab->tokens || !vocab->scores || !vocab->types || !vocab->flags)
        return error_oom(err);
    return 0;
}

void vocab_deinit(struct vocab *vocab)
{
    while (vocab->texts) {
        struct vocab_texts *block = vocab->texts;
        vocab->texts = block->next;
        free(block);
    }
    strmap_deinit(&vocab->ids);
    free(vocab->tokens);
    free(vocab->scores);
    free(vocab->types);
    free(vocab->flags);
    *vocab = (struct vocab){ .ids = STRMAP_INIT };
}

char *vocab_text(struct vocab *vocab, size_t n)
{
    struct vocab_texts *block = vocab->texts;
    if (!block || block->capacity - block->used < n + 1) {
        size_t capacity = n + 1 > BLOCK_BYTES ? n + 1 : BLOCK_BYTES;
        block = malloc(sizeof *block + capacity);
        if (!block)
            return NULL;
        *block = (struct vocab_texts){ .next = vocab->texts, .capacity = capacity };
        vocab->texts = block;
    }
    char *text = block->data + block->used;
    block->used += n + 1;
    text[n] = 0;
    return text;
}

int vocab_join(struct vocab *vocab, struct pare_str a, struct pare_str b, struct pare_str *ret,
               struct error *err)
{
    char *text = vocab_text(vocab, a.len + b.len);
    if (!text)
        return error_oom(err);
    if (a.len)
        memcpy(text, a.data, a.len);
    if (b.len)
        memcpy(text + a.len, b.data, b.len);
    *ret = (struct pare_str){ text, a.len + b.len };
    return 0;
}

int vocab_spaces(struct vocab *vocab, struct pare_str token, struct pare_str *ret,
                 struct error *err)
{
    const size_t mark = strlen(TOKENIZER_SPACE);
    if (!memmem(token.data, token.len, TOKENIZER_SPACE, mark)) {
        *ret = token;
        return 0;
    }
    char *text = vocab_text(vocab, token.len);
    if (!text)
        return error_oom(err);
    size_t n = 0;
    for (size_t i = 0; i < token.len;)
        if (token.len - i >= mark && !memcmp(token.data + i, TOKENIZER_SPACE, mark)) {
            text[n++] = ' ';
            i += mark;
        } else {
            text[n++] = token.data[i++];
        }
    text[n] = 0;
    *ret = (struct pare_str){ text, n };
    return 0;
}

int vocab_pad(struct vocab *vocab, float score, struct error *err)
{
    for (uint64_t i = 0; i < vocab->n; i++) {
        if (vocab->tokens[i].data)
            continue;
        char name[32];
        int len = snprintf(name, sizeof name, "[PAD%llu]", (unsigned long long)i);
        char *text = vocab_text(vocab, (size_t)len);
        if (!text)
            return error_oom(err);
        memcpy(text, name, (size_t)len);
        vocab->tokens[i] = (struct pare_str){ text, (size_t)len };
        vocab->scores[i] = score;
        vocab->types[i] = TOKEN_UNUSED;
    }
    return 0;
}

int vocab_index(struct vocab *vocab, struct error *err)
{
    strmap_deinit(&vocab->ids);
    for (uint64_t i = 0; i < vocab->n; i++) {
        struct pare_str token = vocab->tokens[i];
        if (!token.data)
            continue;
        int r = strmap_add(&vocab->ids, token.data, token.len, i, err);
        if (r < 0)
            return r;
        if (r) {
            uint64_t first = 0;
            (void)strmap_find(&vocab->ids, token.data, token.len, &first);
            return error_set(err, PARE_EDATA, "the token `%.*s` stands twice: ids %llu and %llu",
                             (int)(token.len < 60 ? token.len : 60), token.data,
                             (unsigned long long)first, (unsigned long long)i);
        }
    }
    return 0;
}

static int begins(struct pare_str token, const char *with)
{
    size_t n = strlen(with);
    return token.len >= n && !memcmp(token.data, with, n);
}

static int ends(struct pare_str token, const char *with)
{
    size_t n = strlen(with);
    return token.len >= n && !memcmp(token.data + token.len - n, with, n);
}

static int is(struct pare_str token, const char *text)
{
    return token.len == strlen(text) && !memcmp(token.data, text, token.len);
}

int token_looks_special(struct pare_str token)
{
    return is(token, "<pad>") || is(token, "<mask>") || is(token, "<2mass>") ||
           is(token, "[@BOS@]") || (begins(token, "<|") && ends(token, "|>")) ||
           (begins(token, "<\xef\xbd\x9c") && ends(token, "\xef\xbd\x9c>")) ||
           (begins(token, "<unused") && ends(token, ">"));
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int token_is_byte(struct pare_str token)
{
    return token.len == 6 && begins(token, "<0x") && token.data[5] == '>' &&
           is_hex(token.data[3]) && is_hex(token.data[4]);
}
