/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The walk over a source: every byte of every file (but ignored ones) once, in order, so that
 * digests come from the same pass, cut into slabs of whole rows (or of whole blocks of one row,
 * when a row is long). Where slabs begin depends on shapes and encodings alone, never on threads,
 * so that sums taken slab by slab are reproducible. Tensors that are not a run of bytes of
 * their own (computed, of several planes, within another tensor) come as soon as the walk has
 * passed all that they are made of, while the kernel still has it in memory. Others may be wanted
 * early, before all files. The walk is lazy: no memory per slab.
 */
#ifndef WEIGHTS_SLAB_H
#define WEIGHTS_SLAB_H

#include "plugin/source.h"

#define SLAB_ELEMENTS (64u * 1024u) /* aim, in elements: what they become stays in a second cache */

/* How one tensor is cut. */
struct slab_cut {
    uint64_t elements; /* per slab; the last may have fewer */
    uint64_t n_slabs;
    int within_rows; /* slabs are parts of rows: rows of a kernel call is 1 */
};

struct slab {
    uint32_t file;
    uint64_t offset, length; /* bytes of the file to read and digest; 0 when the tensor's bytes
                                come from source_read */
    int has_tensor;
    uint64_t tensor, number; /* the tensor's slab `number` */
    uint64_t first, count;   /* elements of the tensor */
};

/* Cuts a tensor for the encodings it has and gets (n of them, in `encodings`): where the blocks, or
 * the tiles, of all of them end. */
void slab_cut_make(const struct model_tensor *tensor, const struct encoding *const *encodings,
                   size_t n, struct slab_cut *ret_cut);

/* The elements of slab `number` of a tensor. */
void slab_cut_range(const struct model_tensor *tensor, const struct slab_cut *cut, uint64_t number,
                    uint64_t *ret_first, uint64_t *ret_count);

/* Some of a tensor's elements, whole slabs or whole rows, as kernels and files see them. */
struct slab_shape {
    uint64_t rows, row_len; /* of a kernel's call */
    /* Of each plane. One that belongs to the whole tensor is whole, wherever the elements are. */
    uint64_t offset[PARE_MAX_PLANES], length[PARE_MAX_PLANES];
    uint64_t bytes; /* over all planes */
};

/* The shape of `count` elements from `first` of a tensor, which must be a range that the cut gives,
 * or whole rows of one. A tensor without a known encoding is one run of bytes. */
void slab_shape_make(const struct model_tensor *tensor, const struct slab_cut *cut, uint64_t first,
                     uint64_t count, struct slab_shape *ret_shape);

/* Byte offset and length of the same in one plane; no elements have no bytes. */
void slab_plane_range(const struct model_tensor *tensor, uint32_t plane, uint64_t first,
                      uint64_t count, uint64_t *ret_offset, uint64_t *ret_length);

/* Bytes of `count` elements from `first`, over all planes. */
uint64_t slab_bytes(const struct model_tensor *tensor, uint64_t first, uint64_t count);
/* The most bytes that a slab of the cut has in a tensor's encoding. */
uint64_t slab_most_bytes(const struct model_tensor *tensor, const struct slab_cut *cut);

/* The rows and row length that a kernel is called with for a slab's elements. */
void slab_kernel_shape(const struct model_tensor *tensor, const struct slab_cut *cut,
                       uint64_t count, uint64_t *ret_rows, uint64_t *ret_row_len);

struct slab_walk;

/* cuts: one per tensor of the model, borrowed. early: n_early tensors that come first, in that
 * order; where they are runs of a file's bytes, these are read again in their turn. */
int slab_walk_new(const struct model *model, const struct slab_cut *cuts, const uint64_t *early,
                  size_t n_early, struct slab_walk **ret_walk, struct error *err)
    __attribute__((warn_unused_result));
void slab_walk_free(struct slab_walk *walk);
/* 1: *ret_slab is the next; 0: the walk is over. Files come in order, each from its first byte,
 * with slabs of no bytes of theirs in between. */
int slab_walk_next(struct slab_walk *walk, struct slab *ret_slab);
/* The most bytes of the source that a slab of the walk holds, over all planes. */
uint64_t slab_walk_largest(const struct slab_walk *walk);

#endif
