/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Long runs of zero bytes where weights should be: what an unfinished download leaves in a file
 * that was given its full size at once. The reader thread shows each slab as it comes; of ordinary
 * weights eight bytes in each 4 KiB are looked at.  Counted are matrices whose bytes are weights
 * (not integers, not biases, not vectors, no planes of codes, which may be zero): runs of 1 MiB or
 * more, and shorter ones of 4 KiB or more that are a quarter of their tensor. Whole rows at a
 * tensor's end that are less than a quarter of it are none: vocabularies are padded so.
 */
#ifndef CONVERT_ZEROS_H
#define CONVERT_ZEROS_H

#include "model/model.h"
#include "weights/slab.h"

#define ZEROS_PLACES 4 /* that are told one by one */

struct zeros_run {
    uint64_t tensor, start, length; /* bytes of the tensor's plane */
};

struct zeros {
    const struct model *model;
    struct zeros_run open; /* length 0: none; it ends where the last slab did */
    uint64_t seen_end;     /* of that slab, of the tensor `open.tensor` */
    int is_counted;        /* that tensor */
    struct zeros_run places[ZEROS_PLACES];
    uint64_t n, bytes; /* of all runs */
};

#define ZEROS_INIT(of)                                       \
    (struct zeros)                                           \
    {                                                        \
        .model = (of), .open = {.tensor = UINT64_MAX, 0, 0 } \
    }

/* Looks at a slab's bytes; the slabs of a tensor come in its order. */
void zeros_look(struct zeros *zeros, const struct slab *slab, const struct slab_shape *shape,
                const void *bytes);
/* After the last slab. Returns a text that says where they are (free it); NULL: there are none, or
 * out of memory (memory.h notes it). */
char *zeros_end(struct zeros *zeros);

#endif
