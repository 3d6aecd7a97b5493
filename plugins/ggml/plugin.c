/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plugin `ggml`: the block encodings of GGUF files.
 *
 * Every encoding gives, byte for byte, what ggml's reference quantizers give (ggml_quantize_chunk
 * of llama.cpp de3ff81, as compiled for baseline x86-64: no fused multiply-add), unless the longer
 * search of best.h is asked for. Which there are, and in which order, says encodings.h.
 */
#include "ggml/encodings.h"

#define ENTRY(id) &encoding_##id,

static const struct pare_encoding *const encodings[] = { GGML_ENCODINGS(ENTRY) NULL };

static const struct pare_plugin plugin = {
    .struct_size = sizeof(struct pare_plugin),
    .name = "ggml",
    .version = "1.2",
    .summary = "the block quantizations of GGUF, with ggml's own bytes",
    .encodings = encodings,
};

PARE_PLUGIN(plugin)
