/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the language knows by name: functions, and the facts that recipes ask for. All functions
 * stand in one table, which says whether recipes, maps or both have them, how many arguments they
 * take and, for recipes, of which types. What they do is in expr_typed.c for recipes and in
 * json_functions.c for maps.
 */
#ifndef LANG_VOCABULARY_H
#define LANG_VOCABULARY_H

#include "base/nearest.h"

#include <stdint.h>

#define FUNCTION_MAX_ARGS 8

/* EXPR_ANY: in maps, where a value's type is known only when it is there. */
enum expr_type { EXPR_NUMBER, EXPR_TRUTH, EXPR_TEXT, EXPR_ROLE, EXPR_ANY };

/* What a recipe can ask for; those from EXPR_NAME on belong to a tensor. */
/* clang-format off */
enum expr_var {
    EXPR_ARCH, EXPR_FORMAT, EXPR_SOURCE_FORMAT, EXPR_DEFAULT, EXPR_LAYERS, EXPR_HEADS,
    EXPR_HEADS_KV, EXPR_GQA, EXPR_EXPERTS, EXPR_FILE_TYPE, EXPR_IMPORTANCE, EXPR_IMPORTANCE_FILE,
    EXPR_IMPORTANCE_DATASET, EXPR_IMPORTANCE_ENTRIES, EXPR_IMPORTANCE_CHUNKS,
    EXPR_NAME, EXPR_SOURCE, EXPR_ROLE_OF, EXPR_LAYER, EXPR_RANK, EXPR_COLS, EXPR_ROWS,
    EXPR_ELEMENTS, EXPR_PURPOSE, EXPR_OP, EXPR_CHANNEL, EXPR_N_VARS
};

/* Those from FUNCTION_HAS_TENSOR on look at the checkpoint that a map is applied to. */
enum function {
    FUNCTION_MIN, FUNCTION_MAX, FUNCTION_INT, FUNCTION_LEN, FUNCTION_LOWER, FUNCTION_STARTS_WITH,
    FUNCTION_ENDS_WITH, FUNCTION_CUT,
    FUNCTION_DIM, FUNCTION_BLOCK, FUNCTION_INDEX, FUNCTION_COUNT,
    FUNCTION_FIRST, FUNCTION_HAS, FUNCTION_SQRT, FUNCTION_LOG, FUNCTION_RANGE, FUNCTION_ANY,
    FUNCTION_ALL, FUNCTION_KEYS, FUNCTION_VALUES, FUNCTION_LLAMA3_FACTORS,
    FUNCTION_HAS_TENSOR, FUNCTION_HAS_FILE, FUNCTION_ROWS, FUNCTION_COLUMNS, FUNCTION_JSON,
    FUNCTION_OPTION, FUNCTION_META, FUNCTION_WEIGHTS, N_FUNCTIONS
};
/* clang-format on */

enum { IN_RECIPES = 1, IN_MAPS = 2, IN_BOTH = 3 };

struct function_info {
    const char *name;
    int where; /* IN_RECIPES, IN_MAPS or IN_BOTH */
    unsigned min_args, max_args;
    enum expr_type result; /* in recipes, as the arguments' types; roles are taken by their names */
    enum expr_type first, others;
    int per_tensor; /* 1: it looks at the tensor that a recipe decides about */
};

extern const struct function_info function_table[N_FUNCTIONS];

/* The number of the function of that name, N_FUNCTIONS when there is none. */
enum function function_find(struct pare_str name);

/* Offers the names of all functions that a language (IN_RECIPES or IN_MAPS) has. */
void function_offer(struct nearest *nearest, int where);

/* The number of the fact of that name, EXPR_N_VARS when there is none. */
enum expr_var fact_find(struct pare_str name);

/* The type of a fact. */
enum expr_type fact_type(enum expr_var fact);

/* Offers the names of all facts. */
void fact_offer(struct nearest *nearest);

#endif
