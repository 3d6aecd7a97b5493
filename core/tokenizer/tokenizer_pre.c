/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The name that llama.cpp has for a pre-tokenizer. GGUF holds no regular expressions: llama.cpp has
 * them built in, under names. Its converter finds the name by encoding a text and looking the ids
 * up; here the structure of tokenizer.json is looked up in etc/architectures/pretokenizers.table,
 * which explains itself. A wrong name gives a model that loads and reads badly, so there is no
 * default.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_NAME "pretokenizers.table"
#define MAX_TABLE (1u << 20)
#define SHOWN 560 /* bytes of the structure that an error shows */

/* What is looked for in the table: one of digest and name. */
struct query {
    const char *digest;
    int clean; /* clean_up_tokenization_spaces: 0, 1 */
    const char *name;
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

/* 1 when an entry's first line, NAME DIGEST [clean yes|no], is what is looked for. */
static int matches(const struct query *query, const char *line, const char *end,
                   struct pare_str *ret_name)
{
    struct pare_str name = next_word(&line, end);
    struct pare_str digest = next_word(&line, end);
    struct pare_str condition = next_word(&line, end);
    struct pare_str value = next_word(&line, end);
    if (query->name)
        return text_is(name, query->name);
    if (!text_is(digest, query->digest))
        return 0;
    if (text_is(condition, "clean") && query->clean != text_is(value, "yes"))
        return 0;
    *ret_name = name;
    return 1;
}

/* Looks through a table. 0: found, *ret_name and the entry's lines; 1: not. */
static int search_table(const char *table, const struct query *query, struct pare_str *ret_name,
                        struct strbuf *lines)
{
    int inside = 0;
    for (const char *line = table; *line;) {
        const char *end = line + strcspn(line, "\n");
        const char *text = line + strspn(line, " \t");
        if (text >= end || *text == '#') {
            /* nothing */
        } else if (text > line) {
            if (inside) {
                strbuf_add(lines, text, (size_t)(end - text));
                strbuf_puts(lines, "\n");
            }
        } else if (inside && (lines->len || !query->name)) {
            return 0;
        } else {
            inside = matches(query, line, end, ret_name);
        }
        line = *end ? end + 1 : end;
    }
    return inside && (lines->len || !query->name) ? 0 : 1;
}

/* The tables of all directories, in order. 1: not found. */
static int search(const char *dirs, const struct query *query, char **ret_name,
                  struct strbuf *lines, struct error *err)
{
    while (dirs && *dirs) {
        size_t n = strcspn(dirs, ":");
        _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
        _cleanup_free_ char *table = NULL;
        size_t len;
        strbuf_add(&path, dirs, n);
        strbuf_puts(&path, "/" TABLE_NAME);
        if (path.failed)
            return error_oom(err);
        dirs += n + (dirs[n] == ':');
        if (access(path.data, F_OK) < 0)
            continue;
        int r = file_read_all(AT_FDCWD, path.data, MAX_TABLE, &table, &len, err);
        if (r < 0)
            return r;
        struct pare_str name = { "", 0 };
        if (search_table(table, query, &name, lines))
            continue;
        if (ret_name && !(*ret_name = strndup(name.data, name.len)))
            return error_oom(err);
        return lines->failed ? error_oom(err) : 0;
    }
    return 1;
}

static int refuse(const char *file, const char *structure, const char *digest, struct error *err)
{
    static const char nothing[] = "nothing, text is not cut";
    size_t n = strlen(structure);
    _cleanup_strbuf_ struct strbuf shown = STRBUF_INIT;
    for (size_t i = 0; i + 1 < n && i < SHOWN; i++)
        strbuf_add(&shown, structure[i] == '\n' ? " | " : structure + i,
                   structure[i] == '\n' ? 3 : 1);
    while (n > SHOWN && shown.len && (uint8_t)shown.data[shown.len - 1] >= 0x80)
        shown.len--; /* no half characters */
    return error_set(err, PARE_ENOTSUP,
                     "%s: the pre-tokenizer is not known; its fingerprint is %s. If llama.cpp has "
                     "a name for it, say it with `--pre NAME`, with `option pre NAME` in "
                     "MODEL.pare or `pre NAME` in the map, or add it to %s. What was found: %.*s%s",
                     file, digest, TABLE_NAME, n ? (int)shown.len : (int)strlen(nothing),
                     n ? shown.data : nothing, n > SHOWN ? "..." : "");
}

/* Lines for a folder without tokenizer.json: the class that transformers would take. */
static char *class_structure(const struct tokenizer *t)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *class = json_string_value(json_object_get(t->config, "tokenizer_class"));
    const char *type = json_string_value(json_object_get(t->request->config, "model_type"));
    if (class)
        strbuf_printf(&sb, "class %s\n", class);
    else
        strbuf_printf(&sb, "model_type %s\n", type ? type : "");
    return strbuf_finish(&sb);
}

int tokenizer_pre_name(const struct tokenizer *t, char **ret_name, struct error *err)
{
    if (t->request->pre && *t->request->pre) {
        char *name = strdup(t->request->pre);
        return name ? (*ret_name = name, 0) : error_oom(err);
    }
    _cleanup_free_ char *structure = t->json ? tokenizer_structure(t->json) : class_structure(t);
    if (!structure)
        return error_oom(err);
    char digest[HASH_HEX_SIZE];
    int r = hash_of(structure, strlen(structure), digest, err);
    if (r < 0)
        return r;
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
    const json_t *clean = json_object_get(t->config, "clean_up_tokenization_spaces");
    struct query query = { .digest = digest, .clean = !clean || tokenizer_json_true(clean) };
    r = search(t->request->dirs, &query, ret_name, &lines, err);
    return r == 1 ? refuse(t->json ? "tokenizer.json" : "tokenizer_config.json", structure, digest,
                           err)
                  : r;
}

int tokenizer_pre_lines(const char *dirs, const char *name, char **ret_lines, struct error *err)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
    struct query query = { .name = name };
    int r = search(dirs, &query, NULL, &lines, err);
    if (r)
        return r;
    char *text = strbuf_finish(&lines);
    return text ? (*ret_lines = text, 0) : error_oom(err);
}
