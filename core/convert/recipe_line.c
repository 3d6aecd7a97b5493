/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The words of a statement: see recipe_line.h. */
#include "convert/recipe_line.h"

#include "base/statement.h"

#include <stdio.h>
#include <string.h>

static int clip(struct pare_str text)
{
    return text.len > 60 ? 60 : (int)text.len;
}

int line_take(struct line *line, struct word *ret)
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

int line_word_is(const struct word *word, const char *text)
{
    return !word->quoted && word->text.len == strlen(text) &&
           !memcmp(word->text.data, text, word->text.len);
}

int line_at_end(const struct line *line)
{
    return line->p == line->end;
}

struct pare_str line_take_rest(struct line *line)
{
    struct pare_str rest = { line->p, (size_t)(line->end - line->p) };
    while (rest.len && (*rest.data == ' ' || *rest.data == '\t')) {
        rest.data++;
        rest.len--;
    }
    line->p = line->end;
    return rest;
}

int line_expected(struct line *line, const char *what, const struct word *got)
{
    if (!got)
        return error_set(line->err, PARE_EDATA, "expected %s, not the end of the line", what);
    return error_set(line->err, PARE_EDATA, "expected %s, not '%.*s'", what, clip(got->text),
                     got->text.data);
}

int line_expect_end(struct line *line)
{
    struct word word;
    return line_take(line, &word) ? line_expected(line, "the end of the line", &word) : 0;
}

int line_expect(struct line *line, const char *text)
{
    struct word word;
    char what[40];
    (void)snprintf(what, sizeof what, "'%s'", text);
    if (!line_take(line, &word))
        return line_expected(line, what, NULL);
    return line_word_is(&word, text) ? 0 : line_expected(line, what, &word);
}

int line_take_plain(struct line *line, const char *what, const char **ret)
{
    struct word word;
    if (!line_take(line, &word))
        return line_expected(line, what, NULL);
    if (word.quoted || !statement_name_is_plain(word.text))
        return line_expected(line, what, &word);
    *ret = recipe_copy(line->recipe, word.text);
    return *ret ? 0 : error_oom(line->err);
}

int line_take_quoted(struct line *line, const char *what, struct pare_str *ret)
{
    struct word word;
    if (!line_take(line, &word))
        return line_expected(line, what, NULL);
    if (!word.quoted)
        return line_expected(line, what, &word);
    if (line->p[-1] != '"' || line->p == word.text.data)
        return error_set(line->err, PARE_EDATA, "a text lacks its closing quotation mark");
    *ret = word.text;
    return 0;
}

int line_take_condition(struct line *line, const char *after, int required,
                          const struct expr **ret)
{
    char what[100];
    (void)snprintf(what, sizeof what, "'if' after %s", after);
    struct word word;
    if (!line_take(line, &word))
        return required ? line_expected(line, what, NULL) : 0;
    if (!line_word_is(&word, "if"))
        return line_expected(line, what, &word);
    struct expr *condition = NULL;
    int r = expr_parse(&line->recipe->unit, line_take_rest(line), &condition, line->err);
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
    *ret = recipe_copy(line->recipe, text);
    return *ret ? 0 : error_oom(line->err);
}

int line_new_rule(struct line *line, enum recipe_verb verb, const char *argument,
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
