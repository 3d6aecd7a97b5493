/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The structure of a tokenizer.json as lines of text: how text is normalized and cut before BPE
 * sees it, and which flags change how pieces are merged; nothing of the vocabulary. Each line is
 * "PART TYPE {fields}", the fields sorted. What changes no token (trim_offsets), what GGUF has keys
 * for (lowercase, strip_accents), and ways of saying the same (Split's Removed, inverted) are made
 * alike. pretokenizers.table has these lines, and their digest is the fingerprint.
 */
#include "tokenizer/tokenizer_structure.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "tokenizer/tokenizer_json.h"

#include <string.h>

#define MAX_DEPTH 8

static const char *type_of(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    return type ? type : "";
}

static void set_default(json_t *fields, const char *key, json_t *value)
{
    if (json_object_get(fields, key))
        json_decref(value);
    else
        (void)json_object_set_new(fields, key, value);
}

static void tidy(json_t *fields, const char *type)
{
    static const char *const without_effect[] = { "type", "trim_offsets", "lowercase",
                                                  "strip_accents" };
    for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect; i++)
        (void)json_object_del(fields, without_effect[i]);
    if (!strcmp(type, "ByteLevel")) {
        set_default(fields, "use_regex", json_true());
        set_default(fields, "add_prefix_space", json_true());
    } else if (!strcmp(type, "Digits")) {
        set_default(fields, "individual_digits", json_false());
    } else if (!strcmp(type, "Split")) {
        const char *behavior = json_string_value(json_object_get(fields, "behavior"));
        set_default(fields, "invert", json_false());
        if (behavior && !strcmp(behavior, "Removed") &&
            json_is_true(json_object_get(fields, "invert"))) {
            (void)json_object_set_new(fields, "behavior", json_string("Isolated"));
            (void)json_object_set_new(fields, "invert", json_false());
        }
    }
}

static void add_line(struct strbuf *sb, const char *part, const json_t *step)
{
    _cleanup_json_ json_t *fields = json_copy((json_t *)step);
    tidy(fields, type_of(step));
    _cleanup_free_ char *text = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
    if (!fields || !text)
        sb->failed = 1;
    else if (json_object_size(fields))
        strbuf_printf(sb, "%s %s %s\n", part, type_of(step), text);
    else
        strbuf_printf(sb, "%s %s\n", part, type_of(step));
}

static void add_steps(struct strbuf *sb, const char *part, const char *list_key, const json_t *step,
                      int depth)
{
    size_t i;
    json_t *inner;
    if (!json_is_object(step))
        return;
    if (strcmp(type_of(step), "Sequence") != 0 || depth == MAX_DEPTH) {
        add_line(sb, part, step);
        return;
    }
    json_array_foreach(json_object_get(step, list_key), i, inner)
        add_steps(sb, part, list_key, inner, depth + 1);
}

char *tokenizer_structure(const json_t *tokenizer)
{
    static const char *const flags[] = { "byte_fallback", "ignore_merges" };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const json_t *model = json_object_get(tokenizer, "model");
    const json_t *post = json_object_get(tokenizer, "post_processor");
    strbuf_puts(&sb, "");
    add_steps(&sb, "normalizer", "normalizers", json_object_get(tokenizer, "normalizer"), 0);
    add_steps(&sb, "pre_tokenizer", "pretokenizers", json_object_get(tokenizer, "pre_tokenizer"),
              0);
    for (size_t i = 0; i < 2; i++)
        if (tokenizer_json_true(json_object_get(model, flags[i])))
            strbuf_printf(&sb, "model %s\n", flags[i]);
    if (!strcmp(type_of(post), "RobertaProcessing"))
        strbuf_puts(&sb, "post_processor RobertaProcessing\n");
    return strbuf_finish(&sb);
}

/* ---- the other way ---- */

/* "TYPE {fields}" as an object. */
static json_t *parse_step(const char *text, size_t n)
{
    const char *space = memchr(text, ' ', n);
    size_t type_len = space ? (size_t)(space - text) : n;
    json_t *step = json_object();
    _cleanup_json_ json_t *fields = space ? memory_parse_json(space + 1, n - type_len - 1,
                                                              JSON_REJECT_DUPLICATES, NULL)
                                          : json_object();
    if (step && fields && json_is_object(fields) &&
        !json_object_set_new(step, "type", json_stringn(text, type_len)) &&
        !json_object_update(step, fields)) {
        if (!strcmp(type_of(step), "ByteLevel")) /* what the library asks for, without effect */
            set_default(step, "trim_offsets", json_true());
        return step;
    }
    json_decref(step);
    return NULL;
}

static int parse_line(const char *line, size_t n, json_t *normalizers, json_t *steps, json_t *model)
{
    static const struct {
        const char *word;
        int part;
    } words[] = { { "normalizer ", 0 }, { "pre_tokenizer ", 1 }, { "model ", 2 } };
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(words[i].word);
        if (n <= len || memcmp(line, words[i].word, len) != 0)
            continue;
        if (words[i].part == 2)
            return json_object_setn_new(model, line + len, n - len, json_true());
        return json_array_append_new(words[i].part ? steps : normalizers,
                                     parse_step(line + len, n - len));
    }
    return -1;
}

/* null, the only one, or a Sequence of several. */
static int set_steps(json_t *tokenizer, const char *key, const char *list_key, json_t *steps)
{
    size_t n = json_array_size(steps);
    if (!n)
        return json_object_set_new(tokenizer, key, json_null());
    if (n == 1)
        return json_object_set(tokenizer, key, json_array_get(steps, 0));
    return json_object_set_new(tokenizer, key,
                               json_pack("{s:s, s:O}", "type", "Sequence", list_key, steps));
}

int tokenizer_from_structure(const char *lines, json_t *tokenizer, struct error *err)
{
    _cleanup_json_ json_t *normalizers = json_array();
    _cleanup_json_ json_t *steps = json_array();
    json_t *model = json_object_get(tokenizer, "model");
    if (!normalizers || !steps)
        return error_oom(err);
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        int post = n > 15 && !memcmp(lines, "post_processor ", 15);
        if (!post && parse_line(lines, n, normalizers, steps, model) < 0)
            return error_set(err, PARE_EDATA, "pretokenizers.table: `%.*s` says nothing",
                             text_clip((struct pare_str){ lines, n }), lines);
        lines += n + (lines[n] == '\n');
    }
    if (set_steps(tokenizer, "normalizer", "normalizers", normalizers) < 0 ||
        set_steps(tokenizer, "pre_tokenizer", "pretokenizers", steps) < 0)
        return error_oom(err);
    return 0;
}
