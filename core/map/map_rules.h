/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * An architecture map in memory: what its file says (pare-architecture(5)), in the file's order.
 * map_parse.c fills it from one or more files; choosing, metadata, tensors and the way back read
 * it. All lists are singly linked, and all memory is the map's own.
 */
#ifndef MAP_MAP_RULES_H
#define MAP_MAP_RULES_H

#include "lang/expr.h"
#include "lang/name_pattern.h"

#include <jansson.h>

#define MAP_SUFFIX ".map"
#define MAP_MAX_FILE (256 * 1024)
#define MAP_MAX_STATEMENTS 4000
#define MAP_MAX_INCLUDES 16
#define MAP_MAX_SOURCES 8     /* tensors that are merged */
#define MAP_MAX_INDEX 1000000 /* layers, experts */

struct map_word { /* of a list of words */
    const char *text;
    struct map_word *next;
};

/* "default", "let", "fail", "warn": done one after another before anything else. */
enum map_verb { MAP_DEFAULT, MAP_LET, MAP_FAIL, MAP_WARN };

struct map_action {
    enum map_verb verb;
    struct pare_str name;     /* of the value; or the text */
    const struct expr *value; /* MAP_DEFAULT, MAP_LET */
    const struct expr *condition;
    const char *place;
    struct map_action *next;
};

/* "set", and "config" for the way back. */
struct map_set {
    const char *key;
    uint32_t type; /* enum pare_type; of config: unused */
    int is_array;
    const struct expr *value;
    const struct expr *condition;
    const char *place;
    struct map_set *next;
};

struct map_index {
    struct pare_str name;
    const struct expr *count;
    const char *place;
    struct map_index *next;
};

struct map_rename {
    struct pare_str from, to;
    int at_start, at_end;
    const struct expr *condition; /* of "restore" */
    struct map_rename *next;
};

enum map_pick { MAP_ALL, MAP_EVEN, MAP_ODD, MAP_SPAN };

struct map_tensor {
    struct name_pattern sources[MAP_MAX_SOURCES];
    unsigned n_sources;
    struct name_pattern target;
    const struct expr *condition;
    struct pare_str stack;            /* the number over which tensors are stacked; or empty */
    const struct expr *heads;         /* permute */
    enum map_pick pick;               /* rows, or columns */
    int columns;                      /* 1: the pick is of columns */
    const struct expr *first, *count; /* MAP_SPAN */
    int transpose, f32, optional;
    int row; /* the checkpoint has a matrix of one row */
    double add;
    const char *place;
    unsigned number; /* of the rule, from 0 */
    struct map_tensor *next;
};

struct map_patterns { /* "drop", "f32" */
    struct name_pattern pattern;
    struct map_patterns *next;
};

struct map_shape {
    struct name_pattern pattern;       /* of GGUF's names */
    const struct expr *rows, *columns; /* NULL: not said */
    const struct expr *condition;
    const char *place;
    struct map_shape *next;
};

struct map_values {
    const char *name;
    const struct expr *value;
    const struct expr *condition;
    const char *place;
    struct map_values *next;
};

struct map_tokenizer {
    const char *kind, *pre; /* pre: NULL when the map does not say */
    int space_prefix;       /* -1: as the files say */
    int looks_special, added_tokens;
    const struct expr *condition;
    const char *place;
    struct map_tokenizer *next;
};

struct map_rules {
    const char *name; /* of the file, without its suffix */
    const char *title;
    const char *architecture; /* GGUF's name */
    struct map_word *architectures, **architectures_end;
    struct map_word *model_types, **model_types_end;
    struct map_action *actions, **actions_end;
    struct map_index *indexes, **indexes_end;
    struct map_set *sets, **sets_end;
    struct map_set *configs, **configs_end;
    struct map_rename *renames, **renames_end;
    struct map_rename *restores, **restores_end; /* of the way back's names */
    struct map_tensor *tensors, **tensors_end;
    struct map_patterns *drops, **drops_end;
    struct map_patterns *floats, **floats_end;
    struct map_shape *shapes, **shapes_end;
    struct map_values *values, **values_end;
    struct map_tokenizer *tokenizers, **tokenizers_end;
    unsigned n_tensors, n_statements, n_files;
    const char *files[MAP_MAX_INCLUDES];
    struct expr_unit unit;
    struct arena memory;
};

/* Reads NAME.map, and what it includes, from the first of the colon-separated directories that has
 * it. Errors are PARE_EDATA with file and line, PARE_EUSAGE when there is no such map. */
int map_rules_load(const char *dirs, const char *name, struct map_rules **ret_rules,
                   struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void map_rules_free(struct map_rules *rules);

/* The map for a config.json (its `architectures`, else its `model_type`), or, when config is NULL,
 * for GGUF's name of the architecture. 1: no map is for it. A map that cannot be read is an error
 * only when no other is for it. */
int map_rules_choose(const char *dirs, const json_t *config, const char *architecture,
                     struct map_rules **ret_rules, struct error *err)
    __attribute__((warn_unused_result));

/* What config.json calls the architecture, for messages: borrowed, or NULL. */
const char *map_config_architecture(const json_t *config);

#endif
