/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Architecture maps: what a checkpoint in Hugging Face's names is called in GGUF's, and back
 * (pare-architecture(5)). A map is a data file, one per family: which checkpoints it is for, what
 * config.json leaves out, metadata, tensor names and the few transforms. Applying one gives a view
 * (plugin/view.h): names, shapes and metadata of the other world over the same bytes.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include "plugin/view.h"

struct map_request {
    const struct registry *registry;
    const char *dirs;      /* colon-separated: etc/architectures */
    const char *to;        /* the writer's format: "gguf", "safetensors", ... */
    const char *name;      /* what the model is called: its file or folder */
    const json_t *options; /* of the target, strings: "as_container", "pre", "tokenizer" */
    int tensors_only;      /* 1: no metadata, no tokenizer, no warnings (for verification) */
    void (*warn)(void *context, const char *text);
    void *context;
};

struct map;

/* Chooses what a target is made from: 0: *ret is a view of the base; 1: the base itself will do
 * (the names are the target's own, or `as_container` was asked for, or a GGUF is to become
 * safetensors, and a folder of Hugging Face's would lose something of it: a warning says what).
 * PARE_ENOTSUP: there is no config.json, no map knows the architecture, or a map does not know a
 * tensor; the text names it and the patterns seen. */
int map_open(const struct map_request *request, struct source *base, struct model *model,
             struct map **ret, struct error *err) __attribute__((warn_unused_result));
void map_close(struct map *map);
struct source *map_source(struct map *map);
struct model *map_model(struct map *map);
/* The format whose names maps give to models of `format`; NULL: there is none. The way back from it
 * leads to `format` again. */
const char *map_leads_to(const char *format);
/* Files that the target has besides (from GGUF to a folder), or NULL: {"config.json": OBJECT,
 * "tokenizer.json": "BYTES", ...}; the writer is to set torch_dtype in the object. Borrowed. */
const json_t *map_files(const struct map *map);
/* The name of the map that was applied, "llama", for the record; "" when there is none. */
const char *map_name(const struct map *map);

#endif
