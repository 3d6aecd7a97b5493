/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One statement of a recipe while it is parsed: its words, and the errors about them. Private to
 * recipe_parse.c and recipe_set.c. Functions return 0 or a failure whose error is set
 * already.
 */
#ifndef RECIPE_RECIPE_LINE_H
#define RECIPE_RECIPE_LINE_H

#include "lang/words.h"
#include "recipe/recipe_private.h"

struct line {
    struct words words; /* the words that are left; its err gets all errors */
    struct recipe_loader *loader;
    struct recipe *recipe;
    const char *place, *text;
};

/* 1 when nothing is left. Lines have no white space at their end. */
int line_at_end(const struct line *line);

/* The rest of the line, without spaces around it. */
struct pare_str line_take_rest(struct line *line);

/* Takes a word of letters, digits, '_', '-' and '.', and copies it. */
int line_take_plain(struct line *line, const char *what, const char **ret)
    __attribute__((warn_unused_result));

/* Takes a text in quotation marks: as it stands in the statement, or as a copy with a NUL. */
int line_take_quoted(struct line *line, const char *what, struct pare_str *ret)
    __attribute__((warn_unused_result));
int line_take_message(struct line *line, const char **ret) __attribute__((warn_unused_result));

/* Takes a number such as 4.25, -3 or 1e-5. */
int line_take_decimal(struct line *line, double *ret) __attribute__((warn_unused_result));

/* Takes "if CONDITION" up to the end of the line; *ret stays when there is none, which is an error
 * when it is required. after: what stands before it, for messages. */
int line_take_condition(struct line *line, const char *after, int required, const struct expr **ret)
    __attribute__((warn_unused_result));

/* A new rule of this line, which belongs to no list yet. */
int line_new_rule(struct line *line, enum recipe_verb verb, const char *argument,
                  struct recipe_rule **ret) __attribute__((warn_unused_result));

/* The statements about the model (recipe_set.c). Their first word has been taken. */
int line_parse_set(struct line *line) __attribute__((warn_unused_result));
int line_parse_record(struct line *line) __attribute__((warn_unused_result));
int line_parse_drop(struct line *line) __attribute__((warn_unused_result));
int line_parse_order(struct line *line) __attribute__((warn_unused_result));
int line_parse_search(struct line *line) __attribute__((warn_unused_result));
/* "fallback refuse" or "fallback take": 1 when the statement is none of them but goes on with an
 * encoding, of which nothing is taken. */
int line_parse_fallback(struct line *line) __attribute__((warn_unused_result));
int line_parse_warn(struct line *line) __attribute__((warn_unused_result));
int line_parse_option(struct line *line) __attribute__((warn_unused_result));

#endif
