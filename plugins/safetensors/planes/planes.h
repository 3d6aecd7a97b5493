/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Tensors of which one file has each plane as a tensor of bytes, NAME.PLANE. `__metadata__` says
 * which, and how their encodings are stored; everything it says is checked against the file.
 */
#ifndef ST_PLANES_H
#define ST_PLANES_H

#include "safetensors/planes/encoding.h"
#include "safetensors/header.h"

struct st_whole { /* a tensor that is in planes */
    const char *name;
    char *shape; /* as in struct st_tensor */
    uint16_t name_len;
    uint16_t encoding;                /* index into st_planes */
    uint32_t planes[PARE_MAX_PLANES]; /* indices into the header's tensors */
};

struct st_planes { /* of one file; zeroed: it has none */
    struct st_encoding *encodings;
    uint32_t n_encodings;
    struct pare_str tensors; /* the text of ST_TENSORS_KEY; data NULL: there is none */
    struct st_whole *wholes;
    uint64_t n_wholes;
};

/* Takes an entry of `__metadata__` when it is about planes: 1; else 0. */
int st_planes_take(const struct st_context *context, struct pare_str file, struct st_planes *planes,
                   struct pare_str key, struct pare_str text) __attribute__((warn_unused_result));
/* Finds all planes once `__metadata__` is read, and marks them in the header's table. What no
 * plugin provides becomes metadata of the model, so that a copy has it. */
int st_planes_find(const struct st_context *context, struct st_planes *planes,
                   struct st_header *header) __attribute__((warn_unused_result));
void st_planes_close(const struct st_context *context, struct st_planes *planes);
/* A tensor that is in planes. */
void st_planes_tensor(const struct st_planes *planes, const struct st_header *header, uint64_t i,
                      struct pare_tensor *ret_tensor);

#endif
