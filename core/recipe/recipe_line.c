/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The words of a statement: see recipe_line.h. */
#include "recipe/recipe_line.h"

#include "lang/statement.h"
#include "recipe/recipe_private.h"

#include <stdio.h>
#include <string.h>

int line_at_end(const struct line *line)
{
    return line->words.p == line->words.end;
}

struct pare_str line_take_rest(struct line *line)
{
    struct pare_str rest = { line->words.p, (size_t)(line->words.end - line->words.p) };
    while (rest.len && (*rest.data == ' ' || *rest.data == '\t')) {
        rest.data++;
        rest.len--;
    }
    line->words.p = line->words.end;
    return rest;
}

int line_take_plain(struct line *line, const char *what, const char **ret)
{
    struct word word;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, what, NULL);
    if (word.quoted || !statement_name_is_plain(word.text))
        return words_expected(&line->words, what, &word);
    *ret = arena_copy(&line->recipe->memory, word.text);
    return *ret ? 0 : error_oom(line->words.err);
}

int line_take_quoted(struct line *line, const char *what, struct pare_str *ret)
{
    struct word word;
    if (!words_take(&line->words, &word))
        return words_expected(&line->words, what, NULL);
    if (!word.quoted)
        return words_expected(&line->words, what, &word);
    if (line->words.p[-1] != '"' || line->words.p == word.text.data)
        return error_set(line->words.err, PARE_EDATA, "a text lacks its closing quotation mark");
    *ret = word.text;
    return 0;
}

int line_take_condition(struct line *line, const char *after, int required, const struct expr **ret)
{
    char what[100];
    (void)snprintf(what, sizeof what, "'if' after %s", after);
    struct word word;
    if (!words_take(&line->words, &word))
        return required ? words_expected(&line->words, what, NULL) : 0;
    if (!word_is(&word, "if"))
        return words_expected(&line->words, what, &word);
    struct expr *condition = NULL;
    int r = expr_parse(&line->recipe->unit, line_take_rest(line), &condition, line->words.err);
    if (!r)
        *ret = condition;
    return r;
}

int line_take_message(struct line *line, const char **ret)
{
    struct pare_str text;
    int r = line_take_quoted(line, "a text in quotation marks", &text);
    if (r)
        return r;
    *ret = arena_copy(&line->recipe->memory, text);
    return *ret ? 0 : error_oom(line->words.err);
}

int line_new_rule(struct line *line, enum recipe_verb verb, const char *argument,
                  struct recipe_rule **ret)
{
    struct recipe_rule *rule = arena_alloc(&line->recipe->memory, sizeof *rule);
    if (!rule)
        return error_oom(line->words.err);
    rule->verb = verb;
    rule->argument = argument;
    rule->place = line->place;
    rule->text = line->text;
    *ret = rule;
    return 0;
}
