/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The plugin `float`: every type whose elements stand for themselves. It has encodings only: every
 * format needs them, and so they belong to none. */
#include "float/encodings.h"

static const struct pare_encoding *const encodings[] = {
    &encoding_f32, &encoding_f16, &encoding_bf16, &encoding_f64, &encoding_i8,
    &encoding_i16, &encoding_i32, &encoding_i64,  &encoding_u8,  &encoding_u16,
    &encoding_u32, &encoding_u64, &encoding_bool, NULL
};

static const struct pare_plugin plugin = {
    .struct_size = sizeof(struct pare_plugin),
    .name = "float",
    .version = "1.0",
    .summary = "plain floats, integers and bools",
    .encodings = encodings,
};

PARE_PLUGIN(plugin)
