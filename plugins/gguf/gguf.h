/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Limits and arithmetic of the GGUF plugin. From the bottom up: types.c has the types of tensors
 * and values, values.c parses metadata, rules.c says what certain keys must be, tensors.c parses
 * the tensor table, split.c checks the headers of all files and puts the shards of a model in
 * order, folder.c chooses among the models of a folder. reader.c and writer.c are the two ends that
 * the host calls; the writer's parts, from the bottom up, are target.c, division.c and emit.c.
 *
 * The rules are those of docs/formats/gguf.md. All memory is the host's. The reader keeps only the
 * shards' positions, so that memory does not grow with the number of tensors: they are parsed once
 * to check them and again to hand them out.
 */
#ifndef GGUF_H
#define GGUF_H

#include <pare/plugin.h>

#define GGUF_MAX_TENSORS 1048576u            /* in a file */
#define GGUF_MAX_KEYS 65536u                 /* in a file */
#define GGUF_MAX_STRING (UINT64_C(1) << 30)  /* bytes */
#define GGUF_MAX_ARRAY (UINT64_C(1) << 30)   /* elements */
#define GGUF_MAX_STRINGS (UINT64_C(1) << 22) /* elements of an array of strings */
#define GGUF_MAX_ALIGNMENT (1u << 20)
#define GGUF_DEFAULT_ALIGNMENT 32u
#define GGUF_MAX_DIMS 4
#define GGUF_NAME_SIZE 64   /* a tensor's name has fewer bytes */
#define GGUF_ARRAY 9u       /* the value type that elements cannot have */
#define GGUF_HEADER 24u     /* magic, version, two counts */
#define GGUF_MIN_KEY 14u    /* the smallest key and value: length, 1 byte, type, 1 byte */
#define GGUF_MIN_TENSOR 25u /* the smallest tensor info: length, 1 byte, dims, type, offset */

/* What warn_unused_result marks: functions that return 0 or enum pare_status, already reported. */
#define GGUF_CHECKED __attribute__((warn_unused_result))

/* Rounds up to a multiple of a power of two; -1 when the result is not below 2^63. */
static inline int GGUF_CHECKED gguf_align(uint64_t value, uint32_t alignment, uint64_t *ret_value)
{
    if (value > (uint64_t)INT64_MAX - (alignment - 1))
        return -1;
    *ret_value = (value + alignment - 1) & ~(uint64_t)(alignment - 1);
    return 0;
}

#define GGUF_HASH_INIT UINT64_C(14695981039346656037)

/* FNV-1a, to tell models apart: what is equal by it is compared for nothing but a choice that the
 * user is told. */
static inline uint64_t gguf_hash(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

#endif
