/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a writer says becomes a layout: files, and the pieces that they are made of. It is checked
 * before a byte is written.
 */
#ifndef PLUGIN_LAYOUT_H
#define PLUGIN_LAYOUT_H

#include "base/hash.h"
#include "plugin/host.h"

/* One piece of an output file. */
enum layout_kind { LAYOUT_LITERAL, LAYOUT_TENSOR, LAYOUT_COPY };

struct layout_piece {
    enum layout_kind kind;
    uint32_t file;
    uint64_t offset, length;
    void *data;      /* LAYOUT_LITERAL */
    uint64_t tensor; /* LAYOUT_TENSOR: index into the target's model */
    uint32_t plane;
    uint32_t source_file; /* LAYOUT_COPY: these bytes of a source file */
    uint64_t source_offset;
};

struct layout_file {
    char *name; /* "" for a single file */
    uint64_t size;
};

struct writer_call; /* the writer's host and job, which live as long as its state */

struct layout {
    struct layout_file *files;
    uint32_t n_files;
    struct layout_piece *pieces; /* sorted by file and offset once checked */
    uint64_t n_pieces, capacity;
    struct writer_call *call;
    void *state; /* the writer's, for its finish */
    void (*close)(void *state);
};

/* What a writer is asked for. All of it is borrowed. */
struct layout_request {
    const struct registry *registry;
    const struct pare_writer *writer;
    struct model *target; /* its tensors have the target's encodings and plane lengths; with the
                               target's metadata and the source's files */
    const struct model *source; /* as its reader told it */
    const uint64_t *origins;    /* [target's tensor]: the only one of the source that it is made
                                    of; UINT64_MAX: of several or none. NULL: of none */
    const json_t *options;      /* object of strings */
    json_t *asked;              /* the names of options that the writer asked for; grows. Others
                                   are refused, unless an encoding may yet ask in its begin:
                                   then options_check has to be called once all have begun */
    const struct host_hooks *hooks;
    char (*sha256)[HASH_HEX_SIZE]; /* finish: of each source file; NULL: nobody took them */
    const int *fds;                /* finish: of each file of the layout */
};

/* Calls the writer's arrange, which it must have; the request's `target` is what targets are made
 * from. ret_wishes: zeroed, one for each tensor; struct_size stays 0 where nothing is wished. */
int layout_arrange(const struct layout_request *request, struct pare_view *ret_wishes,
                   struct error *err) __attribute__((warn_unused_result));
/* Lays out a target. The layout is checked: pieces do not overlap and lie inside their files, every
 * plane of every tensor is there exactly once with its full length, file names are plain and
 * differ. */
int layout_make(const struct layout_request *request, struct layout *ret_layout, struct error *err)
    __attribute__((warn_unused_result));
/* Calls the writer's finish: its patches are literals in the files of `layout`. */
int layout_finish(const struct layout_request *request, const struct layout *layout,
                  struct layout *ret_patches, struct error *err)
    __attribute__((warn_unused_result));
void layout_deinit(struct layout *layout);

/* The out_* services of struct pare_host. */
int layout_out_file(struct pare_job *job, const char *name, uint32_t *ret_file);
int layout_out_literal(struct pare_job *job, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n);
int layout_out_tensor(struct pare_job *job, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset);
int layout_out_copy(struct pare_job *job, uint32_t file, uint64_t offset, uint32_t source_file,
                    uint64_t source_offset, uint64_t n);
int layout_out_side(struct pare_job *job, uint32_t source_file, uint32_t file);
int layout_out_size(struct pare_job *job, uint32_t file, uint64_t size);
int layout_view(struct pare_job *job, uint64_t tensor, const struct pare_view *view);
int layout_source_digest(struct pare_job *job, uint32_t file, char ret_hex[PARE_DIGEST_SIZE]);
int layout_out_digest(struct pare_job *job, uint32_t kind, uint32_t file, uint64_t offset,
                      uint64_t n, char ret_hex[PARE_DIGEST_SIZE]);

#endif
