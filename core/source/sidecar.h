/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Sidecars: files that say how a model is to be converted. Beside MODEL.gguf, the shards
 * MODEL-00001-of-00003.gguf or the folder MODEL these are MODEL.pare, a text of overrides
 * (pare-recipe(5)), and MODEL.imatrix, .imatrix.gguf, .imatrix.dat, MODEL-imatrix.gguf or
 * -imatrix.dat, an importance matrix; in a model's folder NAME.pare, imatrix.gguf, imatrix.dat and
 * NAME with the endings above. A sidecar does not belong to the model.
 */
#ifndef SOURCE_SIDECAR_H
#define SOURCE_SIDECAR_H

#include "source/sidecar_name.h"
#include "source/source_set.h"

#define SIDECARS_ALL (1u << SIDECAR_RULES | 1u << SIDECAR_IMPORTANCE)

struct sidecars {
    struct source_set importance; /* one file; none when its n is 0 */
    json_t *rules;                /* [{"name","text"}] as in a request's `overrides`, or NULL */
    char **names;                 /* of what was found */
    int *fds;                     /* open on each of them */
    size_t n;
};

/* Finds, opens and reads the sidecars of a model (its path is relative to dirfd), those of the
 * wanted kinds (bits 1 << kind). PARE_EDATA when there are two importance matrices, for one that
 * is a link, and for rules that are not UTF-8, with the line. */
int sidecars_open(int dirfd, const struct source_set *model, unsigned wanted,
                  struct sidecars *ret_sidecars, struct error *err)
    __attribute__((warn_unused_result));
void sidecars_deinit(struct sidecars *sidecars);

#define SIDECAR_RULES_BYTES (256u << 10) /* as a file of a recipe */

/* Appends {"name","text"} for a text of n bytes, or says which line of it is not UTF-8. */
int sidecar_add_rules(json_t *list, const char *name, const char *text, size_t n, struct error *err)
    __attribute__((warn_unused_result));

#endif
