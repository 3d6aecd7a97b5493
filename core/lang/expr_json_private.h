/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What evaluation over JSON (expr_json.c) and its functions (json_functions.c) share. */
#ifndef LANG_EXPR_JSON_PRIVATE_H
#define LANG_EXPR_JSON_PRIVATE_H

#include "lang/expr_json.h"

/* The value of a function of evaluated arguments, as many as it takes. New reference. Failures are
 * as expr_json_value's, without saying where. */
int json_function(enum function function, json_t *const *args, unsigned n, json_t **ret,
                  struct error *err) __attribute__((warn_unused_result));

/* 1 for what counts as true. */
int json_counts_as_true(const json_t *value);

/* < 0, 0 or > 0: whether number a is less than b, the same, or more. Whole numbers are compared as
 * such, beyond what a double tells apart. */
int json_compare_numbers(const json_t *a, const json_t *b);

/* For messages: "a text", "a list", "not there", ... */
const char *json_type_name(const json_t *value);

#endif
