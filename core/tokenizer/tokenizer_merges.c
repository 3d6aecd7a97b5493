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

struct merging {
    struct tokenizer *t;
    struct tokenizer_merges *merges;
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

static int check(const struct merging *m, size_t i, struct pare_str a, struct pare_str b,
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
    if (!r && m->merges->ranks && m->merges->ranks[id] == UINT32_MAX)
        m->merges->ranks[id] = (uint32_t)i;
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

static int add_pair(const struct merging *m, size_t i, struct pare_str a, struct pare_str b,
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
    m->merges->texts[i] = (struct pare_str){ text, n };
    return 0;
}

static int add_text(const struct merging *m, size_t i, struct pare_str text, struct error *err)
{
    const char *space = text.data ? memchr(text.data, ' ', text.len) : NULL;
    if (!space || count_spaces(text) != 1)
        return error_set(err, PARE_EDATA, "merge %zu is not two texts with a space between", i);
    struct pare_str a = { text.data, (size_t)(space - text.data) };
    struct pare_str b = { space + 1, text.len - a.len - 1 };
    return add_pair(m, i, a, b, err);
}

/* Room for n merges. */
static int begin(const struct merging *m, uint64_t n, struct error *err)
{
    if (n > TOKENIZER_MAX_MERGES)
        return error_set(err, PARE_ELIMIT, "%llu merges; the limit (TOKENIZER_MAX_MERGES) is %u",
                         (unsigned long long)n, TOKENIZER_MAX_MERGES);
    m->merges->texts = calloc(n ? n : 1, sizeof *m->merges->texts);
    if (!m->merges->texts)
        return error_oom(err);
    for (uint64_t i = 0; m->merges->ranks && i < m->t->vocab.n; i++)
        m->merges->ranks[i] = UINT32_MAX;
    return 0;
}

/* A text, or a list of two. */
static int read_merge(const struct merging *m, struct json_walk *walk, struct error *err)
{
    const struct pare_str none = { NULL, 0 };
    const size_t i = m->merges->n;
    struct pare_str pair[2] = { none, none };
    char c = json_walk_peek(walk);
    if (c == '"')
        return add_text(m, i, json_walk_string(walk), err);
    if (c != '[' || json_walk_count(walk) != 2) {
        (void)json_walk_skip(walk);
        return add_text(m, i, none, err);
    }
    json_walk_enter(walk);
    for (size_t k = 0; json_walk_more(walk); k++)
        if (json_walk_peek(walk) == '"')
            pair[k] = json_walk_string(walk);
        else
            (void)json_walk_skip(walk);
    return add_pair(m, i, pair[0], pair[1], err);
}

int tokenizer_read_merges(struct tokenizer *t, struct json_walk list,
                          struct tokenizer_merges *merges, struct error *err)
{
    const struct merging m = { t, merges };
    int r = begin(&m, list.p ? json_walk_count(&list) : 0, err);
    if (r < 0 || !list.p)
        return r;
    json_walk_enter(&list);
    for (; r == 0 && json_walk_more(&list); merges->n++)
        r = read_merge(&m, &list, err);
    return r;
}

/* The next line that is a merge: neither empty, nor the comment of the first line. */
static int next_merge(struct pare_str *rest, size_t *line, struct pare_str *ret_merge)
{
    while (rest->len) {
        size_t n = 0;
        while (n < rest->len && rest->data[n] != '\n' && rest->data[n] != '\r')
            n++;
        struct pare_str merge = { rest->data, n };
        n += n < rest->len;
        rest->data += n;
        rest->len -= n;
        if (!merge.len || (!(*line)++ && *merge.data == '#'))
            continue;
        *ret_merge = merge;
        return 1;
    }
    return 0;
}

int tokenizer_read_merge_lines(struct tokenizer *t, struct pare_str text,
                               struct tokenizer_merges *merges, struct error *err)
{
    const struct merging m = { t, merges };
    struct pare_str rest = text, merge;
    size_t n = 0, line = 0;
    while (next_merge(&rest, &line, &merge))
        n++;
    int r = begin(&m, n, err);
    for (line = 0; r == 0 && next_merge(&text, &line, &merge); merges->n++)
        r = tokenizer_is_utf8(merge)
                ? add_text(&m, merges->n, merge, err)
                : error_set(err, PARE_EDATA, "merge %zu is not UTF-8", merges->n);
    return r;
}

void tokenizer_merges_deinit(struct tokenizer_merges *merges)
{
    free(merges->texts);
    free(merges->ranks);
    *merges = (struct tokenizer_merges){ NULL };
}
