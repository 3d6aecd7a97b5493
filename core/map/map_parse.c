/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The statements of architecture maps, one per line (pare-architecture(5)). The first word says
 * which. Those about tensors are in map_parse_tensor.c. Mistakes are reported with file and line.
 */
#include "map/map_parse.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int clip(struct pare_str text)
{
    return text.len > 60 ? 60 : (int)text.len;
}

/* ---- words ---- */

int map_take(struct map_line *line, struct map_term *ret)
{
    while (line->p < line->end && (*line->p == ' ' || *line->p == '\t'))
        line->p++;
    if (line->p == line->end)
        return 0;
    ret->quoted = *line->p == '"';
    const char *start = line->p + ret->quoted, *p = start;
    while (p < line->end && (ret->quoted ? *p != '"' : *p != ' ' && *p != '\t'))
        p++;
    ret->text = (struct pare_str){ start, (size_t)(p - start) };
    line->p = p + (ret->quoted && p < line->end);
    return 1;
}

int map_term_is(const struct map_term *term, const char *text)
{
    return !term->quoted && term->text.len == strlen(text) &&
           !memcmp(term->text.data, text, term->text.len);
}

int map_expected(struct map_line *line, const char *what, const struct map_term *got)
{
    if (!got)
        return error_set(line->err, PARE_EDATA, "expected %s, not the end of the line", what);
    return error_set(line->err, PARE_EDATA, "expected %s, not '%.*s'", what, clip(got->text),
                     got->text.data);
}

int map_expect(struct map_line *line, const char *text)
{
    struct map_term term;
    char what[40];
    (void)snprintf(what, sizeof what, "'%s'", text);
    if (!map_take(line, &term))
        return map_expected(line, what, NULL);
    return map_term_is(&term, text) ? 0 : map_expected(line, what, &term);
}

int map_expect_end(struct map_line *line)
{
    struct map_term term;
    return map_take(line, &term) ? map_expected(line, "the end of the line", &term) : 0;
}

int map_take_word(struct map_line *line, const char *what, struct pare_str *ret)
{
    struct map_term term;
    if (!map_take(line, &term))
        return map_expected(line, what, NULL);
    *ret = term.text;
    return 0;
}

int map_take_copy(struct map_line *line, const char *what, const char **ret)
{
    struct pare_str word;
    int r = map_take_word(line, what, &word);
    if (r)
        return r;
    *ret = map_memory_copy(&line->rules->memory, word);
    return *ret ? 0 : error_oom(line->err);
}

int map_take_value(struct map_line *line, const struct map_expr **ret)
{
    struct pare_str rest, text = { line->p, (size_t)(line->end - line->p) };
    struct map_expr *e = NULL;
    int r = map_expr_parse(&line->rules->memory, text, &e, &rest, line->err);
    if (r)
        return r;
    line->p = rest.data;
    *ret = e;
    return 0;
}

int map_take_condition(struct map_line *line, const struct map_expr **ret)
{
    struct map_term term;
    if (!map_take(line, &term))
        return 0;
    if (!map_term_is(&term, "if"))
        return map_expected(line, "'if' or the end of the line", &term);
    int r = map_take_value(line, ret);
    return r ? r : map_expect_end(line);
}

void *map_new(struct map_line *line, size_t size)
{
    void *memory = map_memory_alloc(&line->rules->memory, size);
    if (!memory)
        (void)!error_oom(line->err);
    return memory;
}

/* ---- statements ---- */

static int parse_title(struct map_line *line)
{
    while (line->p < line->end && *line->p == ' ')
        line->p++;
    line->rules->title = map_memory_copy(&line->rules->memory, (struct pare_str){
        line->p, (size_t)(line->end - line->p) });
    return line->rules->title ? 0 : error_oom(line->err);
}

static int parse_architecture(struct map_line *line)
{
    int r = map_take_copy(line, "GGUF's name of the architecture", &line->rules->architecture);
    return r ? r : map_expect_end(line);
}

static int parse_words(struct map_line *line, const char *what, struct map_word ***end)
{
    struct map_term term;
    int r = 0;
    do {
        struct map_word *word = map_new(line, sizeof *word);
        r = word ? map_take_copy(line, what, &word->text) : PARE_ENOMEM;
        if (r)
            return r;
        **end = word;
        *end = &word->next;
        const char *p = line->p;
        if (!map_take(line, &term))
            return 0;
        line->p = p;
    } while (1);
}

static int parse_for(struct map_line *line)
{
    return parse_words(line, "a name out of config.json's architectures",
                       &line->rules->architectures_end);
}

static int parse_model_type(struct map_line *line)
{
    return parse_words(line, "a model_type of config.json", &line->rules->model_types_end);
}

static int parse_include(struct map_line *line)
{
    const char *file = NULL;
    int r = map_take_copy(line, "a file name", &file);
    if (!r)
        r = map_expect_end(line);
    if (!r)
        line->included = 1;
    return r ? r : map_read_file(line->rules, line->dirs, file, line->err);
}

/* "default NAME = VALUE [if CONDITION]" and "let" */
static int parse_assignment(struct map_line *line, enum map_verb verb)
{
    struct map_action *action = map_new(line, sizeof *action);
    if (!action)
        return PARE_ENOMEM;
    *action = (struct map_action){ .verb = verb, .place = line->place };
    int r = map_take_word(line, "a name", &action->name);
    if (!r)
        r = map_expect(line, "=");
    if (!r)
        r = map_take_value(line, &action->value);
    if (!r)
        r = map_take_condition(line, &action->condition);
    if (r)
        return r;
    *line->rules->actions_end = action;
    line->rules->actions_end = &action->next;
    return 0;
}

static int parse_default(struct map_line *line)
{
    return parse_assignment(line, MAP_DEFAULT);
}

static int parse_let(struct map_line *line)
{
    return parse_assignment(line, MAP_LET);
}

/* "fail "TEXT" [if CONDITION]" and "warn" */
static int parse_note(struct map_line *line, enum map_verb verb)
{
    struct map_term term;
    struct map_action *action = map_new(line, sizeof *action);
    if (!action)
        return PARE_ENOMEM;
    if (!map_take(line, &term))
        return map_expected(line, "a text in quotation marks", NULL);
    if (!term.quoted)
        return map_expected(line, "a text in quotation marks", &term);
    *action = (struct map_action){ .verb = verb, .name = term.text, .place = line->place };
    int r = map_take_condition(line, &action->condition);
    if (r)
        return r;
    *line->rules->actions_end = action;
    line->rules->actions_end = &action->next;
    return 0;
}

static int parse_fail(struct map_line *line)
{
    return parse_note(line, MAP_FAIL);
}

static int parse_warn(struct map_line *line)
{
    return parse_note(line, MAP_WARN);
}

static int parse_index(struct map_line *line)
{
    struct map_index *index = map_new(line, sizeof *index);
    if (!index)
        return PARE_ENOMEM;
    index->place = line->place;
    int r = map_take_word(line, "the name of a number", &index->name);
    if (!r)
        r = map_expect(line, "=");
    if (!r)
        r = map_take_value(line, &index->count);
    if (!r)
        r = map_expect_end(line);
    if (r)
        return r;
    *line->rules->indexes_end = index;
    line->rules->indexes_end = &index->next;
    return 0;
}

static const struct {
    const char *name;
    uint32_t type;
} types[] = {
    { "u8", PARE_U8 },   { "i8", PARE_I8 },     { "u16", PARE_U16 }, { "i16", PARE_I16 },
    { "u32", PARE_U32 }, { "i32", PARE_I32 },   { "f32", PARE_F32 }, { "bool", PARE_BOOL },
    { "str", PARE_STRING }, { "u64", PARE_U64 }, { "i64", PARE_I64 }, { "f64", PARE_F64 },
};

static int take_type(struct map_line *line, struct map_set *set)
{
    struct map_term term;
    if (!map_take(line, &term))
        return map_expected(line, "a type such as u32", NULL);
    size_t n = term.text.len;
    if (n > 2 && !memcmp(term.text.data + n - 2, "[]", 2)) {
        set->is_array = 1;
        n -= 2;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == n && !memcmp(types[i].name, term.text.data, n)) {
            set->type = types[i].type;
            return 0;
        }
    return map_expected(line, "a type such as u32, f32, bool, str or i32[]", &term);
}

/* "set KEY TYPE VALUE [if CONDITION]" */
static int parse_set(struct map_line *line)
{
    struct map_set *set = map_new(line, sizeof *set);
    if (!set)
        return PARE_ENOMEM;
    set->place = line->place;
    int r = map_take_copy(line, "a metadata key", &set->key);
    if (!r)
        r = take_type(line, set);
    if (!r)
        r = map_take_value(line, &set->value);
    if (!r)
        r = map_take_condition(line, &set->condition);
    if (r)
        return r;
    *line->rules->sets_end = set;
    line->rules->sets_end = &set->next;
    return 0;
}

/* "config NAME = VALUE [if CONDITION]" */
static int parse_config(struct map_line *line)
{
    struct map_set *set = map_new(line, sizeof *set);
    if (!set)
        return PARE_ENOMEM;
    set->place = line->place;
    int r = map_take_copy(line, "a name of config.json", &set->key);
    if (!r)
        r = map_expect(line, "=");
    if (!r)
        r = map_take_value(line, &set->value);
    if (!r)
        r = map_take_condition(line, &set->condition);
    if (r)
        return r;
    *line->rules->configs_end = set;
    line->rules->configs_end = &set->next;
    return 0;
}

static int take_truth(struct map_line *line, int *ret)
{
    struct map_term term;
    if (!map_take(line, &term))
        return map_expected(line, "'yes' or 'no'", NULL);
    *ret = map_term_is(&term, "yes");
    return *ret || map_term_is(&term, "no") ? 0 : map_expected(line, "'yes' or 'no'", &term);
}

/* "tokenizer KIND [pre NAME] [space_prefix yes] [looks_special no] [added_tokens yes] [if ...]" */
static int parse_tokenizer(struct map_line *line)
{
    struct map_tokenizer *t = map_new(line, sizeof *t);
    struct map_term term;
    if (!t)
        return PARE_ENOMEM;
    *t = (struct map_tokenizer){ .space_prefix = -1, .looks_special = 1, .place = line->place };
    int r = map_take_copy(line, "a kind of tokenizer", &t->kind);
    for (const char *p = line->p; !r && map_take(line, &term); p = line->p) {
        if (map_term_is(&term, "if")) {
            line->p = p;
            r = map_take_condition(line, &t->condition);
        } else if (map_term_is(&term, "pre")) {
            r = map_take_copy(line, "the name of a pre-tokenizer", &t->pre);
        } else if (map_term_is(&term, "space_prefix")) {
            r = take_truth(line, &t->space_prefix);
        } else if (map_term_is(&term, "looks_special")) {
            r = take_truth(line, &t->looks_special);
        } else if (map_term_is(&term, "added_tokens")) {
            r = take_truth(line, &t->added_tokens);
        } else {
            r = map_expected(line, "pre, space_prefix, looks_special, added_tokens or if", &term);
        }
    }
    if (r)
        return r;
    *line->rules->tokenizers_end = t;
    line->rules->tokenizers_end = &t->next;
    return 0;
}

static const struct {
    const char *word;
    int (*parse)(struct map_line *);
} statements[] = {
    { "title", parse_title },
    { "architecture", parse_architecture },
    { "for", parse_for },
    { "model_type", parse_model_type },
    { "include", parse_include },
    { "default", parse_default },
    { "let", parse_let },
    { "fail", parse_fail },
    { "warn", parse_warn },
    { "index", parse_index },
    { "set", parse_set },
    { "config", parse_config },
    { "tokenizer", parse_tokenizer },
    { "rename", map_parse_rename },
    { "restore", map_parse_restore },
    { "tensor", map_parse_tensor },
    { "drop", map_parse_drop },
    { "f32", map_parse_f32 },
    { "values", map_parse_values },
};

static int parse_statement(struct map_line *line)
{
    struct map_term term;
    if (!map_take(line, &term))
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (map_term_is(&term, statements[i].word))
            return statements[i].parse(line);
    return map_expected(line, "a statement", &term);
}

static int parse_line(struct map_rules *rules, const char *dirs, const char *file, unsigned number,
                      struct pare_str text, struct error *err)
{
    char place[140];
    text = statement_trim(text);
    if (!text.len)
        return 0;
    int n = snprintf(place, sizeof place, "%s:%u", file, number);
    if (++rules->n_statements > MAP_MAX_STATEMENTS)
        return error_set(err, PARE_ELIMIT, "%s: more than %d statements", place,
                         MAP_MAX_STATEMENTS);
    struct map_line line = {
        .rules = rules, .dirs = dirs, .p = text.data, .end = text.data + text.len, .err = err,
        .place = map_memory_copy(&rules->memory, (struct pare_str){ place, (size_t)n })
    };
    if (!line.place)
        return error_oom(err);
    int r = parse_statement(&line);
    if (r && !line.included)
        (void)error_prefix(err, "%s", place);
    return r;
}

int map_read_file(struct map_rules *rules, const char *dirs, const char *file, struct error *err)
{
    if (!statement_name_is_plain((struct pare_str){ file, strlen(file) }))
        return error_set(err, PARE_EDATA, "'%.60s' is no name of a file beside it", file);
    for (unsigned i = 0; i < rules->n_files; i++)
        if (!strcmp(rules->files[i], file))
            return error_set(err, PARE_EDATA, "%s is included already", file);
    if (rules->n_files == MAP_MAX_INCLUDES)
        return error_set(err, PARE_EDATA, "more than %d files", MAP_MAX_INCLUDES);
    _cleanup_free_ char *path = dirs_find(dirs, file);
    _cleanup_free_ char *data = NULL;
    size_t n;
    unsigned number = 1, lines;
    if (!path)
        return error_set(err, PARE_EDATA, "there is no %s in %s", file, dirs);
    int r = file_read_all(AT_FDCWD, path, MAP_MAX_FILE, &data, &n, err);
    if (r)
        return r;
    if (memchr(data, 0, n))
        return error_set(err, PARE_EDATA, "%s: not a text file", file);
    char *p = map_memory_copy(&rules->memory, (struct pare_str){ data, n });
    char *name = map_memory_copy(&rules->memory, (struct pare_str){ file, strlen(file) });
    if (!p || !name)
        return error_oom(err);
    rules->files[rules->n_files++] = name;
    for (const char *end = p + n; !r && p < end; number += lines) {
        size_t len = statement_length(p, end, &lines);
        r = parse_line(rules, dirs, file, number, (struct pare_str){ p, len }, err);
        p += len + 1;
    }
    return r;
}
