/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Numbers in JSON texts that no number of ours can be: Python's NaN, Infinity and -Infinity, and
 * literals that are too large for a double or an integer of 64 bits, or so small that they would
 * become 0. They must neither fail the file, which may have them where nobody looks, nor become
 * something else where somebody does. So they are marked: read as texts that begin with a byte
 * which no configuration has, and are refused by whoever uses them.
 */
#ifndef BASE_JSON_NUMBERS_H
#define BASE_JSON_NUMBERS_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

/* Replaces a JSON text (from malloc, of *len bytes and a NUL) by one whose numbers of this kind are
 * marked. It stays as it is when there are none. */
int json_numbers_mark(char **text, size_t *len, struct error *err)
    __attribute__((warn_unused_result));

/* Turns marked numbers of a text from json_dumps, with or without JSON_ENSURE_ASCII, into what they
 * were, in place. */
void json_numbers_unmark(char *text);

/* The literal of a marked number, or NULL for any other value. */
const char *json_number_literal(const json_t *value);

/* A number as the nearest float. 1: that is not finite, or 0 though the number is not. */
int json_number_to_float(double number, float *ret) __attribute__((warn_unused_result));

#endif
