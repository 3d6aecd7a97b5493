/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plugin `ggml`: the block encodings of GGUF files.
 *
 * Every encoding gives, byte for byte, what ggml's reference quantizers give (ggml_quantize_chunk
 * of llama.cpp de3ff81, as compiled for baseline x86-64: no fused multiply-add), unless the longer
 * search of best.h is asked for. A new encoding is one file, one line in encodings.h, one here and
 * one in meson.build.
 */
#include "ggml/encodings.h"

/* clang-format off */
static const struct pare_encoding *const encodings[] = {
    &encoding_q4_0, &encoding_q4_1, &encoding_q5_0, &encoding_q5_1, &encoding_q8_0,
    &encoding_q2_k, &encoding_q3_k, &encoding_q4_k, &encoding_q5_k, &encoding_q6_k,
    &encoding_tq1_0, &encoding_tq2_0,
    &encoding_iq4_nl, &encoding_iq4_xs, &encoding_mxfp4, &encoding_nvfp4, &encoding_q1_0,
    &encoding_q2_0,
    &encoding_iq2_xxs, &encoding_iq2_xs, &encoding_iq2_s, &encoding_iq3_xxs, &encoding_iq3_s,
    &encoding_iq1_s, &encoding_iq1_m, NULL,
};
/* clang-format on */

static const struct pare_plugin plugin = {
    .struct_size = sizeof(struct pare_plugin),
    .name = "ggml",
    .version = "1.2",
    .summary = "the block quantizations of GGUF, with ggml's own bytes",
    .encodings = encodings,
};

PARE_PLUGIN(plugin)
