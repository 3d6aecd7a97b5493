/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The expressions of architecture maps: small computations over the values of config.json. Values
 * are JSON's (numbers, texts, truths, lists, null); what config.json lacks is null. Operators check
 * the types of what they get, so that a config.json of nonsense is an error and never a guess.
 * Depth, steps and lengths are bounded; evaluation has no effects.
 */
#ifndef LANG_MAP_EXPR_H
#define LANG_MAP_EXPR_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

#define MAP_MAX_DEPTH 64
#define MAP_MAX_STEPS 4000000u /* of all evaluations for one checkpoint */
#define MAP_MAX_LIST 1000000   /* elements of a list that an expression makes */

struct map_expr;

/* What evaluation sees. */
struct map_env {
    const json_t *values; /* names; config.json */
    /* Functions that look at the checkpoint: has_tensor("x") and the like. The argument is a text.
     * 1: there is no such function. New reference. */
    int (*ask)(void *context, struct pare_str function, const char *argument, json_t **ret,
               struct error *err);
    void *context;
    unsigned steps; /* taken so far */
};

/* Parses an expression at the beginning of a text, up to the word "if" or what cannot belong to it;
 * *ret_rest is the text from there on. What the expression holds points into the text. Errors are
 * PARE_EDATA with what was expected. */
int map_expr_parse(struct arena *memory, struct pare_str text, struct map_expr **ret_expr,
                   struct pare_str *ret_rest, struct error *err)
    __attribute__((warn_unused_result));

/* The expression as it is written, for messages. */
struct pare_str map_expr_text(const struct map_expr *expr);
/* The name, when the expression is nothing but one ("a" or "a.b"): 1 and the text; else 0. */
int map_expr_is_name(const struct map_expr *expr, struct pare_str *ret_name);

/* New reference, json_null() for null. PARE_EDATA: wrong types, division by zero, overflow, a
 * number that is not finite; PARE_ELIMIT: too many steps or elements. */
int map_expr_eval(const struct map_expr *expr, struct map_env *env, json_t **ret_value,
                  struct error *err) __attribute__((warn_unused_result));

/* Whether the value is true: neither null, false, 0, "" nor []. expr NULL: true. */
int map_expr_eval_truth(const struct map_expr *expr, struct map_env *env, int *ret_truth,
                        struct error *err) __attribute__((warn_unused_result));

/* A whole number of at most `limit` and at least 0. `what` is for the message. */
int map_expr_eval_count(const struct map_expr *expr, struct map_env *env, uint64_t limit,
                        const char *what, uint64_t *ret_count, struct error *err)
    __attribute__((warn_unused_result));

/* The value of a name with dots in an object, borrowed; NULL when there is none or it is null. */
json_t *map_lookup(const json_t *values, struct pare_str name);
/* Sets it, with objects on the way. Takes the value's reference, also on failure. */
int map_store(json_t *values, struct pare_str name, json_t *value, struct error *err)
    __attribute__((warn_unused_result));

#endif
