/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The encodings of this plugin: one list, from which plugin.c, meson.build and the declarations
 * here come. A new encoding is its file encodings/NAME.c and a line of the list; for GGUF files a
 * line in gguf/types.c, too.
 */
#ifndef PARE_PLUGINS_GGML_ENCODINGS_H
#define PARE_PLUGINS_GGML_ENCODINGS_H

#include <pare/plugin.h>

/* clang-format off: meson.build reads these lines */
#define GGML_ENCODINGS(X) \
    X(q4_0)               \
    X(q4_1)               \
    X(q5_0)               \
    X(q5_1)               \
    X(q8_0)               \
    X(q2_k)               \
    X(q3_k)               \
    X(q4_k)               \
    X(q5_k)               \
    X(q6_k)               \
    X(tq1_0)              \
    X(tq2_0)              \
    X(iq4_nl)             \
    X(iq4_xs)             \
    X(mxfp4)              \
    X(nvfp4)              \
    X(q1_0)               \
    X(q2_0)               \
    X(iq2_xxs)            \
    X(iq2_xs)             \
    X(iq2_s)              \
    X(iq3_xxs)            \
    X(iq3_s)              \
    X(iq1_s)              \
    X(iq1_m)
/* clang-format on */

/* An encoding and its kernels, one a level: see level.h and meson.build. */
#define DECLARE_ENCODING(id)                                                                   \
    extern const struct pare_encoding encoding_##id;                                           \
    extern const struct pare_kernel kernel_##id##_c, kernel_##id##_avx2, kernel_##id##_avx512, \
        kernel_##id##_neon;
GGML_ENCODINGS(DECLARE_ENCODING)

/* The kernels besides that of the level `c`, in the order of capability. */
#if defined(PARE_LEVELS_X86)
#define MORE_KERNELS(id) &kernel_##id##_avx2, &kernel_##id##_avx512,
#elif defined(PARE_LEVELS_NEON)
#define MORE_KERNELS(id) &kernel_##id##_neon,
#else
#define MORE_KERNELS(id)
#endif

#endif
