/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One statement of a recipe while it is parsed: its words, and the errors about them. Private to
 * recipe_parse.c and recipe_set.c. Functions return 0 or a failure that is in line->err already.
 */
#ifndef CONVERT_RECIPE_LINE_H
#define CONVERT_RECIPE_LINE_H

#include "convert/recipe_rules.h"

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

/* Takes the next word, or text in quotation marks: 1, or 0 at the end of the line. A missing
 * closing quotation mark takes all that is left. */
int line_take(struct line *line, struct word *ret);

/* 1 when a word without quotation marks is that text. */
int line_word_is(const struct word *word, const char *text);

/* 1 when nothing is left. Lines have no white space at their end. */
int line_at_end(const struct line *line);

/* The rest of the line, without spaces around it. */
struct pare_str line_take_rest(struct line *line);

/* Fails with "expected WHAT, not 'got'"; got is NULL at the end of the line. */
int line_expected(struct line *line, const char *what, const struct word *got)
    __attribute__((warn_unused_result));

/* Fails unless nothing is left. */
int line_expect_end(struct line *line) __attribute__((warn_unused_result));

/* Takes the word `text`, or fails. */
int line_expect(struct line *line, const char *text) __attribute__((warn_unused_result));

/* Takes a word of letters, digits, '_', '-' and '.', and copies it. */
int line_take_plain(struct line *line, const char *what, const char **ret)
    __attribute__((warn_unused_result));

/* Takes a text in quotation marks, or one that is copied with a NUL. */
int line_take_quoted(struct line *line, const char *what, struct pare_str *ret)
    __attribute__((warn_unused_result));
int line_take_message(struct line *line, const char **ret) __attribute__((warn_unused_result));

/* Takes a number such as 4.25, -3 or 1e-5. */
int line_take_decimal(struct line *line, double *ret) __attribute__((warn_unused_result));

/* Takes "if CONDITION" up to the end of the line; *ret stays when there is none, which is an error
 * when it is required. after: what stands before it, for messages. */
int line_take_condition(struct line *line, const char *after, int required,
                        const struct expr **ret) __attribute__((warn_unused_result));

/* A new rule of this line, which belongs to no list yet. */
int line_new_rule(struct line *line, enum recipe_verb verb, const char *argument,
                  struct recipe_rule **ret) __attribute__((warn_unused_result));

/* Statements about the model (recipe_set.c), from behind their first word on. */
int line_parse_set(struct line *line) __attribute__((warn_unused_result));
int line_parse_record(struct line *line) __attribute__((warn_unused_result));
int line_parse_drop(struct line *line) __attribute__((warn_unused_result));
int line_parse_order(struct line *line) __attribute__((warn_unused_result));
int line_parse_warn(struct line *line) __attribute__((warn_unused_result));
int line_parse_option(struct line *line) __attribute__((warn_unused_result));

#endif
