/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The types that a GGUF file can name, of tensors and of metadata values.
 */
#ifndef GGUF_TYPES_H
#define GGUF_TYPES_H

#include "gguf/gguf.h"

/* A tensor type of the format. */
struct gguf_type {
    const char *name;   /* the encoding's, or NULL for an id that is not in use */
    uint32_t block_len; /* elements */
    uint32_t bytes;     /* per block */
    int held;           /* 1: targets may have it */
};

/* pare_writer.holds. */
int gguf_holds(const struct pare_encoding *encoding);

/* The type with this id, or NULL; never one without a name. */
const struct gguf_type *gguf_type_by_id(uint32_t id);

/* Whether the format has ever used this id, if only for a type that is gone by now. */
int gguf_type_is_known(uint32_t id);

/* The id of the type that the encoding names, or -1. */
int gguf_type_id(const char *encoding);

/* Bytes of an element of a metadata value; 0 for strings, arrays and unknown types. */
uint32_t gguf_element_size(uint32_t type);

/* "u32", "array", ... */
const char *gguf_element_name(uint32_t type);

#endif
