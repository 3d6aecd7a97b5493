/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Slow decoders of the encodings with a table of levels, and of one and two bits: see slow.h. */
#include "slow.h"

const struct slow slow_small[] = {
    {NULL, NULL},
};
