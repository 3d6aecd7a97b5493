/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What an output says of its making, as metadata under `pare.*`: version, recipe, map, and the
 * source's files with their digests. Writers put it where their format has metadata. The digests
 * are known only when all has been read: a writer leaves room for them and fills them in at the end
 * (PARE_DIGEST in plugin.h).
 */
#ifndef TARGET_MAKING_H
#define TARGET_MAKING_H

#include "model/model.h"

struct making {
    const char *recipe, *recipe_digest, *map;
    const char *name;           /* of the source */
    const struct model *source; /* its files */
    int without_digests;        /* 1: nobody takes those of the files */
};

/* Adds the keys to a target's metadata. */
int making_add(const struct making *making, struct model *target, struct error *err)
    __attribute__((warn_unused_result));

#endif
