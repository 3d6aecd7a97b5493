/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The encodings of this plugin, each defined by the file of its name and listed in plugin.c. */
#ifndef PARE_PLUGINS_GGML_ENCODINGS_H
#define PARE_PLUGINS_GGML_ENCODINGS_H

#include <pare/plugin.h>

/* An encoding and its kernels, one a level: see level.h and meson.build. */
#define ENCODING(id)                                                                           \
    extern const struct pare_encoding encoding_##id;                                           \
    extern const struct pare_kernel kernel_##id##_c, kernel_##id##_avx2, kernel_##id##_avx512, \
        kernel_##id##_neon

ENCODING(q4_0);
ENCODING(q4_1);
ENCODING(q5_0);
ENCODING(q5_1);
ENCODING(q8_0);
ENCODING(q2_k);
ENCODING(q3_k);
ENCODING(q4_k);
ENCODING(q5_k);
ENCODING(q6_k);
ENCODING(tq1_0);
ENCODING(tq2_0);
ENCODING(iq4_nl);
ENCODING(iq4_xs);
ENCODING(mxfp4);
ENCODING(nvfp4);
ENCODING(q1_0);
ENCODING(q2_0);
ENCODING(iq2_xxs);
ENCODING(iq2_xs);
ENCODING(iq2_s);
ENCODING(iq3_xxs);
ENCODING(iq3_s);
ENCODING(iq1_s);
ENCODING(iq1_m);

/* The kernels besides that of the level `c`, in the order of capability. */
#if defined(PARE_LEVELS_X86)
#define MORE_KERNELS(id) &kernel_##id##_avx2, &kernel_##id##_avx512,
#elif defined(PARE_LEVELS_NEON)
#define MORE_KERNELS(id) &kernel_##id##_neon,
#else
#define MORE_KERNELS(id)
#endif

#endif
