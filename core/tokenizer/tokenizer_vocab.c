/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A vocabulary: arrays by id. Texts that no file has as they are needed (padding, spaces put
 * in) lie in an arena that goes with it.
 */
#include "tokenizer/tokenizer_vocab.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    arena_deinit(&vocab->texts);
    strmap_deinit(&vocab->ids);
    free(vocab->tokens);
    free(vocab->scores);
    free(vocab->types);
    free(vocab->flags);
    *vocab = (struct vocab){ .ids = STRMAP_INIT };
}

void vocab_set_flags(struct vocab *vocab, uint64_t id, uint8_t flags)
{
    vocab->flags[id] = (uint8_t)(flags | (vocab->flags[id] & TOKEN_OWN));
}

int vocab_join(struct vocab *vocab, struct pare_str a, struct pare_str b, struct pare_str *ret,
               struct error *err)
{
    char *text = arena_text(&vocab->texts, a.len + b.len);
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
    char *text = arena_text(&vocab->texts, token.len);
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
        const char *text = arena_copy(&vocab->texts, (struct pare_str){ name, (size_t)len });
        if (!text)
            return error_oom(err);
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
                             text_clip(token), token.data, (unsigned long long)first,
                             (unsigned long long)i);
        }
    }
    return 0;
}

int token_looks_special(struct pare_str token)
{
    return text_is(token, "<pad>") || text_is(token, "<mask>") || text_is(token, "<2mass>") ||
           text_is(token, "[@BOS@]") || (text_begins(token, "<|") && text_ends(token, "|>")) ||
           (text_begins(token, "<\xef\xbd\x9c") && text_ends(token, "\xef\xbd\x9c>")) ||
           (text_begins(token, "<unused") && text_ends(token, ">"));
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int token_is_byte(struct pare_str token)
{
    return token.len == 6 && text_begins(token, "<0x") && token.data[5] == '>' &&
           is_hex(token.data[3]) && is_hex(token.data[4]);
}
