/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Which files beside a model, or in its folder, are sidecars by their names: see sidecar.h. */
#ifndef SOURCE_SIDECAR_NAME_H
#define SOURCE_SIDECAR_NAME_H

#include <stddef.h>

enum sidecar_kind { SIDECAR_NONE, SIDECAR_RULES, SIDECAR_IMPORTANCE };

/* What a file of this name is beside models; *ret_stem (may be NULL) bytes of it are the model's
 * name. */
enum sidecar_kind sidecar_beside(const char *name, size_t *ret_stem);
/* What a file of this name is in a model's folder. */
enum sidecar_kind sidecar_inside(const char *name);
/* 1 when the file `name` beside a model whose own file, shard or folder is called `model` is its
 * sidecar. */
int sidecar_belongs(const char *name, const char *model, int is_folder);

#endif
