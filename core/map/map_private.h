/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint while a map is applied to it. Private to map.c and the files that do the parts:
 * values (map_work.c), names (map_names.c), tensors (map_tensors.c, map_rows.c), metadata
 * (map_meta.c), and what to say of names that no map knows (map_unknown.c). On the caller's thread.
 */
#ifndef MAP_MAP_PRIVATE_H
#define MAP_MAP_PRIVATE_H

#include "lang/expr_json.h"
#include "map/map.h"
#include "map/map_rules.h"

#define MAP_MAX_INDEXES 8
#define MAP_GGUF_NAME 63 /* bytes of a tensor's name that llama.cpp takes */

struct map_work {
    const struct map_request *request;
    struct source *base;
    const struct model *model; /* of the base */
    const struct map_rules *rules;
    json_t *values; /* config.json with the map's defaults */
    struct json_env env;
    struct view *view;
    struct model *target; /* the view's */
    const struct encoding *f32;
    char **names;          /* of the base's tensors, renamed as the map says */
    struct strmap by_name; /* to their numbers */
    struct pare_str index_names[MAP_MAX_INDEXES];
    uint64_t index_counts[MAP_MAX_INDEXES];
    unsigned n_indexes;
    int reverse; /* 1: from GGUF's names */
    struct error *err;
};

/* Lets expressions be evaluated, without values yet. */
void map_work_env(struct map_work *work);
/* Takes config's reference. Values, names and counts: all that expressions and rules need. */
int map_work_begin(struct map_work *work, json_t *config) __attribute__((warn_unused_result));
void map_work_end(struct map_work *work);

/* Names and counts (map_names.c): all tensors of the base, renamed (none is, on the way back).
 * PARE_EDATA: two have one name then. */
int map_names_add(struct map_work *work) __attribute__((warn_unused_result));
void map_names_free(struct map_work *work);
/* The number of a tensor of the base: 1, or 0 when there is none of that name. */
int map_names_find(const struct map_work *work, const char *name, uint64_t *ret_tensor);
/* The name after one `rename`: the same string, or a new one for it; -1 without memory. */
int map_names_rename(const struct map_rename *rename, char **name);
/* Takes the counts from every `index`; the values must be there. */
int map_names_count_all(struct map_work *work) __attribute__((warn_unused_result));
/* How far the number of that name goes. PARE_EDATA: the map has no such `index`. */
int map_names_count(const struct map_work *work, struct pare_str name, uint64_t *ret_count)
    __attribute__((warn_unused_result));

/* All tensors of the view. PARE_ENOTSUP: one that the map does not know; PARE_EDATA: one is
 * missing, or has a shape that a transform cannot be done with. */
int map_tensors_add(struct map_work *work) __attribute__((warn_unused_result));
/* One tensor, made of `tensors`: n_sources of them for each of those that are stacked. */
int map_rows_add(struct map_work *work, const struct map_tensor *rule, const char *name,
                 const uint64_t *tensors, uint64_t stacked) __attribute__((warn_unused_result));
/* f32 when the rules make the tensor one of floats, whatever it is in the base; else NULL. */
const struct encoding *map_float_for(const struct map_work *work, const struct map_tensor *rule,
                                     const char *name, uint32_t n_dims,
                                     const struct encoding *encoding);

/* PARE_EDATA: a tensor of the view has not the shape that a `shape` of the map asks for. */
int map_shapes_check(struct map_work *work) __attribute__((warn_unused_result));

/* All metadata; the tensors must be there. */
int map_meta_add(struct map_work *work) __attribute__((warn_unused_result));
/* The key with {arch} replaced (free it). */
char *map_meta_key(const struct map_rules *rules, const char *key);

/* The shortest number that is the float. New reference. */
json_t *map_meta_float(float value);
/* A scalar of the metadata; NULL when there is none. New reference. */
json_t *map_meta_json(const struct model *model, const char *key);
/* What an expression gets for meta(key): the GGUF's value, as far as the GGUF is made; or null. */
int map_meta_ask(const struct map_work *work, const char *key, json_t **ret)
    __attribute__((warn_unused_result));

/* From a folder to GGUF's names, with all metadata (map_forward.c). PARE_ENOTSUP: no map knows it,
 * or there is no config.json. */
int map_forward(struct map_work *work, struct map_rules **ret_rules)
    __attribute__((warn_unused_result));
/* From GGUF's names to a folder (map_back.c): the view's source, and the files of map_files (none
 * when only tensors are asked for, which are not proved then). What is handed out is the caller's
 * to free, also after an error. */
int map_back(struct map_work *work, struct map_rules **ret_rules, struct source **ret_source,
             json_t **ret_files) __attribute__((warn_unused_result));

/* The way back (map_reverse.c, map_reverse_config.c): config.json from the metadata, the files of
 * map_files, and the tensors. PARE_ENOTSUP: one that cannot be given back. */
int map_reverse_config(struct map_work *work, json_t **ret_config)
    __attribute__((warn_unused_result));
int map_reverse_files(struct map_work *work, json_t *config, json_t **ret_files)
    __attribute__((warn_unused_result));
int map_reverse_tensors(struct map_work *work) __attribute__((warn_unused_result));
/* 1 when a tensor of that name will be there. */
int map_reverse_has(const struct map_work *work, const char *name);
/* The values of a short vector, a list; or null. */
int map_reverse_weights(const struct map_work *work, const char *name, json_t **ret)
    __attribute__((warn_unused_result));
/* Adds README.md, the model's card, and generation_config.json (map_card.c). */
int map_card_add(const struct map_work *work, json_t *files) __attribute__((warn_unused_result));

/* PARE_ENOTSUP, with the patterns of all names (config NULL: there is none), or of those that are
 * not `known` (by number). */
int map_unknown_architecture(const struct model *model, const json_t *config, struct error *err)
    __attribute__((warn_unused_result));
int map_unknown_tensors(const struct map_work *work, const unsigned char *known)
    __attribute__((warn_unused_result));

#endif
