/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a writer says becomes a layout: files, and the pieces that they are made of. It is checked
 * before a byte is written.
 */
#ifndef PLUGIN_LAYOUT_H
#define PLUGIN_LAYOUT_H

#include "plugin/host.h"

/* One piece of an output file. */
enum layout_kind { LAYOUT_LITERAL, LAYOUT_TENSOR, LAYOUT_SIDE };

struct layout_piece {
    enum layout_kind kind;
    uint32_t file;
    uint64_t offset, length;
    void *data;      /* LAYOUT_LITERAL */
    uint64_t tensor; /* LAYOUT_TENSOR: index into the target's model */
    uint32_t plane;
    uint32_t side; /* LAYOUT_SIDE: index of the source file */
};

struct layout_file {
    char *name; /* "" for a single file */
    uint64_t size;
};

struct layout {
    struct layout_file *files;
    uint32_t n_files;
    struct layout_piece *pieces; /* sorted by file and offset once checked */
    uint64_t n_pieces, capacity;
};

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

/* The out_* services of struct pare_host. */
int layout_out_file(struct pare_job *job, const char *name, uint32_t *ret_file);
int layout_out_literal(struct pare_job *job, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n);
int layout_out_tensor(struct pare_job *job, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset);
int layout_out_side(struct pare_job *job, uint32_t source_file, uint32_t file);
int layout_out_size(struct pare_job *job, uint32_t file, uint64_t size);

#endif
