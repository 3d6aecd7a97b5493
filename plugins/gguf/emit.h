/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The layout of one file of a target.
 */
#ifndef GGUF_EMIT_H
#define GGUF_EMIT_H

#include "gguf/target.h"

/* Makes the file of this name with the shard's header and places its tensors. */
int gguf_emit(const struct gguf_target *target, uint32_t shard, const char *name) GGUF_CHECKED;

#endif
