/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The value of an architecture map's expression over config.json. Values are JSON's (numbers,
 * texts, truths, lists, objects, null); what config.json lacks is null. Operators check the types
 * of what they get, so that a config.json of nonsense is an error and never a guess. Steps and
 * lengths are bounded, and the parser bounds the depth; evaluation has no effects.
 */
#ifndef LANG_EXPR_JSON_H
#define LANG_EXPR_JSON_H

#include "lang/expr.h"

#include <jansson.h>

#define JSON_MAX_STEPS 4000000u /* of all evaluations for one checkpoint */
#define JSON_MAX_LIST 1000000   /* elements of a list that an expression makes */

/* What evaluation sees. */
struct json_env {
    const json_t *values; /* names; config.json */
    /* Functions that look at the checkpoint, from FUNCTION_HAS_TENSOR on. The argument is a text.
     * 1: there is no such function in this direction. New reference. */
    int (*ask)(void *context, enum function function, const char *argument, json_t **ret,
               struct error *err);
    void *context;
    unsigned steps; /* taken so far */
};

/* New reference, json_null() for null. PARE_EDATA: wrong types, division by zero, overflow, a
 * number that is not finite; PARE_ELIMIT: too many steps or elements. */
int expr_json_value(const struct expr *expr, struct json_env *env, json_t **ret_value,
                    struct error *err) __attribute__((warn_unused_result));

/* Whether the value is true: neither null, false, 0, "", [] nor {}. expr NULL: true. */
int expr_json_truth(const struct expr *expr, struct json_env *env, int *ret_truth,
                    struct error *err) __attribute__((warn_unused_result));

/* A whole number of at most `limit` and at least 0. `what` is for the message. */
int expr_json_count(const struct expr *expr, struct json_env *env, uint64_t limit, const char *what,
                    uint64_t *ret_count, struct error *err) __attribute__((warn_unused_result));

/* The value of a name with dots in an object, borrowed; NULL when there is none or it is null. */
json_t *expr_json_lookup(const json_t *values, struct pare_str name);

/* Sets it, with objects on the way. Takes the value's reference, also on failure. */
int expr_json_store(json_t *values, struct pare_str name, json_t *value, struct error *err)
    __attribute__((warn_unused_result));

#endif
