/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plugin's description: the container of llama.cpp and its relatives, read and written. The
 * kernels of its encodings are plugins of their own (float, ggml).
 */
#include "gguf/reader.h"
#include "gguf/writer.h"

static const struct pare_reader *const READERS[] = { &gguf_reader, NULL };
static const struct pare_writer *const WRITERS[] = { &gguf_writer, NULL };

static const struct pare_plugin PLUGIN = {
    .struct_size = sizeof(PLUGIN),
    .name = "gguf",
    .version = "1",
    .summary = "the GGUF container of llama.cpp",
    .readers = READERS,
    .writers = WRITERS,
};

PARE_PLUGIN(PLUGIN)
