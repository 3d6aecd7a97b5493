/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the plugin ABI: struct pare_job is one model that is read, or one target that
 * is laid out, and struct pare_host's functions act on it. What a reader says goes through
 * model_add_tensor and model_check_extents; what a writer says becomes a struct layout.
 */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include "plugin/registry.h"

/* One piece of an output file. */
enum layout_kind { LAYOUT_LITERAL, LAYOUT_TENSOR, LAYOUT_SIDE };

struct layout_piece {
    enum layout_kind kind;
    uint32_t file;
    uint64_t offset, length;
    void *data;         /* LAYOUT_LITERAL */
    uint64_t tensor;    /* LAYOUT_TENSOR: index into the target's model */
    uint32_t plane;
    uint32_t side;      /* LAYOUT_SIDE: index of the source file */
};

struct layout_file {
    char *name;     /* "" for a single file */
    uint64_t size;
};

struct layout {
    struct layout_file *files;
    uint32_t n_files;
    struct layout_piece *pieces; /* sorted by file and offset once checked */
    uint64_t n_pieces, capacity;
};

/* Receives the warnings of a job; context is the caller's. */
typedef void host_log_fn(void *context, int level, const char *text);
/* 1: the job is to stop. */
typedef int host_cancelled_fn(void *context);

struct host_hooks {
    host_log_fn *log;
    host_cancelled_fn *cancelled;
    void *context;
};

struct source; /* an open model, with its reader's state, or the view (plugin/view.h) that it is */

/* Probes all readers on the model's files (or takes `format` when not NULL), opens with the
 * surest, lists and checks all tensors. The model's files must be added before; the model stays
 * the caller's and must outlive the source. */
int source_open(const struct registry *registry, struct model *model, const char *format,
                const struct host_hooks *hooks, struct source **ret_source, struct error *err)
    __attribute__((warn_unused_result));
void source_close(struct source *source);
/* n bytes from `offset` of a tensor's plane: off its file, by any thread, or, for tensors marked
 * `computed`, from whoever serves the source, for one thread at a time. */
int source_read(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                void *buffer, size_t n, struct error *err) __attribute__((warn_unused_result));

/* Lays out a target: `target` is a model whose tensors have the target's encodings and plane
 * lengths, with the target's metadata and the source's files. options is a JSON object of
 * strings. The layout is checked: pieces do not overlap and lie inside their files, every plane of
 * every tensor is there exactly once with its full length, file names are plain and differ. */
int layout_make(const struct pare_writer *writer, struct model *target, const json_t *options,
                const struct host_hooks *hooks, struct layout *ret_layout, struct error *err)
    __attribute__((warn_unused_result));
/* Calls the writer's finish: its patches are literals in the files of `layout`. */
int layout_finish(const struct pare_writer *writer, struct model *target, const json_t *options,
                  const struct host_hooks *hooks, const struct layout *layout,
                  struct layout *ret_patches, struct error *err)
    __attribute__((warn_unused_result));
void layout_deinit(struct layout *layout);

#endif
