/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions (POSIX extended), behind "=~". They match anywhere in a text; they are the C
 * library's, compiled once. Its matcher takes no exponential time as long as there are no
 * back-references, and repetitions such as "(a{9}){9}" do not multiply the pattern; so both are
 * refused, and texts and patterns are limited in length. The worst that was found takes 0.4 s for
 * the first text and 2 ms for each further one.
 */
#ifndef LANG_REGEXP_H
#define LANG_REGEXP_H

#include "base/error.h"

#include <stdint.h>

#define REGEX_MAX_PATTERN 256
#define REGEX_MAX_TEXT 512
#define REGEX_MAX_SIZE 1024 /* a pattern's length, times all the counts in its braces */

struct regex;

/* PARE_EDATA: not an extended regular expression, or one beyond the limits. */
int regex_new(struct pare_str pattern, struct regex **ret_regex, struct error *err)
    __attribute__((warn_unused_result));
/* Takes NULL. */
void regex_free(struct regex *regex);

/* *ret_found: 1 when the expression matches a part of the text. PARE_EDATA: the text is longer than
 * REGEX_MAX_TEXT. */
int regex_search(const struct regex *regex, struct pare_str text, int64_t *ret_found,
                 struct error *err) __attribute__((warn_unused_result));

#endif
