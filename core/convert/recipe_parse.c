/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The statements of recipes, one per line (pare-recipe(5)). The first word says which; one that
 * is no keyword is an encoding, and the line a rule. Mistakes are reported with file and line.
 */
#include "convert/recipe_rules.h"

#include <stdio.h>
#include <string.h>

struct line {
    struct recipe_loader *loader;
    struct recipe *recipe;
    const char *p, *end; /* what is left of it */
    const char *place, *text;
    struct error *err;
};

struct word {
    struct pare_str text; /* without quotation marks */
    int quoted;
};

static int clip(struct pare_str text)
{
    return text.len > 60 ? 60 : (int)text.len;
}

/* Takes the next word, or text in quotation marks: 1, or 0 at the end of the line. A missing
 * closing quotation mark takes all that is left. */
static int take(struct line *line, struct word *ret)
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

static int word_is(const struct word *word, const char *text)
{
    return !word->quoted && word->text.len == strlen(text) &&
           !memcmp(word->text.data, text, word->text.len);
}

/* Lines have no white space at their end. */
static int at_end(const struct line *line)
{
    return line->p == line->end;
}

/* The rest of the line, without spaces around it. */
static struct pare_str take_rest(struct line *line)
{
    struct pare_str rest = { line->p, (size_t)(line->end - line->p) };
    while (rest.len && (*rest.data == ' ' || *rest.data == '\t')) {
        rest.data++;
        rest.len--;
    }
    line->p = line->end;
    return rest;
}

static int expected(struct line *line, const char *what, const struct word *got)
{
    if (!got)
        return error_set(line->err, PARE_EDATA, "expected %s, not the end of the line", what);
    return error_set(line->err, PARE_EDATA, "expected %s, not '%.*s'", what, clip(got->text),
                     got->text.data);
}

static int expect_end(struct line *line)
{
    struct word word;
    return take(line, &word) ? expected(line, "the end of the line", &word) : 0;
}

/* Takes a word of letters, digits, '_', '-' and '.', and copies it. */
static int take_plain(struct line *line, const char *what, const char **ret)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, what, NULL);
    if (word.quoted || !recipe_name_is_plain(word.text))
        return expected(line, what, &word);
    *ret = recipe_copy(line->recipe, word.text);
    return *ret ? 0 : error_oom(line->err);
}

static int take_quoted(struct line *line, const char *what, struct pare_str *ret)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, what, NULL);
    if (!word.quoted)
        return expected(line, what, &word);
    if (line->p[-1] != '"' || line->p == word.text.data)
        return error_set(line->err, PARE_EDATA, "a text lacks its closing quotation mark");
    *ret = word.text;
    return 0;
}

/* Takes "if CONDITION" up to the end of the line. */
static int take_condition(struct line *line, const char *after, int required,
                          const struct expr **ret)
{
    char what[100];
    (void)snprintf(what, sizeof what, "'if' after %s", after);
    struct word word;
    if (!take(line, &word))
        return required ? expected(line, what, NULL) : 0;
    if (!word_is(&word, "if"))
        return expected(line, what, &word);
    struct expr *condition = NULL;
    int r = expr_parse(&line->recipe->unit, take_rest(line), &condition, line->err);
    if (!r)
        *ret = condition;
    return r;
}

static int new_rule(struct line *line, enum recipe_verb verb, const char *argument,
                    struct recipe_rule **ret)
{
    struct recipe_rule *rule = recipe_alloc(line->recipe, sizeof *rule);
    if (!rule)
        return error_oom(line->err);
    rule->verb = verb;
    rule->argument = argument;
    rule->place = line->place;
    rule->text = line->text;
    *ret = rule;
    return 0;
}

static int add_rule(struct line *line, enum recipe_verb verb, const char *argument,
                    const char *after)
{
    struct recipe_rule *rule = NULL;
    int r = new_rule(line, verb, argument, &rule);
    if (!r)
        r = take_condition(line, after, 1, &rule->condition);
    if (r)
        return r;
    *line->recipe->rules_end = rule;
    line->recipe->rules_end = &rule->next;
    return 0;
}

/* An action's condition is optional and may not look at a tensor. */
static int add_action(struct line *line, enum recipe_verb verb, const char *argument,
                      const struct pare_value *value, const char *after)
{
    struct recipe_rule *rule = NULL;
    int r = new_rule(line, verb, argument, &rule);
    if (!r)
        r = take_condition(line, after, 0, &rule->condition);
    if (r)
        return r;
    if (rule->condition && rule->condition->per_tensor)
        return error_set(line->err, PARE_EDATA,
                         "expected a condition about the model: this one depends on a tensor");
    if (value)
        rule->value = *value;
    *line->recipe->actions_end = rule;
    line->recipe->actions_end = &rule->next;
    return 0;
}

static int parse_text(struct line *line, const char **ret)
{
    struct pare_str rest = take_rest(line);
    if (!rest.len)
        return expected(line, "a text", NULL);
    *ret = recipe_copy(line->recipe, rest);
    return *ret ? 0 : error_oom(line->err);
}

static int parse_title(struct line *line)
{
    return parse_text(line, &line->recipe->title);
}

static int parse_description(struct line *line)
{
    return parse_text(line, &line->recipe->description);
}

/* Digits with at most one point among them; 0 when it is something else. */
static int parse_decimal(struct pare_str text, double *ret)
{
    double value = 0, scale = 0;
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '.' && scale == 0) {
            scale = 1;
        } else if (c >= '0' && c <= '9' && ++digits <= 15) {
            value = value * 10 + (c - '0');
            scale *= 10;
        } else {
            return 0;
        }
    }
    *ret = scale > 1 ? value / scale : value;
    return digits > 0;
}

static int parse_bits(struct line *line)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, "a number", NULL);
    if (!parse_decimal(word.text, &line->recipe->bits))
        return expected(line, "a number", &word);
    return expect_end(line);
}

static int parse_formats(struct line *line)
{
    struct recipe *recipe = line->recipe;
    recipe->n_formats = 0;
    do {
        if (recipe->n_formats == RECIPE_MAX_WORDS)
            return error_set(line->err, PARE_EDATA, "more than %d formats", RECIPE_MAX_WORDS);
        int r = take_plain(line, "a format", &recipe->formats[recipe->n_formats++]);
        if (r)
            return r;
    } while (!at_end(line));
    return 0;
}

static int parse_include(struct line *line)
{
    const char *file;
    int r = take_plain(line, "a file name", &file);
    if (!r)
        r = expect_end(line);
    return r ? r : recipe_read(line->loader, file);
}

static const struct {
    const char *name;
    uint32_t type;
    unsigned size;
    int64_t min, max;
} value_types[] = {
    { "u8", PARE_U8, 1, 0, UINT8_MAX },
    { "i8", PARE_I8, 1, INT8_MIN, INT8_MAX },
    { "u16", PARE_U16, 2, 0, UINT16_MAX },
    { "i16", PARE_I16, 2, INT16_MIN, INT16_MAX },
    { "u32", PARE_U32, 4, 0, UINT32_MAX },
    { "i32", PARE_I32, 4, INT32_MIN, INT32_MAX },
    { "u64", PARE_U64, 8, 0, INT64_MAX },
    { "i64", PARE_I64, 8, -INT64_MAX, INT64_MAX },
    { "f32", PARE_F32, 4, 0, 0 },
    { "f64", PARE_F64, 8, 0, 0 },
    { "bool", PARE_BOOL, 1, 0, 0 },
    { "string", PARE_STRING, sizeof(struct pare_str), 0, 0 },
};

/* Stores an integer in the host's order: the cast keeps the low bits of either sign. */
static void store_integer(void *data, unsigned size, int64_t number)
{
    uint8_t u8 = (uint8_t)number;
    uint16_t u16 = (uint16_t)number;
    uint32_t u32 = (uint32_t)number;
    const void *from = size == 1 ? (const void *)&u8 : size == 2 ? (const void *)&u16
                     : size == 4 ? (const void *)&u32 : (const void *)&number;
    memcpy(data, from, size);
}

static int parse_integer(struct line *line, const struct word *word, size_t type, void *data)
{
    struct pare_str text = word->text;
    int negative = text.len > 1 && *text.data == '-';
    int64_t number = 0;
    for (size_t i = (size_t)negative; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_add_overflow(number, (int64_t)digit, &number))
            return expected(line, "an integer", word);
    }
    number = negative ? -number : number;
    if (number < value_types[type].min || number > value_types[type].max)
        return error_set(line->err, PARE_EDATA, "%.*s does not fit %s", clip(text), text.data,
                         value_types[type].name);
    store_integer(data, value_types[type].size, number);
    return 0;
}

static int parse_real(struct line *line, const struct word *word, size_t type, void *data)
{
    struct pare_str text = word->text;
    int negative = text.len > 1 && *text.data == '-';
    text.data += negative;
    text.len -= (size_t)negative;
    double value;
    if (!parse_decimal(text, &value))
        return expected(line, "a number", word);
    value = negative ? -value : value;
    float single = (float)value;
    if (value_types[type].type == PARE_F32)
        memcpy(data, &single, sizeof single);
    else
        memcpy(data, &value, sizeof value);
    return 0;
}

static int parse_value(struct line *line, size_t type, void *data)
{
    struct word word;
    if (value_types[type].type == PARE_STRING)
        return take_quoted(line, "a text in quotation marks", data);
    if (!take(line, &word))
        return expected(line, "a value", NULL);
    switch (value_types[type].type) {
    case PARE_F32:
    case PARE_F64:
        return parse_real(line, &word, type, data);
    case PARE_BOOL:
        if (!word_is(&word, "true") && !word_is(&word, "false"))
            return expected(line, "true or false", &word);
        *(uint8_t *)data = word_is(&word, "true");
        return 0;
    default:
        return parse_integer(line, &word, type, data);
    }
}

static int take_type(struct line *line, size_t *ret_type)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, "a type", NULL);
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++)
        if (word_is(&word, value_types[i].name)) {
            *ret_type = i;
            return 0;
        }
    return expected(line, "a type such as u32, f32, bool or string", &word);
}

static int parse_set(struct line *line)
{
    const char *key;
    size_t type = 0;
    int r = take_plain(line, "a metadata key", &key);
    if (!r)
        r = take_type(line, &type);
    if (r)
        return r;
    void *data = recipe_alloc(line->recipe, value_types[type].size);
    if (!data)
        return error_oom(line->err);
    r = parse_value(line, type, data);
    struct pare_value value = {
        .struct_size = sizeof value, .type = value_types[type].type, .count = 1, .data = data
    };
    return r ? r : add_action(line, RECIPE_SET, key, &value, "the value");
}

static int parse_drop(struct line *line)
{
    const char *key;
    int r = take_plain(line, "a metadata key", &key);
    return r ? r : add_action(line, RECIPE_DROP, key, NULL, "the key");
}

static int parse_order(struct line *line)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, "'layers'", NULL);
    if (!word_is(&word, "layers"))
        return expected(line, "'layers'", &word);
    return add_action(line, RECIPE_ORDER, "layers", NULL, "'layers'");
}

static int parse_message(struct line *line, const char **ret)
{
    struct pare_str text;
    int r = take_quoted(line, "a text in quotation marks", &text);
    if (r)
        return r;
    *ret = recipe_copy(line->recipe, text);
    return *ret ? 0 : error_oom(line->err);
}

static int parse_warn(struct line *line)
{
    const char *message;
    int r = parse_message(line, &message);
    return r ? r : add_action(line, RECIPE_WARN, message, NULL, "the text");
}

static int parse_fail(struct line *line)
{
    const char *message;
    int r = parse_message(line, &message);
    return r ? r : add_rule(line, RECIPE_FAIL, message, "the text");
}

static int parse_keep(struct line *line)
{
    return add_rule(line, RECIPE_KEEP, "", "'keep'");
}

static int parse_define(struct line *line)
{
    return expr_parse_define(&line->recipe->unit, take_rest(line), line->err);
}

static int parse_role(struct line *line)
{
    struct word name;
    struct recipe_role *role = recipe_alloc(line->recipe, sizeof *role);
    if (!role)
        return error_oom(line->err);
    if (!take(line, &name) || !name.text.len)
        return expected(line, "the name of a role", NULL);
    for (size_t i = 0; i < name.text.len; i++)
        if ((name.text.data[i] < 'a' || name.text.data[i] > 'z') && name.text.data[i] != '_' &&
            (!i || name.text.data[i] < '0' || name.text.data[i] > '9'))
            return expected(line, "the name of a role", &name);
    int r = take_quoted(line, "a pattern in quotation marks", &role->pattern);
    if (!r)
        r = expect_end(line);
    if (!r)
        r = expr_unit_role(&line->recipe->unit, name.text, &role->role, line->err);
    if (r)
        return r;
    *line->recipe->roles_end = role;
    line->recipe->roles_end = &role->next;
    return 0;
}

static int take_arrow(struct line *line)
{
    struct word word;
    if (!take(line, &word))
        return expected(line, "'->'", NULL);
    return word_is(&word, "->") ? 0 : expected(line, "'->'", &word);
}

static int parse_fallback(struct line *line)
{
    struct recipe_fallback *fallback = recipe_alloc(line->recipe, sizeof *fallback);
    if (!fallback)
        return error_oom(line->err);
    fallback->text = line->text;
    int r = take_plain(line, "an encoding", &fallback->encodings[fallback->n_encodings++]);
    do {
        if (!r)
            r = take_arrow(line);
        if (!r && fallback->n_encodings == RECIPE_MAX_WORDS)
            r = error_set(line->err, PARE_EDATA, "more than %d encodings", RECIPE_MAX_WORDS);
        if (!r)
            r = take_plain(line, "an encoding", &fallback->encodings[fallback->n_encodings++]);
    } while (!r && !at_end(line));
    if (r)
        return r;
    *line->recipe->fallbacks_end = fallback;
    line->recipe->fallbacks_end = &fallback->next;
    return 0;
}

static int parse_default(struct line *line)
{
    const char *encoding;
    int r = take_plain(line, "an encoding or 'keep'", &encoding);
    if (!r)
        r = expect_end(line);
    if (!r && line->recipe->standard)
        r = error_set(line->err, PARE_EDATA, "there is a default already, in %s",
                      line->recipe->standard->place);
    if (r)
        return r;
    int keep = !strcmp(encoding, "keep");
    return new_rule(line, keep ? RECIPE_KEEP : RECIPE_ENCODE, encoding, &line->recipe->standard);
}

static const struct {
    const char *word;
    int (*parse)(struct line *);
} statements[] = {
    { "title", parse_title },     { "description", parse_description },
    { "bits", parse_bits },       { "formats", parse_formats },
    { "include", parse_include }, { "set", parse_set },
    { "drop", parse_drop },       { "order", parse_order },
    { "warn", parse_warn },       { "fail", parse_fail },
    { "keep", parse_keep },       { "define", parse_define },
    { "role", parse_role },       { "fallback", parse_fallback },
    { "default", parse_default },
};

static int parse_statement(struct line *line)
{
    struct word word;
    if (!take(line, &word))
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (word_is(&word, statements[i].word))
            return statements[i].parse(line);
    if (word.quoted || !recipe_name_is_plain(word.text))
        return expected(line, "a statement or an encoding", &word);
    char *encoding = recipe_copy(line->recipe, word.text);
    if (!encoding)
        return error_oom(line->err);
    char after[110];
    (void)snprintf(after, sizeof after, "the encoding '%s'", encoding);
    return add_rule(line, RECIPE_ENCODE, encoding, after);
}

/* Cuts comment and white space off the end of a line. */
static struct pare_str trim(struct pare_str text)
{
    int quoted = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            quoted = !quoted;
        if (text.data[i] == '#' && !quoted)
            text.len = i;
    }
    while (text.len && strchr(" \t\r", text.data[text.len - 1]))
        text.len--;
    while (text.len && strchr(" \t", *text.data)) {
        text.data++;
        text.len--;
    }
    return text;
}

/* "PLACE: STATEMENT" with single spaces, for plans. */
static char *describe(struct recipe *recipe, const char *place, struct pare_str text)
{
    char *whole = recipe_alloc(recipe, strlen(place) + 2 + text.len + 1);
    if (!whole)
        return NULL;
    size_t n = (size_t)sprintf(whole, "%s: ", place);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i] == '\t' ? ' ' : text.data[i];
        if (c != ' ' || whole[n - 1] != ' ')
            whole[n++] = c;
    }
    return whole;
}

int recipe_parse_line(struct recipe_loader *loader, const char *file, unsigned line,
                      struct pare_str text)
{
    text = trim(text);
    if (!text.len)
        return 0;
    char place[140];
    int n = snprintf(place, sizeof place, "%s:%u", file, line);
    if (++loader->n_lines > RECIPE_MAX_LINES)
        return error_set(loader->err, PARE_ELIMIT, "%s: more than %d statements", place,
                         RECIPE_MAX_LINES);
    struct line state = {
        .loader = loader, .recipe = loader->recipe, .p = text.data, .end = text.data + text.len,
        .place = recipe_copy(loader->recipe, (struct pare_str){ place, (size_t)n }),
        .text = describe(loader->recipe, place, text), .err = loader->err
    };
    if (!state.text || !state.place)
        return error_oom(loader->err);
    unsigned n_files = loader->n_files;
    int r = parse_statement(&state);
    if (r && n_files == loader->n_files)
        (void)error_prefix(loader->err, "%s", place);
    return r;
}
