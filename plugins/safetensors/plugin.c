/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the safetensors plugin offers: one reader and one writer. Change the version whenever any
 * output byte may change.
 */
#include "safetensors/dtype.h"
#include "safetensors/reader.h"
#include "safetensors/writer.h"

static const struct pare_reader reader = {
    .struct_size = sizeof reader,
    .name = "safetensors",
    .summary = "safetensors file, sharded model or Hugging Face folder",
    .probe = st_probe,
    .open = st_open,
    .next = st_next,
    .close = st_close,
};

static const struct pare_writer writer = {
    .struct_size = sizeof writer,
    .name = "safetensors",
    .summary = "safetensors file, or a folder with shards, index and side files",
    .suffix = ".safetensors",
    .holds = st_holds,
    .layout = st_layout,
};

static const struct pare_reader *const readers[] = { &reader, NULL };
static const struct pare_writer *const writers[] = { &writer, NULL };

static const struct pare_plugin plugin = {
    .struct_size = sizeof plugin,
    .name = "safetensors",
    .version = "1",
    .summary = "Hugging Face safetensors",
    .readers = readers,
    .writers = writers,
};

PARE_PLUGIN(plugin)
