/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Merges of a BPE: "a b" texts, or pairs ["a", "b"] in newer files. As in Hugging Face's library,
 * both parts and what they make must be tokens; so a merge can never lead back to itself. GGUF has
 * texts, in which a space inside a part is written as U+0120.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define GPT2_SPACE "\xc4\xa0" /* U+0120 */

struct merges {
    struct tokenizer *t;
    uint32_t *ranks; /* or NULL */
    struct pare_str *texts;
    size_t n;
};

/* Finds the id of a part. 1: there is none, which may be since ids were left out. */
static int find(const struct tokenizer *t, struct pare_str token, size_t merge, uint64_t *ret_id,
                struct error *err)
{
    if (strmap_find(&t->vocab.ids, token.data, token.len, ret_id))
        return 0;
    if (t->left_out)
        return 1;
    return error_set(err, PARE_EDATA, "merge %zu: `%.*s` is no token of the vocabulary", merge,
                     text_clip(token), token.data);
}

static int check(const struct merges *m, size_t i, struct pare_str a, struct pare_str b,
                 struct error *err)
{
    char text[256];
    uint64_t id;
    int r = find(m->t, a, i, &id, err);
    if (!r)
        r = find(m->t, b, i, &id, err);
    if (r)
        return r < 0 ? r : 0;
    struct pare_str whole = { text, a.len + b.len };
    char *longer = whole.len > sizeof text ? malloc(whole.len) : NULL;
    if (whole.len > sizeof text && !longer)
        return error_oom(err);
    if (longer)
        whole.data = longer;
    memcpy((char *)whole.data, a.data, a.len);
    memcpy((char *)whole.data + a.len, b.data, b.len);
    r = find(m->t, whole, i, &id, err);
    free(longer);
    if (!r && m->ranks && m->ranks[id] == UINT32_MAX)
        m->ranks[id] = (uint32_t)i;
    return r < 0 ? r : 0;
}

/* Appends a part, its spaces as U+0120. */
static size_t write_part(char *to, struct pare_str part)
{
    size_t n = 0;
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] == ' ') {
            memcpy(to + n, GPT2_SPACE, 2);
            n += 2;
        } else {
            to[n++] = part.data[i];
        }
    return n;
}

static size_t count_spaces(struct pare_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] == ' ';
    return n;
}

static int add_pair(struct merges *m, size_t i, struct pare_str a, struct pare_str b,
                    struct error *err)
{
    if (!a.data || !b.data || !a.len || !b.len)
        return error_set(err, PARE_EDATA, "merge %zu is not two texts", i);
    int r = check(m, i, a, b, err);
    if (r < 0)
        return r;
    char *text = arena_text(&m->t->vocab.texts,
                            a.len + b.len + 1 + count_spaces(a) + count_spaces(b));
    if (!text)
        return error_oom(err);
    size_t n = write_part(text, a);
    text[n++] = ' ';
    n += write_part(text + n, b);
    text[n] = 0;
    m->texts[i] = (struct pare_str){ text, n };
    return 0;
}

static int add_text(struct merges *m, size_t i, struct pare_str text, struct error *err)
{
    const char *space = text.data ? memchr(text.data, ' ', text.len) : NULL;
    if (!space || count_spaces(text) != 1)
        return error_set(err, PARE_EDATA, "merge %zu is not two texts with a space between", i);
    struct pare_str a = { text.data, (size_t)(space - text.data) };
    struct pare_str b = { space + 1, text.len - a.len - 1 };
    return add_pair(m, i, a, b, err);
}

int tokenizer_read_merges(struct tokenizer *t, const json_t *merges, uint32_t *ranks,
                          struct pare_str **ret_merges, size_t *ret_n, struct error *err)
{
    size_t n = json_array_size(merges);
    if (n > TOKENIZER_MAX_MERGES)
        return error_set(err, PARE_ELIMIT, "%zu merges; the limit (TOKENIZER_MAX_MERGES) is %u", n,
                         TOKENIZER_MAX_MERGES);
    struct merges m = { .t = t,
                        .ranks = ranks,
                        .texts = calloc(n ? n : 1, sizeof(struct pare_str)) };
    if (!m.texts)
        return error_oom(err);
    for (uint64_t i = 0; ranks && i < t->vocab.n; i++)
        ranks[i] = UINT32_MAX;
    int r = 0;
    for (size_t i = 0; !r && i < n; i++) {
        const json_t *merge = json_array_get(merges, i);
        if (json_is_array(merge) && json_array_size(merge) == 2)
            r = add_pair(&m, i, tokenizer_json_str(json_array_get(merge, 0)),
                         tokenizer_json_str(json_array_get(merge, 1)), err);
        else
            r = add_text(&m, i, tokenizer_json_str(merge), err);
    }
    if (r) {
        free(m.texts);
        return r;
    }
    *ret_merges = m.texts;
    *ret_n = n;
    return 0;
}
