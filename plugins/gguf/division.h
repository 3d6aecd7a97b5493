/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which tensors go into which file of a target.
 */
#ifndef GGUF_DIVISION_H
#define GGUF_DIVISION_H

#include "gguf/target.h"

/* Puts each tensor into a shard, as the options of the target say. Memory is the host's.
 * PARE_EUSAGE for options that make no sense, PARE_ELIMIT for more than GGUF_MAX_SHARDS. */
int gguf_divide(struct gguf_target *target) GGUF_CHECKED;

#endif
