/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The statements of architecture maps about tensors: see map_rules_private.h. */
#include "map/map_rules_private.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

/* FROM may begin with '^' or end with '$'; TO may be "". */
static int parse_rename(struct map_line *line, int conditional, struct map_rename ***end)
{
    struct map_rename *rename = map_new(line, sizeof *rename);
    if (!rename)
        return PARE_ENOMEM;
    int r = map_take_word(line, "a part of names", &rename->from);
    if (!r)
        r = words_expect(&line->words, "->");
    if (!r)
        r = map_take_word(line, "what takes its place (\"\" for nothing)", &rename->to);
    if (!r)
        r = conditional ? map_take_condition(line, &rename->condition)
                        : words_expect_end(&line->words);
    if (r)
        return r;
    if (rename->from.len && *rename->from.data == '^') {
        rename->at_start = 1;
        rename->from.data++;
        rename->from.len--;
    }
    if (rename->from.len && rename->from.data[rename->from.len - 1] == '$') {
        rename->at_end = 1;
        rename->from.len--;
    }
    if (!rename->from.len && !rename->at_start && !rename->at_end)
        return error_set(line->words.err, PARE_EDATA, "there is nothing to rename");
    **end = rename;
    *end = &rename->next;
    return 0;
}

/* "rename FROM -> TO" */
int map_parse_rename(struct map_line *line)
{
    return parse_rename(line, 0, &line->rules->renames_end);
}

/* "restore FROM -> TO [if CONDITION]" */
int map_parse_restore(struct map_line *line)
{
    return parse_rename(line, 1, &line->rules->restores_end);
}

/* "PATTERN, PATTERN ->": all of them have the same numbers and choices. */
static int take_sources(struct map_line *line, struct map_tensor *tensor)
{
    struct word term;
    for (;;) {
        if (!words_take(&line->words, &term))
            return words_expected(&line->words, "a pattern of tensors", NULL);
        if (tensor->n_sources && word_is(&term, "->"))
            return 0;
        if (term.text.len && term.text.data[term.text.len - 1] == ',')
            term.text.len--;
        if (tensor->n_sources == MAP_MAX_SOURCES)
            return error_set(line->words.err, PARE_EDATA, "more than %d tensors are merged",
                             MAP_MAX_SOURCES);
        unsigned n = tensor->n_sources++;
        int r = name_pattern_parse(&line->rules->memory, term.text, n ? &tensor->sources[0] : NULL,
                                   &tensor->sources[n], line->words.err);
        if (r)
            return r;
    }
}

static int take_pick(struct map_line *line, struct map_tensor *tensor)
{
    struct word term;
    const char *p = line->words.p;
    if (words_take(&line->words, &term) && word_is(&term, "even"))
        tensor->pick = MAP_EVEN;
    else if (word_is(&term, "odd"))
        tensor->pick = MAP_ODD;
    if (tensor->pick)
        return 0;
    line->words.p = p;
    tensor->pick = MAP_SPAN;
    int r = map_take_value(line, &tensor->first);
    return r ? r : map_take_value(line, &tensor->count);
}

static int take_add(struct map_line *line, struct map_tensor *tensor)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a number", NULL);
    _cleanup_free_ char *text = strndup(term.text.data, term.text.len);
    char *end = NULL;
    if (!text)
        return error_oom(line->words.err);
    tensor->add = strtod(text, &end);
    tensor->f32 = 1;
    return *end || !*text ? words_expected(&line->words, "a number", &term) : 0;
}

/* One transform, whose word is taken. */
static int take_transform(struct map_line *line, const struct word *term, struct map_tensor *tensor)
{
    static const char *const known[] = { "permute", "transpose", "add",   "f32",      "row",
                                         "rows",    "columns",   "stack", "optional", "if" };
    if (word_is(term, "permute"))
        return map_take_value(line, &tensor->heads);
    if (word_is(term, "add"))
        return take_add(line, tensor);
    if (word_is(term, "stack"))
        return map_take_word(line, "the name of a number", &tensor->stack);
    if (word_is(term, "rows") || word_is(term, "columns")) {
        tensor->columns = word_is(term, "columns");
        return take_pick(line, tensor);
    }
    if (word_is(term, "f32"))
        tensor->f32 = 1;
    else if (word_is(term, "transpose"))
        tensor->transpose = 1;
    else if (word_is(term, "row"))
        tensor->row = 1;
    else if (word_is(term, "optional"))
        tensor->optional = 1;
    else
        return words_unknown(&line->words, "a transform, 'optional' or 'if'", term, known,
                             sizeof *known, sizeof known / sizeof *known);
    return 0;
}

/* Every number and choice of a source is in the target's name, so that no two tensors get one
 * name; but for the number over which they are stacked. */
static int check_target(struct map_line *line, const struct map_tensor *tensor)
{
    unsigned seen = 0, choices = tensor->sources[0].n_choices;
    for (unsigned i = 0; i < tensor->target.n_parts; i++)
        if (tensor->target.parts[i].kind == NAME_CHOICE)
            seen |= 1u << tensor->target.parts[i].choice;
    if (seen != (1u << choices) - 1)
        return error_set(line->words.err, PARE_EDATA, "the name behind '->' leaves a choice out");
    int stacked = !tensor->stack.len;
    for (unsigned i = 0; i < tensor->sources[0].n_parts; i++) {
        const struct name_part *part = &tensor->sources[0].parts[i];
        if (part->kind == NAME_ANY)
            return error_set(line->words.err, PARE_EDATA, "no name can be made from '*'");
        if (part->kind != NAME_INDEX)
            continue;
        int is_stack = text_equals(part->text, tensor->stack);
        stacked |= is_stack;
        if (is_stack == name_pattern_has_number(&tensor->target, part->text))
            return error_set(line->words.err, PARE_EDATA,
                             "{%.*s} must be in the name behind '->' or be stacked",
                             (int)part->text.len, part->text.data);
    }
    return stacked ? 0
                   : error_set(line->words.err, PARE_EDATA, "there is no {%.*s} to stack",
                               (int)tensor->stack.len, tensor->stack.data);
}

static int check_transforms(struct map_line *line, const struct map_tensor *tensor)
{
    if (tensor->transpose && (tensor->stack.len || tensor->n_sources > 1 || tensor->heads ||
                              (tensor->pick && !tensor->columns)))
        return error_set(line->words.err, PARE_EDATA,
                         "'transpose' goes with 'columns', 'f32' and 'add' only");
    if (tensor->heads && (tensor->columns || tensor->pick == MAP_EVEN || tensor->pick == MAP_ODD))
        return error_set(line->words.err, PARE_EDATA,
                         "'permute' goes with 'rows FIRST COUNT' only");
    return 0;
}

/* "tensor PATTERN[, PATTERN ...] -> NAME [TRANSFORM ...] [optional] [if CONDITION]" */
int map_parse_tensor(struct map_line *line)
{
    struct map_tensor *tensor = map_new(line, sizeof *tensor);
    struct word term;
    if (!tensor)
        return PARE_ENOMEM;
    tensor->place = line->place;
    int r = take_sources(line, tensor);
    if (!r && !words_take(&line->words, &term))
        r = words_expected(&line->words, "a tensor's name", NULL);
    if (!r)
        r = name_pattern_parse(&line->rules->memory, term.text, &tensor->sources[0],
                               &tensor->target, line->words.err);
    for (const char *p = line->words.p; !r && words_take(&line->words, &term); p = line->words.p) {
        if (word_is(&term, "if")) {
            line->words.p = p;
            r = map_take_condition(line, &tensor->condition);
        } else {
            r = take_transform(line, &term, tensor);
        }
    }
    if (!r)
        r = check_target(line, tensor);
    if (!r)
        r = check_transforms(line, tensor);
    if (r)
        return r;
    tensor->number = line->rules->n_tensors++;
    *line->rules->tensors_end = tensor;
    line->rules->tensors_end = &tensor->next;
    return 0;
}

static int parse_patterns(struct map_line *line, struct map_patterns ***end)
{
    struct word term;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a pattern of tensors", NULL);
    do {
        struct map_patterns *p = map_new(line, sizeof *p);
        if (!p)
            return PARE_ENOMEM;
        int r = name_pattern_parse(&line->rules->memory, term.text, NULL, &p->pattern,
                                   line->words.err);
        if (r)
            return r;
        **end = p;
        *end = &p->next;
    } while (words_take(&line->words, &term));
    return 0;
}

int map_parse_drop(struct map_line *line)
{
    return parse_patterns(line, &line->rules->drops_end);
}

int map_parse_f32(struct map_line *line)
{
    return parse_patterns(line, &line->rules->floats_end);
}

/* "shape PATTERN [rows VALUE] [columns VALUE] [if CONDITION]" */
int map_parse_shape(struct map_line *line)
{
    static const char *const known[] = { "rows", "columns", "if" };
    struct map_shape *shape = map_new(line, sizeof *shape);
    struct word term;
    if (!shape)
        return PARE_ENOMEM;
    shape->place = line->place;
    if (!words_take(&line->words, &term))
        return words_expected(&line->words, "a pattern of tensors", NULL);
    int r = name_pattern_parse(&line->rules->memory, term.text, NULL, &shape->pattern,
                               line->words.err);
    for (const char *p = line->words.p; !r && words_take(&line->words, &term); p = line->words.p) {
        if (word_is(&term, "if")) {
            line->words.p = p;
            r = map_take_condition(line, &shape->condition);
        } else if (word_is(&term, "rows") && !shape->rows) {
            r = map_take_value(line, &shape->rows);
        } else if (word_is(&term, "columns") && !shape->columns) {
            r = map_take_value(line, &shape->columns);
        } else {
            r = words_unknown(&line->words, "'rows', 'columns' or 'if'", &term, known,
                              sizeof *known, sizeof known / sizeof *known);
        }
    }
    if (!r && !shape->rows && !shape->columns)
        r = words_expected(&line->words, "'rows' or 'columns'", NULL);
    if (r)
        return r;
    *line->rules->shapes_end = shape;
    line->rules->shapes_end = &shape->next;
    return 0;
}

/* "values NAME = LIST [if CONDITION]" */
int map_parse_values(struct map_line *line)
{
    struct map_values *values = map_new(line, sizeof *values);
    if (!values)
        return PARE_ENOMEM;
    values->place = line->place;
    int r = map_take_copy(line, "a tensor's name", &values->name);
    if (!r)
        r = words_expect(&line->words, "=");
    if (!r)
        r = map_take_value(line, &values->value);
    if (!r)
        r = map_take_condition(line, &values->condition);
    if (r)
        return r;
    *line->rules->values_end = values;
    line->rules->values_end = &values->next;
    return 0;
}
