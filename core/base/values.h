/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Values as people write them in options, keys and sidecars: a truth, a number, a size, one word of
 * a choice. They are read here and nowhere else, so that a word that is good in one place is good
 * in all of them. What a text should have been is for the caller to say.
 */
#ifndef BASE_VALUES_H
#define BASE_VALUES_H

#include "base/error.h"

#include <stdint.h>

/* yes, true, on and 1, or no, false, off and 0. 1: the text is none of these. */
int value_flag(const char *text, int *ret_flag) __attribute__((warn_unused_result));

/* A whole number without a sign. 1: the text is none, or one that 64 bits do not hold. */
int value_count(const char *text, uint64_t *ret_count) __attribute__((warn_unused_result));

/* The same in bytes, with K, M, G or T behind it for powers of 1024. */
int value_size(const char *text, uint64_t *ret_bytes) __attribute__((warn_unused_result));

/* A decimal number such as 4.25, -3 or 1e-5. REAL_TOO_SMALL: it would become 0, and is not. */
enum { REAL_NONE = 1, REAL_TOO_LARGE, REAL_TOO_SMALL };
int value_real(const char *text, double *ret_number) __attribute__((warn_unused_result));

/* 1 when the text is one of the words of `choices`, which stand between bars: "|full|none|". */
int value_is_choice(const char *choices, const char *text);

/* Appends the choice that was likely meant to an error that is set, and returns the code. */
int value_suggest(const char *choices, const char *text, struct error *err, int code)
    __attribute__((warn_unused_result));

#endif
