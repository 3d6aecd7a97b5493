/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Looking entries up in the table of pre-tokenizers. The table is read for every lookup: there is
 * one for each model, so keeping it would save nothing.
 */
#include "tokenizer/tokenizer_table.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TABLE (1u << 20)

/* What is looked for: a fingerprint with `clean`, or a name. */
struct query {
    const char *digest;
    int clean; /* clean_up_tokenization_spaces: 0, 1 */
    const char *name;
};

/* An entry while its lines are read. */
struct found {
    struct pare_str name;
    int clean, adds_bos; /* as in struct tokenizer_entry */
    struct strbuf lines;
};

/* The word at *at, which moves behind it. */
static struct pare_str next_word(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    const char *begin = *at;
    while (*at < end && **at != ' ' && **at != '\t')
        ++*at;
    return (struct pare_str){ begin, (size_t)(*at - begin) };
}

/* 1 when an entry's first line, NAME DIGEST [clean yes|no] [bos yes|no], is what is looked for. */
static int matches(const struct query *query, const char *line, const char *end,
                   struct found *ret_found)
{
    int clean = -1, adds_bos = 0;
    struct pare_str name = next_word(&line, end);
    struct pare_str digest = next_word(&line, end);
    for (struct pare_str key; (key = next_word(&line, end)).len;) {
        int yes = text_is(next_word(&line, end), "yes");
        if (text_is(key, "clean"))
            clean = yes;
        else if (text_is(key, "bos"))
            adds_bos = yes;
    }
    if (query->name ? !text_is(name, query->name)
                    : !text_is(digest, query->digest) || (clean >= 0 && clean != query->clean))
        return 0;
    ret_found->name = name;
    ret_found->clean = clean;
    ret_found->adds_bos = adds_bos;
    return 1;
}

/* Looks through a table. 1: it is not there. */
static int search_table(const char *table, const struct query *query, struct found *found)
{
    int inside = 0;
    for (const char *line = table; *line;) {
        const char *end = line + strcspn(line, "\n");
        const char *text = line + strspn(line, " \t");
        if (text >= end || *text == '#') {
            /* nothing */
        } else if (text > line) {
            if (inside) {
                strbuf_add(&found->lines, text, (size_t)(end - text));
                strbuf_puts(&found->lines, "\n");
            }
        } else if (inside && (found->lines.len || !query->name)) {
            return 0;
        } else {
            inside = matches(query, line, end, found);
        }
        line = *end ? end + 1 : end;
    }
    return inside && (found->lines.len || !query->name) ? 0 : 1;
}

static int keep(struct found *found, struct tokenizer_entry *ret_entry, struct error *err)
{
    struct tokenizer_entry entry = { .name = strndup(found->name.data, found->name.len),
                                     .lines = strbuf_finish(&found->lines),
                                     .clean = found->clean,
                                     .adds_bos = found->adds_bos };
    if (!entry.name || !entry.lines) {
        tokenizer_entry_deinit(&entry);
        return error_oom(err);
    }
    *ret_entry = entry;
    return 0;
}

/* The tables of all directories, in order. 1: not found. */
static int search_all(const char *dirs, const struct query *query,
                      struct tokenizer_entry *ret_entry, struct error *err)
{
    while (dirs && *dirs) {
        size_t n = strcspn(dirs, ":");
        _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
        _cleanup_free_ char *table = NULL;
        size_t len;
        strbuf_add(&path, dirs, n);
        strbuf_puts(&path, "/" TOKENIZER_TABLE);
        if (path.failed)
            return error_oom(err);
        dirs += n + (dirs[n] == ':');
        if (access(path.data, F_OK) < 0)
            continue;
        int r = file_read_all(AT_FDCWD, path.data, MAX_TABLE, &table, &len, err);
        if (r < 0)
            return r;
        struct found found = { .lines = STRBUF_INIT };
        r = search_table(table, query, &found);
        if (!r)
            return keep(&found, ret_entry, err);
        strbuf_deinit(&found.lines);
    }
    return 1;
}

void tokenizer_entry_deinit(struct tokenizer_entry *entry)
{
    free(entry->name);
    free(entry->lines);
    *entry = (struct tokenizer_entry){ 0 };
}

int tokenizer_table_by_digest(const char *dirs, const char *digest, int clean,
                              struct tokenizer_entry *ret_entry, struct error *err)
{
    struct query query = { .digest = digest, .clean = clean };
    return search_all(dirs, &query, ret_entry, err);
}

int tokenizer_table_by_name(const char *dirs, const char *name, struct tokenizer_entry *ret_entry,
                            struct error *err)
{
    struct query query = { .name = name };
    return search_all(dirs, &query, ret_entry, err);
}
