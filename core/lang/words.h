/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The words of a statement (statement.h) while it is parsed, and the errors about a wrong one.
 */
#ifndef LANG_WORDS_H
#define LANG_WORDS_H

#include "base/nearest.h"

struct words {
    const char *p, *end; /* what is left of the statement; no white space at its end */
    struct error *err;
};

struct word {
    struct pare_str text; /* without quotation marks */
    int quoted;
};

/* Takes the next word, or text in quotation marks: 1, or 0 at the end. A missing closing quotation
 * mark takes all that is left. */
int words_take(struct words *words, struct word *ret);

/* 1 when a word without quotation marks is that text. */
int word_is(const struct word *word, const char *text);

/* Fails with "expected WHAT, not 'got'"; got is NULL at the end of the line. */
int words_expected(struct words *words, const char *what, const struct word *got)
    __attribute__((warn_unused_result));

/* The same for a word that is none of `n` known ones, which lie `stride` bytes apart in a table,
 * the first of them at `first`; suggests the nearest. */
int words_unknown(struct words *words, const char *what, const struct word *got,
                  const char *const *first, size_t stride, size_t n)
    __attribute__((warn_unused_result));

/* Takes the word `text`, or fails. */
int words_expect(struct words *words, const char *text) __attribute__((warn_unused_result));

/* Fails unless nothing is left. */
int words_expect_end(struct words *words) __attribute__((warn_unused_result));

#endif
