/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The statements of architecture maps, one per line (pare-architecture(5)). The first word says
 * which. Those about tensors are in map_parse_tensor.c. Mistakes are reported with file and line.
 */
#include "map/map_rules_private.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* ---- words ---- */

int map_take_word(struct map_line *line, const char *what, struct pare_str *ret)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, what, NULL);
    *ret = term.text;
    return 0;
}

int map_take_copy(struct map_line *line, const char *what, const char **ret)
{
    struct pare_str word;
    int r = map_take_word(line, what, &word);
    if (r)
        return r;
    *ret = arena_copy(&line->rules->memory, word);
    return *ret ? 0 : error_oom(line->words.err);
}

int map_take_value(struct map_line *line, const struct expr **ret)
{
    struct pare_str rest, text = { line->words.p, (size_t)(line->words.end - line->words.p) };
    struct expr *e = NULL;
    int r = expr_parse_value(&line->rules->unit, text, EXPR_ANY, &e, &rest, line->words.err);
    if (r)
        return r;
    line->words.p = rest.data;
    *ret = e;
    return 0;
}

int map_take_condition(struct map_line *line, const struct expr **ret)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return 0;
    if (!word_is(&term, "if"))
        return words_expected(&line->words, "'if' or the end of the line", &term);
    int r = map_take_value(line, ret);
    return r ? r : words_expect_end(&line->words);
}

void *map_new(struct map_line *line, size_t size)
{
    void *memory = arena_alloc(&line->rules->memory, size);
    if (!memory)
        (void)!error_oom(line->words.err);
    return memory;
}

/* ---- statements ---- */

/* A map has one title and one architecture. */
static int refuse_second(struct map_line *line, const char *what, const char *first)
{
    return !first || !*first ? 0
                             : error_set(line->words.err, PARE_EDATA, "there is %s already, '%.*s'",
                                         what, text_clip(text_of(first)), first);
}

static int parse_title(struct map_line *line)
{
    int r = refuse_second(line, "a title", line->rules->title);
    if (r)
        return r;
    while (line->words.p < line->words.end && *line->words.p == ' ')
        line->words.p++;
    line->rules->title = arena_copy(&line->rules->memory,
                                    (struct pare_str){ line->words.p,
                                                       (size_t)(line->words.end - line->words.p) });
    return line->rules->title ? 0 : error_oom(line->words.err);
}

static int parse_architecture(struct map_line *line)
{
    int r = refuse_second(line, "an architecture", line->rules->architecture);
    if (!r)
        r = map_take_copy(line, "GGUF's name of the architecture", &line->rules->architecture);
    return r ? r : words_expect_end(&line->words);
}

static int parse_words(struct map_line *line, const char *what, struct map_word ***end)
{
    struct word term;
    int r = 0;
    do {
        struct map_word *word = map_new(line, sizeof *word);
        r = word ? map_take_copy(line, what, &word->text) : PARE_ENOMEM;
        if (r)
            return r;
        **end = word;
        *end = &word->next;
        const char *p = line->words.p;
        if (!words_take(&line->words, &term))
            return 0;
        line->words.p = p;
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
        r = words_expect_end(&line->words);
    if (!r)
        line->included = 1;
    return r ? r : map_read_file(line->rules, line->dirs, file, line->words.err);
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
        r = words_expect(&line->words, "=");
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
    struct word term;
    struct map_action *action = map_new(line, sizeof *action);
    if (!action)
        return PARE_ENOMEM;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a text in quotation marks", NULL);
    if (!term.quoted)
        return words_expected(&line->words, "a text in quotation marks", &term);
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
        r = words_expect(&line->words, "=");
    if (!r)
        r = map_take_value(line, &index->count);
    if (!r)
        r = words_expect_end(&line->words);
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
    { "u8", PARE_U8 },      { "i8", PARE_I8 },   { "u16", PARE_U16 }, { "i16", PARE_I16 },
    { "u32", PARE_U32 },    { "i32", PARE_I32 }, { "f32", PARE_F32 }, { "bool", PARE_BOOL },
    { "str", PARE_STRING }, { "u64", PARE_U64 }, { "i64", PARE_I64 }, { "f64", PARE_F64 },
};

static int take_type(struct map_line *line, struct map_set *set)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a type such as u32", NULL);
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
    return words_unknown(&line->words, "a type such as u32, f32, bool, str or i32[]", &term,
                         &types[0].name, sizeof *types, sizeof types / sizeof *types);
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
        r = words_expect(&line->words, "=");
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
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "'yes' or 'no'", NULL);
    *ret = word_is(&term, "yes");
    return *ret || word_is(&term, "no") ? 0 : words_expected(&line->words, "'yes' or 'no'", &term);
}

/* One of the kinds that tokenizer/tokenizer.h names. */
static int take_kind(struct map_line *line, const char **ret)
{
    static const char *const kinds[] = { "auto", "spm", "bpe", "spm,bpe", "wordpiece", "none" };
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a kind of tokenizer", NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_is(term.text, kinds[i])) {
            *ret = kinds[i];
            return 0;
        }
    return words_unknown(&line->words, "auto, spm, bpe, \"spm,bpe\", wordpiece or none", &term,
                         kinds, sizeof *kinds, sizeof kinds / sizeof *kinds);
}

/* "tokenizer KIND [pre NAME] [space_prefix yes] [looks_special no] [added_tokens yes] [if ...]" */
static int parse_tokenizer(struct map_line *line)
{
    static const char *const options[] = { "pre", "space_prefix", "looks_special", "added_tokens",
                                           "if" };
    struct map_tokenizer *t = map_new(line, sizeof *t);
    struct word term;
    if (!t)
        return PARE_ENOMEM;
    *t = (struct map_tokenizer){ .space_prefix = -1, .looks_special = 1, .place = line->place };
    int r = take_kind(line, &t->kind);
    for (const char *p = line->words.p; !r && words_take(&line->words, &term); p = line->words.p) {
        if (word_is(&term, "if")) {
            line->words.p = p;
            r = map_take_condition(line, &t->condition);
        } else if (word_is(&term, "pre")) {
            r = map_take_copy(line, "the name of a pre-tokenizer", &t->pre);
        } else if (word_is(&term, "space_prefix")) {
            r = take_truth(line, &t->space_prefix);
        } else if (word_is(&term, "looks_special")) {
            r = take_truth(line, &t->looks_special);
        } else if (word_is(&term, "added_tokens")) {
            r = take_truth(line, &t->added_tokens);
        } else {
            r = words_unknown(&line->words, "pre, space_prefix, looks_special, added_tokens or if",
                              &term, options, sizeof *options, sizeof options / sizeof *options);
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
    { "shape", map_parse_shape },
    { "values", map_parse_values },
};

static int parse_statement(struct map_line *line)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (word_is(&term, statements[i].word))
            return statements[i].parse(line);
    return words_unknown(&line->words, "a statement", &term, &statements[0].word,
                         sizeof *statements, sizeof statements / sizeof *statements);
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
    struct map_line line = { .rules = rules,
                             .dirs = dirs,
                             .words = { text.data, text.data + text.len, err },
                             .place = arena_copy(&rules->memory,
                                                 (struct pare_str){ place, (size_t)n }) };
    if (!line.place)
        return error_oom(err);
    int r = parse_statement(&line);
    if (r && !line.included)
        (void)error_prefix(err, "%s", place);
    return r;
}

int map_read_file(struct map_rules *rules, const char *dirs, const char *file, struct error *err)
{
    if (!statement_name_is_plain(text_of(file)))
        return error_set(err, PARE_EDATA, "'%.60s' is not a plain file name", file);
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
    char *p = arena_copy(&rules->memory, (struct pare_str){ data, n });
    char *name = arena_copy(&rules->memory, text_of(file));
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
