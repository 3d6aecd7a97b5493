/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The encodings of this plugin: float.c and integer.c define them, plugin.c lists them. */
#ifndef PARE_PLUGINS_FLOAT_ENCODINGS_H
#define PARE_PLUGINS_FLOAT_ENCODINGS_H

#include <pare/plugin.h>

extern const struct pare_encoding encoding_f32;
extern const struct pare_encoding encoding_f16;
extern const struct pare_encoding encoding_bf16;
extern const struct pare_encoding encoding_f64;

/* The kernels of floats by level: see common/level.h and meson.build. */
#define FLOAT_KERNELS(id)                                                                      \
    extern const struct pare_kernel kernel_##id##_c, kernel_##id##_avx2, kernel_##id##_avx512, \
        kernel_##id##_neon
FLOAT_KERNELS(f32);
FLOAT_KERNELS(f16);
FLOAT_KERNELS(bf16);
FLOAT_KERNELS(f64);

extern const struct pare_encoding encoding_i8;
extern const struct pare_encoding encoding_i16;
extern const struct pare_encoding encoding_i32;
extern const struct pare_encoding encoding_i64;
extern const struct pare_encoding encoding_u8;
extern const struct pare_encoding encoding_u16;
extern const struct pare_encoding encoding_u32;
extern const struct pare_encoding encoding_u64;
extern const struct pare_encoding encoding_bool;

#endif
