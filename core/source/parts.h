/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files that were cut into parts only to be carried, by `split', archivers or by hand, and have to
 * be joined before they are a model. Shards (source_name.h) are none: each of them is a whole file.
 */
#ifndef SOURCE_PARTS_H
#define SOURCE_PARTS_H

#include <stddef.h>

#define PARTS_REASON 160

/* 1 for the name of such a part, "m.gguf.part1of2", in the directory dirfd, where others of its
 * kind may lie. Then `reason` says how to join them. */
int parts_find(int dirfd, const char *name, char reason[PARTS_REASON]);

#endif
