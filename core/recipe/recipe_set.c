/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Statements about the model as a whole: metadata, warnings, order, options of the writer. The
 * values that they set are expressions, which the plan evaluates; whether a literal fits its type
 * is checked when it is read.
 */
#include "recipe/recipe_private.h"

#include "base/json_numbers.h"
#include "base/values.h"
#include "recipe/recipe_line.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t type;
    unsigned size;
    int64_t min, max;
} value_types[] = {
    { "u8", PARE_U8, 1, 0, UINT8_MAX },    { "i8", PARE_I8, 1, INT8_MIN, INT8_MAX },
    { "u16", PARE_U16, 2, 0, UINT16_MAX }, { "i16", PARE_I16, 2, INT16_MIN, INT16_MAX },
    { "u32", PARE_U32, 4, 0, UINT32_MAX }, { "i32", PARE_I32, 4, INT32_MIN, INT32_MAX },
    { "u64", PARE_U64, 8, 0, INT64_MAX },  { "i64", PARE_I64, 8, -INT64_MAX, INT64_MAX },
    { "f32", PARE_F32, 4, 0, 0 },          { "f64", PARE_F64, 8, 0, 0 },
    { "bool", PARE_BOOL, 1, 0, 0 },        { "string", PARE_STRING, sizeof(struct pare_str), 0, 0 },
};

#define N_VALUE_TYPES (sizeof value_types / sizeof *value_types)

/* ---- values ---- */

static int is_real(uint32_t type)
{
    return type == PARE_F32 || type == PARE_F64;
}

/* Stores an integer in the host's order: the cast keeps the low bits of either sign. */
static void store_integer(void *data, unsigned size, int64_t number)
{
    uint8_t u8 = (uint8_t)number;
    uint16_t u16 = (uint16_t)number;
    uint32_t u32 = (uint32_t)number;
    const void *from = size == 1   ? (const void *)&u8
                       : size == 2 ? (const void *)&u16
                       : size == 4 ? (const void *)&u32
                                   : (const void *)&number;
    memcpy(data, from, size);
}

static int eval_integer(const struct recipe_rule *rule, const struct expr_env *env, size_t type,
                        struct recipe_value *ret, struct error *err)
{
    int64_t number;
    int r = expr_typed_number(rule->expr, env, &number, err);
    if (r)
        return r;
    if (rule->type != PARE_BOOL &&
        (number < value_types[type].min || number > value_types[type].max))
        return error_set(err, PARE_EDATA, "%lld does not fit %s", (long long)number,
                         value_types[type].name);
    store_integer(ret->data.bytes, value_types[type].size, number);
    return 0;
}

static void store_real(uint32_t type, double real, struct recipe_value *ret)
{
    float single = (float)real;
    if (type == PARE_F32)
        memcpy(ret->data.bytes, &single, sizeof single);
    else
        memcpy(ret->data.bytes, &real, sizeof real);
}

int recipe_value(const struct recipe_rule *rule, const struct expr_env *env,
                 struct recipe_value *ret_value, struct error *err)
{
    struct recipe_value *ret = ret_value;
    size_t type = 0;
    int r = 0;
    while (type + 1 < N_VALUE_TYPES && value_types[type].type != rule->type)
        type++;
    if (is_real(rule->type))
        store_real(rule->type, rule->real, ret);
    else if (rule->type == PARE_STRING)
        r = expr_typed_text(rule->expr, env, ret->made, &ret->data.text, err);
    else
        r = eval_integer(rule, env, type, ret, err);
    ret->value = (struct pare_value){
        .struct_size = sizeof ret->value, .type = rule->type, .count = 1, .data = &ret->data
    };
    return r;
}

/* ---- statements ---- */

/* Takes a number such as 4.25, -3 or 1e-5. */
int line_take_decimal(struct line *line, double *ret)
{
    char text[64] = "";
    struct word word;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, "a number", NULL);
    if (word.quoted || word.text.len >= sizeof text)
        return words_expected(&line->words, "a number", &word);
    memcpy(text, word.text.data, word.text.len);
    int outcome = value_real(text, ret);
    if (outcome == REAL_NONE)
        return words_expected(&line->words, "a number", &word);
    return outcome ? error_set(line->words.err, PARE_EDATA, "the number %s is too %s", text,
                               outcome == REAL_TOO_SMALL ? "small" : "large")
                   : 0;
}

/* Adds a rule to the actions. Its condition is optional and may not look at a tensor. */
static int add_action(struct line *line, struct recipe_rule *rule, const char *after)
{
    int r = line_take_condition(line, after, 0, &rule->condition);
    if (r)
        return r;
    if (rule->condition && rule->condition->per_tensor)
        return error_set(line->words.err, PARE_EDATA,
                         "expected a condition about the model: this one depends on a tensor");
    struct recipe_rule ***end = line->loader->is_override ? &line->recipe->override_actions_end
                                                          : &line->recipe->actions_end;
    **end = rule;
    *end = &rule->next;
    return 0;
}

static int add_new_action(struct line *line, enum recipe_verb verb, const char *argument,
                          const char *after)
{
    struct recipe_rule *rule = NULL;
    int r = line_new_rule(line, verb, argument, &rule);
    return r ? r : add_action(line, rule, after);
}

static int take_type(struct line *line, size_t *ret_type)
{
    struct word word;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, "a type", NULL);
    for (size_t i = 0; i < N_VALUE_TYPES; i++)
        if (word_is(&word, value_types[i].name)) {
            *ret_type = i;
            return 0;
        }
    return words_unknown(&line->words, "a type such as u32, f32, bool or string", &word,
                         &value_types[0].name, sizeof *value_types, N_VALUE_TYPES);
}

static enum expr_type type_of(uint32_t type)
{
    return type == PARE_STRING ? EXPR_TEXT : type == PARE_BOOL ? EXPR_TRUTH : EXPR_NUMBER;
}

/* A number, or a minus and a number: it is the same for every model. */
static int is_literal(const struct expr *e)
{
    return e->op == OP_NUMBER || (e->op == OP_NEGATE && e->first->op == OP_NUMBER);
}

static int take_real(struct line *line, struct recipe_rule *rule)
{
    float single;
    int r = line_take_decimal(line, &rule->real);
    if (!r && rule->type == PARE_F32 && json_number_to_float(rule->real, &single))
        r = error_set(line->words.err, PARE_EDATA, "%g does not fit f32", rule->real);
    return r;
}

static int take_value(struct line *line, struct recipe_rule *rule)
{
    static const struct expr_env nothing;
    struct expr *e = NULL;
    struct recipe_value value;
    struct pare_str rest;
    if (is_real(rule->type))
        return take_real(line, rule);
    int r = expr_parse_value(&line->recipe->unit, line_take_rest(line), type_of(rule->type), &e,
                             &rest, line->words.err);
    if (r)
        return r;
    if (e->per_tensor)
        return error_set(line->words.err, PARE_EDATA,
                         "expected a value about the model: this one depends on a tensor");
    rule->expr = e;
    line->words.p = rest.data;
    return is_literal(e) ? recipe_value(rule, &nothing, &value, line->words.err) : 0;
}

static int parse_entry(struct line *line, enum recipe_verb verb)
{
    const char *key;
    size_t type = 0;
    struct recipe_rule *rule = NULL;
    int r = line_take_plain(line, "a metadata key", &key);
    if (!r)
        r = take_type(line, &type);
    if (!r)
        r = line_new_rule(line, verb, key, &rule);
    if (r)
        return r;
    rule->type = value_types[type].type;
    r = take_value(line, rule);
    return r ? r : add_action(line, rule, "the value");
}

int line_parse_set(struct line *line)
{
    return parse_entry(line, RECIPE_SET);
}

int line_parse_record(struct line *line)
{
    return parse_entry(line, RECIPE_RECORD);
}

int line_parse_drop(struct line *line)
{
    const char *key;
    int r = line_take_plain(line, "a metadata key", &key);
    return r ? r : add_new_action(line, RECIPE_DROP, key, "the key");
}

int line_parse_order(struct line *line)
{
    int r = words_expect(&line->words, "layers");
    return r ? r : add_new_action(line, RECIPE_ORDER, "layers", "'layers'");
}

int line_parse_search(struct line *line)
{
    static const char *const searches[] = { "reference", "best" };
    struct word word;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, "'reference' or 'best'", NULL);
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++)
        if (word_is(&word, searches[i]))
            return add_new_action(line, RECIPE_SEARCH, searches[i], "the search");
    return words_unknown(&line->words, "'reference' or 'best'", &word, searches, sizeof *searches,
                         sizeof searches / sizeof *searches);
}

int line_parse_fallback(struct line *line)
{
    static const char *const words[] = { "refuse", "take" };
    struct words ahead = line->words;
    struct word word;
    if (!words_take(&ahead, &word))
        return 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_is(&word, words[i])) {
            line->words = ahead;
            return add_new_action(line, RECIPE_FALLBACK, words[i], words[i]);
        }
    return 1;
}

int line_parse_warn(struct line *line)
{
    const char *message;
    int r = line_take_message(line, &message);
    return r ? r : add_new_action(line, RECIPE_WARN, message, "the text");
}

int line_parse_option(struct line *line)
{
    struct recipe_option *option = arena_alloc(&line->recipe->memory, sizeof *option);
    struct word word;
    if (!option)
        return error_oom(line->words.err);
    int r = line_take_plain(line, "the name of an option", &option->name);
    if (r)
        return r;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, "a value", NULL);
    if (word.quoted && (line->words.p[-1] != '"' || line->words.p == word.text.data))
        return error_set(line->words.err, PARE_EDATA, "a text lacks its closing quotation mark");
    option->value = arena_copy(&line->recipe->memory, word.text);
    if (!option->value)
        return error_oom(line->words.err);
    r = words_expect_end(&line->words);
    if (r)
        return r;
    option->is_override = line->loader->is_override;
    *line->recipe->options_end = option;
    line->recipe->options_end = &option->next;
    return 0;
}
