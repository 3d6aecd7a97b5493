/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The encodings of this plugin, each defined by the file of its name and listed in plugin.c. */
#ifndef PARE_PLUGINS_GGML_ENCODINGS_H
#define PARE_PLUGINS_GGML_ENCODINGS_H

#include <pare/plugin.h>

extern const struct pare_encoding encoding_q4_0;
extern const struct pare_encoding encoding_q4_1;
extern const struct pare_encoding encoding_q5_0;
extern const struct pare_encoding encoding_q5_1;
extern const struct pare_encoding encoding_q8_0;
extern const struct pare_encoding encoding_q2_k;
extern const struct pare_encoding encoding_q3_k;
extern const struct pare_encoding encoding_q4_k;
extern const struct pare_encoding encoding_q5_k;
extern const struct pare_encoding encoding_q6_k;
extern const struct pare_encoding encoding_tq1_0;
extern const struct pare_encoding encoding_tq2_0;
extern const struct pare_encoding encoding_iq4_nl;
extern const struct pare_encoding encoding_iq4_xs;
extern const struct pare_encoding encoding_mxfp4;
extern const struct pare_encoding encoding_nvfp4;
extern const struct pare_encoding encoding_q1_0;
extern const struct pare_encoding encoding_q2_0;
extern const struct pare_encoding encoding_iq2_xxs;
extern const struct pare_encoding encoding_iq2_xs;
extern const struct pare_encoding encoding_iq2_s;
extern const struct pare_encoding encoding_iq3_xxs;
extern const struct pare_encoding encoding_iq3_s;
extern const struct pare_encoding encoding_iq1_s;
extern const struct pare_encoding encoding_iq1_m;

#endif
