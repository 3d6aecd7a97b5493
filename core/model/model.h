/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a model is: files, named tensors at byte extents, and typed metadata in order. A reader
 * plugin fills it through the host (plugin/host.h); plan and pipeline read it. Everything that a
 * model owns lives in its arena of allocations and goes with model_free.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/arena.h"
#include "base/strmap.h"
#include "model/encoding.h"

#include <jansson.h>
#include <stddef.h>

struct model_file {
    char *name; /* relative, as given; untrusted */
    int fd;     /* owned by whoever opened it */
    uint64_t size;
    uint32_t role;    /* enum pare_file_role */
    const char *text; /* `size` bytes that are to become a file, and fd is -1; NULL for a file */
};

struct model_tensor {
    struct pare_str name;
    char *encoding_name;
    const struct encoding *encoding; /* NULL: no loaded plugin provides it (copy only) */
    uint32_t n_dims;
    uint32_t n_planes;
    uint64_t dims[PARE_MAX_DIMS];
    uint64_t elements;          /* product of dims; 1 for a scalar */
    uint64_t row_len;           /* elements of a row; 1 for a scalar; 0 only when elements is 0 */
    uint64_t rows;              /* elements / row_len */
    uint64_t bytes;             /* over all planes */
    struct pare_extent *planes; /* n_planes of them, in the model's memory */
    /* 1: the planes' lengths are right, but only source_read gives the bytes, which are made of
     * others. Those begin at planes[0].file and offset; a walk over the files that has come to
     * `end_offset` of `end_file` (UINT32_MAX: the end of all files) has seen the last of them. */
    int computed;
    uint32_t end_file;
    uint64_t end_offset;
    char *role, *op;         /* what it is for, as the reader tells; or NULL */
    uint32_t channel;        /* 1 + the axis of its output channels; 0: not known */
    const char *origin;      /* how the weights were quantized before, "gptq int4 g128"; or NULL */
    struct pare_str made_of; /* in a view: the first tensor that it is made of, as the files call
                                it; data NULL: of none, or the tensor is as the reader says */
    int made_of_several;     /* 1: and of others */
};

struct model_meta {
    struct pare_str key;
    struct pare_value value;
};

struct model {
    const char *format; /* the reader's name */
    struct model_file *files;
    uint32_t n_files;
    struct model_tensor *tensors;
    uint64_t n_tensors, tensors_capacity;
    struct strmap tensor_names;
    struct model_meta *meta;
    uint64_t n_meta, meta_capacity;
    struct strmap meta_keys; /* valid until the first removal (see meta_find) */
    struct arena memory;
};

int model_new(struct model **ret_model, struct error *err) __attribute__((warn_unused_result));
void model_free(struct model *model);

/* Zeroed memory that lives as long as the model; charged against its limit. arena_release gives it
 * back earlier. */
int model_alloc(struct model *model, uint64_t count, uint64_t size, void **ret_memory,
                struct error *err) __attribute__((warn_unused_result));

/* Appends a file (the name is copied, the fd is borrowed). */
int model_add_file(struct model *model, const char *name, int fd, uint64_t size, struct error *err)
    __attribute__((warn_unused_result));

/* Appends a text that is to become a file of an output; the text is borrowed. */
int model_add_text(struct model *model, const char *name, const char *text, uint64_t size,
                   struct error *err) __attribute__((warn_unused_result));

/* Appends a tensor; name and encoding name are copied, sizes computed and checked: dims product,
 * and, when the encoding is known, row length against block length and extents' lengths. A
 * duplicate name, a zero-length or NUL-containing name is PARE_EDATA. */
int model_add_tensor(struct model *model, const struct pare_tensor *tensor,
                     const struct encoding *encoding, struct error *err)
    __attribute__((warn_unused_result));

/* 1: there is a tensor of that name; ret_index may be NULL. */
int model_find_tensor(const struct model *model, struct pare_str name, uint64_t *ret_index);

/* Every extent lies inside its file (else PARE_EINCOMPLETE, naming tensor, needed and actual
 * size) and no two overlap (else PARE_EDATA). */
int model_check_extents(const struct model *model, struct error *err)
    __attribute__((warn_unused_result));

/* Total elements (weights) and bytes of all tensors. */
uint64_t model_parameters(const struct model *model);
uint64_t model_bytes(const struct model *model);
/* [{"encoding","tensors","elements","bytes"}], most elements first. New reference. */
json_t *model_census(const struct model *model);
/* "tok_embd [1024, 256]" style shape text as a JSON array of integers. New reference. */
json_t *tensor_shape(const struct model_tensor *tensor);

/* 1: shapes are the same but for leading dimensions of 1. */
int tensor_shapes_agree(const struct model_tensor *a, const struct model_tensor *b);

#endif
