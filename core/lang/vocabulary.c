/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The tables of functions and facts: see vocabulary.h. */
#include "lang/vocabulary.h"

#include "base/text.h"

#define N_ARGS FUNCTION_MAX_ARGS
#define NUMBER EXPR_NUMBER
#define TRUTH EXPR_TRUTH
#define TEXT EXPR_TEXT
#define ROLE EXPR_ROLE
#define ANY EXPR_ANY

const struct function_info function_table[N_FUNCTIONS] = {
    [FUNCTION_MIN] = { "min", IN_BOTH, 1, N_ARGS, NUMBER, NUMBER, NUMBER, 0 },
    [FUNCTION_MAX] = { "max", IN_BOTH, 1, N_ARGS, NUMBER, NUMBER, NUMBER, 0 },
    [FUNCTION_INT] = { "int", IN_BOTH, 1, 1, NUMBER, NUMBER, ANY, 0 },
    [FUNCTION_LEN] = { "len", IN_BOTH, 1, 1, NUMBER, TEXT, ANY, 0 },
    [FUNCTION_LOWER] = { "lower", IN_BOTH, 1, 1, TEXT, TEXT, ANY, 0 },
    [FUNCTION_STARTS_WITH] = { "starts_with", IN_BOTH, 2, 2, TRUTH, TEXT, TEXT, 0 },
    [FUNCTION_ENDS_WITH] = { "ends_with", IN_BOTH, 2, 2, TRUTH, TEXT, TEXT, 0 },
    [FUNCTION_CUT] = { "cut", IN_BOTH, 2, 2, TEXT, TEXT, NUMBER, 0 },
    [FUNCTION_DIM] = { "dim", IN_RECIPES, 1, 1, NUMBER, NUMBER, ANY, 1 },
    [FUNCTION_BLOCK] = { "block", IN_RECIPES, 1, 1, NUMBER, TEXT, ANY, 0 },
    [FUNCTION_INDEX] = { "index", IN_RECIPES, 1, 1, NUMBER, ROLE, ANY, 1 },
    [FUNCTION_COUNT] = { "count", IN_RECIPES, 1, 1, NUMBER, ROLE, ANY, 0 },
    [FUNCTION_FIRST] = { "first", IN_MAPS, 1, N_ARGS, ANY, ANY, ANY, 0 },
    [FUNCTION_HAS] = { "has", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_SQRT] = { "sqrt", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_LOG] = { "log", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_RANGE] = { "range", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_ANY] = { "any", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_ALL] = { "all", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_KEYS] = { "keys", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_VALUES] = { "values", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_LLAMA3_FACTORS] = { "llama3_factors", IN_MAPS, 6, 6, ANY, ANY, ANY, 0 },
    [FUNCTION_HAS_TENSOR] = { "has_tensor", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_HAS_FILE] = { "has_file", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_ROWS] = { "rows", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_COLUMNS] = { "columns", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_JSON] = { "json", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_OPTION] = { "option", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_META] = { "meta", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
    [FUNCTION_WEIGHTS] = { "weights", IN_MAPS, 1, 1, ANY, ANY, ANY, 0 },
};

static const struct {
    const char *name;
    enum expr_type type;
} facts[EXPR_N_VARS] = {
    [EXPR_ARCH] = { "arch", TEXT },
    [EXPR_FORMAT] = { "format", TEXT },
    [EXPR_SOURCE_FORMAT] = { "source_format", TEXT },
    [EXPR_DEFAULT] = { "default", TEXT },
    [EXPR_LAYERS] = { "layers", NUMBER },
    [EXPR_HEADS] = { "heads", NUMBER },
    [EXPR_HEADS_KV] = { "heads_kv", NUMBER },
    [EXPR_GQA] = { "gqa", NUMBER },
    [EXPR_EXPERTS] = { "experts", NUMBER },
    [EXPR_FILE_TYPE] = { "file_type", NUMBER },
    [EXPR_IMPORTANCE] = { "importance", TRUTH },
    [EXPR_IMPORTANCE_FILE] = { "importance_file", TEXT },
    [EXPR_IMPORTANCE_DATASET] = { "importance_dataset", TEXT },
    [EXPR_IMPORTANCE_ENTRIES] = { "importance_entries", NUMBER },
    [EXPR_IMPORTANCE_CHUNKS] = { "importance_chunks", NUMBER },
    [EXPR_NAME] = { "name", TEXT },
    [EXPR_SOURCE] = { "source", TEXT },
    [EXPR_ROLE_OF] = { "role", ROLE },
    [EXPR_LAYER] = { "layer", NUMBER },
    [EXPR_RANK] = { "rank", NUMBER },
    [EXPR_COLS] = { "cols", NUMBER },
    [EXPR_ROWS] = { "rows", NUMBER },
    [EXPR_ELEMENTS] = { "elements", NUMBER },
    [EXPR_PURPOSE] = { "purpose", TEXT },
    [EXPR_OP] = { "op", TEXT },
    [EXPR_CHANNEL] = { "channel", NUMBER },
};

enum function function_find(struct pare_str name)
{
    unsigned i = 0;
    while (i < N_FUNCTIONS && !text_is(name, function_table[i].name))
        i++;
    return (enum function)i;
}

void function_offer(struct nearest *nearest, int where)
{
    for (unsigned i = 0; i < N_FUNCTIONS; i++)
        if (function_table[i].where & where)
            nearest_offer_name(nearest, function_table[i].name);
}

enum expr_var fact_find(struct pare_str name)
{
    unsigned i = 0;
    while (i < EXPR_N_VARS && !text_is(name, facts[i].name))
        i++;
    return (enum expr_var)i;
}

enum expr_type fact_type(enum expr_var fact)
{
    return facts[fact].type;
}

void fact_offer(struct nearest *nearest)
{
    for (unsigned i = 0; i < EXPR_N_VARS; i++)
        nearest_offer_name(nearest, facts[i].name);
}
