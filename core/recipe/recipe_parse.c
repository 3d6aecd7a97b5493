/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The statements of recipes, one per line (pare-recipe(5)). The first word says which statement it
 * is; any other word is an encoding, and the line is a rule. Mistakes are reported with file and
 * line.
 */
#include "recipe/recipe_private.h"

#include "lang/glob.h"
#include "lang/statement.h"
#include "recipe/recipe_line.h"

#include <stdio.h>
#include <string.h>

/* An option can make several rules, which are one to whoever gave it. */
static void number_override(struct recipe *recipe, struct recipe_rule *rule)
{
    const char *last = recipe->last_override;
    if (!last || strcmp(last, rule->place) != 0)
        recipe->n_overrides++;
    recipe->last_override = rule->place;
    rule->number = recipe->n_overrides;
}

static int add_rule(struct line *line, enum recipe_verb verb, const char *argument,
                    const char *after)
{
    struct recipe_rule *rule = NULL;
    int r = line_new_rule(line, verb, argument, &rule);
    if (!r)
        r = line_take_condition(line, after, 1, &rule->condition);
    if (r)
        return r;
    struct recipe_rule ***end = line->loader->is_override ? &line->recipe->overrides_end
                                                          : &line->recipe->rules_end;
    if (line->loader->is_override)
        number_override(line->recipe, rule);
    **end = rule;
    *end = &rule->next;
    return 0;
}

static int parse_text(struct line *line, const char **ret)
{
    struct pare_str rest = line_take_rest(line);
    if (!rest.len)
        return words_expected(&line->words, "a text", NULL);
    *ret = arena_copy(&line->recipe->memory, rest);
    return *ret ? 0 : error_oom(line->words.err);
}

static int parse_title(struct line *line)
{
    return parse_text(line, &line->recipe->title);
}

static int parse_description(struct line *line)
{
    return parse_text(line, &line->recipe->description);
}

static int parse_bits(struct line *line)
{
    int r = line_take_decimal(line, &line->recipe->bits);
    return r ? r : words_expect_end(&line->words);
}

static int parse_formats(struct line *line)
{
    struct recipe *recipe = line->recipe;
    recipe->n_formats = 0;
    recipe->formats_place = line->place;
    do {
        if (recipe->n_formats == RECIPE_MAX_WORDS)
            return error_set(line->words.err, PARE_EDATA, "more than %d formats", RECIPE_MAX_WORDS);
        int r = line_take_plain(line, "a format", &recipe->formats[recipe->n_formats++]);
        if (r)
            return r;
    } while (!line_at_end(line));
    return 0;
}

static int parse_include(struct line *line)
{
    const char *file;
    int r = line_take_plain(line, "a file name", &file);
    if (!r)
        r = words_expect_end(&line->words);
    return r ? r : recipe_read(line->loader, file);
}

static int parse_fail(struct line *line)
{
    const char *message;
    int r = line_take_message(line, &message);
    return r ? r : add_rule(line, RECIPE_FAIL, message, "the text");
}

static int parse_keep(struct line *line)
{
    return add_rule(line, RECIPE_KEEP, "", "'keep'");
}

static int parse_define(struct line *line)
{
    return expr_parse_define(&line->recipe->unit, line_take_rest(line), line->words.err);
}

static int parse_role(struct line *line)
{
    struct word name;
    struct recipe_role *role = arena_alloc(&line->recipe->memory, sizeof *role);
    if (!role)
        return error_oom(line->words.err);
    if (!words_take(&line->words, &name) || !name.text.len)
        return words_expected(&line->words, "the name of a role", NULL);
    for (size_t i = 0; i < name.text.len; i++)
        if ((name.text.data[i] < 'a' || name.text.data[i] > 'z') && name.text.data[i] != '_' &&
            (!i || name.text.data[i] < '0' || name.text.data[i] > '9'))
            return words_expected(&line->words, "the name of a role", &name);
    int r = line_take_quoted(line, "a pattern in quotation marks", &role->pattern);
    if (!r)
        r = glob_check(role->pattern, line->words.err);
    if (!r)
        r = words_expect_end(&line->words);
    if (!r)
        r = expr_unit_role(&line->recipe->unit, name.text, &role->role, line->words.err);
    if (r)
        return r;
    *line->recipe->roles_end = role;
    line->recipe->roles_end = &role->next;
    return 0;
}

/* "fallback ENCODING -> ENCODING ..." */
static int parse_fallbacks(struct line *line)
{
    if (line->loader->is_override)
        return words_expected(&line->words, "'refuse' or 'take'", NULL);
    struct recipe_fallback *fallback = arena_alloc(&line->recipe->memory, sizeof *fallback);
    if (!fallback)
        return error_oom(line->words.err);
    fallback->text = line->text;
    int r = line_take_plain(line, "an encoding", &fallback->encodings[fallback->n_encodings++]);
    do {
        if (!r)
            r = words_expect(&line->words, "->");
        if (!r && fallback->n_encodings == RECIPE_MAX_WORDS)
            r = error_set(line->words.err, PARE_EDATA, "more than %d encodings", RECIPE_MAX_WORDS);
        if (!r)
            r = line_take_plain(line, "an encoding", &fallback->encodings[fallback->n_encodings++]);
    } while (!r && !line_at_end(line));
    if (r)
        return r;
    *line->recipe->fallbacks_end = fallback;
    line->recipe->fallbacks_end = &fallback->next;
    return 0;
}

static int parse_fallback(struct line *line)
{
    int r = line_parse_fallback(line);
    return r == 1 ? parse_fallbacks(line) : r;
}

static int parse_default(struct line *line)
{
    const char *encoding;
    int r = line_take_plain(line, "an encoding or 'keep'", &encoding);
    if (!r)
        r = words_expect_end(&line->words);
    if (!r && line->recipe->standard)
        r = error_set(line->words.err, PARE_EDATA, "there is a default already, in %s",
                      line->recipe->standard->place);
    if (r)
        return r;
    int keep = !strcmp(encoding, "keep");
    return line_new_rule(line, keep ? RECIPE_KEEP : RECIPE_ENCODE, encoding,
                         &line->recipe->standard);
}

/* "overrides [if CONDITION]" */
static int parse_overrides(struct line *line)
{
    struct recipe_rule *rule = NULL;
    int r = line_new_rule(line, RECIPE_OVERRIDES, "", &rule);
    if (!r)
        r = line_take_condition(line, "'overrides'", 0, &rule->condition);
    if (r)
        return r;
    line->recipe->has_overrides = 1;
    *line->recipe->rules_end = rule;
    line->recipe->rules_end = &rule->next;
    return 0;
}

static int parse_pure(struct line *line)
{
    line->recipe->pure = 1;
    return words_expect_end(&line->words);
}

/* Encodings up to "if" or the end of the line. */
static int take_encodings(struct line *line, struct recipe_rule *rule)
{
    struct word word;
    const char *p = line->words.p;
    while (words_take(&line->words, &word) && !word_is(&word, "if")) {
        line->words.p = p;
        if (rule->n_encodings == RECIPE_MAX_WORDS)
            return error_set(line->words.err, PARE_EDATA, "more than %d encodings",
                             RECIPE_MAX_WORDS);
        int r = line_take_plain(line, "an encoding", &rule->encodings[rule->n_encodings++]);
        if (r)
            return r;
        p = line->words.p;
    }
    line->words.p = p;
    return rule->n_encodings ? 0 : words_expected(&line->words, "an encoding", NULL);
}

/* "require importance ENCODING ... [if CONDITION]" and "lenient importance if CONDITION" */
static int parse_weighing(struct line *line, enum recipe_verb verb)
{
    struct recipe_rule *rule = NULL;
    int r = words_expect(&line->words, "importance");
    if (!r)
        r = line_new_rule(line, verb, "", &rule);
    if (!r && verb == RECIPE_REQUIRE)
        r = take_encodings(line, rule);
    if (!r)
        r = line_take_condition(line, verb == RECIPE_REQUIRE ? "the encodings" : "'importance'",
                                verb == RECIPE_LENIENT, &rule->condition);
    if (r)
        return r;
    *line->recipe->weighing_end = rule;
    line->recipe->weighing_end = &rule->next;
    return 0;
}

static int parse_require(struct line *line)
{
    return parse_weighing(line, RECIPE_REQUIRE);
}

static int parse_lenient(struct line *line)
{
    return parse_weighing(line, RECIPE_LENIENT);
}

static int parse_repack(struct line *line)
{
    struct recipe_repack *repack = arena_alloc(&line->recipe->memory, sizeof *repack);
    if (!repack)
        return error_oom(line->words.err);
    int r = line_take_plain(line, "an encoding", &repack->from);
    if (!r)
        r = words_expect(&line->words, "->");
    if (!r)
        r = line_take_plain(line, "an encoding", &repack->to);
    if (!r)
        r = words_expect_end(&line->words);
    if (r)
        return r;
    repack->next = line->recipe->repacks;
    line->recipe->repacks = repack;
    return 0;
}

enum { IN_RECIPE = 1, IN_OVERRIDES = 2, ANYWHERE = 3 };

/* Those that say something about the recipe as a whole come first: a file has each once. */

static const struct {
    const char *word;
    int (*parse)(struct line *);
    int where;
} statements[] = {
    { "title", parse_title, IN_RECIPE },
    { "description", parse_description, IN_RECIPE },
    { "bits", parse_bits, IN_RECIPE },
    { "formats", parse_formats, IN_RECIPE },
    { "include", parse_include, IN_RECIPE },
    { "set", line_parse_set, ANYWHERE },
    { "record", line_parse_record, IN_RECIPE },
    { "drop", line_parse_drop, ANYWHERE },
    { "order", line_parse_order, IN_RECIPE },
    { "search", line_parse_search, ANYWHERE },
    { "warn", line_parse_warn, ANYWHERE },
    { "option", line_parse_option, ANYWHERE },
    { "fail", parse_fail, ANYWHERE },
    { "keep", parse_keep, ANYWHERE },
    { "define", parse_define, ANYWHERE },
    { "role", parse_role, IN_RECIPE },
    { "fallback", parse_fallback, ANYWHERE },
    { "repack", parse_repack, IN_RECIPE },
    { "require", parse_require, IN_RECIPE },
    { "lenient", parse_lenient, IN_RECIPE },
    { "overrides", parse_overrides, IN_RECIPE },
    { "default", parse_default, IN_RECIPE },
    { "pure", parse_pure, IN_OVERRIDES },
};

/* The number of the statement that begins with the word, or -1 when none does. */
static int find_statement(const struct word *word)
{
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (word_is(word, statements[i].word))
            return (int)i;
    return -1;
}

/* Adds to an error about a statement's first word which keyword is near. */
static int unknown_statement(const struct word *word, int code, struct error *err)
{
    struct nearest nearest;
    nearest_start(&nearest, word->text);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        nearest_offer_name(&nearest, statements[i].word);
    return nearest_suggest(&nearest, err, code);
}

/* "ENCODING if CONDITION", from "if" on. Where that is missing, a keyword may have been meant. */
static int parse_encoding(struct line *line, const struct word *word, const char *encoding)
{
    char after[110], what[130];
    struct words ahead = line->words;
    struct word next;
    int more = words_take(&ahead, &next);
    (void)snprintf(after, sizeof after, "the encoding '%s'", encoding);
    if (more && word_is(&next, "if"))
        return add_rule(line, RECIPE_ENCODE, encoding, after);
    (void)snprintf(what, sizeof what, "'if' after %s", after);
    return unknown_statement(word, words_expected(&line->words, what, more ? &next : NULL),
                             line->words.err);
}

/* A recipe may say another title than a file that it includes; one file says it once. */
static int refuse_second(struct line *line, size_t i)
{
    if (i >= RECIPE_N_HEADINGS)
        return 0;
    const char *first = line->loader->headings[i];
    size_t n = first ? (size_t)(strrchr(first, ':') - first) + 1 : 0;
    if (n && !strncmp(first, line->place, n) && !strchr(line->place + n, ':'))
        return error_set(line->words.err, PARE_EDATA, "there is a line '%s' already, in %s",
                         statements[i].word, first);
    line->loader->headings[i] = line->place;
    return 0;
}

static int parse_statement(struct line *line)
{
    struct word word;
    if (!words_take(&line->words, &word))
        return 0;
    int i = find_statement(&word);
    if (i >= 0 && !(statements[i].where & (line->loader->is_override ? IN_OVERRIDES : IN_RECIPE)))
        return error_set(line->words.err, PARE_EDATA,
                         line->loader->is_override
                             ? "'%s' stands in recipes only, not in overrides"
                             : "'%s' stands in overrides only, not in recipes",
                         statements[i].word);
    if (i >= 0) {
        int r = refuse_second(line, (size_t)i);
        return r ? r : statements[i].parse(line);
    }
    if (word.quoted || !statement_name_is_plain(word.text))
        return unknown_statement(&word,
                                 words_expected(&line->words, "a statement or an encoding", &word),
                                 line->words.err);
    char *encoding = arena_copy(&line->recipe->memory, word.text);
    if (!encoding)
        return error_oom(line->words.err);
    return parse_encoding(line, &word, encoding);
}

/* "PLACE: STATEMENT" with single spaces, for plans. */
static char *describe(struct recipe *recipe, const char *place, struct pare_str text)
{
    char *whole = arena_alloc(&recipe->memory, strlen(place) + 2 + text.len + 1);
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
    text = statement_trim(text);
    if (!text.len)
        return 0;
    char place[RECIPE_MAX_PLACE];
    int n = *file == '-' ? snprintf(place, sizeof place, "%s", file)
                         : snprintf(place, sizeof place, "%s:%u", file, line);
    if (++loader->recipe->n_lines > RECIPE_MAX_LINES)
        return error_set(loader->err, PARE_ELIMIT, "%s: more than %d statements", place,
                         RECIPE_MAX_LINES);
    struct line state = { .words = { text.data, text.data + text.len, loader->err },
                          .loader = loader,
                          .recipe = loader->recipe,
                          .place = arena_copy(&loader->recipe->memory,
                                              (struct pare_str){ place, (size_t)n }),
                          .text = describe(loader->recipe, place, text) };
    if (!state.text || !state.place)
        return error_oom(loader->err);
    unsigned n_files = loader->n_files;
    int r = parse_statement(&state);
    if (r && n_files == loader->n_files)
        (void)error_prefix(loader->err, "%s", place);
    return r;
}
