/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a GGUF says of its making, under `pare.*`: version, recipe, map, and the source's files with
 * their digests. The digests are known only when all has been read, long after the header was laid
 * out: their places are kept, as their lengths are fixed, and filled in at the end. Only what was
 * made through an architecture map is stamped: a GGUF made from a GGUF has the keys that
 * llama-quantize writes, and no more.
 */
#ifndef CONVERT_STAMP_H
#define CONVERT_STAMP_H

#include "base/hash.h"
#include "plugin/layout.h"
#include "plugin/source.h"

struct stamp_place {
    uint32_t source;    /* the file whose digest stands there */
    uint64_t piece, at; /* the layout's literal, and the offset in it */
};

struct stamp {      /* zeroed: nothing is stamped */
    char nonce[33]; /* begins each text that is no digest yet; nobody else knows it */
    struct stamp_place *places;
    size_t n, wanted;
};

struct stamp_facts {
    const char *recipe, *recipe_digest, *map;
    const char *name;           /* of the source */
    const struct model *source; /* its files */
    int without_digests;        /* 1: there are none of the files */
};

/* Adds the keys to a target's metadata. */
int stamp_add(struct stamp *stamp, const struct stamp_facts *facts, struct model *target,
              struct error *err) __attribute__((warn_unused_result));
/* Finds the places in what was laid out. PARE_EPLUGIN: the writer has not kept them all. */
int stamp_find(struct stamp *stamp, const struct layout *layout, struct error *err)
    __attribute__((warn_unused_result));
/* Writes the digests of the source's files into the layout's files. */
int stamp_write(const struct stamp *stamp, const struct layout *layout, const int *fds,
                char (*sha256)[HASH_HEX_SIZE], struct error *err)
    __attribute__((warn_unused_result));
void stamp_deinit(struct stamp *stamp);

#endif
